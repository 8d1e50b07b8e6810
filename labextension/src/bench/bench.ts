/** What is known of a document beside its text: the catalogue, its problems, its run. No Jupyter, no React. */
import type { Catalogue, WorkflowDocument } from '../model/types';
import { LOOK, Looking } from './looking';
import type { ClientMessage, Ended, KernelMessage, TaskReport } from './messages';
import { stopped, toldIn, withReports } from './reports';
import { AT_FIRST, NOTHING, type BenchState, type Memory, type RunWhat } from './state';

export type { BenchState, Memory, RunWhat } from './state';

/** How long after an edit the kernel is asked to check it. */
export const CHECK_AFTER_MS = 300;

const FOLLOW = 'follow'; // its refusal needs no words: nothing was lost

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
    const ended = this.state.running && reason !== null;
    this.send = null;
    this.runId = null;
    this.change({
      running: false,
      ...(ended ? { status: stopped(this.state.status) } : {}),
      problems: [],
      own: null,
      ...(ended ? { fault: reason } : {})
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
    const busy = this.state.running && !this.following;
    if (this.document === null || this.send === null || busy) {
      return;
    }
    this.following = false;
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
    this.stopping = this.runId === null; // it is told as soon as the run has a name
    if (this.runId !== null) {
      this.send?.({ type: 'cancel', run: this.runId });
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

  /** The person has read the code of the document, and trusts it; what was refused runs. */
  trust(): void {
    this.ask('trust');
  }

  /** The document was saved: the kernel trusts code that is its own. */
  saved(): void {
    if (this.document?.code !== undefined) {
      this.ask('saved');
    }
  }

  /** Ask for the document as Python. */
  writeCode(): void {
    this.ask('code');
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
        return message.id === this.checking && this.document === this.looked
          ? this.checked(message)
          : undefined;
      case 'code':
        return this.change({ code: message.code });
      case 'started':
        return this.started(message.id, message.run);
      case 'state':
        return this.report(message.run, [message]);
      case 'states':
        return this.report(message.run, message.states);
      case 'costs':
        return message.run === this.runId
          ? this.change({ curves: { ...this.state.curves, [message.task]: message } })
          : undefined;
      case 'ended':
        return message.run === this.runId ? this.end(message) : undefined;
      case 'preview':
        return message.task === this.looking.task ? this.change({ preview: message }) : undefined;
      case 'task':
        return message.task === this.looking.task ? this.change({ course: message }) : undefined;
      case 'layer':
        return this.looking.isInto(message) ? this.change({ layer: message }) : undefined;
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
    this.looking.dispose();
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

  /** Take up the run that is remembered: of before the page was loaded anew, or of another view. */
  follow(): void {
    const run = this.memory?.recall() ?? this.runId;
    if (run !== null && this.send !== null && (run !== this.runId || !this.state.running)) {
      this.runId = run;
      this.following = true;
      this.change({ running: true });
      this.send({ type: 'follow', id: FOLLOW, run });
    }
  }

  private report(run: string, reports: TaskReport[]): void {
    if (run === this.runId) {
      this.following = false;
      this.change({ status: withReports(this.state.status, reports) });
      this.looking.followLog();
    }
  }

  private end(ended: Ended): void {
    this.change({ running: false, ended, fault: ended.error ?? null });
    this.looking.again();
  }

  private checked(message: Extract<KernelMessage, { type: 'checked' }>): void {
    const told = toldIn(message, this.state.told);
    this.change({ problems: message.problems, told, own: message.code ?? null });
    this.looking.intoAgain(); // the layer may have other widths now
  }

  private refuse(id: string | undefined, text: string, untrusted: boolean): void {
    if (id === FOLLOW) {
      if (this.following) {
        this.following = false;
        this.runId = null; // it was in another kernel, or is forgotten
        this.change({ running: false });
      }
    } else if (id !== LOOK && id !== this.checking) {
      const ours = id !== undefined && id === this.asked && this.runId === null;
      this.change({ fault: text, untrusted, ...(ours ? { running: false } : {}) });
    }
  }

  private check(): void {
    if (this.document !== null && this.send !== null) {
      this.checking = this.next();
      this.looked = this.document;
      this.send({ type: 'check', id: this.checking, document: this.document });
    }
  }

  private ask(type: 'trust' | 'saved' | 'code'): void {
    if (this.document !== null) {
      this.send?.({ type, id: this.next(), document: this.document });
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

  /** What is looked at: a task, or a layer. */
  readonly looking = new Looking({
    now: () => this.state, document: () => this.document, run: () => this.runId,
    change: part => this.change(part), send: message => this.send?.(message)
  });

  private state: BenchState;
  private listeners = new Set<() => void>();
  private send: ((message: ClientMessage) => void) | null = null;
  private document: WorkflowDocument | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private count = 0;
  private checking = '';
  /** What the kernel checks: its answer is not about a document that was edited since. */
  private looked: WorkflowDocument | null = null;
  private asked = '';
  private wanted: [RunWhat, string?] = ['all'];
  private runId: string | null = null;
  private stopping = false;
  /** Asked about a run of before, without an answer yet; a new run need not wait for it. */
  private following = false;
}
