/** How long a run will still take. */
import type { RunView } from '../state/run-view.ts';

/** Milliseconds of work left, as the newest steps suggest; null when the run does not go on by itself or nothing is known. */
export function remainingMs({ run, metrics }: RunView): number | null {
  if (run.state === 'completed') return 0;
  if (run.state !== 'running' && run.state !== 'pausing') return null;
  if (metrics.recent.length === 0) return run.remainingMs;
  const mean = metrics.recent.reduce((sum, record) => sum + record.durations.total, 0) / metrics.recent.length;
  return Math.max(0, run.steps - run.step) * mean;
}
