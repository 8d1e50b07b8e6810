/** What a page and a kernel say to each other of the kernel's store. */
import type { Ended, TaskReport } from './messages';

export interface RunFacts {
  run: string;
  workflow: string;
  state: string;
  /** Seconds since the epoch. */
  started: number;
  seconds: number | null;
  /** Whether it goes on in the kernel that answers, which can cancel it. */
  here: boolean;
  /** How many are written down. */
  tasks: number;
}

export interface TaskFacts {
  task: string;
  kind: string;
  state: string;
  seconds: number | null;
  error: string | null;
  log: boolean;
  why: string;
}

export interface RunDetails extends Omit<RunFacts, 'tasks'> {
  tasks: TaskFacts[];
  /** How many tasks are not told. */
  more: number;
  seed: number;
  target: string;
  executor: string;
  inputs: { name: string; hash: string; given: string }[];
  outputs: { name: string; hash: string; type: string; preview: string }[];
}

export interface TaskLog {
  run: string;
  task: string;
  log: string;
  cut: boolean;
  error: string;
  why: string;
}

export interface Compared {
  runs: [RunFacts, RunFacts];
  /** What kind of thing, its name, its part, before, after. */
  changes: [string, string, string, string, string][];
  more: number;
  /** Name of a task, empty for the whole run, and the seconds of both. */
  times: [string, number | null, number | null][];
}

export interface ProductFacts {
  hash: string;
  type: string;
  size: string;
  preview: string;
  filename: string;
}

export interface ListedProduct extends ProductFacts {
  name: string;
  task: string;
  run: string;
  workflow: string;
  when: number;
}

export interface ProductLook {
  product: ProductFacts;
  text: string;
  html?: string | null;
}

/** How a workflow takes a product in: as a value, or as a file. */
export interface UsedProduct {
  name?: string;
  value?: unknown;
  value_type?: string;
  path?: string;
  kind?: string;
  written?: boolean;
}

export interface TargetFacts {
  name: string;
  state: 'available' | 'unreachable';
  default: boolean;
  facts: Record<string, string>;
  error: string | null;
}

/** What is asked, by type: what it is asked with, and what is answered. */
export interface Questions {
  runs: [object, { runs: RunFacts[]; more: boolean }];
  run_facts: [{ run: string }, RunDetails];
  log: [{ run: string; task: string }, TaskLog];
  compare: [{ runs: [string, string] }, Compared];
  rerun: [{ run: string }, { run: string }];
  products: [{ search: string }, { products: ListedProduct[]; more: boolean }];
  product: [{ hash: string }, ProductLook];
  use_product: [{ hash: string }, UsedProduct];
  targets: [object, { targets: TargetFacts[] }];
}

export type StoreQuestion =
  | { [K in keyof Questions]: { type: K; id: string } & Questions[K][0] }[keyof Questions]
  | { type: 'watch_runs' }
  | { type: 'cancel'; run: string }
  | { type: 'follow'; id: string; run: string };

/** What comes unasked. */
export type StoreNews =
  | { type: 'run_changed'; run: string; state: string }
  | { type: 'states'; run: string; states: TaskReport[] }
  | ({ type: 'ended' } & Ended);
