/** What the canvas and the kernel say to each other, over a comm or a widget's custom messages. */
import type { LayerAsked, LayerLook } from './layer_messages';
import type { Catalogue, Ports, Problem, TaskState, WorkflowDocument } from '../model/types';

export const COMM = 'dlaaw.bench';

export type ClientMessage =
  | { type: 'catalogue' }
  | { type: 'targets'; id: string }
  | { type: 'check' | 'code' | 'trust' | 'saved'; id: string; document: WorkflowDocument }
  | {
      type: 'run';
      id: string;
      document: WorkflowDocument;
      /** Where it runs; empty is the kernel's machine. */
      target: string;
      /** Tasks to run, with all that they need; null for all. */
      only: string[] | null;
      /** Run again what is known already. */
      force: boolean | string[];
      given: Record<string, unknown>;
    }
  | { type: 'export'; id: string; document: WorkflowDocument; kind: string }
  | { type: 'convert'; id: string; text: string; path: string }
  | { type: 'cancel'; run: string }
  | { type: 'follow'; id: string; run: string }
  | { type: 'preview'; id: string; run: string; task: string; port: string }
  | { type: 'task'; id: string; run: string; task: string }
  | { type: 'use_product'; id: string; hash: string }
  | ({ type: 'layer'; id: string; document: WorkflowDocument; run: string | null } & LayerAsked);

/** A place where a workflow can run. */
export interface TargetInfo {
  name: string;
  state?: string;
  default?: boolean;
  error?: string | null;
}

/** A workflow as a file of another kind. */
export interface Exported {
  content: string;
  encoding: 'text' | 'base64' | 'json';
}

/** A network or model of another system as a workflow. */
export interface Converted {
  document: WorkflowDocument;
}

export interface TaskReport {
  task: string;
  state: TaskState;
  seconds?: number | null;
  progress?: number | null;
  error?: string | null;
  /** Of a task of a workflow inside of another one: `Outer1/Inner1`. */
  inside?: boolean;
}

export interface Output {
  name: string;
  type: string;
  preview: string;
  html?: string | null;
}

export interface Preview {
  run: string;
  task: string;
  port: string;
  text: string;
  html?: string | null;
}

/** How the course of one task was. */
export interface Course {
  run: string;
  task: string;
  state: TaskState;
  why?: string | null;
  seconds?: number | null;
  log?: string | null;
  error?: string | null;
  trace?: string | null;
  /** From the task to the one where it began. */
  chain?: unknown[];
  notes?: unknown[];
}

/** How the cost of a network went so far; the picture is a whole SVG document. */
export interface Curve {
  run: string;
  task: string;
  svg: string;
  text: string;
}

export interface Ended {
  run: string;
  state: string;
  seconds?: number | null;
  error?: string | null;
  outputs: Output[];
}

export type KernelMessage =
  | { type: 'catalogue'; catalogue: Catalogue }
  | {
      type: 'checked';
      id: string;
      problems: Problem[];
      ports: Record<string, Ports>;
      columns?: Record<string, number>;
      /** The lines that the document must hold so that its own tasks are known elsewhere. */
      code?: string[] | null;
    }
  | { type: 'code'; id: string; code: string }
  | ({ type: 'exported'; id: string } & Exported)
  | ({ type: 'converted'; id: string } & Converted)
  | { type: 'started'; id: string; run: string }
  | ({ type: 'state'; run: string } & TaskReport)
  | { type: 'states'; run: string; states: TaskReport[] }
  | ({ type: 'costs' } & Curve)
  | ({ type: 'ended' } & Ended)
  | ({ type: 'preview'; id?: string } & Preview)
  | ({ type: 'task'; id?: string } & Course)
  | ({ type: 'layer'; id?: string } & LayerLook)
  | { type: 'targets'; id?: string; targets: TargetInfo[] }
  | { type: 'trusted'; id: string }
  | { type: 'error'; id?: string; text: string; kind?: string; mend?: string };
