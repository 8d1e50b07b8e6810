/** Files that are dragged from the file browser onto a canvas. */
import type { Drag } from '@lumino/dragdrop';

const CONTENTS = 'application/x-jupyter-icontents';

/** Call a function with the paths of files that are dropped on a node, and where. */
export function acceptFiles(
  node: HTMLElement, onDrop: (paths: string[], at: { x: number; y: number }) => void
): void {
  const taken = (event: Drag.Event): boolean => {
    const fits =
      event.mimeData.hasData(CONTENTS) &&
      (event.target as HTMLElement | null)?.closest('.dlaaw-flow') != null;
    if (fits) {
      event.preventDefault();
      event.stopPropagation();
    }
    return fits;
  };
  const listen = (name: string, act: (event: Drag.Event) => void) =>
    node.addEventListener(name, event => {
      if (taken(event as Drag.Event)) {
        act(event as Drag.Event);
      }
    });
  listen('lm-dragenter', () => node.classList.add('dlaaw-drop'));
  listen('lm-dragover', event => {
    node.classList.add('dlaaw-drop');
    event.dropAction = event.proposedAction;
  });
  node.addEventListener('lm-dragleave', event => {
    const next = (event as Drag.Event).relatedTarget as HTMLElement | null;
    if (next?.closest('.dlaaw-flow') == null) {
      node.classList.remove('dlaaw-drop');
    }
  });
  listen('lm-drop', event => {
    node.classList.remove('dlaaw-drop');
    event.dropAction = event.proposedAction === 'move' ? 'copy' : event.proposedAction;
    onDrop(event.mimeData.getData(CONTENTS) as string[], { x: event.clientX, y: event.clientY });
  });
}
