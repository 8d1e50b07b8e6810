/** Keeps the keyboard in the canvas when what had it is gone. */

import { useEffect, useMemo, useRef } from 'react';

/** Give the handlers for the root; without this, keys would go to the page after a delete. */
export function useKeptFocus(root: React.RefObject<HTMLElement>) {
  const had = useRef(false);
  useEffect(() => {
    const page = root.current?.ownerDocument;
    if (had.current && (page?.activeElement === page?.body || page?.activeElement === null)) {
      root.current?.focus({ preventScroll: true });
    }
  });
  return useMemo(
    () => ({
      onFocus: () => {
        had.current = true;
      },
      onBlur: (event: React.FocusEvent) => {
        // What is taken away leaves no word where the focus goes, and is no part of the page.
        if ((event.target as HTMLElement).isConnected) {
          had.current = event.relatedTarget !== null &&
            (root.current?.contains(event.relatedTarget as Node) ?? false);
        }
      }
    }),
    [root]
  );
}
