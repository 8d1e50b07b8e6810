/** The canvas on a model that Python shares: the widget of Jupyter and that of anywidget alike. */
import { createRoot } from 'react-dom/client';

import { emptyDocument } from '../model/document';
import type { Catalogue, WorkflowDocument } from '../model/types';
import { Bench } from './bench';
import './styles';
import { BUILT_IN } from './built_in';
import { Composer } from './Composer';
import type { KernelMessage } from './messages';

/** What both kinds of widget models can do. */
export interface SharedModel {
  get(name: 'document' | 'catalogue'): unknown;
  set(name: 'document', value: unknown): void;
  save_changes(): void;
  send(message: unknown): void;
  on(event: string, callback: (message: never) => void): void;
  off(event: string, callback: (message: never) => void): void;
}

/** Show a model in an element; gives the function that ends it. */
export function mount(model: SharedModel, element: HTMLElement): () => void {
  const bench = new Bench(catalogueOf(model) ?? BUILT_IN);
  const root = createRoot(element);
  let sent: unknown = null;
  const show = () => {
    const document = documentOf(model);
    root.render(<Composer document={document} bench={bench} onChange={write} />);
    bench.edit(document);
  };
  const write = (document: WorkflowDocument) => {
    sent = document;
    model.set('document', document);
    model.save_changes();
    show();
  };
  const onDocument = () => {
    if (model.get('document') !== sent) {
      show();
    }
  };
  const onCatalogue = () => {
    const catalogue = catalogueOf(model);
    if (catalogue !== null) {
      bench.receive({ type: 'catalogue', catalogue });
    }
  };
  const onMessage = (message: KernelMessage) => bench.receive(message);
  model.on('change:document', onDocument);
  model.on('change:catalogue', onCatalogue);
  model.on('msg:custom', onMessage);
  show();
  bench.connect(message => model.send(message));
  return () => {
    model.off('change:document', onDocument);
    model.off('change:catalogue', onCatalogue);
    model.off('msg:custom', onMessage);
    bench.dispose();
    root.unmount();
  };
}

function documentOf(model: SharedModel): WorkflowDocument {
  const document = model.get('document') as Partial<WorkflowDocument> | null;
  return document?.tasks === undefined ? emptyDocument() : (document as WorkflowDocument);
}

function catalogueOf(model: SharedModel): Catalogue | null {
  const catalogue = model.get('catalogue') as Partial<Catalogue> | null;
  return catalogue?.tasks === undefined ? null : (catalogue as Catalogue);
}
