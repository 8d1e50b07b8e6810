import { useSyncExternalStore } from 'react';

import type { Bench, BenchState } from './bench';

/** The state of a bench; draws again when it changes. */
export function useBench(bench: Bench): BenchState {
  return useSyncExternalStore(
    listener => bench.subscribe(listener),
    () => bench.now
  );
}
