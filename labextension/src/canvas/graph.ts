/** The nodes and edges that React Flow draws; those that did not change stay the same objects. */

import type { Edge as FlowEdge, Node } from '@xyflow/react';
import { isNetwork, kindText, networkOf } from '../model/catalogue';
import type { Lookup } from '../model/catalogue';
import { outputOf, sameEdge } from '../model/connect';
import { nodeId } from '../model/layout';
import type { Size } from '../model/layout';
import { chainOf } from '../model/network';
import type {
  Edge, InputEntry, LayerNode, NodeStatus, OutputEntry, Point, PortInfo, Problem, TaskEntry,
  WorkflowDocument
} from '../model/types';

export interface TaskData extends Record<string, unknown> {
  task: TaskEntry;
  kind: string;
  inputs: PortInfo[];
  outputs: PortInfo[];
  layers: LayerNode[] | null;
  layer: string | null;
  status: NodeStatus | undefined;
  problems: Problem[];
  readOnly: boolean;
}

export interface EndData extends Record<string, unknown> {
  end: InputEntry | OutputEntry;
  side: 'inputs' | 'outputs';
  type: string;
}

export interface EdgeData extends Record<string, unknown> {
  /** Undefined for the line from a task to an output of the workflow. */
  edge: Edge | undefined;
  type: string;
  label: string;
  bad: boolean;
}

export type CanvasNode = Node<TaskData | EndData>;
export type CanvasEdge = FlowEdge<EdgeData>;

export const ROW = 22;
export const LAYER_ROW = 54;
const HEAD = 52;
const NONE: Problem[] = [];

interface Given {
  document: WorkflowDocument;
  lookup: Lookup;
  places: Map<string, Point>;
  status: Record<string, NodeStatus>;
  problems: Map<string, Problem[]>;
  layer: { task: string; layer: string } | null;
  readOnly: boolean;
}

/** How large a node is drawn, before it is. */
export function sizes(document: WorkflowDocument, lookup: Lookup): (id: string) => Size {
  const known = new Map<string, Size>();
  for (const task of document.tasks) {
    const { inputs, outputs } = lookup.ports(task);
    const layers = isNetwork(task) ? networkOf(task)!.layers.nodes.length : 0;
    const rows = Math.max(inputs.length, outputs.length - layers);
    const height = HEAD + rows * ROW + (layers > 0 ? layers * LAYER_ROW + 34 : 0) + 14;
    known.set(nodeId('tasks', task.name), { width: layers > 0 ? 260 : 230, height });
  }
  return id => known.get(id) ?? { width: 150, height: 56 };
}

/** Make the nodes of a document. */
export function makeNodes(old: CanvasNode[], given: Given): CanvasNode[] {
  const before = new Map(old.map(node => [node.id, node]));
  const { document, lookup, layer } = given;
  const node = (id: string, type: string, data: TaskData | EndData, label: string): CanvasNode => {
    const known = before.get(id);
    const [x, y] = given.places.get(id) ?? [0, 0];
    const stays = known?.dragging === true;
    const position =
      known && (stays || (known.position.x === x && known.position.y === y))
        ? known.position
        : { x, y };
    const own = known && known.type === type && same(known.data, data) ? known.data : data;
    if (known && known.position === position && known.data === own && known.ariaLabel === label) {
      return known;
    }
    return { ...known, id, type, data: own, position, ariaLabel: label };
  };
  return [
    ...document.inputs.map(end => {
      const type = end.type ?? fedType(document, lookup, end.name);
      return node(
        nodeId('inputs', end.name), 'end', { end, side: 'inputs', type },
        `Input ${end.name} of the workflow`
      );
    }),
    ...document.tasks.map(task => {
      const { inputs, outputs } = lookup.ports(task);
      const problems = given.problems.get(task.name) ?? NONE;
      const status = given.status[task.name];
      const kind = kindText(task);
      const data: TaskData = {
        task, kind, inputs, outputs, problems, status,
        layers: isNetwork(task) ? layersOf(task) : null,
        layer: layer?.task === task.name ? layer.layer : null,
        readOnly: given.readOnly
      };
      const state = status ? `, ${status.state}` : '';
      const wrong = problems.length > 0 ? `, ${countText(problems.length, 'problem')}` : '';
      return node(
        nodeId('tasks', task.name), 'task', data, `${task.name}, ${kind}${state}${wrong}`
      );
    }),
    ...document.outputs.map(end => {
      const type = outputOf(document, lookup, end.task, end.port)?.type ?? 'any';
      return node(
        nodeId('outputs', end.name), 'end', { end, side: 'outputs', type },
        `Output ${end.name} of the workflow`
      );
    })
  ];
}

const chains = new WeakMap<object, LayerNode[]>();

function layersOf(task: TaskEntry): LayerNode[] {
  const spec = networkOf(task)!;
  let found = chains.get(spec);
  if (found === undefined) {
    found = chainOf(spec);
    chains.set(spec, found);
  }
  return found;
}

function fedType(document: WorkflowDocument, lookup: Lookup, name: string): string {
  const edge = document.edges.find(one => one.source === '' && one.port === name);
  const task = edge && document.tasks.find(one => one.name === edge.target);
  const port = task && lookup.ports(task).inputs.find(one => one.name === edge.input);
  return port?.type ?? 'any';
}

/** Make the edges of a document; `bad` are those that the problems are about. */
export function makeEdges(old: CanvasEdge[], given: Given): CanvasEdge[] {
  const before = new Map(old.map(edge => [edge.id, edge]));
  const { document, lookup } = given;
  const ports = new Map<string, PortInfo>();
  for (const task of document.tasks) {
    lookup.ports(task).outputs.forEach(port => ports.set(`${task.name}\n${port.name}`, port));
  }
  const line = (
    id: string, source: string, port: string, target: string, input: string, data: EdgeData
  ): CanvasEdge => {
    const known = before.get(id);
    if (known && same(known.data!, data)) {
      return known;
    }
    const label = `From ${nameText(source)} ${port} to ${nameText(target)} ${input}`;
    return {
      ...known, id, source, sourceHandle: port, target, targetHandle: input, type: 'line', data,
      ariaLabel: label
    };
  };
  const bad = (task: string, port: string) =>
    (given.problems.get(task) ?? NONE).some(one => one.port === port);
  return [
    ...document.edges.map(edge => {
      const port = ports.get(`${edge.source}\n${edge.port}`);
      const type = edge.source === '' ? fedType(document, lookup, edge.port) : port?.type ?? 'any';
      const known = before.get(edgeId(edge))?.data?.edge;
      const data = {
        edge: known && sameEdge(known, edge) && known.live === edge.live ? known : edge,
        type, label: shapeLabel(port) ?? type, bad: bad(edge.target, edge.input)
      };
      const source = edge.source === '' ? nodeId('inputs', edge.port) : nodeId('tasks', edge.source);
      return line(
        edgeId(edge), source, edge.port, nodeId('tasks', edge.target), edge.input, data
      );
    }),
    ...document.outputs.map(({ name, task, port }) => {
      const given = ports.get(`${task}\n${port}`);
      const type = given?.type ?? 'any';
      return line(
        `output\n${name}\n${task}\n${port}`, nodeId('tasks', task), port,
        nodeId('outputs', name), name, { edge: undefined, type, label: shapeLabel(given) ?? type, bad: false }
      );
    })
  ];
}

export function edgeId(edge: Edge): string {
  return [edge.source, edge.port, edge.target, edge.input].join('\n');
}

/** Write a shape for an edge: `n × 8`. */
export function shapeLabel(port: PortInfo | undefined): string | undefined {
  if (!port?.shape) {
    return undefined;
  }
  return port.shape.map(length => (length === null ? 'n' : String(length))).join(' × ');
}

export function countText(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Take the marks of code out of a docstring's text. */
export function plain(text: string): string {
  return text.replaceAll('`', '');
}

function nameText(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

function same(one: object, other: object): boolean {
  const before = one as Record<string, unknown>;
  const after = other as Record<string, unknown>;
  const keys = Object.keys(after);
  return (
    keys.length === Object.keys(before).length &&
    keys.every(key => Object.is(before[key], after[key]))
  );
}
