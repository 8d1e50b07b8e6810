import type { Insertion } from './context';
import type { Catalogue, NodeStatus, Problem, Told, WorkflowDocument } from '../model/types';

export type RunWhat = 'all' | 'here' | 'changed';

export interface Target {
  name: string;
  default?: boolean;
  /** Why it cannot be reached. */
  error?: string | null;
}

/** What the canvas is given; it keeps no document of its own but the one it was given last. */
export interface CanvasProps {
  document: WorkflowDocument;
  catalogue: Catalogue;
  /** Called with every edit, once it is done: not while something is dragged. */
  onChange: (document: WorkflowDocument) => void;
  readOnly?: boolean;
  /** By name of the task. */
  status?: Record<string, NodeStatus>;
  /** What the kernel found; the canvas adds what can be known without one. */
  problems?: Problem[];
  told?: Told;
  /** A task to show and select; each new object seeks again. */
  sought?: { task: string } | null;
  /** Where it can run; empty is the kernel's own choice. */
  targets?: Target[];
  target?: string;
  onTarget?: (name: string) => void;
  /** Names of the selected tasks, and the layer of the one network; one inside is `Outer1/Inner1`. */
  onSelect?: (names: string[], layer: string | null) => void;
  /** Without it there is nothing to run with, and no buttons for it. */
  onRun?: (what: RunWhat, name?: string) => void;
  onStop?: () => void;
  /** Show the neurons and the kernel of a layer, and begin what that needs. */
  onLookInto?: (task: string, layer: string) => void;
  running?: boolean;
  /** Where the properties are drawn instead of in the canvas. */
  formHost?: HTMLElement | null;
  /** Is given what others may do with the canvas from outside. */
  handle?: React.Ref<CanvasHandle>;
  /** A data product was dropped on the canvas, at a place of the page. */
  onProduct?: (hash: string, at: ClientPoint) => void;
}

/** A place of the page, in pixels. */
export interface ClientPoint {
  x: number;
  y: number;
}

export interface CanvasHandle {
  /** Add nodes in one edit, at a place of the page or where there is room. */
  insert(make: Insertion, at?: ClientPoint): void;
  /** Say something on the canvas; a refusal is read at once. */
  tell(text: string, refusal: boolean): void;
}
