/** How tasks stand, as the kernel tells it and as the canvas shows it. */
import type { NodeStatus } from '../model/types';
import type { TaskReport } from './messages';

/** Take news of tasks into what is known of them. */
export function withReports(
  known: Record<string, NodeStatus>,
  reports: TaskReport[]
): Record<string, NodeStatus> {
  const status = { ...known };
  for (const { task, state, seconds, progress, error, inside } of reports) {
    status[task] = {
      state,
      seconds: seconds ?? undefined,
      progress: progress ?? undefined,
      error: error ?? undefined,
      ...(inside ? { inside } : {})
    };
  }
  return status;
}
