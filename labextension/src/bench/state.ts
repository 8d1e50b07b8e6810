/** What is known of a document beside its text. */
import type { Catalogue, NodeStatus, Problem, Told } from '../model/types';
import type { LayerLook } from './layer_messages';
import type { Course, Curve, Ended, Preview, TargetInfo } from './messages';

export interface BenchState {
  catalogue: Catalogue;
  problems: Problem[];
  status: Record<string, NodeStatus>;
  /** Asked for and not ended. */
  running: boolean;
  ended: Ended | null;
  /** Costs of the networks that the run trains, by task. */
  curves: Record<string, Curve>;
  /** Of the task that is looked at: its course, and what it gave. */
  course: Course | null;
  preview: Preview | null;
  /** Of the layer that is looked into. */
  layer: LayerLook | null;
  /** Where it can run, and where it is to; empty is the kernel's own choice. */
  targets: TargetInfo[];
  target: string;
  /** The task that a person wants to see on the canvas, by the name it has in the run. */
  sought: { task: string } | null;
  /** What the kernel knows of the tasks of the document. */
  told: Told;
  code: string | null;
  /** The lines of code that the document must hold; null while that is not known. */
  own: string[] | null;
  /** What went wrong outside of any task; null when nothing did. */
  fault: string | null;
  /** Whether the document's code must be trusted before it runs. */
  untrusted: boolean;
}

/** Where the name of a document's last run is kept while its page is loaded anew. */
export interface Memory {
  recall(): string | null;
  remember(run: string): void;
}

export type RunWhat = 'all' | 'here' | 'changed';

/** Of a run that has not begun. */
export const NOTHING = {
  ended: null, curves: {}, course: null, preview: null, layer: null, fault: null, untrusted: false
};

/** Of a document that no kernel knows yet. */
export const AT_FIRST = {
  problems: [],
  status: {},
  running: false,
  code: null,
  own: null,
  targets: [{ name: 'cpu', default: true }],
  target: '',
  sought: null,
  told: { ports: {}, columns: {} }
};
