/** Drawing edges with the mouse: what fits is shown, what does not is told why. */

import { useMemo } from 'react';
import type {
  Connection, FinalConnectionState, IsValidConnection, OnConnectStart, ReactFlowInstance
} from '@xyflow/react';
import { connectRefusal } from '../model/connect';
import { addInputFor, addOutput } from '../model/ends';
import { nodeRef } from '../model/layout';
import { offer, typeRefusal } from '../model/ports';
import type { Edge, Point } from '../model/types';
import { feedOutput } from './actions';
import type { Actions } from './context';
import type { CanvasEdge, CanvasNode } from './graph';

interface Given {
  actions: Actions;
  root: React.RefObject<HTMLDivElement>;
  flow: ReactFlowInstance<CanvasNode, CanvasEdge>;
}

export function useConnections({ actions, root, flow }: Given) {
  return useMemo(() => {
    const onConnectStart: OnConnectStart = (_, { nodeId, handleId, handleType }) => {
      if (nodeId && root.current) {
        markFits(root.current, actions, nodeId, handleId ?? '', handleType === 'source');
      }
    };
    const onConnect = (connection: Connection) => {
      const edge = edgeOf(connection);
      const target = nodeRef(connection.target);
      if (target.side === 'outputs' && edge.source !== '') {
        feedOutput(actions, target.name, edge.source, edge.port);
      } else {
        actions.connect(edge);
      }
    };
    const isValidConnection: IsValidConnection<CanvasEdge> = connection => {
      const edge = edgeOf(connection as Connection);
      return nodeRef(connection.target).side === 'outputs'
        ? edge.source !== ''
        : connectRefusal(actions.document(), actions.lookup, edge) === null;
    };
    const onConnectEnd = (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      root.current?.querySelectorAll('.dlaaw-fits, .dlaaw-converts, .dlaaw-unfit').forEach(handle =>
        handle.classList.remove('dlaaw-fits', 'dlaaw-converts', 'dlaaw-unfit')
      );
      root.current?.classList.remove('dlaaw-connecting');
      const { fromHandle, toHandle } = state;
      if (state.isValid || !fromHandle) {
        return;
      }
      const { at, flowAt } = places(event, root.current, flow);
      const forward = fromHandle.type === 'source';
      const other = toHandle ?? handleBelow(event, forward);
      if (other && other.nodeId && other.id && other.nodeId !== fromHandle.nodeId) {
        const [source, target] = forward ? [fromHandle, other] : [other, fromHandle];
        if (nodeRef(target.nodeId).side === 'tasks') {
          const edge = edgeOf({
            source: source.nodeId, sourceHandle: source.id ?? '', target: target.nodeId,
            targetHandle: target.id ?? ''
          });
          actions.connect(edge, at);
        }
      } else if (!other && nodeRef(fromHandle.nodeId).side === 'tasks') {
        offerEnd(actions, nodeRef(fromHandle.nodeId).name, fromHandle.id ?? '', forward, at, flowAt);
      }
    };
    return { onConnectStart, onConnect, isValidConnection, onConnectEnd };
  }, [actions, root, flow]);
}

function edgeOf(connection: Connection): Edge {
  const source = nodeRef(connection.source);
  return {
    source: source.side === 'tasks' ? source.name : '',
    port: source.side === 'tasks' ? connection.sourceHandle ?? '' : source.name,
    target: nodeRef(connection.target).name,
    input: connection.targetHandle ?? ''
  };
}

/** Where the mouse was let go: in the canvas's pixels, and as a place of the graph. */
function places(
  event: MouseEvent | TouchEvent, root: HTMLElement | null, flow: Given['flow']
): { at: Point; flowAt: Point } {
  const { clientX, clientY } = 'changedTouches' in event ? event.changedTouches[0] : event;
  const box = root?.querySelector('.dlaaw-flow')?.getBoundingClientRect();
  const { x, y } = flow.screenToFlowPosition({ x: clientX, y: clientY });
  return { at: [clientX - (box?.x ?? 0), clientY - (box?.y ?? 0)], flowAt: [x, y] };
}

/** Find the port for an edge that was dropped on a node beside its ports. */
function handleBelow(
  event: MouseEvent | TouchEvent, forward: boolean
): { nodeId: string; id: string | null } | null {
  const { clientX, clientY } = 'changedTouches' in event ? event.changedTouches[0] : event;
  const node = document.elementFromPoint(clientX, clientY)?.closest('.react-flow__node');
  if (!node) {
    return null;
  }
  const nodeId = node.getAttribute('data-id') ?? '';
  const wanted = forward ? '.target' : '.source';
  const all = [...node.querySelectorAll(`.react-flow__handle${wanted}`)];
  const best =
    all.find(one => one.classList.contains('dlaaw-was-fit')) ??
    all.find(one => one.classList.contains('dlaaw-was-converts')) ?? all[0];
  return { nodeId, id: best?.getAttribute('data-handleid') ?? null };
}

/** Show on all ports which ones the edge that is drawn can end in. */
function markFits(
  root: HTMLElement, { document, lookup }: Actions, id: string, port: string, forward: boolean
): void {
  const handle = [...root.querySelectorAll<HTMLElement>('.react-flow__handle')].find(
    one => one.dataset.nodeid === id && one.dataset.handleid === port &&
      one.classList.contains(forward ? 'source' : 'target')
  );
  const own = handle?.dataset.type;
  if (own === undefined) {
    return;
  }
  const fed = new Set(document().edges.map(edge => `tasks:${edge.target}\n${edge.input}`));
  root.classList.add('dlaaw-connecting');
  root.querySelectorAll<HTMLElement>('.react-flow__handle').forEach(one => {
    const opposite = one.classList.contains(forward ? 'target' : 'source');
    const type = one.dataset.type ?? 'any';
    const [given, wanted] = forward ? [own, type] : [type, own];
    const taken =
      forward && !one.classList.contains('dlaaw-many') &&
      fed.has(`${one.dataset.nodeid}\n${one.dataset.handleid}`);
    const fits = opposite && !taken && one.dataset.nodeid !== id &&
      typeRefusal(lookup, wanted, given) === null;
    const converts = opposite && !taken && !fits && one.dataset.nodeid !== id &&
      offer(lookup, given, wanted) !== undefined;
    one.classList.remove('dlaaw-was-fit', 'dlaaw-was-converts');
    if (fits) {
      one.classList.add('dlaaw-was-fit');
    } else if (converts) {
      one.classList.add('dlaaw-was-converts');
    }
    if (one !== handle) {
      one.classList.add(fits ? 'dlaaw-fits' : converts ? 'dlaaw-converts' : 'dlaaw-unfit');
    }
  });
}

/** Ask whether an edge that ends in the open is to be an end of the workflow. */
function offerEnd(
  actions: Actions, task: string, port: string, forward: boolean, at: Point, [x, y]: Point
): void {
  const { lookup } = actions;
  const edge = { source: '', port: '', target: task, input: port };
  const fed = actions.document().edges.some(one => one.target === edge.target && one.input === port);
  if (!forward && fed) {
    return;
  }
  actions.notify({
    text: forward
      ? `The edge from ${task}.${port} leads to no task.`
      : `No task feeds ${task}.${port} yet.`,
    alert: false,
    at,
    action: {
      label: forward ? 'Make it an output of the workflow' : 'Make an input of the workflow',
      run: () => {
        const added = forward
          ? addOutput(actions.document(), lookup, task, port, [x, y - 20])
          : addInputFor(actions.document(), lookup, task, port, [x - 150, y - 20]);
        actions.edit(() => added.document);
        actions.select([{ side: forward ? 'outputs' : 'inputs', name: added.name }]);
      }
    }
  });
}
