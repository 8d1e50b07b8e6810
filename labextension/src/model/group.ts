/** Tasks into a workflow of their own, which stands as one task; and back. */

import type { Lookup } from './catalogue';
import { pathBetween, sorted } from './connect';
import { moved, taskOf, withoutGone } from './edits';
import { carry, changed } from './notes';
import { countedName, freeName, freshName } from './names';
import type {
  Edge, InputEntry, OutputEntry, Point, TaskEntry, WorkflowBody, WorkflowDocument
} from './types';

export interface Grouped {
  document: WorkflowDocument;
  /** Names of the tasks that are there now. */
  names: string[];
}

/** Say why tasks cannot be grouped; null when they can. */
export function groupRefusal(document: WorkflowDocument, names: string[]): string | null {
  const inside = new Set(names.filter(name => taskOf(document, name) !== undefined));
  if (inside.size === 0) {
    return 'Select the tasks to group first.';
  }
  for (const edge of document.edges) {
    if (inside.has(edge.source) && !inside.has(edge.target)) {
      for (const name of inside) {
        const path = pathBetween(document, edge.target, name);
        if (path !== null) {
          return (
            `${edge.target} lies between the selected tasks: ${edge.source} feeds it, and it ` +
            `feeds ${name}. Select it too.`
          );
        }
      }
    }
  }
  return null;
}

/** Make one task of several: a workflow with an input and an output for each edge that is cut. */
export function group(
  document: WorkflowDocument, lookup: Lookup, names: string[], title = 'group'
): Grouped {
  if (groupRefusal(document, names) !== null) {
    return { document, names };
  }
  const inside = new Set(names);
  const tasks = document.tasks.filter(task => inside.has(task.name));
  const name = countedName('Group', new Set(document.tasks.map(task => task.name)));
  const inner: Edge[] = [];
  const outer: Edge[] = [];
  const inputs = new Map<string, InputEntry>();
  const outputs = new Map<string, OutputEntry>();
  for (const edge of document.edges) {
    const from = inside.has(edge.source);
    const to = inside.has(edge.target);
    if (from && to) {
      inner.push(edge);
    } else if (to) {
      const key = `${edge.source}\n${edge.port}`;
      const isNew = !inputs.has(key);
      const input = named(inputs, key, edge.source === '' ? edge.port : edge.input, name => ({ name }));
      inner.push({ ...edge, source: '', port: input.name });
      if (isNew) {
        outer.push({ source: edge.source, port: edge.port, target: name, input: input.name });
      }
    } else if (from) {
      outer.push({ ...edge, source: name, port: outputFor(outputs, edge.source, edge.port).name });
    } else {
      outer.push(edge);
    }
  }
  const given = document.outputs.map(output =>
    inside.has(output.task)
      ? { ...output, task: name, port: outputFor(outputs, output.task, output.port).name }
      : output
  );
  const body: WorkflowBody = {
    name: title, inputs: [...inputs.values()], tasks, edges: inner, outputs: [...outputs.values()],
    ...insideView(document, names)
  };
  const entry: TaskEntry = { name, kind: 'Workflow', workflow: body };
  const at = document.tasks.findIndex(task => inside.has(task.name));
  const rest = document.tasks.filter(task => !inside.has(task.name));
  const before = document.tasks.slice(0, at).filter(task => !inside.has(task.name)).length;
  const left = [...rest.slice(0, before), entry, ...rest.slice(before)];
  const grown = changed(document, { tasks: left, outputs: given });
  const made = withoutGone(changed(grown, { edges: sorted(grown, lookup, outer) }));
  const place = middle(document, names);
  return {
    document: place ? moved(made, [[{ side: 'tasks', name }, place]]) : made,
    names: [name]
  };
}

function outputFor(outputs: Map<string, OutputEntry>, task: string, port: string): OutputEntry {
  return named(outputs, `${task}\n${port}`, port, name => ({ name, task, port }));
}

function named<T extends { name: string }>(
  all: Map<string, T>, key: string, wish: string, make: (name: string) => T
): T {
  let found = all.get(key);
  if (found === undefined) {
    found = make(freeName(wish, new Set([...all.values()].map(one => one.name))));
    all.set(key, found);
  }
  return found;
}

/** Where the tasks stood, so that they stand there again when the group comes apart. */
function insideView(document: WorkflowDocument, names: string[]): Pick<WorkflowBody, 'view'> {
  const known = Object.entries(document.view?.tasks ?? {}).filter(([name]) => names.includes(name));
  return known.length > 0 ? { view: { tasks: Object.fromEntries(known) } } : {};
}

function middle(document: WorkflowDocument, names: string[]): Point | undefined {
  const places = names
    .map(name => document.view?.tasks?.[name])
    .filter((place): place is Point => place !== undefined);
  if (places.length === 0) {
    return undefined;
  }
  const sum = (axis: 0 | 1) => places.reduce((total, place) => total + place[axis], 0);
  return [sum(0) / places.length, sum(1) / places.length];
}

/** Say why a task cannot be taken apart; null when it can. */
export function ungroupRefusal(document: WorkflowDocument, name: string): string | null {
  const task = taskOf(document, name);
  if (task?.workflow === undefined) {
    return `${name}: only a workflow can be taken apart.`;
  }
  const fed = new Set(
    document.edges.filter(edge => edge.target === name).map(edge => edge.input)
  );
  const open = task.workflow.inputs.find(
    input => !fed.has(input.name) && (input.default !== undefined || task.values?.[input.name] !== undefined)
  );
  return open === undefined
    ? null
    : `${name}: its input ${open.name} has a value of its own. Feed it by an input of the workflow first.`;
}

/** Put the tasks of a workflow in the place of the task that it is. */
export function ungroup(document: WorkflowDocument, lookup: Lookup, name: string): Grouped {
  const task = taskOf(document, name);
  const body = task?.workflow;
  if (body === undefined || ungroupRefusal(document, name) !== null) {
    return { document, names: [name] };
  }
  const taken = new Set(document.tasks.map(one => one.name).filter(one => one !== name));
  const fresh = new Map<string, string>();
  for (const inner of body.tasks) {
    const own = freshName(inner.name, taken);
    taken.add(own);
    fresh.set(inner.name, own);
  }
  const tasks = document.tasks.flatMap(one =>
    one.name === name
      ? body.tasks.map(inner => carry(inner, { ...inner, name: fresh.get(inner.name)! }))
      : [one]
  );
  const source = (port: string) => body.outputs.find(output => output.name === port);
  const outward = (edge: Edge): Edge[] => {
    const found = edge.source === name ? source(edge.port) : undefined;
    if (edge.source !== name) {
      return [edge];
    }
    return found ? [{ ...edge, source: fresh.get(found.task)!, port: found.port }] : [];
  };
  const into = document.edges.filter(edge => edge.target === name);
  const edges = [
    ...document.edges.filter(edge => edge.target !== name).flatMap(outward),
    ...body.edges.flatMap(edge => {
      const target = fresh.get(edge.target)!;
      if (edge.source !== '') {
        return [{ ...edge, source: fresh.get(edge.source)!, target }];
      }
      return into
        .filter(one => one.input === edge.port)
        .flatMap(outward)
        .map(one => ({ ...edge, source: one.source, port: one.port, target }));
    })
  ];
  const outputs = document.outputs.flatMap(output => {
    const found = output.task === name ? source(output.port) : undefined;
    if (output.task !== name) {
      return [output];
    }
    return found ? [{ ...output, task: fresh.get(found.task)!, port: found.port }] : [];
  });
  const grown = changed(document, { tasks, outputs });
  const made = withoutGone(changed(grown, { edges: sorted(grown, lookup, edges) }));
  return { document: moved(made, spread(document, name, body, fresh)), names: [...fresh.values()] };
}

/** Place what comes out of a task around where that stood. */
function spread(
  document: WorkflowDocument, name: string, body: WorkflowBody, fresh: Map<string, string>
): [{ side: 'tasks'; name: string }, Point][] {
  const at = document.view?.tasks?.[name];
  const inner = Object.entries(body.view?.tasks ?? {}).filter(([one]) => fresh.has(one));
  if (at === undefined || inner.length === 0) {
    return [];
  }
  const centre = (axis: 0 | 1) =>
    inner.reduce((total, [, place]) => total + place[axis], 0) / inner.length;
  const [x, y] = [at[0] - centre(0), at[1] - centre(1)];
  return inner.map(([one, place]) => [
    { side: 'tasks', name: fresh.get(one)! }, [place[0] + x, place[1] + y]
  ]);
}
