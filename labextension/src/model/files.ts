/** Files and values from outside that become a part of a document. */

import type { Lookup } from './catalogue';
import { connect } from './connect';
import { addTask } from './edits';
import type { NodeRef } from './edits';
import { addInput, setInput } from './ends';
import type { Point, WorkflowDocument } from './types';

export interface Inserted {
  document: WorkflowDocument;
  /** The input and the task that reads it. */
  nodes: NodeRef[];
}

const READERS = new Map(Object.entries({
  csv: 'ReadCSV', tsv: 'ReadCSV', tab: 'ReadCSV', data: 'ReadCSV', json: 'ReadJSON',
  jsonl: 'ReadJSON', ndjson: 'ReadJSON', parquet: 'ReadParquet', pq: 'ReadParquet',
  feather: 'ReadTable', arrow: 'ReadTable', npy: 'ReadArray', txt: 'ReadText', md: 'ReadText'
}));
/** How far right of its input a task stands. */
const BESIDE = 260;
/** How far below each other several files stand. */
const BELOW = 150;

/** Name the kind of task that reads a file, by how its name ends; undefined where none does. */
export function readerOf(path: string): string | undefined {
  const name = fileName(path).toLowerCase().replace(/\.gz$/, '');
  const dot = name.lastIndexOf('.');
  return dot < 0 ? undefined : READERS.get(name.slice(dot + 1));
}

/** Say why a file cannot be read by a task. */
export function fileRefusal(path: string): string {
  const known = [...READERS.keys()].map(end => `.${end}`).join(', ');
  return `${fileName(path)}: no task reads such a file. Expected one that ends in ${known}.`;
}

/** Give the last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Write a path as seen from a document; null where they lie on different drives.
 *
 * @param path, from - As the server of JupyterLab names files, from its own folder.
 */
export function relativePath(path: string, from: string): string | null {
  const [drive, file] = parted(path);
  const [home, document] = parted(from);
  if (drive !== home) {
    return null;
  }
  const there = file.split('/');
  const here = document.split('/').slice(0, -1);
  let same = 0;
  while (same < here.length && same < there.length - 1 && here[same] === there[same]) {
    same += 1;
  }
  return [...here.slice(same).map(() => '..'), ...there.slice(same)].join('/');
}

function parted(path: string): [string, string] {
  const end = path.indexOf(':');
  const slash = path.indexOf('/');
  const drive = end > 0 && (slash < 0 || end < slash) ? path.slice(0, end) : '';
  const local = drive === '' ? path : path.slice(end + 1);
  // JupyterLab's drive for documents that several people edit is the server's own folder.
  return [drive === 'RTC' ? '' : drive, local.replace(/^\/+/, '')];
}

/** Add tasks that read files, each fed by an input whose default is the path. */
export function addFiles(
  document: WorkflowDocument, lookup: Lookup, files: { path: string; kind: string }[],
  [x, y]: Point
): Inserted {
  let now = document;
  const nodes: NodeRef[] = [];
  files.forEach(({ path, kind }, place) => {
    const top = y + place * BELOW;
    const input = addInput(now, inputName(path), [x, top]);
    const task = addTask(input.document, lookup, kind, [x + BESIDE, top]);
    const [port] = lookup.kinds.get(kind)?.inputs ?? [];
    const edge = { source: '', port: input.name, target: task.name, input: port?.name ?? 'file' };
    const fed = connect(task.document, lookup, edge);
    now = setInput(fed, input.name, { default: path });
    nodes.push({ side: 'inputs', name: input.name }, { side: 'tasks', name: task.name });
  });
  return { document: now, nodes };
}

/** Add an input with a type and a default. */
export function addValue(
  document: WorkflowDocument, name: string, type: string, value: unknown, place: Point
): Inserted {
  const made = addInput(document, name, place);
  return {
    document: setInput(made.document, made.name, { type, default: value }),
    nodes: [{ side: 'inputs', name: made.name }]
  };
}

/** A name that can be written in Python: of the file without its end. */
function inputName(path: string): string {
  const stem = fileName(path).replace(/\.gz$/i, '').replace(/\.[^.]*$/, '');
  const name = stem.replace(/[^\p{L}\p{N}_]+/gu, '_').replace(/^_+|_+$/g, '').slice(0, 60);
  return name === '' ? 'file' : /^\d/.test(name) ? `file_${name}` : name;
}
