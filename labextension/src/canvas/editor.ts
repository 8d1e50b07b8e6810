/** The document that is edited, with its history, in step with the one from outside. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { documentText } from '../model/document';
import { amend, record, redo, startHistory, undo } from '../model/history';
import type { History } from '../model/history';
import { sameButCode } from '../model/own_code';
import type { WorkflowDocument } from '../model/types';

export interface Editor {
  document: WorkflowDocument;
  /** The document as it is now, also between two drawings. */
  current(): WorkflowDocument;
  edit(change: (document: WorkflowDocument) => WorkflowDocument, place?: string): void;
  undo(): void;
  redo(): void;
  canUndo: boolean;
  canRedo: boolean;
}

/** Keep the history of a document; one from outside that is equal to it changes nothing. */
export function useEditor(
  outside: WorkflowDocument, onChange: (document: WorkflowDocument) => void, readOnly: boolean
): Editor {
  const [history, setHistory] = useState(() => startHistory(outside));
  const now = useRef(history);
  const seen = useRef(outside);
  const told = useRef(onChange);
  told.current = onChange;

  const put = useCallback((next: History<WorkflowDocument>, tell: boolean) => {
    const differs = next.present !== now.current.present;
    now.current = next;
    setHistory(next);
    if (differs && tell) {
      told.current(next.present);
    }
  }, []);

  useEffect(() => {
    if (outside === seen.current) {
      return;
    }
    seen.current = outside;
    const present = now.current.present;
    if (outside !== present && documentText(outside) !== documentText(present)) {
      const silent = sameButCode(outside, present);
      put(silent ? amend(now.current, outside) : record(now.current, outside), false);
    }
  }, [outside, put]);

  const steps = useMemo(
    () => ({
      current: () => now.current.present,
      edit: (change: (document: WorkflowDocument) => WorkflowDocument, place = '') => {
        if (!readOnly) {
          put(record(now.current, change(now.current.present), place, Date.now()), true);
        }
      },
      undo: () => put(undo(now.current), true),
      redo: () => put(redo(now.current), true)
    }),
    [put, readOnly]
  );
  return {
    ...steps,
    document: history.present,
    canUndo: !readOnly && history.past.length > 0,
    canRedo: !readOnly && history.future.length > 0
  };
}
