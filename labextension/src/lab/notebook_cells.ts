/** The cell below a canvas, in a notebook of JupyterLab. */
import { type CellBelow, FIRST_LINE } from '../bench/below';

/** Of `@jupyter/ydoc`: what is used of a notebook's shared model. */
interface SharedCell {
  readonly id: string;
  getSource(): string;
  setSource(source: string): void;
  getMetadata(key: string): unknown;
  setMetadata(key: string, value: unknown): void;
}

interface SharedNotebook {
  readonly cells: readonly SharedCell[];
  insertCell(index: number, cell: object): SharedCell;
}

interface Mark {
  /** Id of the canvas's cell. */
  canvas?: string;
  follows?: boolean;
}

const KEY = 'dlaaw';

/** Find the notebook around a widget; null where it is in none. */
export function cellBelow(manager: unknown, element: HTMLElement): CellBelow | null {
  const { context } = manager as { context?: { model?: { sharedModel?: SharedNotebook } } };
  const notebook = context?.model?.sharedModel;
  return notebook?.insertCell === undefined ? null : new NotebookCell(notebook, element);
}

class NotebookCell implements CellBelow {
  constructor(
    private readonly notebook: SharedNotebook,
    private readonly element: HTMLElement
  ) {}

  read(): string | null {
    return this.find()?.getSource() ?? null;
  }

  write(source: string): void {
    const found = this.find();
    if (found === undefined) {
      const place = this.place();
      const mark: Mark = { canvas: this.notebook.cells[place]?.id, follows: this.wanted };
      const metadata = { [KEY]: mark };
      this.notebook.insertCell(place + 1, { cell_type: 'code', source, metadata });
    } else if (found.getSource() !== source) {
      found.setSource(source);
    }
  }

  get follows(): boolean {
    const found = this.find();
    return found === undefined ? this.wanted : markOf(found).follows !== false;
  }

  set follows(follows: boolean) {
    this.wanted = follows;
    const found = this.find();
    found?.setMetadata(KEY, { ...markOf(found), follows });
  }

  /** The cell that was written for this canvas, wherever it was moved; else the marked one below. */
  private find(): SharedCell | undefined {
    const { cells } = this.notebook;
    const place = this.place();
    const own = cells[place]?.id;
    const written = cells.filter(cell => cell.getSource().startsWith(FIRST_LINE));
    const next = written.find(cell => cell === cells[place + 1]);
    const nobodys = next && !cells.some(cell => cell.id === markOf(next).canvas);
    return written.find(cell => markOf(cell).canvas === own) ?? (nobodys ? next : undefined);
  }

  private place(): number {
    const cell = this.element.closest<HTMLElement>('.jp-Cell');
    const told = cell?.dataset.windowedListIndex;
    if (told !== undefined) {
      return Number(told);
    }
    const all = cell?.closest('.jp-Notebook')?.querySelectorAll('.jp-Cell') ?? [];
    return [...all].indexOf(cell as HTMLElement);
  }

  private wanted = true;
}

function markOf(cell: SharedCell): Mark {
  return (cell.getMetadata(KEY) as Mark | undefined) ?? {};
}
