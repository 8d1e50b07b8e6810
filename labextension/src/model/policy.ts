/** How a task is run: what a document says, and what holds where it says nothing. */

import { bodyOf } from './inside';
import type { Lookup } from './catalogue';
import { replaceTask, taskOf } from './edits';
import { floatText } from './json';
import { changed, noteNumber, without } from './notes';
import type { Policy, TaskBody, WorkflowDocument } from './types';

export type FullPolicy = Required<Policy>;

/** As Python has it for a task that says nothing. */
export const PLAIN: FullPolicy = { retries: 0, backoff_s: 1, timeout_s: null, cached: true };
const NAMES = ['retries', 'backoff_s', 'timeout_s', 'cached'] as const;
const FLOATS = ['backoff_s', 'timeout_s'] as const;

/** Whether a task can be told how to run; of a workflow inside, its own tasks are told. */
export function hasPolicy(entry: TaskBody): boolean {
  return bodyOf(entry) === undefined;
}

/** Give the policy of a task. */
export function policyOf(lookup: Lookup, entry: TaskBody): FullPolicy {
  return entry.policy === undefined ? usual(lookup, entry) : { ...PLAIN, ...entry.policy };
}

function usual(lookup: Lookup, entry: TaskBody): FullPolicy {
  return entry.task !== undefined
    ? policyOf(lookup, entry.task)
    : { ...PLAIN, ...lookup.kinds.get(entry.kind)?.policy };
}

/** Change how a task is run; what is as usual is not written down. */
export function setPolicy<K extends keyof FullPolicy>(
  document: WorkflowDocument, lookup: Lookup, name: string, member: K, value: FullPolicy[K]
): WorkflowDocument {
  const task = taskOf(document, name);
  if (task === undefined) {
    return document;
  }
  const now: FullPolicy = { ...policyOf(lookup, task), [member]: value };
  const same = (other: FullPolicy) => NAMES.every(one => now[one] === other[one]);
  if (same(usual(lookup, task))) {
    return task.policy === undefined ? document : replaceTask(document, without(task, 'policy'));
  }
  const differ = NAMES.filter(one => now[one] !== PLAIN[one]);
  const policy: Policy = Object.fromEntries(differ.map(one => [one, now[one]]));
  FLOATS.filter(one => typeof policy[one] === 'number').forEach(one =>
    noteNumber(policy, one, floatText(policy[one]!))
  );
  // Python writes values last.
  const { values, ...rest } = changed(task, { policy });
  const made = values === undefined ? { ...rest } : { ...rest, values };
  return replaceTask(document, changed(task, made));
}
