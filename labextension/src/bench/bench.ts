/** What is known of a document beside its text: the catalogue, its problems, its run. No Jupyter, no React. */
import type { Catalogue, NodeStatus, Ports, Problem, WorkflowDocument } from '../model/types';
import type { LayerAsked, LayerLook } from './layer_messages';
import type {
  ClientMessage,
  Course,
  Ended,
  KernelMessage,
  Preview,
  TargetInfo,
  TaskReport
} from './messages';
import { withReports } from './reports';

/** How long after an edit the kernel is asked to check it. */
export const CHECK_AFTER_MS = 300;
const LOG_AFTER_MS = 1000;

// Questions whose refusal needs no words: nothing was lost.
const LOOK = 'look';
const FOLLOW = 'follow';

export interface BenchState {
  catalogue: Catalogue;
  problems: Problem[];
  status: Record<string, NodeStatus>;
  /** Asked for and not ended. */
  running: boolean;
  ended: Ended | null;
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
  /** Ports of tasks as the kernel knows them. */
  ports: Record<string, Ports>;
  code: string | null;
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

const NOTHING = { ended: null, course: null, preview: null, layer: null, fault: null, untrusted: false };

const AT_FIRST = {
  problems: [],
  status: {},
  running: false,
  code: null,
  targets: [{ name: 'cpu', default: true }],
  target: '',
  sought: null,
  ports: {}
};

export class Bench {
  constructor(
    catalogue: Catalogue,
    private readonly memory: Memory | null = null
  ) {
    this.state = { ...NOTHING, ...AT_FIRST, catalogue };
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
    send({ type: 'targets', id: LOOK });
    this.check();
    this.follow();
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
    this.wanted = [what, name];
    this.asked = this.next();
    this.runId = null;
    this.stopping = false;
    this.change({ ...NOTHING, running: true, status: {} });
    this.send({
      type: 'run',
      id: this.asked,
      document: this.document,
      target: this.state.target,
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

  /** Run on another target from now on. */
  runOn(target: string): void {
    this.change({ target });
  }

  /** Show a task on the canvas, wherever it is. */
  seek(task: string): void {
    this.change({ sought: { task } });
  }

  /** Look at what is selected, where it is one thing: a task, or a layer of a network. */
  choose(names: string[], layer: string | null): void {
    const task = names.length === 1 ? names[0] : null;
    this.look(layer === null ? task : null);
    const row = this.layerAsked?.task === task ? (this.layerAsked?.row ?? 0) : 0;
    this.lookInto(task === null || layer === null ? null : { task, layer, row });
  }

  /** Look at another row in the layer that is looked into. */
  lookAtRow(row: number): void {
    if (this.layerAsked !== null) {
      this.lookInto({ ...this.layerAsked, row });
    }
  }

  /** Ask how a task went in the last run, and what it gave; an empty port is its first. */
  look(task: string | null, port = ''): void {
    this.looking = task;
    this.change({ course: null, preview: null });
    if (task !== null && this.runId !== null && this.state.status[task] !== undefined) {
      this.send?.({ type: 'task', id: LOOK, run: this.runId, task });
      this.send?.({ type: 'preview', id: LOOK, run: this.runId, task, port });
      this.readLog();
    }
  }

  /** Ask for the facts, the kernel and the neurons of a layer; null looks into none. */
  lookInto(asked: LayerAsked | null): void {
    this.layerAsked = asked;
    const same = asked?.task === this.state.layer?.task && asked?.layer === this.state.layer?.layer;
    if (!same) {
      this.change({ layer: null });
    }
    if (asked !== null && this.document !== null) {
      this.send?.({ type: 'layer', id: LOOK, document: this.document, run: this.runId, ...asked });
    }
  }

  /** The person has read the code of the document, and trusts it; what was refused runs. */
  trust(): void {
    if (this.document !== null) {
      this.send?.({ type: 'trust', id: this.next(), document: this.document });
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
        return message.id === this.checking ? this.checked(message) : undefined;
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
        return message.task === this.looking ? this.change({ preview: message }) : undefined;
      case 'task':
        return message.task === this.looking ? this.change({ course: message }) : undefined;
      case 'layer':
        return message.task === this.layerAsked?.task && message.layer === this.layerAsked.layer
          ? this.change({ layer: message })
          : undefined;
      case 'targets':
        return this.change({ targets: message.targets });
      case 'trusted':
        this.check();
        return this.run(...this.wanted);
      case 'error':
        return this.refuse(message.id, message.text, message.mend === 'trust');
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    clearTimeout(this.logTimer);
    this.listeners.clear();
    this.send = null;
  }

  private started(id: string, run: string): void {
    if (id !== this.asked) {
      return;
    }
    this.runId = run;
    this.memory?.remember(run);
    if (this.stopping) {
      this.stop();
    }
  }

  /** Take up the run that this document had before its page was loaded anew. */
  private follow(): void {
    const run = this.runId ?? this.memory?.recall() ?? null;
    if (run !== null && this.send !== null) {
      this.runId = run;
      this.change({ running: true });
      this.send({ type: 'follow', id: FOLLOW, run });
    }
  }

  private report(run: string, reports: TaskReport[]): void {
    if (run !== this.runId) {
      return;
    }
    this.change({ status: withReports(this.state.status, reports) });
    this.readLog();
  }

  /** Follow what the task that is looked at prints, about once a second. */
  private readLog(): void {
    const task = this.looking;
    if (task === null || this.logTimer !== undefined || this.state.status[task]?.state !== 'running') {
      return;
    }
    this.logTimer = setTimeout(() => {
      this.logTimer = undefined;
      if (this.looking !== null && this.runId !== null && this.state.running) {
        this.send?.({ type: 'task', id: LOOK, run: this.runId, task: this.looking });
        this.readLog();
      }
    }, LOG_AFTER_MS);
  }

  private end(ended: Ended): void {
    this.change({ running: false, ended, fault: ended.error ?? null });
    this.look(this.looking);
    this.lookInto(this.layerAsked);
  }

  private checked({ problems, ports }: Extract<KernelMessage, { type: 'checked' }>): void {
    const same = JSON.stringify(ports ?? {}) === JSON.stringify(this.state.ports);
    this.change({ problems, ports: same ? this.state.ports : (ports ?? {}) });
    this.lookInto(this.layerAsked); // it may have other widths now
  }

  private refuse(id: string | undefined, text: string, untrusted: boolean): void {
    if (id === FOLLOW) {
      this.runId = null; // it was in another kernel, or is forgotten
      this.change({ running: false });
    } else if (id !== LOOK && id !== this.checking) {
      const ours = id !== undefined && id === this.asked && this.runId === null;
      this.change({ fault: text, untrusted, ...(ours ? { running: false } : {}) });
    }
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
  private wanted: [RunWhat, string?] = ['all'];
  private looking: string | null = null;
  private logTimer: ReturnType<typeof setTimeout> | undefined;
  private layerAsked: LayerAsked | null = null;
  private runId: string | null = null;
  private stopping = false;
}
