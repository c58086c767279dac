/** From where a run that rests goes on: its newest whole checkpoint or the one asked for, and what a person has to agree to. */
import { StudioError } from '../protocol/errors.ts';
import { type Resumption, resumptionWords } from '../protocol/resumption.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import { seedsOf } from '../protocol/seed-words.ts';
import type { RunStore } from '../store/run-store.ts';
import type { ReadProgress } from './checkpoint-files.ts';
import { checkpointAt, checkpointsOf, type WholeCheckpoint } from './checkpoints.ts';

export interface PlannedResumption extends Resumption {
  /** Null begins with the weights that the plan names. */
  readonly checkpoint: WholeCheckpoint | null;
}

export interface ResumptionOf {
  readonly folder: string;
  readonly store: Pick<RunStore, 'checkpoints' | 'countAfter'>;
  readonly run: RunSummary;
}

/**
 * @param asked step of a checkpoint; undefined takes the newest whole one, 0 also the run's beginning
 * @throws StudioError `not-found` when the one asked for is not there or not whole, and where a fork would go on from before it
 */
export async function planResumption(
  { folder, store, run }: ResumptionOf,
  asked: number | undefined,
  progress?: ReadProgress,
): Promise<PlannedResumption> {
  const { whole, bad } = await checkpointsOf(folder, 1, progress);
  const newest = whole[0] ?? null;
  const checkpoint = asked === undefined ? newest : await checkpointAt(folder, asked, progress);
  const from = checkpoint?.state.step ?? 0;
  demandOwn(run, from, asked, folder);
  const seeds = seedsOf(run);
  const newer = bad.filter(({ step }) => step > from).map(({ step, why }) => ({ step, why }));
  if (from >= run.step)
    return { checkpoint, from, steps: 0, rollouts: 0, evaluations: 0, bad: newer, seeds, asks: null };
  const gone = store
    .checkpoints()
    .findLast(({ step }) => step > (newest?.state.step ?? -1) && newer.every((held) => held.step !== step));
  return { checkpoint, from, ...store.countAfter(from), bad: newer, seeds, asks: whyAsked() };

  function whyAsked(): string | null {
    const [fault] = newer;
    if (newest && from < newest.state.step) return `There is a newer checkpoint, of step ${newest.state.step}.`;
    if (fault) return `The checkpoint of step ${fault.step} can't be used: ${fault.why}.`;
    if (gone) return `The checkpoint of step ${gone.step} is not there any more.`;
    if (from === 0) return 'There is no checkpoint of any later step.';
    return null;
  }
}

/** What lies before a fork is another run's: its plan names the weights that run began with. */
function demandOwn({ id, parent }: RunSummary, from: number, asked: number | undefined, folder: string): void {
  if (parent === undefined || from >= parent.step) return;
  const { run, step } = parent;
  throw new StudioError(
    'not-found',
    asked === undefined
      ? `${id} has no whole checkpoint left, and it can't begin again: it was forked from ${run}, step ${step}.`
      : `${id} was forked from ${run}, step ${step}, and can't go on from step ${from}.`,
    {
      place: folder,
      remedy:
        asked === undefined
          ? `Put a checkpoint back, or fork ${run} again.`
          : `Name a checkpoint of step ${step} or later.`,
    },
  );
}

/** @throws StudioError `conflict` when a person has to agree and has not */
export function demandConsent(planned: Resumption, confirmed: boolean): void {
  if (planned.asks === null || confirmed) return;
  throw new StudioError('conflict', [planned.asks, resumptionWords(planned)].filter(Boolean).join(' '), {
    remedy: 'Put the checkpoint back, agree to it (--yes), or make a new run from there (fork).',
  });
}
