/** What comes from outside of the canvas: files and data products that are dropped or added. */
import { useImperativeHandle } from 'react';
import { useReactFlow } from '@xyflow/react';
import { PRODUCT_TYPE } from './context';
import type { Actions } from './context';
import type { CanvasHandle, CanvasProps } from './props';

const FILES = 'Files';
const UPLOAD =
  'Files of your computer are not where the kernel runs. Upload it first: drop it on the file ' +
  'browser, then drag it from there.';
const READ_ONLY = 'This workflow can only be read. Save a copy, and add it there.';

interface DropHandlers {
  onDragOver: (event: React.DragEvent) => void;
  onDrop: (event: React.DragEvent) => void;
}

/** Give a canvas its handle, and the handlers of drops that are not its own. */
export function useForeign(
  { handle, onProduct, readOnly }: CanvasProps, actions: Actions, own: DropHandlers,
  root: React.RefObject<HTMLDivElement>
): DropHandlers {
  const flow = useReactFlow();
  const tell = (text: string, alert: boolean) => actions.notify({ text, alert });
  const put: CanvasHandle['insert'] = (make, at) => {
    if (readOnly) {
      tell(READ_ONLY, true);
      return;
    }
    const point = at && flow.screenToFlowPosition(at);
    actions.insert(make, point && [point.x - 60, point.y - 20]);
    root.current?.focus();
  };
  useImperativeHandle(handle, () => ({ insert: put, tell }));
  return {
    onDragOver: event => {
      if (kindOf(event, onProduct !== undefined) === null) {
        own.onDragOver(event);
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = 'copy';
    },
    onDrop: event => {
      const kind = kindOf(event, onProduct !== undefined);
      if (kind === null) {
        own.onDrop(event);
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      if (kind === FILES) {
        tell(UPLOAD, true);
      } else if (readOnly) {
        tell(READ_ONLY, true);
      } else {
        const at = { x: event.clientX, y: event.clientY };
        onProduct!(event.dataTransfer.getData(PRODUCT_TYPE), at);
      }
    }
  };
}

function kindOf({ dataTransfer }: React.DragEvent, products: boolean): string | null {
  const { types } = dataTransfer;
  if (types.includes(FILES)) {
    return FILES;
  }
  return products && types.includes(PRODUCT_TYPE) ? PRODUCT_TYPE : null;
}
