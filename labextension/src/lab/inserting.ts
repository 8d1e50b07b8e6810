/** Adds files and data products to the workflow on a canvas. */
import type { Contents } from '@jupyterlab/services';

import type { UsedProduct } from '../bench/store_messages';
import type { CanvasHandle, ClientPoint } from '../canvas';
import { addFiles, addValue, fileName, fileRefusal, readerOf, relativePath } from '../model/files';

/** A model is a JSON file that says so at its beginning. */
const MODEL = /"format"\s*:\s*"dlaaw-nb\/model"/;
const START = 2_000;
const MOST_BYTES = 32 * 2 ** 20;

/** Add tasks that read files; what cannot be read is told on the canvas. */
export async function insertFiles(
  canvas: CanvasHandle, contents: Contents.IManager, document: string, paths: string[],
  at?: ClientPoint
): Promise<void> {
  const refused: string[] = [];
  const files: { path: string; kind: string }[] = [];
  for (const path of paths) {
    const from = relativePath(path, document);
    const kind = await kindOf(contents, path);
    if (from === null) {
      refused.push(`${fileName(path)}: it lies on another drive. Copy it beside the workflow.`);
    } else if (kind === undefined) {
      refused.push(fileRefusal(path));
    } else {
      files.push({ path: from, kind });
    }
  }
  if (files.length > 0) {
    canvas.insert((now, lookup, place) => addFiles(now, lookup, files, place), at);
  }
  if (refused.length > 0) {
    canvas.tell(refused.join(' '), true);
  }
}

/** Add what a kernel said of a product. */
export function insertProduct(canvas: CanvasHandle, used: UsedProduct, at?: ClientPoint): void {
  const { path, name, value, value_type: type, written } = used;
  if (path === undefined) {
    canvas.insert((now, _, place) => addValue(now, name ?? 'input', type ?? 'any', value, place), at);
    return;
  }
  const kind = used.kind || readerOf(path);
  if (kind === undefined) {
    canvas.tell(fileRefusal(path), true);
    return;
  }
  canvas.insert((now, lookup, place) => addFiles(now, lookup, [{ path, kind }], place), at);
  if (written) {
    canvas.tell(`It was saved as ${path} beside the workflow, which reads it from there.`, false);
  }
}

async function kindOf(contents: Contents.IManager, path: string): Promise<string | undefined> {
  const kind = readerOf(path);
  if (kind !== 'ReadJSON' || !path.toLowerCase().endsWith('.json')) {
    return kind;
  }
  const facts = await contents.get(path, { content: false });
  if ((facts.size ?? 0) > MOST_BYTES) {
    return kind;
  }
  const { content } = await contents.get(path, { content: true, type: 'file', format: 'text' });
  return MODEL.test(String(content).slice(0, START)) ? 'ReadModel' : kind;
}
