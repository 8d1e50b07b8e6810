/** Questions to the kernel that have one answer, by their ids. */

interface Waiting {
  resolve: (answer: never) => void;
  reject: (reason: Error) => void;
}

export class Questions {
  /** Give what answers the question with this id. */
  wait<Answer>(id: string): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
    });
  }

  answer(id: string, answer: object): void {
    this.take(id)?.resolve(answer as never);
  }

  /** Tell that a question was refused; gives whether there was one. */
  refuse(id: string | undefined, text: string): boolean {
    const waiting = this.take(id);
    waiting?.reject(new Error(text));
    return waiting !== undefined;
  }

  /** Nobody answers any more. */
  end(text: string): void {
    [...this.waiting.keys()].forEach(id => this.refuse(id, text));
  }

  private take(id: string | undefined): Waiting | undefined {
    const waiting = this.waiting.get(id ?? '');
    this.waiting.delete(id ?? '');
    return waiting;
  }

  private readonly waiting = new Map<string, Waiting>();
}
