/** Layers of a network: a chain whose widths follow from each other. */

import { isNetwork, networkOf, NETWORK } from './catalogue';
import type { Lookup } from './catalogue';
import { addEntry, noteFloats, replaceTask, taskOf } from './edits';
import type { Added } from './edits';
import { changed, without } from './notes';
import { countedName } from './names';
import type {
  LayerInfo, LayerNode, NetworkSpec, ParameterInfo, Point, TaskEntry, WorkflowDocument
} from './types';

/** Widths of a new layer where nothing says another one. */
export const FIRST_WIDTH = 16;
export const NEW_WIDTH = 8;
const WIDTHS = ['in_features', 'out_features'];

/** Make a new network of one layer. */
export function addNetwork(
  document: WorkflowDocument, lookup: Lookup, kind: string, place?: Point
): Added {
  const template = structuredClone(lookup.catalogue.network) as Partial<TaskEntry>;
  const { name: _, ...entry } = { kind: NETWORK, ...template };
  const taken = new Set(
    document.tasks.map(task => networkOf(task)?.name).filter(name => name !== undefined)
  );
  const network = {
    ...(entry.parameters?.network as object),
    name: countedName('network', taken),
    layers: { nodes: [], edges: [] }
  };
  const parameters = { ...entry.parameters, network };
  const added = addEntry(document, { ...entry, parameters }, 'Network', place);
  return { ...added, document: addLayer(added.document, lookup, added.name, kind).document };
}

/**
 * Put a layer into a network's chain, at the end unless a place is given; gives its id.
 *
 * Layers are named by their kind and place, as Python names them: those behind it count on.
 */
export function addLayer(
  document: WorkflowDocument, lookup: Lookup, task: string, kind: string, at?: number
): Added {
  const info = lookup.layers.get(kind);
  const nodes = layersOf(document, task);
  if (info === undefined || nodes === undefined) {
    return { document, name: '' };
  }
  const place = at ?? nodes.length;
  const before = nodes[place - 1]?.out_features ?? nodes[0]?.in_features ?? FIRST_WIDTH;
  const made: LayerNode = {
    id: countedName(kind, new Set(nodes.map(node => node.id))),
    kind,
    in_features: before,
    out_features: info.width === 'given' ? widthOf(info) : before,
    parameters: newParameters(info)
  };
  const joined = withLayers(document, lookup, task, [
    ...nodes.slice(0, place), made, ...nodes.slice(place)
  ]);
  return { document: joined, name: layersOf(joined, task)![place].id };
}

function widthOf(info: LayerInfo): number {
  const told = info.parameters.find(one => one.name === 'out_features')?.default;
  return typeof told === 'number' ? told : NEW_WIDTH;
}

/** Give the parameters of a layer that are not its widths. */
export function layerParameters(info: LayerInfo | undefined): ParameterInfo[] {
  return (info?.parameters ?? []).filter(one => !WIDTHS.includes(one.name));
}

function newParameters(info: LayerInfo): Record<string, unknown> {
  const known = layerParameters(info).filter(one => one.default !== undefined);
  const parameters = Object.fromEntries(known.map(one => [one.name, one.default]));
  noteFloats(parameters, known);
  return parameters;
}

/** Take a layer out of its network; the layers around it are joined. */
export function removeLayer(
  document: WorkflowDocument, lookup: Lookup, task: string, id: string
): WorkflowDocument {
  const nodes = layersOf(document, task);
  if (nodes === undefined || !nodes.some(node => node.id === id)) {
    return document;
  }
  const left = changed(document, {
    edges: document.edges.filter(edge => !(edge.source === task && edge.port === id)),
    outputs: document.outputs.filter(output => !(output.task === task && output.port === id))
  });
  return withLayers(left, lookup, task, nodes.filter(node => node.id !== id));
}

/** Put a layer at another place of its chain. */
export function moveLayer(
  document: WorkflowDocument, lookup: Lookup, task: string, id: string, to: number
): WorkflowDocument {
  const nodes = layersOf(document, task);
  const layer = nodes?.find(node => node.id === id);
  if (nodes === undefined || layer === undefined) {
    return document;
  }
  const rest = nodes.filter(node => node.id !== id);
  const place = Math.max(0, Math.min(rest.length, to));
  if (nodes.indexOf(layer) === place) {
    return document;
  }
  return withLayers(document, lookup, task, [
    ...rest.slice(0, place), layer, ...rest.slice(place)
  ]);
}

/** Set a width or a parameter of a layer; the widths after it follow. */
export function setLayer(
  document: WorkflowDocument, lookup: Lookup, task: string, id: string, name: string, value: unknown
): WorkflowDocument {
  const nodes = layersOf(document, task);
  if (nodes === undefined) {
    return document;
  }
  const made = nodes.map(node => {
    if (node.id !== id) {
      return node;
    }
    if (WIDTHS.includes(name)) {
      return changed(node, { [name]: value } as Partial<LayerNode>);
    }
    const old = node.parameters ?? {};
    const parameters = value === undefined ? without(old, name) : changed(old, { [name]: value });
    noteFloats(parameters, layerParameters(lookup.layers.get(node.kind)));
    return changed(node, { parameters });
  });
  return withLayers(document, lookup, task, made);
}

/** Let every width of a network follow from the layer before, the first from what feeds it. */
export function fitWidths(
  document: WorkflowDocument, lookup: Lookup, task: string
): WorkflowDocument {
  const nodes = layersOf(document, task);
  if (nodes === undefined || nodes.length === 0) {
    return document;
  }
  const [first, ...rest] = nodes;
  const width = lookup.columns(taskOf(document, task)!) ?? first.in_features;
  const begin = width === first.in_features ? first : changed(first, { in_features: width });
  return withLayers(document, lookup, task, [begin, ...rest]);
}

/** Change a member of a network's specification, found by its path (`training`, `epochs`). */
export function setNetwork(
  document: WorkflowDocument, task: string, path: string[], value: unknown
): WorkflowDocument {
  const entry = taskOf(document, task);
  const spec = entry && networkOf(entry);
  return entry && spec ? withSpec(document, entry, setIn(spec, path, value)) : document;
}

function setIn<T extends object>(owner: T, [key, ...rest]: string[], value: unknown): T {
  const inner = (owner as Record<string, unknown>)[key];
  const made = rest.length === 0 ? value : setIn((inner ?? {}) as object, rest, value);
  return changed(owner, { [key]: made } as Partial<T>);
}

/** Give the layers of a task in the order of their chain; undefined where it is no network. */
export function layersOf(document: WorkflowDocument, task: string): LayerNode[] | undefined {
  const entry = taskOf(document, task);
  return entry && isNetwork(entry) ? chainOf(networkOf(entry)!) : undefined;
}

/** Put the layers of a specification in the order of their chain. */
export function chainOf(spec: NetworkSpec): LayerNode[] {
  const { nodes, edges } = spec.layers;
  const next = new Map(edges);
  const fed = new Set(edges.map(([, after]) => after));
  const byId = new Map(nodes.map(node => [node.id, node]));
  const chain: LayerNode[] = [];
  let at = nodes.find(node => !fed.has(node.id));
  while (at !== undefined && !chain.includes(at)) {
    chain.push(at);
    at = byId.get(next.get(at.id) ?? '');
  }
  return [...chain, ...nodes.filter(node => !chain.includes(node))];
}

function withLayers(
  document: WorkflowDocument, lookup: Lookup, task: string, nodes: LayerNode[]
): WorkflowDocument {
  const entry = taskOf(document, task)!;
  let width = nodes[0]?.in_features ?? null;
  const fitted = nodes.map(node => {
    const same = lookup.layers.get(node.kind)?.width === 'same';
    const made = same || node.in_features !== width
      ? changed(node, { in_features: width, out_features: same ? width : node.out_features })
      : node;
    width = made.out_features;
    return made;
  });
  const { named, ids } = counted(fitted);
  const edges = named.slice(1).map((node, place): [string, string] => [named[place].id, node.id]);
  return withSpec(
    renamedPorts(document, task, ids), entry,
    changed(networkOf(entry)!, { layers: { nodes: named, edges } })
  );
}

function counted(nodes: LayerNode[]): { named: LayerNode[]; ids: Map<string, string> } {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  const named = nodes.map(node => {
    const id = countedName(node.kind, taken);
    taken.add(id);
    if (id === node.id) {
      return node;
    }
    ids.set(node.id, id);
    return changed(node, { id });
  });
  return { named, ids };
}

/** Let edges and outputs of a network follow the names of its layers. */
function renamedPorts(
  document: WorkflowDocument, task: string, ids: Map<string, string>
): WorkflowDocument {
  if (ids.size === 0) {
    return document;
  }
  const port = (of: string, name: string) => (of === task ? ids.get(name) ?? name : name);
  return changed(document, {
    edges: document.edges.map(edge => changed(edge, { port: port(edge.source, edge.port) })),
    outputs: document.outputs.map(output =>
      changed(output, { port: port(output.task, output.port) })
    )
  });
}

function withSpec(
  document: WorkflowDocument, entry: TaskEntry, network: NetworkSpec
): WorkflowDocument {
  const parameters = changed(entry.parameters ?? {}, { network });
  return replaceTask(document, changed(entry, { parameters }));
}
