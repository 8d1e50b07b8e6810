/** What the canvas, the documents and the kernel speak of; plain JSON values everywhere. */

/** A connection; an empty source is the workflow itself, the port then one of its inputs. */
export interface Edge {
  source: string;
  port: string;
  target: string;
  input: string;
  live?: boolean;
}

/** Length of each axis, null for any; null instead of a list when nothing is known. */
export type Shape = (number | null)[] | null;

export interface PortInfo {
  name: string;
  type: string;
  shape?: Shape;
  /** Of an input: whether something must feed it; yes where it is not said. */
  required?: boolean;
  /** Of an input: whether it takes any number of edges. */
  many?: boolean;
}

export interface Ports {
  inputs: PortInfo[];
  outputs: PortInfo[];
}

/** What a kernel knows of the tasks of a document, by their names. */
export interface Told {
  /** Those that follow from parameters too. */
  ports: Record<string, Ports>;
  /** How many columns the data of a network have. */
  columns: Record<string, number>;
}

export interface Policy {
  retries?: number;
  backoff_s?: number;
  timeout_s?: number | null;
  cached?: boolean;
}

/** A task without a name, as it stands in a map; members that are not named here are kept. */
export interface TaskBody {
  kind: string;
  module?: string;
  ports?: Ports;
  parameters?: Record<string, unknown>;
  policy?: Policy;
  values?: Record<string, unknown>;
  /** Of a task that is a workflow. */
  workflow?: WorkflowBody;
  /** Of a map: what runs for each item, and the inputs that it goes over. */
  task?: TaskBody;
  over?: string[];
  [more: string]: unknown;
}

/** A task of a document. */
export interface TaskEntry extends TaskBody {
  name: string;
}

export interface InputEntry {
  name: string;
  type?: string;
  default?: unknown;
  description?: string;
}

export interface OutputEntry {
  name: string;
  task: string;
  port: string;
}

export interface WorkflowBody {
  name: string;
  description?: string;
  inputs: InputEntry[];
  tasks: TaskEntry[];
  edges: Edge[];
  outputs: OutputEntry[];
  view?: View;
}

export type Point = [number, number];

/** Where nodes are drawn, and nothing else. */
export interface View {
  tasks?: Record<string, Point>;
  inputs?: Record<string, Point>;
  outputs?: Record<string, Point>;
}

export interface WorkflowDocument extends WorkflowBody {
  format: 'dlaaw-nb/workflow';
  version: 1;
  code?: string[];
}

export type ParameterType = 'int' | 'float' | 'str' | 'bool' | 'choice' | 'json';

export interface ParameterInfo {
  name: string;
  type: ParameterType;
  default?: unknown;
  required: boolean;
  /** Whether null is a value of it too. */
  optional: boolean;
  choices?: unknown[];
  /** What the docstring says, with unit and limits. */
  text: string;
}

export interface KindInfo {
  kind: string;
  group: string;
  summary: string;
  inputs: PortInfo[];
  outputs: PortInfo[];
  parameters: ParameterInfo[];
  /** Of a person's own task what a document says of it besides name and parameters. */
  entry?: Record<string, unknown>;
  /** How it runs where a document does not say, as far as that is not `PLAIN`. */
  policy?: Policy;
}

export interface LayerInfo {
  kind: string;
  group: string;
  summary: string;
  parameters: ParameterInfo[];
  /** `given`: the parameter `out_features` is its width; `same`: as wide as what feeds it. */
  width: 'given' | 'same';
}

export interface TypeInfo {
  name: string;
  description: string;
  /** Names of the types that a value of this type also is. */
  wider: string[];
}

export interface ConverterInfo {
  kind: string;
  source: string;
  target: string;
}

export interface Catalogue {
  format: 'dlaaw-nb/catalogue';
  version: 1;
  types: TypeInfo[];
  converters: ConverterInfo[];
  tasks: KindInfo[];
  layers: LayerInfo[];
  /** Template of a network's task entry: its kind, and parameters with a spec without layers. */
  network: Record<string, unknown>;
  /** The settings of a network, by where they stand in its task's parameters. */
  hyperparameters: (ParameterInfo & { path: string[] })[];
  /** Kinds of losses, optimizers and schedules, each with what a specification says of it. */
  parts: Record<string, { kind: string; spec: Record<string, unknown> }[]>;
}

export interface Problem {
  task: string;
  port?: string;
  text: string;
  mend?: string;
}

export type TaskState =
  | 'initialized'
  | 'ready'
  | 'running'
  | 'finished'
  | 'failed'
  | 'skipped'
  | 'cached'
  | 'cancelled';

export interface NodeStatus {
  state: TaskState;
  seconds?: number;
  /** From 0 to 1. */
  progress?: number;
  error?: string;
  /** Of a task of a workflow inside of another one: its name is `Outer1/Inner1`. */
  inside?: boolean;
}

/** A layer of a network's specification. */
export interface LayerNode {
  id: string;
  kind: string;
  in_features: number | null;
  out_features: number | null;
  parameters: Record<string, unknown>;
}

/** A network's specification, as far as the canvas reads it; the rest is kept. */
export interface NetworkSpec {
  name?: string;
  layers: { nodes: LayerNode[]; edges: [string, string][] };
  [more: string]: unknown;
}
