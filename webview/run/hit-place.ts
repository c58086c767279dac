/** Which hit of a breakpoint a run is paused by, and where the answer stands that caused it. */
import type { BreakpointHit } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { linkPath } from '../../trainer/protocol/place.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';

/** The hit that a run is paused by, and no fault besides; null for none. */
export function hitOf(run: RunSummary): BreakpointHit | null {
  return run.state === 'paused' && run.fault === null ? (run.hit ?? null) : null;
}

/** Where the answer stands that caused a hit, as a link of the page; null where no answer did. */
export function hitLink(runId: string, { cause: { groupId, rolloutId } }: BreakpointHit): string | null {
  if (groupId === null) return null;
  const place = { page: 'rollouts', runId, groupId, ...(rolloutId !== null && { rolloutId }) } as const;
  return linkPath({ project: null, place });
}
