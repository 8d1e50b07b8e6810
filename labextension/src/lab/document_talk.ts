/** What a document says to its kernel: the messages of its bench, and questions beside them. */
import { Asked } from '../bench/asked';
import type { Bench } from '../bench/bench';
import type { ClientMessage, KernelMessage } from '../bench/messages';
import type { UsedProduct } from '../bench/store_messages';
import type { Talker } from './kernel_link';

export class DocumentTalk implements Talker<ClientMessage, KernelMessage> {
  constructor(private readonly bench: Bench) {}

  get connected(): boolean {
    return this.bench.connected;
  }

  connect(send: (message: ClientMessage) => void): void {
    this.send = send;
    this.bench.connect(send);
  }

  disconnect(reason: string | null): void {
    this.send = null;
    this.asked.fail('The kernel ended.');
    this.bench.disconnect(reason);
  }

  receive(message: KernelMessage): void {
    if (!this.asked.settle(message)) {
      this.bench.receive(message);
    }
  }

  /** Ask how a workflow can take a product of the store in; what is refused is thrown. */
  useProduct(hash: string): Promise<UsedProduct> {
    const { send } = this;
    if (send === null) {
      return Promise.reject(new Error('No kernel answers. Start one, then drop it again.'));
    }
    return this.asked.ask(id => send({ type: 'use_product', id, hash }));
  }

  private readonly asked = new Asked();
  private send: ((message: ClientMessage) => void) | null = null;
}
