/** What is known of a kernel's store, kept up to date while somebody looks. No Jupyter, no React. */
import { Asked } from './asked';
import type { TaskReport } from './messages';
import type {
  ListedProduct, ProductLook, Questions, RunDetails, RunFacts, StoreNews, StoreQuestion,
  TargetFacts, TaskLog
} from './store_messages';

export interface StoreState {
  connected: boolean;
  runs: RunFacts[] | null;
  moreRuns: boolean;
  /** The run that is opened, and how its tasks stand while it goes on. */
  details: RunDetails | null;
  live: Record<string, TaskReport>;
  log: TaskLog | null;
  products: ListedProduct[] | null;
  moreProducts: boolean;
  search: string;
  look: ProductLook | null;
  targets: TargetFacts[] | null;
  fault: string | null;
}

const EMPTY: StoreState = {
  connected: false, runs: null, moreRuns: false, details: null, live: {}, log: null,
  products: null, moreProducts: false, search: '', look: null, targets: null, fault: null
};

export class StoreClient {
  get now(): StoreState {
    return this.state;
  }

  get connected(): boolean {
    return this.send !== null;
  }

  /** Call a function after every change; gives the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  connect(send: (message: StoreQuestion) => void): void {
    this.send = send;
    this.change({ connected: true });
    send({ type: 'watch_runs' });
    this.refresh();
  }

  disconnect(_reason: string | null): void {
    this.send = null;
    this.asked.fail('The kernel ended.');
    this.change({ ...EMPTY, search: this.state.search });
  }

  /** Take a message of the kernel. */
  receive(message: object): void {
    if (!this.asked.settle(message)) {
      this.news(message as StoreNews);
    }
  }

  /** Whether somebody looks; nothing is asked while nobody does. */
  watch(seen: boolean): void {
    this.seen = seen;
    if (seen && this.stale) {
      this.refresh();
    }
  }

  /** Ask for all anew, at once or as soon as somebody looks. */
  refresh(): void {
    this.stale = !this.seen || this.send === null;
    if (!this.stale) {
      void this.read();
    }
  }

  /** Ask the kernel; what it refuses is thrown. */
  ask<K extends keyof Questions>(type: K, content: Questions[K][0]): Promise<Questions[K][1]> {
    const { send } = this;
    if (send === null) {
      return Promise.reject(new Error('No kernel answers. Start one first.'));
    }
    return this.asked.ask(id => send({ type, id, ...content } as unknown as StoreQuestion));
  }

  /** Open a run, or close it; null closes. */
  async open(run: string | null): Promise<void> {
    this.change({ details: null, log: null, live: {} });
    this.opened = run;
    if (run !== null) {
      await this.readRun(run);
    }
  }

  async readLog(run: string, task: string): Promise<void> {
    await this.tried(async () => this.change({ log: await this.ask('log', { run, task }) }));
  }

  cancel(run: string): void {
    this.send?.({ type: 'cancel', run });
  }

  /** Run again with the same inputs; the new run is opened. */
  async rerun(run: string): Promise<void> {
    await this.tried(async () => {
      const started = await this.ask('rerun', { run });
      await this.open(started.run);
    });
  }

  async find(search: string): Promise<void> {
    this.change({ search });
    await this.tried(() => this.readProducts());
  }

  async look(hash: string | null): Promise<void> {
    this.looking = hash;
    this.change({ look: null });
    if (hash !== null) {
      await this.tried(async () => {
        const look = await this.ask('product', { hash });
        if (this.looking === hash) {
          this.change({ look });
        }
      });
    }
  }

  complain(fault: string | null): void {
    this.change({ fault });
  }

  private async read(): Promise<void> {
    await this.tried(async () => {
      const { runs, more } = await this.ask('runs', {});
      this.change({ runs, moreRuns: more, fault: null });
      await this.readProducts();
      this.change({ targets: (await this.ask('targets', {})).targets });
    });
    if (this.opened !== null) {
      await this.readRun(this.opened);
    }
  }

  private async readProducts(): Promise<void> {
    const { search } = this.state;
    const { products, more } = await this.ask('products', { search });
    if (search === this.state.search) {
      this.change({ products, moreProducts: more });
    }
  }

  private async readRun(run: string): Promise<void> {
    await this.tried(async () => {
      const details = await this.ask('run_facts', { run });
      if (this.opened !== run) {
        return;
      }
      this.change({ details });
      if (details.here && this.following !== run) {
        this.following = run;
        this.send?.({ type: 'follow', id: 'follow', run });
      }
    });
  }

  private news(message: StoreNews): void {
    if (message.type === 'run_changed') {
      this.refresh();
    } else if (message.type === 'states' && message.run === this.opened) {
      const live = { ...this.state.live };
      message.states.forEach(report => (live[report.task] = report));
      this.change({ live });
    } else if (message.type === 'ended' && message.run === this.following) {
      this.following = null;
      this.refresh();
    }
  }

  private async tried(step: () => Promise<void>): Promise<void> {
    const { send } = this;
    try {
      await step();
    } catch (error) {
      if (this.send === send) {
        this.change({ fault: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  private change(part: Partial<StoreState>): void {
    this.state = { ...this.state, ...part };
    this.listeners.forEach(listener => listener());
  }

  private state = EMPTY;
  private listeners = new Set<() => void>();
  private readonly asked = new Asked();
  private send: ((message: StoreQuestion) => void) | null = null;
  private seen = false;
  private stale = true;
  private opened: string | null = null;
  private looking: string | null = null;
  private following: string | null = null;
}
