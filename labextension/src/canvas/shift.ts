/** A layer that is put at another place of its chain, where its name may change. */

import { layersOf, moveLayer } from '../model/network';
import type { Actions } from './context';

/** Move a layer of a network, and keep it selected. */
export function shiftLayer(actions: Actions, task: string, id: string, to: number): void {
  const moved = moveLayer(actions.document(), actions.lookup, task, id, to);
  const chain = layersOf(moved, task) ?? [];
  const place = Math.max(0, Math.min(chain.length - 1, to));
  actions.edit(() => moved);
  if (chain.length > 0) {
    actions.selectLayer(task, chain[place].id);
  }
}
