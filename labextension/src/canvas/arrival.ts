/** Goes to what was asked for: another workflow, or a task in it. */

import { useEffect, useRef } from 'react';
import { findTask } from '../model/inside';
import { nodeId } from '../model/layout';
import type { WorkflowDocument } from '../model/types';

/** Go to a task that was asked for from outside, and select it. */
export function useSought(
  sought: { task: string } | null, document: WorkflowDocument, way: string[],
  goTo: (way: string[], chosen: string[]) => void, show: (id: string) => void
): void {
  const last = useRef(sought);
  useEffect(() => {
    const found = sought !== null && sought !== last.current && findTask(document, sought.task);
    last.current = sought;
    if (found) {
      const id = nodeId('tasks', found.name);
      goTo(found.way, [id]);
      if (JSON.stringify(found.way) === JSON.stringify(way)) {
        setTimeout(() => show(id), 60);
      }
    }
  }, [sought]);
}

/** Show all of another workflow as soon as it is drawn. */
export function useArrival(prefix: string, fit: () => void): void {
  const last = useRef(prefix);
  useEffect(() => {
    if (last.current !== prefix) {
      last.current = prefix;
      setTimeout(fit, 60);
    }
  }, [prefix, fit]);
}

/** Whether the person wants nothing to move. */
export function still(): boolean {
  return window.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false;
}
