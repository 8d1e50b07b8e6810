/** The cell below a canvas that holds what is drawn as code. No Jupyter, no React. */
import type { WorkflowDocument } from '../model/types';

/** By this line the cell is known; `dlaaw_nb/notebook/compose_cell.py` writes it. */
export const FIRST_LINE = '# Drawn on the canvas above.';

/** How long after an edit the cell is written anew. */
const WRITE_AFTER_MS = 400;
const ID = 'cell';

/** What a front end can do with the cell below a canvas. */
export interface CellBelow {
  /** Its source; null where there is none. */
  read(): string | null;
  /** Write it, in place of the one there is. */
  write(source: string): void;
  /** Whether it is to follow the drawing. */
  follows: boolean;
}

export interface BelowState {
  /** What was done, or why it was not. */
  note: string;
  /** Whether that needs the person. */
  alert: boolean;
  /** What would be written, where the cell holds something that nobody has run. */
  waiting: string | null;
  follows: boolean;
}

type Answer = { type: string; id?: unknown; source?: unknown; free?: unknown; text?: unknown };

export class Below {
  constructor(
    private readonly cell: CellBelow,
    private readonly send: (message: object) => void,
    private readonly onChange: () => void
  ) {
    this.now = { note: '', alert: false, waiting: null, follows: cell.follows };
  }

  now: BelowState;

  /** The person has drawn something; a cell that follows is written once they rest. */
  edit(document: WorkflowDocument): void {
    this.document = document;
    clearTimeout(this.timer);
    if (this.cell.read() === null) {
      this.change({ note: 'This edit is not in the notebook’s code yet.', alert: false });
    } else if (this.now.follows) {
      this.timer = setTimeout(() => this.ask(), WRITE_AFTER_MS);
    } else {
      this.change({ note: 'The cell below is older than the drawing.', alert: false });
    }
  }

  /** Write the document as it is now. */
  write(document: WorkflowDocument): void {
    this.document = document;
    clearTimeout(this.timer);
    this.ask();
  }

  /** Write what waits over what the cell holds. */
  replace(): void {
    if (this.now.waiting !== null) {
      this.put(this.now.waiting);
    }
  }

  /** Leave the cell as it is. */
  leave(): void {
    this.change({ waiting: null, note: '', alert: false });
  }

  follow(follows: boolean): void {
    this.cell.follows = follows;
    this.change({ follows });
  }

  /** Take an answer; tells whether it was one to a question of ours. */
  receive(message: Answer): boolean {
    if (typeof message.id !== 'string' || !message.id.startsWith(ID)) {
      return false;
    }
    if (message.id !== `${ID}${this.count}`) {
      return true; // a newer question is under way
    }
    if (message.type === 'error') {
      this.change({ note: `Not written below: ${message.text}`, alert: true, waiting: null });
    } else if (message.free === true) {
      this.put(String(message.source));
    } else {
      this.change({
        waiting: String(message.source),
        note: 'The cell below holds other code, which has not been run. Run it to bring it onto the canvas, or:',
        alert: true
      });
    }
    return true;
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private ask(): void {
    this.count += 1;
    const { document } = this;
    this.send({ type: 'cell', id: `${ID}${this.count}`, document, source: this.cell.read() });
  }

  private put(source: string): void {
    this.cell.write(source);
    const follows = this.cell.follows;
    this.change({ waiting: null, note: 'Written into the cell below.', alert: false, follows });
  }

  private change(part: Partial<BelowState>): void {
    this.now = { ...this.now, ...part };
    this.onChange();
  }

  private document: WorkflowDocument | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private count = 0;
}
