/** Questions to a kernel that wait for their answers. */

interface Waiting {
  take: (answer: never) => void;
  fail: (error: Error) => void;
}

export class Asked {
  /** Send a question with an id of its own; what the kernel refuses is thrown. */
  ask<T>(send: (id: string) => void): Promise<T> {
    this.count += 1;
    const id = `asked ${this.count}`;
    return new Promise((take, fail) => {
      this.waiting.set(id, { take: take as (answer: never) => void, fail });
      send(id);
    });
  }

  /** Take a message; whether it was an answer that somebody waits for. */
  settle(message: object): boolean {
    const { id, type, text } = message as { id?: string; type: string; text?: string };
    const waiting = id === undefined ? undefined : this.waiting.get(id);
    if (waiting === undefined) {
      return false;
    }
    this.waiting.delete(id!);
    if (type === 'error') {
      waiting.fail(new Error(text));
    } else {
      waiting.take(message as never);
    }
    return true;
  }

  /** Nobody answers any more. */
  fail(reason: string): void {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    all.forEach(({ fail }) => fail(new Error(reason)));
  }

  private waiting = new Map<string, Waiting>();
  private count = 0;
}
