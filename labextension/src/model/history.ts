/** Undo and redo: documents that were, and those that were undone. */

export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** Where the last edit was, and when in milliseconds. */
  readonly place: string;
  readonly time: number;
}

/** Edits at the same place that follow within this many milliseconds are one. */
export const MERGE_MS = 1000;
const MAX_PAST = 200;

export function startHistory<T>(present: T): History<T> {
  return { past: [], present, future: [], place: '', time: -Infinity };
}

/** Record an edit; an empty place never merges with the edit before. */
export function record<T>(history: History<T>, present: T, place = '', time = 0): History<T> {
  if (present === history.present) {
    return history;
  }
  const merges =
    place !== '' && place === history.place && time - history.time < MERGE_MS &&
    history.past.length > 0;
  const past = merges ? history.past : [...history.past, history.present].slice(-MAX_PAST);
  return { past, present, future: [], place, time };
}

/** Put something else in the place of the present: no step of its own. */
export function amend<T>(history: History<T>, present: T): History<T> {
  return { ...history, present };
}

export function undo<T>(history: History<T>): History<T> {
  const last = history.past.length - 1;
  return last < 0
    ? history
    : {
        past: history.past.slice(0, last),
        present: history.past[last],
        future: [history.present, ...history.future],
        place: '',
        time: -Infinity
      };
}

export function redo<T>(history: History<T>): History<T> {
  return history.future.length === 0
    ? history
    : {
        past: [...history.past, history.present],
        present: history.future[0],
        future: history.future.slice(1),
        place: '',
        time: -Infinity
      };
}
