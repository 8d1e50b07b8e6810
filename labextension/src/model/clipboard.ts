/** Copy and paste: tasks with the edges among them, as text that a document could hold. */

import type { Lookup } from './catalogue';
import { sorted } from './connect';
import { moved } from './edits';
import { jsonText, parseJson } from './json';
import { carry, changed } from './notes';
import { freshName } from './names';
import type { Edge, Point, TaskEntry, WorkflowDocument } from './types';

export const CLIP_FORMAT = 'dlaaw-nb/clip';

interface Clip {
  format: typeof CLIP_FORMAT;
  tasks: TaskEntry[];
  edges: Edge[];
  places: Record<string, Point>;
}

export interface Pasted {
  document: WorkflowDocument;
  names: string[];
}

/** Write tasks as text for the clipboard; edges among them are kept. */
export function copyText(
  document: WorkflowDocument, names: string[], places: Record<string, Point> = {}
): string {
  const wanted = new Set(names);
  const clip: Clip = {
    format: CLIP_FORMAT,
    tasks: document.tasks.filter(task => wanted.has(task.name)),
    edges: document.edges.filter(edge => wanted.has(edge.source) && wanted.has(edge.target)),
    places: Object.fromEntries(
      names
        .map(name => [name, places[name] ?? document.view?.tasks?.[name]] as const)
        .filter((pair): pair is readonly [string, Point] => pair[1] !== undefined)
    )
  };
  return jsonText(clip);
}

/** Add what a text holds, under fresh names, a step aside; null where it holds no tasks. */
export function paste(
  document: WorkflowDocument, lookup: Lookup, text: string, step = 40
): Pasted | null {
  const clip = read(text);
  if (clip === null) {
    return null;
  }
  const taken = new Set(document.tasks.map(task => task.name));
  const names = new Map<string, string>();
  for (const task of clip.tasks) {
    const name = freshName(task.name, taken);
    taken.add(name);
    names.set(task.name, name);
  }
  const tasks = clip.tasks.map(task => carry(task, { ...task, name: names.get(task.name)! }));
  const edges = clip.edges.map(edge => ({
    ...edge, source: names.get(edge.source)!, target: names.get(edge.target)!
  }));
  const grown = changed(document, { tasks: [...document.tasks, ...tasks] });
  const made = changed(grown, { edges: sorted(grown, lookup, [...document.edges, ...edges]) });
  const moves = Object.entries(clip.places)
    .filter(([name]) => names.has(name))
    .map(([name, [x, y]]): [{ side: 'tasks'; name: string }, Point] => [
      { side: 'tasks', name: names.get(name)! }, [x + step, y + step]
    ]);
  return { document: moved(made, moves), names: [...names.values()] };
}

function read(text: string): Clip | null {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return null;
  }
  const clip = value as Clip | null;
  if (clip?.format !== CLIP_FORMAT || !Array.isArray(clip.tasks) || !Array.isArray(clip.edges)) {
    return null;
  }
  const names = new Set(clip.tasks.map(task => task?.name));
  const whole =
    clip.tasks.length > 0 &&
    names.size === clip.tasks.length &&
    clip.tasks.every(task => typeof task?.name === 'string' && typeof task.kind === 'string') &&
    clip.edges.every(
      edge =>
        names.has(edge?.source) && names.has(edge.target) &&
        typeof edge.port === 'string' && typeof edge.input === 'string'
    );
  const places = Object.entries(clip.places ?? {}).filter(
    ([, place]) => Array.isArray(place) && place.length === 2 && place.every(Number.isFinite)
  );
  return whole ? { ...clip, places: Object.fromEntries(places) } : null;
}
