/** What a run is paused at: the hit of a breakpoint, with the answer that caused it, or an update that can be changed. */
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

/** Where the groups of the open step stand, as a link of the page; null where the run does not hold an update that can be changed. */
export function openUpdateLink(run: RunSummary): string | null {
  if (run.method === 'sft' || run.state !== 'paused' || run.memory !== 'held') return null;
  const { point, step } = run.at;
  if (point !== 'after-sampling' && point !== 'before-update') return null;
  return linkPath({ project: null, place: { page: 'rollouts', runId: run.id, step } });
}
