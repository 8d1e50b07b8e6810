/** Looking things up in the catalogue, and the ports of the tasks of a document. */

import type {
  Catalogue, KindInfo, LayerInfo, NetworkSpec, PortInfo, Ports, TaskBody, Told, TypeInfo, WorkflowBody
} from './types';

export const NETWORK = 'NNWorkflow';
const NO_PORTS: Ports = { inputs: [], outputs: [] };

/** A catalogue with an index; made once for each catalogue. */
export class Lookup {
  readonly kinds: Map<string, KindInfo>;
  readonly layers: Map<string, LayerInfo>;
  readonly types: Map<string, TypeInfo>;
  private readonly converters: Map<string, string>;
  private readonly known = new WeakMap<object, Ports>();

  constructor(
    readonly catalogue: Catalogue,
    private readonly told: Told = { ports: {}, columns: {} }
  ) {
    this.kinds = new Map(catalogue.tasks.map(kind => [kind.kind, kind]));
    this.layers = new Map(catalogue.layers.map(layer => [layer.kind, layer]));
    this.types = new Map(catalogue.types.map(type => [type.name, type]));
    this.converters = new Map(
      catalogue.converters.map(one => [`${one.source}\n${one.target}`, one.kind])
    );
  }

  /** Name the kind of task that turns one type into another. */
  converter(source: string, target: string): string | undefined {
    return this.converters.get(`${source}\n${target}`);
  }

  /** Give the types that a value of a type also is, the type itself first. */
  widened(type: string): string[] {
    const all = [type];
    for (const name of all) {
      for (const wider of this.types.get(name)?.wider ?? []) {
        if (!all.includes(wider)) {
          all.push(wider);
        }
      }
    }
    return all;
  }

  /** Whether a kind of task is known, or an entry tells its ports itself. */
  knows(entry: TaskBody): boolean {
    return (
      entry.ports !== undefined ||
      entry.workflow !== undefined ||
      (entry.task !== undefined ? this.knows(entry.task) : this.kinds.has(entry.kind)) ||
      entry.kind === NETWORK
    );
  }

  /** Give the ports of a task. */
  ports(entry: TaskBody): Ports {
    let found = this.known.get(entry);
    if (found === undefined) {
      found = this.found(entry);
      this.known.set(entry, found);
    }
    return found;
  }

  private found(entry: TaskBody): Ports {
    if (entry.workflow !== undefined) {
      return this.ofWorkflow(entry.workflow);
    }
    if (entry.task !== undefined) {
      return this.ofMap(entry.task, entry.over ?? []);
    }
    if (isNetwork(entry)) {
      return networkPorts(entry);
    }
    const usual = entry.ports ?? this.kinds.get(entry.kind) ?? NO_PORTS;
    return this.toldOf(entry, usual) ?? usual;
  }

  /** What the kernel says counts where it differs: ports may follow from parameters. */
  private toldOf(entry: TaskBody, usual: Ports): Ports | undefined {
    const told = ownMember(this.told.ports, entry.name);
    if (told === undefined) {
      return undefined;
    }
    const words = ({ inputs, outputs }: Ports) =>
      JSON.stringify([inputs, outputs].map(ports => ports.map(one => [one.name, one.type])));
    return words(told) === words(usual) ? undefined : told;
  }

  /** How many columns the data of a network have, where the kernel can tell. */
  columns(entry: TaskBody): number | undefined {
    return ownMember(this.told.columns, entry.name);
  }

  /** Knows nothing by name: tasks inside of others may have names that are told outside. */
  private inner(): Lookup {
    this.plain ??= new Lookup(this.catalogue);
    return this.plain;
  }

  private plain: Lookup | undefined;

  private ofWorkflow(body: WorkflowBody): Ports {
    const tasks = new Map(body.tasks.map(task => [task.name, task]));
    const inner = this.inner();
    const fed = (name: string) => {
      const edge = body.edges.find(one => one.source === '' && one.port === name);
      const taker = edge && tasks.get(edge.target);
      return taker && inner.ports(taker).inputs.find(port => port.name === edge.input)?.type;
    };
    const outputs: PortInfo[] = body.outputs.map(({ name, task, port }) => {
      const giver = tasks.get(task);
      const output = giver && inner.ports(giver).outputs.find(one => one.name === port);
      return { ...(output ?? { type: 'any' }), name };
    });
    const inputs = body.inputs.map(given => ({
      name: given.name,
      type: given.type ?? fed(given.name) ?? 'any',
      required: given.default === undefined
    }));
    return { inputs, outputs };
  }

  private ofMap(task: TaskBody, over: string[]): Ports {
    const { inputs, outputs } = this.inner().ports(task);
    return {
      inputs: inputs.map(port =>
        over.includes(port.name) ? { name: port.name, type: 'list' } : port
      ),
      outputs: outputs.map(({ name }) => ({ name, type: 'list' }))
    };
  }
}

function ownMember<T>(all: Record<string, T>, name: unknown): T | undefined {
  const there = typeof name === 'string' && Object.prototype.hasOwnProperty.call(all, name);
  return there ? all[name] : undefined;
}

/** Whether a task is a network that can be drawn with its layers. */
export function isNetwork(entry: TaskBody): boolean {
  return entry.kind === NETWORK && entry.ports === undefined && networkOf(entry) !== undefined;
}

/** Give the specification of a network's task; undefined where it has none that can be drawn. */
export function networkOf(entry: TaskBody): NetworkSpec | undefined {
  const spec = entry.parameters?.network as NetworkSpec | undefined;
  const nodes = spec?.layers?.nodes;
  const fits = Array.isArray(nodes) && Array.isArray(spec?.layers.edges) &&
    nodes.every(node => typeof node?.id === 'string' && typeof node?.kind === 'string');
  return fits ? spec : undefined;
}

function networkPorts(entry: TaskBody): Ports {
  const predicts = entry.parameters?.mode === 'predict';
  const layers = networkOf(entry)!.layers.nodes;
  return {
    inputs: [
      { name: 'dataset', type: 'dataset', required: true },
      { name: 'model', type: 'model', required: predicts }
    ],
    outputs: [
      ...(predicts ? [] : [{ name: 'model', type: 'model' }]),
      { name: 'prediction', type: 'prediction' },
      { name: 'report', type: 'table' },
      ...layers.map(layer => ({
        name: layer.id, type: 'activations', shape: [null, layer.out_features]
      }))
    ]
  };
}

/** What a task is called in words: a workflow by its name, a map by its task. */
export function kindText(entry: TaskBody): string {
  if (entry.workflow !== undefined) {
    return `Workflow ${entry.workflow.name}`;
  }
  return entry.task !== undefined ? `Map of ${kindText(entry.task)}` : entry.kind;
}
