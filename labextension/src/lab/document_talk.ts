/** What a document says to its kernel: the messages of its bench, and questions beside them. */
import { Asked } from '../bench/asked';
import type { Bench } from '../bench/bench';
import type { ClientMessage, Converted, Exported, KernelMessage } from '../bench/messages';
import type { UsedProduct } from '../bench/store_messages';
import type { WorkflowDocument } from '../model/types';
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
    this.asked.fail('The kernel ended before it answered. Try again.');
    this.bench.disconnect(reason);
  }

  receive(message: KernelMessage): void {
    if (!this.asked.settle(message)) {
      this.bench.receive(message);
    }
  }

  /** Ask how a workflow can take a product of the store in; what is refused is thrown. */
  useProduct(hash: string): Promise<UsedProduct> {
    return this.ask(id => ({ type: 'use_product', id, hash }));
  }

  /** Ask for a document as a file of another kind. */
  exported(document: WorkflowDocument, kind: string): Promise<Exported> {
    return this.ask(id => ({ type: 'export', id, document, kind }));
  }

  /** Ask for the text of a file of another system as a document. */
  converted(text: string, path: string): Promise<Converted> {
    return this.ask(id => ({ type: 'convert', id, text, path }));
  }

  private ask<Answer>(make: (id: string) => ClientMessage): Promise<Answer> {
    const { send } = this;
    if (send === null) {
      return Promise.reject(new Error('No kernel answers. Start one, then try again.'));
    }
    return this.asked.ask(id => send(make(id)));
  }

  private readonly asked = new Asked();
  private send: ((message: ClientMessage) => void) | null = null;
}
