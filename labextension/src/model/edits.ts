/** Changes to the tasks of a document; each gives a new document and leaves the old one alone. */

import type { Lookup } from './catalogue';
import { floatText } from './json';
import { changed, noteNumber, without } from './notes';
import { countedName } from './names';
import type {
  KindInfo, ParameterInfo, Point, TaskBody, TaskEntry, View, WorkflowDocument
} from './types';

export interface Added {
  document: WorkflowDocument;
  name: string;
}

/** A node of the canvas: a task, or an input or output of the workflow. */
export interface NodeRef {
  side: 'tasks' | 'inputs' | 'outputs';
  name: string;
}

/** Add a task of a kind, with the defaults of its parameters. */
export function addTask(
  document: WorkflowDocument, lookup: Lookup, kind: string, place?: Point
): Added {
  const info = lookup.kinds.get(kind);
  const entry = { kind, ...info?.entry, ...(info ? defaults(info) : {}) };
  return addEntry(document, entry, kind, place);
}

/** Add a task as it stands; its name counts its kind. */
export function addEntry(
  document: WorkflowDocument, entry: TaskBody, kind: string, place?: Point
): Added {
  const name = countedName(kind, new Set(document.tasks.map(task => task.name)));
  const task = { name, ...entry } as TaskEntry;
  const made = changed(document, { tasks: [...document.tasks, task] });
  return { document: place ? moved(made, [[{ side: 'tasks', name }, place]]) : made, name };
}

function defaults(info: KindInfo): { parameters?: Record<string, unknown> } {
  return parametersOf(info.parameters, {});
}

function parametersOf(
  infos: ParameterInfo[], given: Record<string, unknown>
): { parameters?: Record<string, unknown> } {
  const parameters: Record<string, unknown> = {};
  for (const info of infos) {
    const value = info.name in given ? given[info.name] : info.default;
    if (!info.required || info.name in given) {
      parameters[info.name] = value === undefined ? null : value;
    }
  }
  noteFloats(parameters, infos);
  return Object.keys(parameters).length > 0 ? { parameters } : {};
}

/** Note which numbers are floats, so that Python reads them as such. */
export function noteFloats(parameters: Record<string, unknown>, infos: ParameterInfo[]): void {
  for (const { name, type } of infos) {
    const value = parameters[name];
    if (type === 'float' && typeof value === 'number') {
      noteNumber(parameters, name, floatText(value));
    }
  }
}

/** Find a task by its name. */
export function taskOf(document: WorkflowDocument, name: string): TaskEntry | undefined {
  return document.tasks.find(task => task.name === name);
}

/** Put another entry in the place of one of the same name. */
export function replaceTask(document: WorkflowDocument, task: TaskEntry): WorkflowDocument {
  return changed(document, {
    tasks: document.tasks.map(one => (one.name === task.name ? task : one))
  });
}

/** Set a parameter of a task; undefined takes it away. */
export function setParameter(
  document: WorkflowDocument, lookup: Lookup, name: string, parameter: string, value: unknown
): WorkflowDocument {
  const task = taskOf(document, name);
  if (task === undefined) {
    return document;
  }
  const old = task.parameters ?? {};
  const parameters =
    value === undefined ? without(old, parameter) : changed(old, { [parameter]: value });
  const info = lookup.kinds.get(task.kind)?.parameters.find(one => one.name === parameter);
  if (info) {
    noteFloats(parameters, [info]);
  }
  return replaceTask(document, changed(task, { parameters }));
}

/** Give an input a plain value; undefined takes it away. */
export function setValue(
  document: WorkflowDocument, lookup: Lookup, name: string, port: string, value: unknown
): WorkflowDocument {
  const task = taskOf(document, name);
  if (task === undefined) {
    return document;
  }
  const old = task.values ?? {};
  const values = value === undefined ? without(old, port) : changed(old, { [port]: value });
  if (Object.keys(values).length === 0) {
    return replaceTask(document, without(task, 'values'));
  }
  const type = lookup.ports(task).inputs.find(input => input.name === port)?.type;
  if (type === 'float' && typeof value === 'number') {
    noteNumber(values, port, floatText(value));
  }
  return replaceTask(document, changed(task, { values }));
}

/** Take nodes away, with the edges from and to them. */
export function removeNodes(document: WorkflowDocument, nodes: NodeRef[]): WorkflowDocument {
  const gone = {
    tasks: new Set<string>(), inputs: new Set<string>(), outputs: new Set<string>()
  };
  nodes.forEach(({ side, name }) => gone[side].add(name));
  const left = {
    tasks: document.tasks.filter(task => !gone.tasks.has(task.name)),
    inputs: document.inputs.filter(input => !gone.inputs.has(input.name)),
    outputs: document.outputs.filter(
      output => !gone.outputs.has(output.name) && !gone.tasks.has(output.task)
    ),
    edges: document.edges.filter(
      edge =>
        !gone.tasks.has(edge.target) &&
        !(edge.source === '' ? gone.inputs.has(edge.port) : gone.tasks.has(edge.source))
    )
  };
  return withoutGone(changed(document, left));
}

/** Leave places of nodes that are gone out of the view. */
export function withoutGone(document: WorkflowDocument): WorkflowDocument {
  if (document.view === undefined) {
    return document;
  }
  const view: View = {};
  for (const side of ['tasks', 'inputs', 'outputs'] as const) {
    const there = new Set(document[side].map(one => one.name));
    const places = Object.entries(document.view[side] ?? {}).filter(([name]) => there.has(name));
    if (places.length > 0) {
      view[side] = Object.fromEntries(places);
    }
  }
  return changed(document, { view });
}

/** Say why a node cannot have a name; null when it can. */
export function nameRefusal(
  document: WorkflowDocument, node: NodeRef, name: string
): string | null {
  if (name === '' || name.length > 1000 || /[\u0000-\u001f\u007f\ud800-\udfff]/u.test(name)) {
    return 'expected a name of 1 to 1000 characters on one line.';
  }
  const taken = document[node.side].some(one => one.name === name && name !== node.name);
  return taken ? `expected a name that is not taken, got "${name}". Choose another.` : null;
}

/** Rename a node, and all that names it; the name must not be refused. */
export function rename(
  document: WorkflowDocument, node: NodeRef, name: string
): WorkflowDocument {
  const { side, name: old } = node;
  if (old === name || nameRefusal(document, node, name) !== null) {
    return document;
  }
  const named = <T extends { name: string }>(list: T[]): T[] =>
    list.map(one => (one.name === old ? changed(one, { name } as Partial<T>) : one));
  const made = changed(document, { [side]: named<{ name: string }>(document[side]) });
  const places = document.view?.[side];
  const view = places && {
    ...document.view,
    [side]: Object.fromEntries(
      Object.entries(places).map(([key, place]) => [key === old ? name : key, place])
    )
  };
  const edges = document.edges.map(edge => {
    if (side === 'inputs') {
      return edge.source === '' && edge.port === old ? { ...edge, port: name } : edge;
    }
    const source = edge.source === old ? name : edge.source;
    const target = edge.target === old ? name : edge.target;
    const same = side === 'outputs' || (source === edge.source && target === edge.target);
    return same ? edge : { ...edge, source, target };
  });
  const outputs =
    side === 'tasks'
      ? made.outputs.map(output => (output.task === old ? { ...output, task: name } : output))
      : made.outputs;
  return changed(made, { edges, outputs, ...(view ? { view } : {}) });
}

/** Put nodes at other places. */
export function moved(document: WorkflowDocument, moves: [NodeRef, Point][]): WorkflowDocument {
  if (moves.length === 0) {
    return document;
  }
  const view: View = { ...document.view };
  const own = new Set<string>();
  for (const [{ side, name }, [x, y]] of moves) {
    if (!own.has(side)) {
      own.add(side);
      view[side] = { ...view[side] };
    }
    view[side]![name] = [Math.round(x) || 0, Math.round(y) || 0];
  }
  return changed(document, { view });
}
