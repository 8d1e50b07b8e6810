/** Documents: reading, checking and writing them; nothing in them is executed. */

import { JsonError, jsonText, parseJson } from './json';
import { keysOf } from './notes';
import type { WorkflowDocument } from './types';

export const FORMAT = 'dlaaw-nb/workflow';
export const VERSION = 1;
export const MAX_CHARACTERS = 64 * 2 ** 20;
/** More tasks than this are no picture any more, and would stop the page. */
export const MAX_TASKS = 5000;

export type FaultKind = 'strange' | 'truncated' | 'no json' | 'foreign' | 'newer' | 'wrong' | 'large';

/** Why a text is no document that can be drawn, and what to do. */
export class DocumentError extends Error {
  constructor(
    readonly kind: FaultKind,
    message: string
  ) {
    super(message);
    this.name = 'DocumentError';
  }
}

const READERS: Record<string, string> = {
  'dlaaw-nb/spec': 'a network by itself (NNWorkflow.load reads it)',
  'dlaaw-nb/model': 'a trained model (Model.load reads it)'
};
const LISTS = ['inputs', 'tasks', 'edges', 'outputs', 'code'];

/** Make an empty document. */
export function emptyDocument(name = 'workflow'): WorkflowDocument {
  return { format: FORMAT, version: VERSION, name, inputs: [], tasks: [], edges: [], outputs: [] };
}

/**
 * Read the text of a document.
 *
 * @throws DocumentError when it is none; `kind` tells which way.
 */
export function parseDocument(text: string): WorkflowDocument {
  if (text.length > MAX_CHARACTERS) {
    throw new DocumentError(
      'large',
      `expected at most ${MAX_CHARACTERS.toLocaleString('en')} characters, got ` +
        `${text.length.toLocaleString('en')}.`
    );
  }
  return checkDocument(read(text.replace(/^\ufeff/, '')));
}

function read(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    const lines = text.slice(0, error.offset).split('\n');
    const place = `line ${lines.length}, column ${lines[lines.length - 1].length + 1}`;
    if (error.ended) {
      throw new DocumentError(
        'truncated',
        `${place}: the text ends too early (${error.reason}). The file was cut off; save it again, ` +
          'or take an older copy.'
      );
    }
    throw new DocumentError('no json', `${place}: ${error.reason}. Mend it in a text editor.`);
  }
}

/**
 * Check plain JSON values as far as the canvas relies on them; the kernel checks the rest.
 *
 * @throws DocumentError when they are no workflow of this version.
 */
export function checkDocument(value: unknown): WorkflowDocument {
  if (!isObject(value)) {
    throw new DocumentError('foreign', `expected a JSON object, got ${shown(value)}.`);
  }
  if (value.format !== FORMAT) {
    const reader = typeof value.format === 'string' ? READERS[value.format] : undefined;
    throw new DocumentError(
      'foreign',
      `format: expected "${FORMAT}", got ${shown(value.format)}` + (reader ? `: ${reader}.` : '.')
    );
  }
  if (typeof value.version === 'number' && value.version > VERSION) {
    throw new DocumentError(
      'newer',
      `version: written by a newer dlaaw_nb (format ${shown(value.version)}, this one reads ` +
        `${VERSION}). Run: pip install -U dlaaw_nb`
    );
  }
  if (value.version !== VERSION) {
    wrong('version', String(VERSION), value.version);
  }
  checkBody(value, '');
  return value as unknown as WorkflowDocument;
}

function checkBody(body: Record<string, unknown>, path: string): void {
  checkView(body.view, `${path}view`);
  if (typeof body.name !== 'string' || body.name === '') {
    wrong(`${path}name`, 'the name of a workflow', body.name);
  }
  const names = new Set<string>();
  for (const [key, members] of Object.entries(MEMBERS)) {
    const list = body[key];
    if (!Array.isArray(list)) {
      wrong(`${path}${key}`, 'a list', list);
    }
    if (list.length > MAX_TASKS * 4 || (key === 'tasks' && list.length > MAX_TASKS)) {
      throw new DocumentError(
        'large',
        `${path}${key}: ${list.length.toLocaleString('en')} are too many to draw (at most ` +
          `${MAX_TASKS.toLocaleString('en')} tasks). Run it from Python, or cut it into workflows.`
      );
    }
    list.forEach((item: unknown, place) => {
      const where = `${path}${key}[${place}]`;
      if (!isObject(item)) {
        wrong(where, `an object with ${members.join(', ')}`, item);
      }
      for (const member of members) {
        const found = item[member];
        const open = key === 'edges' && member === 'source';
        if (typeof found !== 'string' || (found === '' && !open)) {
          wrong(`${where}.${member}`, 'a name', found);
        }
      }
      if (key === 'tasks') {
        checkTask(item, where, names);
      }
    });
  }
}

const MEMBERS: Record<string, string[]> = {
  inputs: ['name'],
  tasks: ['name', 'kind'],
  edges: ['source', 'port', 'target', 'input'],
  outputs: ['name', 'task', 'port']
};

function checkTask(task: Record<string, unknown>, where: string, names: Set<string>): void {
  const name = task.name as string;
  if (names.has(name)) {
    throw new DocumentError('wrong', `${where}: two tasks have the name ${shown(name)}.`);
  }
  names.add(name);
  for (const key of ['parameters', 'values', 'policy']) {
    if (task[key] !== undefined && !isObject(task[key])) {
      wrong(`${where}.${key}`, 'an object', task[key]);
    }
  }
  if (task.ports !== undefined) {
    const ports = isObject(task.ports) ? task.ports : {};
    for (const side of ['inputs', 'outputs']) {
      const list = ports[side];
      const fits = (port: unknown) =>
        isObject(port) && typeof port.name === 'string' && typeof port.type === 'string';
      if (!Array.isArray(list) || !list.every(fits)) {
        wrong(`${where}.ports.${side}`, 'a list of ports with name and type', list);
      }
    }
  }
  if (task.workflow !== undefined) {
    if (!isObject(task.workflow)) {
      wrong(`${where}.workflow`, 'a workflow', task.workflow);
    }
    checkBody(task.workflow, `${where}.workflow.`);
  }
}

function checkView(view: unknown, path: string): void {
  if (view === undefined) {
    return;
  }
  if (!isObject(view)) {
    wrong(path, 'an object with tasks, inputs or outputs', view);
  }
  for (const side of ['tasks', 'inputs', 'outputs']) {
    const places = view[side];
    const fits = (place: unknown) =>
      Array.isArray(place) && place.length === 2 && place.every(Number.isFinite);
    if (places !== undefined && !(isObject(places) && Object.values(places).every(fits))) {
      wrong(`${path}.${side}`, 'two numbers by name', places);
    }
  }
}

/** Write a document as `Workflow.save` of Python does: one line for each of its parts. */
export function documentText(document: WorkflowDocument): string {
  const whole = document as unknown as Record<string, unknown>;
  const lines = keysOf(whole)
    .filter(key => key !== 'view' && whole[key] !== undefined)
    .map(key => {
      const value = whole[key];
      if (LISTS.includes(key) && Array.isArray(value) && value.length > 0) {
        return ` ${jsonText(key)}: [\n${value.map(item => `  ${jsonText(item)}`).join(',\n')}\n ]`;
      }
      return ` ${jsonText(key)}: ${jsonText(value)}`;
    });
  return `{\n${[...lines, ...viewLines(document)].join(',\n')}\n}\n`;
}

/** Write where what is there is drawn, in whole pixels, in the order of the document. */
function viewLines(document: WorkflowDocument): string[] {
  const sides = (['tasks', 'inputs', 'outputs'] as const).flatMap(side => {
    const places = new Map(Object.entries(document.view?.[side] ?? {}));
    const lines = document[side].flatMap(({ name }) => {
      const place = places.get(name);
      const whole = place?.map(number => Math.round(number) || 0);
      return whole ? [`   ${jsonText(name)}: ${jsonText(whole)}`] : [];
    });
    return lines.length > 0 ? [`  "${side}": {\n${lines.join(',\n')}\n  }`] : [];
  });
  return sides.length > 0 ? [` "view": {\n${sides.join(',\n')}\n }`] : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function wrong(path: string, wanted: string, got: unknown): never {
  throw new DocumentError('wrong', `${path}: expected ${wanted}, got ${shown(got)}.`);
}

/** Write a received value for a message, cut to about 60 characters. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : jsonText(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
