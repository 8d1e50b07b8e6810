import { useSyncExternalStore } from 'react';

import type { StoreClient, StoreState } from './store_client';

/** What is known of a store; draws again when it changes. */
export function useStore(client: StoreClient): StoreState {
  return useSyncExternalStore(
    listener => client.subscribe(listener),
    () => client.now
  );
}
