/** Which run of a project a stage of the main job goes on with: runs that belong to other weights are not taken for its own. */
import type { RunSummary } from '../../protocol/run-state.ts';

type Told = Pick<RunSummary, 'id' | 'name' | 'from'>;

export interface StageRun<T> {
  /** Null when the stage is to be trained anew. */
  readonly run: T | null;
  /** Why the newest run of the stage is not taken; null when it is, or there is none. */
  readonly why: string | null;
}

/**
 * @param runs of the project, newest first
 * @param before the run of the stage before, whose weights this one begins from; null for the first
 */
export function stageRun<T extends Told>(runs: readonly T[], name: string, before: Told | null): StageRun<T> {
  const newest = runs.find((run) => run.name === name);
  if (!newest) return { run: null, why: null };
  // A run file that names a model of its own has its reasons.
  const other = runs.find(
    (run) => run.name === before?.name && run.id !== before.id && newest.from.startsWith(`${run.id}, `),
  );
  if (!other) return { run: newest, why: null };
  return {
    run: null,
    why: `${newest.id} began from ${other.id}, not from ${before?.id}; ${name} is trained anew, so that the table compares what belongs together.`,
  };
}
