/** What is wrong with what is drawn, as far as the canvas and the kernel can tell. */

import { useMemo } from 'react';
import type { Lookup } from '../model/catalogue';
import { findProblems } from '../model/problems';
import type { Problem, WorkflowDocument } from '../model/types';

/** Add what can be known without a kernel; the kernel's word counts where both speak. */
export function useProblems(document: WorkflowDocument, lookup: Lookup, told: Problem[]): Problem[] {
  const own = useMemo(() => findProblems(document, lookup), [document, lookup]);
  return useMemo(() => {
    const words = told.map(atLayer);
    const known = new Set(words.map(one => `${one.task}\n${one.port ?? ''}`));
    const there = new Set(document.tasks.map(task => task.name));
    return [
      ...words.filter(one => there.has(one.task)),
      ...own.filter(one => !known.has(`${one.task}\n${one.port ?? ''}`))
    ];
  }, [document, own, told]);
}

/** Put what the kernel says of a network to the layer that it names. */
function atLayer(problem: Problem): Problem {
  const [, layer] = /^layers: (\S+): /.exec(problem.text) ?? [];
  return problem.port === undefined && layer !== undefined ? { ...problem, port: layer } : problem;
}

const lists = new Map<string, Problem[]>();

/** Give equal lists of problems as the same object, so that no node is drawn for nothing. */
export function keptLists(byTask: Map<string, Problem[]>): Map<string, Problem[]> {
  if (lists.size > 5000) {
    lists.clear();
  }
  return new Map(
    [...byTask].map(([task, problems]) => {
      const key = JSON.stringify(problems);
      const kept = lists.get(key) ?? problems;
      lists.set(key, kept);
      return [task, kept];
    })
  );
}
