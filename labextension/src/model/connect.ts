/** Edges: made where they fit, refused with the reason and the converter to offer. */

import type { Lookup } from './catalogue';
import { addTask, taskOf } from './edits';
import { changed } from './notes';
import { offer, portRefusal, typeRefusal } from './ports';
import type { Edge, PortInfo, TaskEntry, WorkflowDocument } from './types';

export interface Refusal {
  /** Why, and what to do. */
  text: string;
  /** Kind of task that would make it fit. */
  converter?: string;
}

/** Say why an edge cannot be made; null when it can. */
export function connectRefusal(
  document: WorkflowDocument, lookup: Lookup, edge: Edge
): Refusal | null {
  const target = taskOf(document, edge.target);
  const taken = target && lookup.ports(target).inputs.find(port => port.name === edge.input);
  if (target === undefined || taken === undefined) {
    return { text: `${edgeText(edge)}: there is no such input.` };
  }
  if (document.edges.some(one => sameEdge(one, edge))) {
    return { text: `${edgeText(edge)}: they are connected already.` };
  }
  if (edge.source !== '' && edge.source === edge.target) {
    return { text: `${edge.target}: a task cannot feed itself.` };
  }
  const misfit = fitRefusal(document, lookup, edge, taken);
  // A converter helps only where the edge could be made otherwise.
  return misfit !== null && misfit.converter === undefined
    ? misfit
    : fedRefusal(document, edge, target, taken) ?? circleRefusal(document, edge) ?? misfit;
}

function fitRefusal(
  document: WorkflowDocument, lookup: Lookup, edge: Edge, taken: PortInfo
): Refusal | null {
  if (edge.source === '') {
    const given = document.inputs.find(input => input.name === edge.port);
    if (given === undefined) {
      return { text: `there is no input "${edge.port}".` };
    }
    const reason = given.type === undefined ? null : typeRefusal(lookup, taken.type, given.type);
    // What a person gives to a workflow is converted by itself.
    return reason === null || offer(lookup, given.type!, taken.type) !== undefined
      ? null
      : { text: `${edgeText(edge)}: ${reason}.` };
  }
  const given = outputOf(document, lookup, edge.source, edge.port);
  if (given === undefined) {
    return { text: `${edgeText(edge)}: there is no such output.` };
  }
  const reason = portRefusal(lookup, taken, given);
  if (reason === null) {
    return null;
  }
  const fits = typeRefusal(lookup, taken.type, given.type) === null;
  const converter = fits ? undefined : offer(lookup, given.type, taken.type);
  const mend = converter
    ? `${converter} converts.`
    : 'Change one of the two, or put a task between that converts.';
  return { text: `${edgeText(edge)}: ${reason}. ${mend}`, converter };
}

function fedRefusal(
  document: WorkflowDocument, edge: Edge, target: TaskEntry, taken: PortInfo
): Refusal | null {
  if (target.values !== undefined && edge.input in target.values) {
    return {
      text: `${edgeText(edge)}: that input has a value already. Give it either a value or an edge.`
    };
  }
  const first = document.edges.find(
    one => one.target === edge.target && one.input === edge.input
  );
  if (first === undefined || taken.many === true) {
    return null;
  }
  return {
    text:
      `${edgeText(edge)}: that input is fed already (${edgeText(first)}). Give it one edge only: ` +
      'take the other one away, or join both in a task before it.'
  };
}

function circleRefusal(document: WorkflowDocument, edge: Edge): Refusal | null {
  const path = edge.source === '' ? null : pathBetween(document, edge.target, edge.source);
  return path === null
    ? null
    : {
        text: `these tasks would wait for each other: ${[...shortened(path), edge.target].join(' -> ')}.`
      };
}

function shortened(path: string[]): string[] {
  return path.length <= 8
    ? path
    : [...path.slice(0, 4), `(${path.length - 7} more)`, ...path.slice(-3)];
}

/** Find the tasks from one to another along edges; null where there is no way. */
export function pathBetween(
  document: WorkflowDocument, from: string, to: string
): string[] | null {
  const feeds = new Map<string, string[]>();
  for (const { source, target } of document.edges) {
    feeds.set(source, [...(feeds.get(source) ?? []), target]);
  }
  const before = new Map<string, string>([[from, '']]);
  const open = [from];
  for (const name of open) {
    if (name === to) {
      const path = [name];
      while (before.get(path[0])) {
        path.unshift(before.get(path[0])!);
      }
      return path;
    }
    for (const next of feeds.get(name) ?? []) {
      if (!before.has(next)) {
        before.set(next, name);
        open.push(next);
      }
    }
  }
  return null;
}

/** Make an edge; the document stays as it is where it is refused. */
export function connect(document: WorkflowDocument, lookup: Lookup, edge: Edge): WorkflowDocument {
  if (connectRefusal(document, lookup, edge) !== null) {
    return document;
  }
  return changed(document, { edges: sorted(document, lookup, [...document.edges, edge]) });
}

/** Make an edge through a converter, which is put between the two tasks. */
export function connectThrough(
  document: WorkflowDocument, lookup: Lookup, edge: Edge, kind: string
): WorkflowDocument {
  const from = document.view?.tasks?.[edge.source];
  const to = document.view?.tasks?.[edge.target];
  const between: [number, number] | undefined =
    from && to ? [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 + 40] : undefined;
  const added = addTask(document, lookup, kind, between);
  const info = lookup.kinds.get(kind);
  const input = info?.inputs[0]?.name ?? 'input';
  const output = info?.outputs[0]?.name ?? 'output';
  const first = { source: edge.source, port: edge.port, target: added.name, input };
  const last = { source: added.name, port: output, target: edge.target, input: edge.input };
  const half = connect(added.document, lookup, first);
  const made = half === added.document ? half : connect(half, lookup, last);
  return made === half ? document : made;
}

/** Take edges away. */
export function disconnect(document: WorkflowDocument, edges: Edge[]): WorkflowDocument {
  const left = document.edges.filter(edge => !edges.some(one => sameEdge(one, edge)));
  return left.length === document.edges.length ? document : changed(document, { edges: left });
}

/** Say whether the target of an edge runs at every cost event too. */
export function setLive(document: WorkflowDocument, edge: Edge, live: boolean): WorkflowDocument {
  return changed(document, {
    edges: document.edges.map(one => {
      if (!sameEdge(one, edge)) {
        return one;
      }
      const { live: _, ...rest } = one;
      return live ? { ...rest, live: true } : rest;
    })
  });
}

/** Put edges in the order in which Python writes them: by task, by input, as they were made. */
export function sorted(document: WorkflowDocument, lookup: Lookup, edges: Edge[]): Edge[] {
  const rank = new Map<string, number>();
  document.tasks.forEach((task, place) =>
    lookup.ports(task).inputs.forEach((port, number) =>
      rank.set(`${task.name}\n${port.name}`, place * 1000 + number)
    )
  );
  const of = (edge: Edge) => rank.get(`${edge.target}\n${edge.input}`) ?? Infinity;
  const known = edges.filter(edge => of(edge) < Infinity);
  return [
    ...known.sort((one, other) => of(one) - of(other)),
    ...edges.filter(edge => of(edge) === Infinity)
  ];
}

/** Find an output of a task. */
export function outputOf(
  document: WorkflowDocument, lookup: Lookup, task: string, port: string
): PortInfo | undefined {
  const giver = taskOf(document, task);
  return giver && lookup.ports(giver).outputs.find(one => one.name === port);
}

export function sameEdge(one: Edge, other: Edge): boolean {
  return (
    one.source === other.source && one.port === other.port &&
    one.target === other.target && one.input === other.input
  );
}

/** Write an edge as Python does: `ReadCSV1.output -> Head1.table`. */
export function edgeText(edge: Edge): string {
  const source = edge.source === '' ? edge.port : `${edge.source}.${edge.port}`;
  return `${source} ${edge.live ? '~' : '-'}> ${edge.target}.${edge.input}`;
}
