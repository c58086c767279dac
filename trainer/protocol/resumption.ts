/**
 * From where a run that rests would go on, and what that leaves out of its curves. Nothing of it is deleted: it is kept,
 * marked superseded. More than a kill costs is not given up without a person's word.
 */
import { z } from 'zod';
import { seedsKind } from './engine.ts';
import { stepsAgain } from './seed-words.ts';

export const resumption = z.object({
  /** Steps that the weights would hold; 0 begins anew. */
  from: z.number().int().min(0),
  /** What was recorded of later steps. */
  steps: z.number().int(),
  rollouts: z.number().int(),
  evaluations: z.number().int(),
  /** Newer checkpoints that can't be used, each with a clause that says why. */
  bad: z.array(z.object({ step: z.number().int(), why: z.string() })),
  /** What seeds give on its engine. */
  seeds: seedsKind.default('exact'),
  /** Why a person has to agree, as a sentence; null where nothing more is given up than a kill costs. */
  asks: z.string().nullable(),
});
export type Resumption = z.infer<typeof resumption>;

const counted = (count: number, one: string) => `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;

/** What was left out, as a list: "30 steps, 4,272 rollouts and 1 evaluation"; null for nothing. */
export function supersededWords(of: Pick<Resumption, 'steps' | 'rollouts' | 'evaluations'>): string | null {
  const parts = [
    ...(of.steps > 0 ? [counted(of.steps, 'step')] : []),
    ...(of.rollouts > 0 ? [counted(of.rollouts, 'rollout')] : []),
    ...(of.evaluations > 0 ? [counted(of.evaluations, 'evaluation')] : []),
  ];
  if (parts.length < 2) return parts[0] ?? null;
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** What a resume would leave out, in a sentence; null for nothing. */
export function resumptionWords(of: Resumption): string | null {
  const left = supersededWords(of);
  if (left === null) return null;
  const where = of.from === 0 ? 'Beginning again at step 0' : `Resuming from step ${of.from}`;
  const isOne = of.steps + of.rollouts + of.evaluations === 1;
  const words = `${where} leaves ${left} out of the curves; ${isOne ? 'it is' : 'they are'} kept.`;
  return [words, stepsAgain(of.seeds)].filter((part) => part !== null).join(' ');
}
