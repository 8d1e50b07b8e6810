/** The edits that come from palette, nodes and forms. */

import type { ReactFlowInstance } from '@xyflow/react';
import type { Lookup } from '../model/catalogue';
import { connect, connectRefusal, connectThrough } from '../model/connect';
import { addTask } from '../model/edits';
import type { NodeRef } from '../model/edits';
import { addInput, setOutput } from '../model/ends';
import { free, nodeId } from '../model/layout';
import { addLayer, addNetwork, layersOf } from '../model/network';
import type { Edge, Point, WorkflowDocument } from '../model/types';
import { nodeRef } from '../model/layout';
import type { Actions, Choice, Drop, Entry, Notice } from './context';
import type { Editor } from './editor';
import { sizes } from './graph';
import type { CanvasEdge, CanvasNode } from './graph';
import type { RunWhat } from './props';

interface Given {
  lookup: Lookup;
  editor: Editor;
  settled: (document: WorkflowDocument) => WorkflowDocument;
  flow: ReactFlowInstance<CanvasNode, CanvasEdge>;
  root: React.RefObject<HTMLDivElement>;
  notify: (notice: Notice | null) => void;
  choice: () => Choice;
  places: () => Map<string, Point>;
  pick: (ids: string[], layer: { task: string; layer: string } | null) => void;
  run: (what: RunWhat, name?: string) => void;
  open: (task: string) => void;
  lookInto?: (task: string, layer: string) => void;
}

export function makeActions(given: Given): Actions {
  const { lookup, editor, settled, notify, pick } = given;
  const edit: Actions['edit'] = (change, place) => {
    notify(null);
    editor.edit(now => {
      const made = change(now);
      return made === now ? now : settled(made);
    }, place);
  };
  const select = (nodes: NodeRef[]) => pick(nodes.map(({ side, name }) => nodeId(side, name)), null);
  const selectLayer = (task: string, layer: string) =>
    pick([nodeId('tasks', task)], { task, layer });
  const add = (entry: Entry, drop?: Drop) => {
    const now = settled(editor.current());
    if (entry.what === 'layer') {
      const network = drop ? drop.network : chosenNetwork(given);
      const place = drop?.place ?? (drop ? undefined : placeAfter(given, network));
      const made = network
        ? { ...addLayer(now, lookup, network, entry.kind, place), network }
        : addNetwork(now, lookup, entry.kind, placeOf(given, drop, now));
      const task = 'network' in made ? made.network : made.name;
      edit(() => made.document);
      const id = 'network' in made ? made.name : layersOf(made.document, task)?.[0]?.id;
      if (id) {
        selectLayer(task, id);
      }
      return;
    }
    const place = placeOf(given, drop, now);
    const made =
      entry.what === 'input' ? addInput(now, 'input', place) : addTask(now, lookup, entry.kind, place);
    edit(() => made.document);
    if (!drop) {
      show(given, place);
    }
    select([{ side: entry.what === 'input' ? 'inputs' : 'tasks', name: made.name }]);
  };
  const insert: Actions['insert'] = (make, at) => {
    const now = settled(editor.current());
    const place = at ?? placeOf(given, undefined, now);
    const made = make(now, lookup, place);
    edit(() => made.document);
    if (!at) {
      show(given, place);
    }
    select(made.nodes);
  };
  return {
    lookup, edit, select, selectLayer, add, insert, notify, run: given.run, open: given.open,
    lookInto: given.lookInto,
    document: editor.current,
    connect: (edge, at) => join(given, edit, select, edge, at)
  };
}

function join(
  { lookup, editor, notify }: Given, edit: Actions['edit'], select: (nodes: NodeRef[]) => void,
  edge: Edge, at: Point | undefined
): void {
  const refusal = connectRefusal(editor.current(), lookup, edge);
  if (refusal === null) {
    edit(now => connect(now, lookup, edge));
    return;
  }
  const { converter } = refusal;
  notify({
    text: refusal.text,
    alert: true,
    at,
    action: converter
      ? {
          label: `Insert ${converter}`,
          run: () => {
            const before = new Set(editor.current().tasks.map(task => task.name));
            edit(now => connectThrough(now, lookup, edge, converter));
            const added = editor.current().tasks.filter(task => !before.has(task.name));
            select(added.map(({ name }) => ({ side: 'tasks', name })));
          }
        }
      : undefined
  });
}

/** Make an output of a task what an output of the workflow gives. */
export function feedOutput(actions: Actions, name: string, task: string, port: string): void {
  actions.edit(now => setOutput(now, actions.lookup, name, task, port));
}

function chosenNetwork({ choice, editor }: Given): string | undefined {
  const { nodes } = choice();
  const only = nodes.length === 1 ? nodeRef(nodes[0]) : undefined;
  const fits = only?.side === 'tasks' && layersOf(editor.current(), only.name) !== undefined;
  return fits ? only!.name : undefined;
}

function placeAfter({ choice, editor }: Given, network: string | undefined): number | undefined {
  const { layer } = choice();
  const chain = network ? layersOf(editor.current(), network) : undefined;
  const at = chain?.findIndex(node => node.id === layer) ?? -1;
  return at < 0 ? undefined : at + 1;
}

/** Move the view so that something new is seen; it stays where that is seen already. */
function show({ flow, root }: Given, [x, y]: Point): void {
  const box = root.current?.querySelector('.dlaaw-flow')?.getBoundingClientRect();
  const first = flow.flowToScreenPosition({ x, y });
  const last = flow.flowToScreenPosition({ x: x + 230, y: y + 130 });
  const seen =
    !box ||
    (first.x >= box.left && first.y >= box.top && last.x <= box.right && last.y <= box.bottom);
  if (!seen) {
    void flow.setCenter(x + 115, y + 65, { zoom: flow.getZoom() });
  }
}

/** Where something new stands: where it was dropped, right of what is chosen, or in the middle. */
function placeOf(given: Given, drop: Drop | undefined, document: WorkflowDocument): Point {
  const { flow, root, lookup, choice, places } = given;
  if (drop) {
    return drop.point;
  }
  const size = sizes(document, lookup);
  const { nodes } = choice();
  const last = nodes.length === 1 ? places().get(nodes[0]) : undefined;
  let point: Point;
  if (last) {
    point = [last[0] + size(nodes[0]).width + 90, last[1]];
  } else {
    const box = root.current?.querySelector('.dlaaw-flow')?.getBoundingClientRect();
    const middle = box
      ? flow.screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 })
      : { x: 0, y: 0 };
    point = [middle.x - 115, middle.y - 60];
  }
  return free(point, { width: 230, height: 130 }, places(), size);
}
