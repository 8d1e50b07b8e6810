/** One document and the text of its file: neither echoes what came from the other. */
import type { DocumentRegistry } from '@jupyterlab/docregistry';

import { DocumentError, documentText } from '../model/document';
import type { WorkflowDocument } from '../model/types';
import { readDocument } from './reading';

export class Binding {
  constructor(
    private readonly context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>,
    private readonly onChange: () => void
  ) {
    context.model.contentChanged.connect(this.read, this);
    context.pathChanged.connect(onChange);
    context.saveState.connect(this.onSave, this);
    this.read();
    this.saved = context.model.dirty ? null : this.text;
  }

  /** The document, or null where the text is none. */
  document: WorkflowDocument | null = null;
  /** Whether it was edited here, or in a text editor beside, since it was opened. */
  get edited(): boolean {
    return this.touched || this.context.model.dirty;
  }

  /** What is wrong with the text. */
  fault: DocumentError | null = null;

  get readOnly(): boolean {
    return this.context.model.readOnly || this.context.contentsModel?.writable === false;
  }

  /** Write an edited document into the text; a text that could not be read stays as it is. */
  write(document: WorkflowDocument): void {
    if (this.fault !== null || this.readOnly || document === this.document) {
      return;
    }
    const next = documentText(document);
    this.document = document;
    this.touched = true;
    if (next !== this.text) {
      const before = this.text ?? '';
      this.text = next;
      this.splice(before, next);
      this.mark();
    }
    this.onChange();
  }

  dispose(): void {
    this.context.model.contentChanged.disconnect(this.read, this);
    this.context.pathChanged.disconnect(this.onChange);
    this.context.saveState.disconnect(this.onSave, this);
  }

  /** What is as it was saved is not dirty: after undo, and after "revert", which forgets it. */
  private mark(): void {
    if (this.text !== null && this.text === this.saved) {
      this.context.model.dirty = false;
    }
  }

  private onSave(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'completed') {
      this.saved = this.context.model.sharedModel.getSource();
    }
  }

  /** Change only what differs: the text editor beside keeps its cursor, undo stays small. */
  private splice(before: string, next: string): void {
    const shorter = Math.min(before.length, next.length);
    let start = 0;
    while (start < shorter && before[start] === next[start]) {
      start += 1;
    }
    let same = 0;
    while (
      same < shorter - start &&
      before[before.length - 1 - same] === next[next.length - 1 - same]
    ) {
      same += 1;
    }
    this.context.model.sharedModel.updateSource(
      start,
      before.length - same,
      next.slice(start, next.length - same)
    );
  }

  private read(): void {
    const text = this.context.model.sharedModel.getSource();
    if (text === this.text) {
      return;
    }
    this.text = text;
    try {
      this.document = readDocument(text, this.context.path);
      this.fault = null;
    } catch (error) {
      this.document = null;
      this.fault =
        error instanceof DocumentError ? error : new DocumentError('wrong', String(error));
    }
    this.mark();
    this.onChange();
  }

  private touched = false;
  private text: string | null = null;
  private saved: string | null = null;
}
