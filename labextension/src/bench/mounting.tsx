/** The canvas on a model that Python shares: the widget of Jupyter and that of anywidget alike. */
import { createRoot, type Root } from 'react-dom/client';

import { emptyDocument } from '../model/document';
import type { Catalogue, WorkflowDocument } from '../model/types';
import { Bench } from './bench';
import { Below, type CellBelow } from './below';
import './styles';
import { BUILT_IN } from './built_in';
import { CellBar, type Trouble } from './CellBar';
import { Composer } from './Composer';
import type { KernelMessage } from './messages';

/** What both kinds of widget models can do. */
export interface SharedModel {
  get(name: 'document' | 'catalogue' | 'trouble' | 'run'): unknown;
  set(name: 'document', value: unknown): void;
  save_changes(): void;
  send(message: unknown): void;
  on(event: string, callback: (message: never) => void): void;
  off(event: string, callback: (message: never) => void): void;
  /** Whether there is a kernel behind it; not told by every front end. */
  comm_live?: boolean;
}

/**
 * Show a model in an element; gives the function that ends it.
 *
 * @param cell - The cell below, where the front end lets one write it.
 */
export function mount(
  model: SharedModel, element: HTMLElement, cell: CellBelow | null = null
): () => void {
  const mounted = new Mounted(model, element, cell);
  return () => mounted.end();
}

class Mounted {
  constructor(
    private readonly model: SharedModel,
    element: HTMLElement,
    cell: CellBelow | null
  ) {
    const recall = () => (model.get('run') as string | null) || null;
    const remember = () => undefined; // the kernel does
    this.bench = new Bench(catalogueOf(model) ?? BUILT_IN, { recall, remember });
    this.root = createRoot(element);
    this.below = cell && new Below(cell, message => model.send(message), () => this.show());
    Object.entries(this.heard).forEach(([event, callback]) => model.on(event, callback));
    this.show();
    this.bench.edit(documentOf(model));
    if (model.comm_live !== false) {
      this.bench.connect(message => model.send(message));
    }
  }

  end(): void {
    Object.entries(this.heard).forEach(([event, callback]) => this.model.off(event, callback));
    this.below?.dispose();
    this.bench.dispose();
    this.root.unmount();
  }

  private show(): void {
    const { model, bench, below } = this;
    const document = documentOf(model);
    const bar = (
      <CellBar
        trouble={(model.get('trouble') as Trouble | null) ?? {}}
        gone={model.comm_live === false}
        below={below}
        onWrite={() => below?.write(document)}
        onShow={() => bench.writeCode()}
        onKeep={() => model.send({ type: 'keep', id: 'keep', document })}
        onTake={taken => this.write(taken)}
      />
    );
    this.root.render(
      <Composer
        document={document} bench={bench} bar={bar} onChange={edited => this.write(edited)}
      />
    );
  }

  /** The person has drawn something. */
  private write(document: WorkflowDocument): void {
    this.sent = document;
    this.model.set('document', document);
    this.model.save_changes();
    this.show();
    this.bench.edit(document);
    this.below?.edit(document);
  }

  private readonly heard: Record<string, (message: never) => void> = {
    'change:document': () => {
      if (this.model.get('document') !== this.sent) {
        this.show();
        this.bench.edit(documentOf(this.model));
      }
    },
    'change:catalogue': () => {
      const catalogue = catalogueOf(this.model);
      if (catalogue !== null) {
        this.bench.receive({ type: 'catalogue', catalogue });
      }
    },
    'change:run': () => this.bench.follow(),
    'change:trouble': () => this.show(),
    'comm_live_update': () => {
      if (this.model.comm_live === false) {
        this.bench.disconnect('The kernel ended while this ran. Run the cell again.');
      }
      this.show();
    },
    'msg:custom': (message: KernelMessage) => {
      if (this.below?.receive(message) !== true) {
        this.bench.receive(message);
      }
    }
  };

  private readonly bench: Bench;
  private readonly root: Root;
  private readonly below: Below | null;
  private sent: unknown = null;
}

function documentOf(model: SharedModel): WorkflowDocument {
  const document = model.get('document') as Partial<WorkflowDocument> | null;
  return document?.tasks === undefined ? emptyDocument() : (document as WorkflowDocument);
}

function catalogueOf(model: SharedModel): Catalogue | null {
  const catalogue = model.get('catalogue') as Partial<Catalogue> | null;
  return catalogue?.tasks === undefined ? null : (catalogue as Catalogue);
}
