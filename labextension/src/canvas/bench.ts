/** All that a canvas does: the document, what is drawn of it, what is selected, and the edits. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { applyEdgeChanges, applyNodeChanges, useReactFlow } from '@xyflow/react';
import type { EdgeChange, NodeChange } from '@xyflow/react';
import { Lookup } from '../model/catalogue';
import { moved } from '../model/edits';
import { layout, nodeRef, placed } from '../model/layout';
import type { NodeStatus, Point, Problem, WorkflowDocument } from '../model/types';
import { makeActions } from './actions';
import { still, useArrival, useSought } from './arrival';
import { choiceOf, chosenAs, useChoice } from './choice';
import type { Actions, Choice, Notice } from './context';
import { useConnections } from './connections';
import { useEditor } from './editor';
import type { Editor } from './editor';
import { makeEdges, makeNodes, sizes } from './graph';
import type { CanvasEdge, CanvasNode } from './graph';
import { makeHandlers } from './handlers';
import { usePlace, useTold } from './inside';
import type { KeyActions } from './keys';
import { keptLists, useProblems } from './problems';
import type { CanvasProps } from './props';

export interface BenchProps extends CanvasProps {
  readOnly: boolean;
  status: Record<string, NodeStatus>;
  problems: Problem[];
  root: React.RefObject<HTMLDivElement>;
}

export type Bench = ReturnType<typeof useBench>;

/** What the handlers of keys, clipboard and drops work with. */
export interface Tools {
  actions: Actions;
  editor: Editor;
  root: React.RefObject<HTMLDivElement>;
  choice: () => Choice;
  nodes: () => CanvasNode[];
  layout: () => void;
  fit: () => void;
  /** Go back to what is around; false where nothing is. */
  leave: () => boolean;
  /** Where the form is drawn, if not in the canvas. */
  host: HTMLElement | null;
  toFlow: (x: number, y: number) => { x: number; y: number };
  readOnly: boolean;
}

export function useBench(props: BenchProps) {
  const { catalogue, readOnly, root, onSelect, onRun, onLookInto } = props;
  const flow = useReactFlow<CanvasNode, CanvasEdge>();
  const place = usePlace(useEditor(props.document, props.onChange, readOnly));
  const { editor, way, prefix } = place;
  const { document } = editor;
  // What is told of the tasks of the document is of no other workflow's tasks of those names.
  const own = prefix === '' ? props.told : undefined;
  const lookup = useMemo(() => new Lookup(catalogue, own), [catalogue, own]);
  const { status, problems: toldProblems } = useTold(prefix, props.status, props.problems);
  const [nodes, setNodes] = useState<CanvasNode[]>([]);
  const [edges, setEdges] = useState<CanvasEdge[]>([]);
  const [layer, setLayer] = useState<{ task: string; layer: string } | null>(null);
  const [notice, setNotice] = useState<Notice | null>(null);
  const places = useMemo(() => placed(document, sizes(document, lookup)), [document, lookup]);
  const problems = useProblems(document, lookup, toldProblems);
  const wanted = useRef<string[] | null>(null);

  // What is drawn follows the document; a node that did not change stays the same object.
  const given = useMemo(() => {
    const byTask = new Map<string, Problem[]>();
    problems.forEach(one => byTask.set(one.task, [...(byTask.get(one.task) ?? []), one]));
    return { document, lookup, places, status, problems: keptLists(byTask), layer, readOnly };
  }, [document, lookup, places, status, problems, layer, readOnly]);
  const [drawn, setDrawn] = useState<typeof given | null>(null);
  if (drawn !== given) {
    setDrawn(given);
    setNodes(old => chosenAs(makeNodes(old, given), wanted.current));
    setEdges(old => makeEdges(old, given));
  }

  const now = useRef({ nodes, edges, layer, places });
  now.current = { nodes, edges, layer, places };
  const choice = useChoice(nodes, edges, layer);
  useEffect(() => {
    wanted.current = null;
  });
  const selected = choice.nodes.filter(id => id.startsWith('tasks:')).map(id => nodeRef(id).name);
  const selectedText = selected.join('\n');
  useEffect(
    () => {
      const names = selectedText === '' ? [] : selectedText.split('\n');
      onSelect?.(names.map(name => prefix + name), choice.layer);
    },
    [selectedText, choice.layer, prefix]
  );

  /** Write down where everything is before an edit, so that nothing jumps. */
  const settled = useCallback(
    (one: WorkflowDocument) => {
      const missing = [...now.current.places].filter(([id]) => {
        const { side, name } = nodeRef(id);
        return one[side].some(other => other.name === name) && !one.view?.[side]?.[name];
      });
      return moved(one, missing.map(([id, place]) => [nodeRef(id), place]));
    },
    []
  );
  const fit = useCallback(
    () => void flow.fitView({ maxZoom: 1, padding: 0.12, duration: still() ? 0 : 250 }), [flow]
  );

  const goTo = useCallback(
    (next: string[], chosen: string[] = []) => {
      wanted.current = chosen;
      setLayer(null);
      setNotice(null);
      setNodes(old => chosenAs(old, chosen));
      place.goTo(next);
      root.current?.focus({ preventScroll: true });
    },
    [place.goTo, root]
  );
  useArrival(prefix, fit);
  useSought(props.sought ?? null, props.document, way, goTo, id => {
    void flow.fitView({ nodes: [{ id }], maxZoom: 1, duration: still() ? 0 : 250 });
  });

  const told = useRef({ onRun, onLookInto });
  told.current = { onRun, onLookInto };
  const looks = onLookInto !== undefined;
  const actions = useMemo(
    () =>
      makeActions({
        lookup, editor, settled, flow, root, notify: setNotice,
        choice: () => choiceOf(now.current.nodes, now.current.edges, now.current.layer),
        places: () => now.current.places,
        pick: (ids, chosen) => {
          wanted.current = ids;
          setLayer(chosen);
          setNodes(old => chosenAs(old, ids));
          setEdges(old => old.map(edge => (edge.selected ? { ...edge, selected: false } : edge)));
        },
        run: (what, name) => told.current.onRun?.(what, name),
        open: task => goTo([...way, task]),
        lookInto: looks ? (task, name) => told.current.onLookInto?.(prefix + task, name) : undefined
      }),
    [lookup, editor.edit, settled, flow, root, looks, goTo]
  );

  const tools: Tools = {
    actions, editor, root, readOnly, fit, host: props.formHost ?? null,
    leave: () => {
      const last = way[way.length - 1];
      if (last !== undefined) {
        goTo(way.slice(0, -1), [`tasks:${last}`]);
      }
      return last !== undefined;
    },
    toFlow: (x, y) => flow.screenToFlowPosition({ x, y }),
    choice: () => choiceOf(now.current.nodes, now.current.edges, now.current.layer),
    nodes: () => now.current.nodes,
    layout: () => {
      const size = measured(now.current.nodes, sizes(editor.current(), lookup));
      actions.edit(one => moved(one, [...layout(one, size)].map(([id, at]) => [nodeRef(id), at])));
      setTimeout(fit, 60);
    }
  };
  const { keys, rootHandlers } = makeHandlers(tools, {
    setNodes, setEdges, closeNotice: () => setNotice(null)
  });
  const connections = useConnections({ actions, root, flow });

  const onNodesChange = useCallback(
    (changes: NodeChange<CanvasNode>[]) => {
      setNodes(old => applyNodeChanges(changes, old));
      const moves = changes.flatMap(change =>
        change.type === 'position' && change.dragging !== true && change.position
          ? [[nodeRef(change.id), [change.position.x, change.position.y]] as [ReturnType<typeof nodeRef>, Point]]
          : []
      );
      if (moves.length > 0) {
        actions.edit(one => moved(one, moves), 'move');
      }
      if (changes.some(change => change.type === 'select' && change.selected)) {
        setLayer(old => (old && changes.some(one => one.type === 'select' && one.id !== `tasks:${old.task}` && one.selected) ? null : old));
      }
    },
    [actions]
  );
  const onEdgesChange = useCallback(
    (changes: EdgeChange<CanvasEdge>[]) => setEdges(old => applyEdgeChanges(changes, old)), []
  );
  const begins = useRef(document.tasks.length + document.inputs.length > 0).current;
  return {
    document, editor, actions, choice, notice, problems, status, begins, way, goTo,
    keys: keys as KeyActions,
    rootHandlers,
    closeNotice: useCallback(() => setNotice(null), []),
    flow: {
      nodes, edges, onNodesChange, onEdgesChange, ...connections,
      onNodeDoubleClick: (_: React.MouseEvent, node: CanvasNode) => keys.open(node.id),
      onPaneClick: () => {
        setLayer(null);
        setNotice(null);
      },
      onNodeClick: (event: React.MouseEvent) => {
        if (!(event.target as HTMLElement).closest('.dlaaw-layer-button')) {
          setLayer(null);
        }
      }
    }
  };
}

function measured(nodes: CanvasNode[], guess: ReturnType<typeof sizes>): ReturnType<typeof sizes> {
  const known = new Map(nodes.map(node => [node.id, node.measured]));
  return id => {
    const found = known.get(id);
    return found?.width && found.height ? { width: found.width, height: found.height } : guess(id);
  };
}
