/** What is selected on the canvas. */

import { useRef } from 'react';
import type { Choice } from './context';
import type { CanvasEdge, CanvasNode } from './graph';

/** Give nodes of which those with some ids are selected; null leaves them as they are. */
export function chosenAs(nodes: CanvasNode[], ids: string[] | null): CanvasNode[] {
  if (ids === null) {
    return nodes;
  }
  return nodes.map(node => {
    const selected = ids.includes(node.id);
    return (node.selected ?? false) === selected ? node : { ...node, selected };
  });
}

export function choiceOf(
  nodes: CanvasNode[], edges: CanvasEdge[], layer: { task: string; layer: string } | null
): Choice {
  const chosen = nodes.filter(node => node.selected).map(node => node.id);
  const own = layer !== null && chosen.length === 1 && chosen[0] === `tasks:${layer.task}`;
  return {
    nodes: chosen,
    edges: edges.filter(edge => edge.selected).map(edge => edge.id),
    layer: own ? layer.layer : null
  };
}

/** The choice, the same object as long as the same is chosen, so that no drag draws the form. */
export function useChoice(
  nodes: CanvasNode[], edges: CanvasEdge[], layer: { task: string; layer: string } | null
): Choice {
  const last = useRef<Choice>({ nodes: [], edges: [], layer: null });
  const next = choiceOf(nodes, edges, layer);
  if (JSON.stringify(next) !== JSON.stringify(last.current)) {
    last.current = next;
  }
  return last.current;
}
