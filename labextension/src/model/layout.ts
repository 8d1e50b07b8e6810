/** Auto-layout: tasks in columns by how far they are from the start, few crossings, no overlap. */

import type { NodeRef } from './edits';
import type { Point, WorkflowDocument } from './types';

export interface Size {
  width: number;
  height: number;
}

/** A node by its side and name in one word. */
export function nodeId(side: NodeRef['side'], name: string): string {
  return `${side}:${name}`;
}

/** Read a node from its word. */
export function nodeRef(id: string): NodeRef {
  const cut = id.indexOf(':');
  return { side: id.slice(0, cut) as NodeRef['side'], name: id.slice(cut + 1) };
}

const GAP_X = 90;
const GAP_Y = 36;

interface Graph {
  ids: string[];
  before: Map<string, string[]>;
  after: Map<string, string[]>;
}

/** Place all nodes of a document, by their sizes on the canvas. */
export function layout(
  document: WorkflowDocument, size: (id: string) => Size
): Map<string, Point> {
  const graph = graphOf(document);
  const columns = ordered(graph, columnsOf(graph));
  const places = new Map<string, Point>();
  let x = 0;
  for (const column of columns) {
    const width = Math.max(0, ...column.map(id => size(id).width));
    place(column, x, size, graph, places);
    x += width + GAP_X;
  }
  return places;
}

/** Place the nodes that have no place in the view yet; those that have one stay. */
export function placed(
  document: WorkflowDocument, size: (id: string) => Size
): Map<string, Point> {
  const known = new Map<string, Point>();
  for (const side of ['tasks', 'inputs', 'outputs'] as const) {
    const there = new Map(Object.entries(document.view?.[side] ?? {}));
    for (const one of document[side]) {
      // Before there was a view, tasks told their places themselves.
      const point = there.get(one.name) ?? ('place' in one ? (one.place as Point) : undefined);
      if (point) {
        known.set(nodeId(side, one.name), point);
      }
    }
  }
  const total = document.tasks.length + document.inputs.length + document.outputs.length;
  if (known.size === total) {
    return known;
  }
  return known.size === 0 ? layout(document, size) : beside(document, known, size);
}

function beside(
  document: WorkflowDocument, known: Map<string, Point>, size: (id: string) => Size
): Map<string, Point> {
  const graph = graphOf(document);
  const places = new Map(known);
  for (const id of columnsOf(graph).flat()) {
    if (places.has(id)) {
      continue;
    }
    const feeders = (graph.before.get(id) ?? []).filter(one => places.has(one));
    const takers = (graph.after.get(id) ?? []).filter(one => places.has(one));
    const lowest = Math.max(0, ...[...places].map(([one, [, y]]) => y + size(one).height));
    let point: Point = [0, lowest + GAP_Y];
    if (feeders.length > 0) {
      const last = feeders[0];
      const [x, y] = places.get(last)!;
      point = [x + size(last).width + GAP_X, y];
    } else if (takers.length > 0) {
      const [x, y] = places.get(takers[0])!;
      point = [x - size(id).width - GAP_X, y];
    }
    places.set(id, free(point, size(id), places, size));
  }
  return places;
}

/** Find the first place at or below a point where nothing is. */
export function free(
  [x, start]: Point, own: Size, places: Map<string, Point>, size: (id: string) => Size
): Point {
  let y = start;
  for (let tries = 0; tries <= places.size; tries += 1) {
    const hit = [...places].find(([id, [left, top]]) => {
      const other = size(id);
      return (
        x < left + other.width + 16 && left < x + own.width + 16 &&
        y < top + other.height + 16 && top < y + own.height + 16
      );
    });
    if (hit === undefined) {
      break;
    }
    y = hit[1][1] + size(hit[0]).height + GAP_Y;
  }
  return [x, y];
}

function graphOf(document: WorkflowDocument): Graph {
  const ids = [
    ...document.inputs.map(({ name }) => nodeId('inputs', name)),
    ...document.tasks.map(({ name }) => nodeId('tasks', name)),
    ...document.outputs.map(({ name }) => nodeId('outputs', name))
  ];
  const there = new Set(ids);
  const graph: Graph = {
    ids,
    before: new Map(ids.map(id => [id, []])),
    after: new Map(ids.map(id => [id, []]))
  };
  const join = (from: string, to: string) => {
    if (there.has(from) && there.has(to) && !graph.after.get(from)!.includes(to)) {
      graph.after.get(from)!.push(to);
      graph.before.get(to)!.push(from);
    }
  };
  for (const { source, port, target } of document.edges) {
    join(source === '' ? nodeId('inputs', port) : nodeId('tasks', source), nodeId('tasks', target));
  }
  for (const { name, task } of document.outputs) {
    join(nodeId('tasks', task), nodeId('outputs', name));
  }
  return graph;
}

/** Sort nodes into columns: each one right of all that feed it; circles are cut. */
function columnsOf({ ids, before, after }: Graph): string[][] {
  const waits = new Map(ids.map(id => [id, before.get(id)!.length]));
  const depth = new Map<string, number>();
  const open = ids.filter(id => waits.get(id) === 0);
  const visit = (id: string) => {
    const own = Math.max(-1, ...before.get(id)!.map(one => depth.get(one) ?? -1)) + 1;
    depth.set(id, own);
    for (const next of after.get(id)!) {
      waits.set(next, waits.get(next)! - 1);
      if (waits.get(next) === 0 && !depth.has(next)) {
        open.push(next);
      }
    }
  };
  for (let at = 0; depth.size < ids.length; at += 1) {
    const next = open[at] ?? ids.find(id => !depth.has(id))!;
    if (!depth.has(next)) {
      visit(next);
    }
  }
  pullRight(ids, before, after, depth);
  const columns: string[][] = [];
  ids.forEach(id => (columns[depth.get(id)!] ??= []).push(id));
  return columns.filter(column => column !== undefined);
}

/** Put what nothing feeds beside what it feeds, so that its edges are short. */
function pullRight(
  ids: string[], before: Map<string, string[]>, after: Map<string, string[]>,
  depth: Map<string, number>
): void {
  for (const id of ids) {
    const next = after.get(id)!.map(one => depth.get(one)!);
    if (before.get(id)!.length === 0 && next.length > 0) {
      depth.set(id, Math.max(0, Math.min(...next) - 1));
    }
  }
}

/** Sort each column by the middle of its neighbours (Sugiyama's barycentre), both ways. */
function ordered({ before, after }: Graph, columns: string[][]): string[][] {
  const rank = new Map<string, number>();
  const number = () =>
    columns.forEach(column =>
      column.forEach((id, at) => rank.set(id, (at + 0.5) / column.length))
    );
  number();
  for (let round = 0; round < 8; round += 1) {
    const down = round % 2 === 0;
    const near = down ? before : after;
    for (const column of down ? columns : [...columns].reverse()) {
      const middle = new Map(
        column.map(id => {
          const ranks = near.get(id)!.map(one => rank.get(one)!);
          const sum = ranks.reduce((total, one) => total + one, 0);
          return [id, ranks.length > 0 ? sum / ranks.length : rank.get(id)!];
        })
      );
      column.sort((one, other) => middle.get(one)! - middle.get(other)!);
      column.forEach((id, at) => rank.set(id, (at + 0.5) / column.length));
    }
  }
  return columns;
}

function place(
  column: string[], x: number, size: (id: string) => Size, graph: Graph,
  places: Map<string, Point>
): void {
  const height = column.reduce((sum, id) => sum + size(id).height + GAP_Y, -GAP_Y);
  const wished = column.map(id => {
    const feeders = graph.before.get(id)!.filter(one => places.has(one));
    const middles = feeders.map(one => places.get(one)![1] + size(one).height / 2);
    const sum = middles.reduce((total, one) => total + one, 0);
    return middles.length > 0 ? sum / middles.length - size(id).height / 2 : undefined;
  });
  let y = -height / 2;
  column.forEach((id, at) => {
    const top = Math.max(at === 0 ? -Infinity : y, wished[at] ?? y);
    places.set(id, [x, Math.round(top)]);
    y = top + size(id).height + GAP_Y;
  });
}
