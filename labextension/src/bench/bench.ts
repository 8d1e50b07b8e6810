/** What is known of a document beside its text: the catalogue, its problems, its run. No Jupyter, no React. */
import type { Catalogue, NodeStatus, Problem, WorkflowDocument } from '../model/types';
import type {
  ClientMessage,
  Converted,
  Course,
  Curve,
  Ended,
  Exported,
  KernelMessage,
  Preview,
  TaskReport
} from './messages';
import { Questions } from './questions';

/** How long after an edit the kernel is asked to check it. */
export const CHECK_AFTER_MS = 300;

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
  /** Costs of the networks that the run trains, by task. */
  curves: Record<string, Curve>;
  /** Of the task that is looked at: its course, and what it gave. */
  course: Course | null;
  preview: Preview | null;
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

const NOTHING = {
  ended: null, curves: {}, course: null, preview: null, fault: null, untrusted: false
};

export class Bench {
  constructor(
    catalogue: Catalogue,
    private readonly memory: Memory | null = null
  ) {
    this.state = { ...NOTHING, catalogue, problems: [], status: {}, running: false, code: null, own: null };
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
    this.follow();
  }

  /** The kernel is gone; what it ran has no end. */
  disconnect(reason: string | null): void {
    const ended = this.state.running && reason !== null;
    this.send = null;
    this.runId = null;
    this.questions.end('The kernel ended before it answered. Try again.');
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

  /** Ask how a task went in the last run, and what it gave; an empty port is its first. */
  look(task: string | null, port = ''): void {
    this.looking = task;
    this.change({ course: null, preview: null });
    if (task !== null && this.runId !== null && this.state.status[task] !== undefined) {
      this.send?.({ type: 'task', id: LOOK, run: this.runId, task });
      this.send?.({ type: 'preview', id: LOOK, run: this.runId, task, port });
    }
  }

  /** The person has read the code of the document, and trusts it; what was refused runs. */
  trust(): void {
    if (this.document !== null) {
      this.send?.({ type: 'trust', id: this.next(), document: this.document });
    }
  }

  /** The document was saved: the kernel trusts code that is its own. */
  saved(): void {
    if (this.document?.code !== undefined) {
      this.send?.({ type: 'saved', id: this.next(), document: this.document });
    }
  }

  /** Ask for the document as a file of another kind. */
  exported(kind: string): Promise<Exported> {
    const { document } = this;
    return this.ask(id => document && { type: 'export', id, document, kind });
  }

  /** Ask for the text of a foreign file as a document. */
  convert(text: string, path: string): Promise<Converted> {
    return this.ask(id => ({ type: 'convert', id, text, path }));
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
        return message.id === this.checking
          ? this.change({ problems: message.problems, own: message.code ?? null })
          : undefined;
      case 'code':
        return this.change({ code: message.code });
      case 'exported':
      case 'converted':
        return this.questions.answer(message.id, message);
      case 'started':
        return this.started(message.id, message.run);
      case 'state':
        return this.report(message.run, [message]);
      case 'states':
        return this.report(message.run, message.states);
      case 'costs':
        return message.run === this.runId ? this.draw(message) : undefined;
      case 'ended':
        return message.run === this.runId ? this.end(message) : undefined;
      case 'preview':
        return message.task === this.looking ? this.change({ preview: message }) : undefined;
      case 'task':
        return message.task === this.looking ? this.change({ course: message }) : undefined;
      case 'trusted':
        this.check();
        return this.run(...this.wanted);
      case 'error':
        return this.refuse(message.id, message.text, message.mend === 'trust');
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
      this.following = true;
      this.change({ running: true });
      this.send({ type: 'follow', id: FOLLOW, run });
    }
  }

  private report(run: string, reports: TaskReport[]): void {
    if (run !== this.runId) {
      return;
    }
    this.following = false;
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

  private draw(curve: Curve): void {
    this.change({ curves: { ...this.state.curves, [curve.task]: curve } });
  }

  private end(ended: Ended): void {
    this.change({ running: false, ended, fault: ended.error ?? null });
    this.look(this.looking);
  }

  private ask<Answer>(make: (id: string) => ClientMessage | null): Promise<Answer> {
    const id = this.next();
    const message = make(id);
    if (message === null || this.send === null) {
      return Promise.reject(new Error(message ? 'No kernel answers.' : 'There is no workflow.'));
    }
    this.send(message);
    return this.questions.wait<Answer>(id);
  }

  private refuse(id: string | undefined, text: string, untrusted: boolean): void {
    if (this.questions.refuse(id, text)) {
      return;
    }
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
  private readonly questions = new Questions();
  private count = 0;
  private checking = '';
  private asked = '';
  private wanted: [RunWhat, string?] = ['all'];
  private looking: string | null = null;
  private runId: string | null = null;
  private stopping = false;
  /** Asked about a run of before, without an answer yet; a new run need not wait for it. */
  private following = false;
}

/** What was under way when its kernel ended has been stopped by that. */
function stopped(status: Record<string, NodeStatus>): Record<string, NodeStatus> {
  const underWay = ['initialized', 'ready', 'running'];
  return Object.fromEntries(
    Object.entries(status).map(([task, one]) => [
      task,
      underWay.includes(one.state) ? { ...one, state: 'cancelled' as const, progress: undefined } : one
    ])
  );
}
