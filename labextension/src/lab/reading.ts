/** Reads a file's text; what would stop the page is refused before anything is drawn. */
import { DocumentError, emptyDocument, parseDocument } from '../model/document';
import type { NetworkSpec, WorkflowBody, WorkflowDocument } from '../model/types';

export const MAX_CHARACTERS = 20_000_000;
export const MAX_NODES = 10_000;

/**
 * Read the text of a `.dlaaw` file; an empty file is an empty workflow.
 *
 * @throws DocumentError when it is no document, or too large to draw.
 */
export function readDocument(text: string, path: string): WorkflowDocument {
  if (text.length > MAX_CHARACTERS) {
    throw tooLarge(`${count(text.length)} characters; at most ${count(MAX_CHARACTERS)} are drawn`);
  }
  if (text.trim() === '') {
    return emptyDocument(nameOf(path));
  }
  const document = parseDocument(text);
  const nodes = nodesOf(document);
  if (nodes > MAX_NODES) {
    throw tooLarge(`${count(nodes)} tasks and layers; at most ${count(MAX_NODES)} are drawn`);
  }
  return document;
}

function nameOf(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.dlaaw$/, '') || 'workflow';
}

function nodesOf(body: WorkflowBody): number {
  let nodes = 0;
  for (const { parameters, workflow } of body.tasks) {
    const network = parameters?.network as NetworkSpec | undefined;
    const layers = network?.layers?.nodes;
    nodes += 1 + (Array.isArray(layers) ? layers.length : 0);
    nodes += workflow === undefined ? 0 : nodesOf(workflow);
  }
  return nodes;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function tooLarge(what: string): DocumentError {
  return new DocumentError('large', `It has ${what}. It can be run from Python as it is.`);
}
