/** The code of a person's own tasks, which the kernel writes and the document carries along. */
import { documentText } from './document';
import { changed, without } from './notes';
import type { WorkflowDocument } from './types';

/** Give a document with other code; the same object where it is the same. */
export function withCode(document: WorkflowDocument, code: string[]): WorkflowDocument {
  if (sameLines(document.code ?? [], code)) {
    return document;
  }
  return code.length > 0 ? changed(document, { code }) : without(document, 'code');
}

/** Whether two documents differ in nothing but their code, which is no edit of the person. */
export function sameButCode(one: WorkflowDocument, other: WorkflowDocument): boolean {
  return documentText(withCode(one, [])) === documentText(withCode(other, []));
}

function sameLines(one: string[], other: string[]): boolean {
  return one.length === other.length && one.every((line, place) => line === other[place]);
}
