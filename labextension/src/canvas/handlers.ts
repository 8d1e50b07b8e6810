/** Keys, clipboard and drops. */

import type { Dispatch, SetStateAction } from 'react';
import { copyText, paste } from '../model/clipboard';
import { disconnect } from '../model/connect';
import { removeNodes, taskOf } from '../model/edits';
import { group, groupRefusal } from '../model/group';
import { bodyOf } from '../model/inside';
import { nodeRef } from '../model/layout';
import { addLayer, layersOf, removeLayer } from '../model/network';
import { shiftLayer } from './shift';
import type { Point } from '../model/types';
import type { Tools } from './bench';
import { ENTRY_TYPE, LAYER_TYPE } from './context';
import type { Drop, Entry } from './context';
import { edgeId } from './graph';
import type { CanvasEdge, CanvasNode } from './graph';
import { onKey, onKeyFirst } from './keys';
import type { KeyActions } from './keys';

/** What is dropped on this share of a layer, from its top, comes before it; else after it. */
export const BEFORE = 0.35;

interface Setters {
  setNodes: Dispatch<SetStateAction<CanvasNode[]>>;
  setEdges: Dispatch<SetStateAction<CanvasEdge[]>>;
  closeNotice: () => void;
}

export function makeHandlers(tools: Tools, setters: Setters) {
  const keys = keyActions(tools, setters);
  const chosen = () => tasksOf(tools.choice().nodes);
  return {
    keys,
    rootHandlers: {
      onKeyDownCapture: (event: React.KeyboardEvent) => onKeyFirst(event, keys),
      onKeyDown: (event: React.KeyboardEvent) => onKey(event, keys),
      onCopy: (event: React.ClipboardEvent) => {
        if (!isTyping(event) && chosen().length > 0) {
          event.clipboardData.setData('text/plain', copied(tools, chosen()));
          stop(event);
        }
      },
      onCut: (event: React.ClipboardEvent) => {
        if (!isTyping(event) && chosen().length > 0 && !tools.readOnly) {
          event.clipboardData.setData('text/plain', copied(tools, chosen()));
          keys.remove();
          stop(event);
        }
      },
      onPaste: (event: React.ClipboardEvent) => {
        if (!isTyping(event) && !tools.readOnly) {
          put(tools, event.clipboardData.getData('text/plain'));
          stop(event);
        }
      },
      onDragOver: (event: React.DragEvent) => {
        const layer = event.dataTransfer.types.includes(LAYER_TYPE);
        if (!tools.readOnly && (layer || event.dataTransfer.types.includes(ENTRY_TYPE))) {
          stop(event);
          event.dataTransfer.dropEffect = layer ? 'move' : 'copy';
        }
      },
      onDrop: (event: React.DragEvent) => drop(tools, event)
    }
  };
}

function keyActions(tools: Tools, { setNodes, setEdges, closeNotice }: Setters): KeyActions {
  const { actions, editor, root, choice } = tools;
  const focus = (selector: string) => root.current?.querySelector<HTMLElement>(selector)?.focus();
  const focusForm = (selector: string) => {
    const form = tools.host ?? root.current?.querySelector('.dlaaw-form');
    form?.querySelector<HTMLElement>(selector)?.focus();
  };
  return {
    undo: editor.undo,
    redo: editor.redo,
    remove: () => {
      remove(tools);
      root.current?.focus();
    },
    selectAll: () => {
      setNodes(old => old.map(node => (node.selected ? node : { ...node, selected: true })));
      setEdges(old => old.map(edge => (edge.selected ? { ...edge, selected: false } : edge)));
    },
    group: () => {
      const names = tasksOf(choice().nodes);
      const reason = groupRefusal(actions.document(), names);
      if (reason) {
        actions.notify({ text: reason, alert: true });
        return;
      }
      const made = group(actions.document(), actions.lookup, names);
      actions.edit(() => made.document);
      actions.select(made.names.map(name => ({ side: 'tasks', name })));
    },
    duplicate: () => {
      const names = tasksOf(choice().nodes);
      if (names.length > 0) {
        put(tools, copied(tools, names));
      }
    },
    layout: tools.layout,
    fit: tools.fit,
    // The form of what was just selected is drawn first.
    openForm: () =>
      void setTimeout(() => focusForm('input, select, button'), 30),
    open: id => {
      const { side, name } = nodeRef(id);
      const opens = side === 'tasks' && bodyOf(taskOf(actions.document(), name)) !== undefined;
      if (opens) {
        actions.open(name);
      }
      return opens;
    },
    openConnect: id => {
      if (!choice().nodes.includes(id)) {
        actions.select([nodeRef(id)]);
      }
      setTimeout(() => focusForm('.dlaaw-connect'), 30);
    },
    search: () => {
      focus('.dlaaw-search');
      root.current?.querySelector<HTMLInputElement>('.dlaaw-search')?.select();
    },
    run: () => actions.run?.('changed'),
    escape: () => {
      closeNotice();
      const { nodes, edges } = choice();
      if (nodes.length + edges.length > 0 || !tools.leave()) {
        actions.select([]);
      }
    }
  };
}

function remove(tools: Tools): void {
  const { actions } = tools;
  const { nodes, edges, layer } = tools.choice();
  const [only] = nodes.map(nodeRef);
  if (layer !== null && edges.length === 0) {
    const chain = layersOf(actions.document(), only.name) ?? [];
    const at = chain.findIndex(node => node.id === layer);
    const next = chain[at + 1] ?? chain[at - 1];
    const left = removeLayer(actions.document(), actions.lookup, only.name, layer);
    actions.edit(() => left);
    if (next) {
      const beside = layersOf(left, only.name)!;
      actions.selectLayer(only.name, beside[Math.min(at, beside.length - 1)].id);
    } else {
      actions.select([only]);
    }
    return;
  }
  if (nodes.length + edges.length === 0) {
    return;
  }
  actions.edit(now => {
    const gone = now.edges.filter(edge => edges.includes(edgeId(edge)));
    const outputs = edges
      .filter(id => id.startsWith('output\n'))
      .map(id => ({ side: 'outputs' as const, name: id.split('\n')[1] }));
    return removeNodes(disconnect(now, gone), [...nodes.map(nodeRef), ...outputs]);
  });
}

function copied(tools: Tools, names: string[]): string {
  const places = Object.fromEntries(
    tools.nodes()
      .filter(node => node.id.startsWith('tasks:'))
      .map(node => [nodeRef(node.id).name, [node.position.x, node.position.y] as Point])
  );
  return copyText(tools.actions.document(), names, places);
}

function put(tools: Tools, text: string): void {
  const { actions } = tools;
  const pasted = paste(actions.document(), actions.lookup, text);
  if (pasted === null) {
    actions.notify({ text: 'What is in the clipboard is no part of a workflow.', alert: false });
    return;
  }
  actions.edit(() => pasted.document);
  actions.select(pasted.names.map(name => ({ side: 'tasks', name })));
}

function drop(tools: Tools, event: React.DragEvent): void {
  const entry = event.dataTransfer.getData(ENTRY_TYPE);
  const layer = event.dataTransfer.getData(LAYER_TYPE);
  if (tools.readOnly || (entry === '' && layer === '')) {
    return;
  }
  stop(event);
  const target = event.target as HTMLElement;
  if (target.closest('.dlaaw-flow') === null) {
    return;
  }
  const where = dropOf(tools, event, target);
  tools.root.current?.focus();
  if (entry !== '') {
    tools.actions.add(JSON.parse(entry) as Entry, where);
  } else {
    dropLayer(tools, JSON.parse(layer) as [string, string], where);
  }
}

function dropOf(tools: Tools, event: React.DragEvent, target: HTMLElement): Drop {
  const network = target.closest<HTMLElement>('[data-network]');
  const { x, y } = tools.toFlow(event.clientX, event.clientY);
  const point: Point = [x - 60, y - 20];
  if (network === null) {
    return { point };
  }
  // The chain goes from top to bottom: it joins before the first layer that is mostly below.
  const rows = [...network.querySelectorAll<HTMLElement>('[data-layer-place]')];
  const place = rows.findIndex(row => {
    const box = row.getBoundingClientRect();
    return event.clientY < box.y + box.height * BEFORE;
  });
  const onLayers = target.closest('.dlaaw-layers') !== null;
  return {
    point, network: network.dataset.network!, place: onLayers && place >= 0 ? place : rows.length
  };
}

function dropLayer(tools: Tools, [task, id]: [string, string], where: Drop): void {
  const { actions } = tools;
  const { lookup } = actions;
  if (where.network === undefined) {
    return;
  }
  const chain = layersOf(actions.document(), task) ?? [];
  const from = chain.findIndex(node => node.id === id);
  if (from < 0) {
    return;
  }
  const to = where.place ?? chain.length;
  if (where.network === task) {
    shiftLayer(actions, task, id, to > from ? to - 1 : to);
    return;
  }
  const added = addLayer(actions.document(), lookup, where.network, chain[from].kind, to);
  actions.edit(() => removeLayer(added.document, lookup, task, id));
  actions.selectLayer(where.network, added.name);
}

function tasksOf(ids: string[]): string[] {
  return ids.map(nodeRef).filter(({ side }) => side === 'tasks').map(({ name }) => name);
}

function isTyping(event: React.SyntheticEvent): boolean {
  return (event.target as HTMLElement).matches('input, textarea, select');
}

function stop(event: React.SyntheticEvent): void {
  event.preventDefault();
  event.stopPropagation();
}
