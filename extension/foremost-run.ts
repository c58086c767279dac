/** The run that is meant where none is named. */
import type { RunState, RunSummary } from '../trainer/protocol/run-state.ts';

/** Lower comes first: what trains, then what waits for someone, then what is over. */
const rank: Record<RunState, number> = {
  running: 0,
  starting: 1,
  pausing: 1,
  stopping: 1,
  evaluating: 1,
  paused: 2,
  failed: 3,
  queued: 4,
  created: 4,
  stopped: 5,
  completed: 5,
};

export function foremost(runs: readonly RunSummary[]): RunSummary | undefined {
  return runs.toSorted((a, b) => rank[a.state] - rank[b.state] || b.updatedAt - a.updatedAt)[0];
}
