/** Puts the code of a person's own tasks into the document that they edit, so that it is whole. */
import type { Bench } from '../bench/bench';
import { withCode } from '../model/own_code';
import type { Binding } from './binding';
import type { Context } from './lazy_panel';

export class OwnCode {
  constructor(
    private readonly context: Context,
    private readonly bench: Bench,
    private readonly binding: Binding
  ) {
    this.unsubscribe = bench.subscribe(() => this.put());
    context.saveState.connect(this.onSave, this);
  }

  dispose(): void {
    this.unsubscribe();
    this.context.saveState.disconnect(this.onSave, this);
  }

  /** A file that was opened and not edited stays as it is. */
  private put(): void {
    const { own } = this.bench.now;
    const { document } = this.binding;
    if (own === this.seen) {
      return;
    }
    this.seen = own;
    if (own !== null && document !== null && this.binding.edited) {
      this.binding.write(withCode(document, own));
    }
  }

  /** What is saved here with code of this kernel is trusted here. */
  private onSave(_: unknown, state: string): void {
    if (state === 'completed') {
      this.bench.saved();
    }
  }

  private seen: string[] | null = null;
  private readonly unsubscribe: () => void;
}
