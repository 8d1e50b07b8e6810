/** How tasks stand, as the kernel tells it and as the canvas shows it. */
import type { NodeStatus, Ports, Told } from '../model/types';
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

/** Take what a check tells of tasks; the same object where it tells nothing new. */
export function toldIn(
  message: { ports: Record<string, Ports>; columns?: Record<string, number> },
  known: Told
): Told {
  const told = { ports: message.ports, columns: message.columns ?? {} };
  return JSON.stringify(told) === JSON.stringify(known) ? known : told;
}

/** What was under way when its kernel ended has been stopped by that. */
export function stopped(status: Record<string, NodeStatus>): Record<string, NodeStatus> {
  const underWay = ['initialized', 'ready', 'running'];
  return Object.fromEntries(
    Object.entries(status).map(([task, one]) => [
      task,
      underWay.includes(one.state) ? { ...one, state: 'cancelled' as const, progress: undefined } : one
    ])
  );
}
