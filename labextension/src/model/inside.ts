/** A workflow inside of a task, edited as if it were a document of its own. */

import { replaceTask, taskOf } from './edits';
import { carry, changed, without } from './notes';
import type { TaskBody, TaskEntry, WorkflowBody, WorkflowDocument } from './types';

/** Names of tasks, from the outermost inwards; empty for the document itself. */
export type Way = readonly string[];

type Named = { name: string }[];
type Names = Map<string, string | null>;

const documents = new WeakMap<WorkflowBody, WorkflowDocument>();

/** Give the workflow that a task is, or that it runs for each item; undefined where there is none. */
export function bodyOf(entry: TaskBody | undefined): WorkflowBody | undefined {
  return entry && (entry.workflow ?? bodyOf(entry.task));
}

/** Give as much of a way as there is in a document. */
export function knownWay(document: WorkflowDocument, way: Way): string[] {
  const [name, ...rest] = way;
  const body = name === undefined ? undefined : bodyOf(taskOf(document, name));
  return body === undefined ? [] : [name, ...knownWay(asDocument(body), rest)];
}

/** Find a task by the name it has in a run: `Outer1/Inner1`, or `all[3]` of a map's item. */
export function findTask(
  document: WorkflowDocument, name: string
): { way: string[]; name: string } | null {
  if (taskOf(document, name) !== undefined) {
    return { way: [], name };
  }
  const outer = document.tasks.find(
    task => name.startsWith(task.name) && '/['.includes(name.charAt(task.name.length))
  );
  if (outer === undefined) {
    return null;
  }
  const rest = name.slice(outer.name.length).replace(/^\[[^\]]*\]/, '').replace(/^\//, '');
  const body = bodyOf(outer);
  const found = body && rest !== '' ? findTask(asDocument(body), rest) : null;
  return found === null
    ? { way: [], name: outer.name }
    : { way: [outer.name, ...found.way], name: found.name };
}

/** Give what a way leads to; the same object as long as it does not change. */
export function inside(document: WorkflowDocument, way: Way): WorkflowDocument {
  const [name, ...rest] = way;
  const body = name === undefined ? undefined : bodyOf(taskOf(document, name));
  return body === undefined ? document : inside(asDocument(body), rest);
}

/** Put an edited workflow back to where a way leads; the ports of the tasks around it follow. */
export function withInside(
  document: WorkflowDocument, way: Way, edited: WorkflowDocument
): WorkflowDocument {
  const [name, ...rest] = way;
  if (name === undefined) {
    return edited;
  }
  const entry = taskOf(document, name);
  const old = bodyOf(entry);
  if (entry === undefined || old === undefined) {
    return document;
  }
  const before = asDocument(old);
  const after = withInside(before, rest, edited);
  if (after === before) {
    return document;
  }
  const body: WorkflowBody = without(after, 'format', 'version');
  documents.set(body, after);
  const inputs = renamed(old.inputs, body.inputs);
  const outputs = renamed(old.outputs, body.outputs);
  const made = replaceTask(document, withInputs(withBody(entry, body), inputs) as TaskEntry);
  return withPorts(made, name, inputs, outputs);
}

function asDocument(body: WorkflowBody): WorkflowDocument {
  const known = documents.get(body);
  if (known !== undefined) {
    return known;
  }
  const made: WorkflowDocument = { format: 'dlaaw-nb/workflow', version: 1, ...body };
  documents.set(body, carry(body, made));
  return made;
}

function withBody<T extends TaskBody>(entry: T, body: WorkflowBody): T {
  return entry.workflow !== undefined
    ? changed<TaskBody>(entry, { workflow: body }) as T
    : changed<TaskBody>(entry, { task: withBody(entry.task!, body) }) as T;
}

/** Find what became of names: another one, or null where they are gone. */
function renamed(before: Named, after: Named): Names {
  const there = new Set(after.map(one => one.name));
  const known = new Set(before.map(one => one.name));
  const names: Names = new Map();
  before.forEach(({ name }, place) => {
    if (!there.has(name)) {
      const same = before.length === after.length && !known.has(after[place].name);
      names.set(name, same ? after[place].name : null);
    }
  });
  return names;
}

const now = (names: Names, name: string) => (names.has(name) ? names.get(name)! : name);

function withInputs(entry: TaskBody, names: Names): TaskBody {
  if (names.size === 0) {
    return entry;
  }
  const changes: Partial<TaskBody> = {};
  if (entry.values !== undefined) {
    const values = Object.entries(entry.values).map(([name, value]) => [now(names, name), value]);
    changes.values = Object.fromEntries(values.filter(([name]) => name !== null));
  }
  if (entry.over !== undefined) {
    changes.over = entry.over.map(name => now(names, name)).filter(name => name !== null);
  }
  if (entry.task !== undefined) {
    changes.task = withInputs(entry.task, names);
  }
  const made = changed(entry, changes);
  return Object.keys(made.values ?? { some: 0 }).length === 0 ? without(made, 'values') : made;
}

function withPorts(
  document: WorkflowDocument, task: string, inputs: Names, outputs: Names
): WorkflowDocument {
  if (inputs.size + outputs.size === 0) {
    return document;
  }
  return changed(document, {
    edges: document.edges.flatMap(edge => {
      const input = edge.target === task ? now(inputs, edge.input) : edge.input;
      const port = edge.source === task ? now(outputs, edge.port) : edge.port;
      const same = input === edge.input && port === edge.port;
      return input === null || port === null ? [] : [same ? edge : { ...edge, input, port }];
    }),
    outputs: document.outputs.flatMap(output => {
      const port = output.task === task ? now(outputs, output.port) : output.port;
      return port === null ? [] : [port === output.port ? output : { ...output, port }];
    })
  });
}
