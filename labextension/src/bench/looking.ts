/** What a person looks at: how a task went and what it gave, or what is inside of a layer. */
import type { WorkflowDocument } from '../model/types';
import type { LayerAsked } from './layer_messages';
import type { ClientMessage } from './messages';
import type { BenchState } from './state';

/** Name of questions whose refusal needs no words: nothing was lost. */
export const LOOK = 'look';
const LOG_AFTER_MS = 1000;

/** What it uses of the bench. */
interface Known {
  now(): BenchState;
  change(part: Partial<BenchState>): void;
  send(message: ClientMessage): void;
  document(): WorkflowDocument | null;
  run(): string | null;
}

export class Looking {
  constructor(private readonly known: Known) {}

  /** The task that is looked at. */
  task: string | null = null;

  /** Look at what is selected, where it is one thing: a task, or a layer of a network. */
  choose(names: string[], layer: string | null): void {
    const task = names.length === 1 ? names[0] : null;
    this.at(layer === null ? task : null);
    const row = this.asked?.task === task ? (this.asked?.row ?? 0) : 0;
    this.into(task === null || layer === null ? null : { task, layer, row });
  }

  /** Ask how a task went in the last run, and what it gave; an empty port is its first. */
  at(task: string | null, port = ''): void {
    const { known } = this;
    const run = known.run();
    this.task = task;
    known.change({ course: null, preview: null });
    if (task !== null && run !== null && known.now().status[task] !== undefined) {
      known.send({ type: 'task', id: LOOK, run, task });
      known.send({ type: 'preview', id: LOOK, run, task, port });
      this.followLog();
    }
  }

  /** Ask for the facts, the kernel and the neurons of a layer; null looks into none. */
  into(asked: LayerAsked | null): void {
    const { known } = this;
    const document = known.document();
    this.asked = asked;
    const shown = known.now().layer;
    if (asked?.task !== shown?.task || asked?.layer !== shown?.layer) {
      known.change({ layer: null });
    }
    if (asked !== null && document !== null) {
      known.send({ type: 'layer', id: LOOK, document, run: known.run(), ...asked });
    }
  }

  /** Look at another row in the layer that is looked into. */
  atRow(row: number): void {
    if (this.asked !== null) {
      this.into({ ...this.asked, row });
    }
  }

  /** Ask again: something may have changed. */
  again(): void {
    this.at(this.task);
    this.intoAgain();
  }

  intoAgain(): void {
    this.into(this.asked);
  }

  isInto({ task, layer }: { task: string; layer: string }): boolean {
    return task === this.asked?.task && layer === this.asked.layer;
  }

  /** Follow what the task prints while it runs, about once a second. */
  followLog(): void {
    const { known, task } = this;
    const runs = task !== null && known.now().status[task]?.state === 'running';
    if (!runs || this.timer !== undefined) {
      return;
    }
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const run = known.run();
      if (this.task !== null && run !== null && known.now().running) {
        known.send({ type: 'task', id: LOOK, run, task: this.task });
        this.followLog();
      }
    }, LOG_AFTER_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private asked: LayerAsked | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
