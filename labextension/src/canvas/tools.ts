/** The buttons of the toolbar. */

import { nodeRef } from '../model/layout';
import type { Bench } from './bench';
import type { CanvasProps } from './props';
import type { Tool } from './Toolbar';

export interface Shown {
  palette: boolean;
  form: boolean;
}

export function toolGroups(
  props: CanvasProps, bench: Bench, shown: Shown, setShown: (shown: Shown) => void
): Tool[][] {
  const { readOnly = false, running = false, onRun, onStop } = props;
  const { choice, keys, editor } = bench;
  const some = choice.nodes.length + choice.edges.length > 0;
  const [only] = choice.nodes.length === 1 ? choice.nodes.map(nodeRef) : [];
  const task = only?.side === 'tasks' ? (bench.way[0] ?? only.name) : undefined;
  const full = bench.document.tasks.length > 0;
  const panels: Tool[] = [
    {
      name: 'palette', label: 'Palette', icon: 'panel', enabled: true, pressed: shown.palette,
      run: () => setShown({ ...shown, palette: !shown.palette })
    }
  ];
  const edits: Tool[] = [
    { name: 'undo', label: 'Undo', icon: 'undo', keys: 'Ctrl+Z', enabled: editor.canUndo, run: keys.undo },
    { name: 'redo', label: 'Redo', icon: 'redo', keys: 'Ctrl+Y', enabled: editor.canRedo, run: keys.redo },
    { name: 'copy', label: 'Duplicate', icon: 'copy', keys: 'Ctrl+D', enabled: some, run: keys.duplicate },
    { name: 'group', label: 'Group into one task', icon: 'group', keys: 'Ctrl+G', enabled: choice.nodes.length > 0, run: keys.group },
    { name: 'delete', label: 'Delete', icon: 'delete', keys: 'Delete', enabled: some, run: keys.remove }
  ];
  const looks: Tool[] = [
    { name: 'layout', label: 'Lay out', icon: 'layout', keys: 'L', enabled: full, run: keys.layout },
    { name: 'fit', label: 'Show all', icon: 'fit', keys: 'F', enabled: full, run: keys.fit }
  ];
  const runs: Tool[] = [
    { name: 'run', label: 'Run: what is known already is reused', keys: 'Ctrl+Enter', text: 'Run', icon: 'run', enabled: full && !running, run: () => onRun?.('changed') },
    { name: 'here', label: 'To here: run the selected task and what it needs', text: 'To here', icon: 'here', enabled: task !== undefined && !running, run: () => onRun?.('here', task) },
    { name: 'again', label: 'Run again from scratch: nothing is reused', text: 'Run again', icon: 'changed', enabled: full && !running, run: () => onRun?.('all') }
  ];
  const stop: Tool[] = [
    { name: 'stop', label: 'Stop', text: 'Stop', icon: 'stop', enabled: running, run: () => onStop?.() }
  ];
  const form: Tool[] = [
    {
      name: 'form', label: 'Properties', icon: 'form', enabled: true, pressed: shown.form,
      run: () => setShown({ ...shown, form: !shown.form })
    }
  ];
  return [
    readOnly ? [] : panels,
    readOnly ? [] : edits,
    readOnly ? looks.slice(1) : looks,
    onRun ? [...runs, ...(onStop ? stop : [])] : [],
    props.formHost ? [] : form
  ];
}
