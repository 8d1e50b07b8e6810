/** What is known of a document beside its text: the catalogue, its problems, its run. No Jupyter, no React. */
import type { Catalogue, NodeStatus, Problem, WorkflowDocument } from '../model/types';
import type { ClientMessage, Ended, KernelMessage, Preview, TaskReport } from './messages';

/** How long after an edit the kernel is asked to check it. */
export const CHECK_AFTER_MS = 300;

export interface BenchState {
  catalogue: Catalogue;
  problems: Problem[];
  status: Record<string, NodeStatus>;
  /** Asked for and not ended. */
  running: boolean;
  ended: Ended | null;
  preview: Preview | null;
  code: string | null;
  /** What went wrong outside of any task; null when nothing did. */
  fault: string | null;
}

export type RunWhat = 'all' | 'here' | 'changed';

export class Bench {
  constructor(catalogue: Catalogue) {
    this.state = {
      catalogue,
      problems: [],
      status: {},
      running: false,
      ended: null,
      preview: null,
      code: null,
      fault: null
    };
  }

  /** The state now; another object after every change. */
  get now(): BenchState {
    return this.state;
  }

  /** Call a function after every change; gives the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** A kernel answers from now on. */
  connect(send: (message: ClientMessage) => void): void {
    this.send = send;
    send({ type: 'catalogue' });
    this.check();
  }

  /** The kernel is gone; what it ran has no end. */
  disconnect(reason: string | null): void {
    this.send = null;
    this.runId = null;
    this.change({
      running: false,
      problems: [],
      ...(this.state.running && reason !== null ? { fault: reason } : {})
    });
  }

  get connected(): boolean {
    return this.send !== null;
  }

  /** The document is another one now; null when there is none to speak of. */
  edit(document: WorkflowDocument | null): void {
    this.document = document;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), CHECK_AFTER_MS);
  }

  /** Run the document as it is now. */
  run(what: RunWhat, name?: string): void {
    if (this.document === null || this.send === null || this.state.running) {
      return;
    }
    this.asked = this.next();
    this.runId = null;
    this.stopping = false;
    this.change({ running: true, status: {}, ended: null, preview: null, fault: null });
    this.send({
      type: 'run',
      id: this.asked,
      document: this.document,
      target: '',
      only: what === 'here' && name !== undefined ? [name] : null,
      force: what === 'all',
      given: {}
    });
  }

  /** Stop what runs. */
  stop(): void {
    if (this.runId !== null) {
      this.send?.({ type: 'cancel', run: this.runId });
    } else {
      this.stopping = true; // it is told as soon as the run has a name
    }
  }

  /** Ask for a look at what a task gave in the last run. */
  look(task: string, port: string): void {
    const run = this.runId ?? this.state.ended?.run;
    if (run) {
      this.send?.({ type: 'preview', run, task, port });
    }
  }

  /** Ask for the document as Python. */
  writeCode(): void {
    if (this.document !== null) {
      this.send?.({ type: 'code', id: this.next(), document: this.document });
    }
  }

  /** Something went wrong that is no answer of the kernel. */
  complain(fault: string | null): void {
    this.change({ fault });
  }

  /** Take a message of the kernel. */
  receive(message: KernelMessage): void {
    switch (message.type) {
      case 'catalogue':
        return this.change({ catalogue: message.catalogue });
      case 'checked':
        return message.id === this.checking ? this.change({ problems: message.problems }) : undefined;
      case 'code':
        return this.change({ code: message.code });
      case 'started':
        return this.started(message.id, message.run);
      case 'state':
        return this.report(message.run, [message]);
      case 'states':
        return this.report(message.run, message.states);
      case 'ended':
        return message.run === this.runId ? this.end(message) : undefined;
      case 'preview':
        return this.change({ preview: message });
      case 'error':
        return this.refuse(message.id, message.text);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.listeners.clear();
    this.send = null;
  }

  private started(id: string, run: string): void {
    if (id !== this.asked) {
      return;
    }
    this.runId = run;
    if (this.stopping) {
      this.stop();
    }
  }

  private report(run: string, reports: TaskReport[]): void {
    if (run !== this.runId) {
      return;
    }
    const status = { ...this.state.status };
    for (const { task, state, seconds, progress, error } of reports) {
      status[task] = {
        state,
        seconds: seconds ?? undefined,
        progress: progress ?? undefined,
        error: error ?? undefined
      };
    }
    this.change({ status });
  }

  private end(ended: Ended): void {
    this.change({ running: false, ended, fault: ended.error ?? null });
  }

  private refuse(id: string | undefined, text: string): void {
    const ours = id !== undefined && id === this.asked && this.runId === null;
    this.change({ fault: text, ...(ours ? { running: false } : {}) });
  }

  private check(): void {
    if (this.document !== null && this.send !== null) {
      this.checking = this.next();
      this.send({ type: 'check', id: this.checking, document: this.document });
    }
  }

  private next(): string {
    this.count += 1;
    return String(this.count);
  }

  private change(part: Partial<BenchState>): void {
    this.state = { ...this.state, ...part };
    this.listeners.forEach(listener => listener());
  }

  private state: BenchState;
  private listeners = new Set<() => void>();
  private send: ((message: ClientMessage) => void) | null = null;
  private document: WorkflowDocument | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private count = 0;
  private checking = '';
  private asked = '';
  private runId: string | null = null;
  private stopping = false;
}
