/** Where the canvas is: in the document itself, or in a workflow inside of one of its tasks. */

import { useCallback, useMemo, useState } from 'react';
import { inside, knownWay, withInside } from '../model/inside';
import type { NodeStatus, Problem } from '../model/types';
import type { Editor } from './editor';

export interface Place {
  /** Edits what is drawn; undo and redo are those of the whole document. */
  editor: Editor;
  way: string[];
  /** What stands before the names of the tasks that are drawn, for the kernel. */
  prefix: string;
  goTo: (way: string[]) => void;
}

/** Edit a document at the place that a person has opened. */
export function usePlace(whole: Editor): Place {
  const [wanted, setWanted] = useState<string[]>([]);
  const text = JSON.stringify(knownWay(whole.document, wanted));
  const way = useMemo(() => JSON.parse(text) as string[], [text]);
  const scoped = useMemo(
    () => ({
      current: () => inside(whole.current(), way),
      edit: (change: Parameters<Editor['edit']>[0], place = '') =>
        whole.edit(
          now => withInside(now, way, change(inside(now, way))),
          place === '' ? '' : `${text} ${place}`
        )
    }),
    [whole.current, whole.edit, text]
  );
  return {
    editor: { ...whole, ...scoped, document: inside(whole.document, way) },
    way,
    prefix: way.map(name => `${name}/`).join(''),
    goTo: useCallback((next: string[]) => setWanted(next), [])
  };
}

/** Take what is told of the tasks that are drawn, by the names they have here. */
export function useTold(
  prefix: string, status: Record<string, NodeStatus>, problems: Problem[]
): { status: Record<string, NodeStatus>; problems: Problem[] } {
  return useMemo(() => {
    if (prefix === '') {
      return { status, problems };
    }
    const own = Object.entries(status).filter(([name]) => name.startsWith(prefix));
    return {
      status: Object.fromEntries(own.map(([name, one]) => [name.slice(prefix.length), one])),
      problems: problems
        .filter(one => one.task.startsWith(prefix))
        .map(one => ({ ...one, task: one.task.slice(prefix.length) }))
    };
  }, [prefix, status, problems]);
}
