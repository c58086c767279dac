/** What steps of a run cost in processor time, and how much of it went into shuffled answers and into credit. Computes only. */
import { z } from 'zod';
import type { StepMetrics } from '../protocol/records.ts';

/** Sums over the steps that were measured. */
export const stepCosts = z.strictObject({
  steps: z.number().int().positive(),
  /** Of the whole process, threads of the engine included. */
  processorSeconds: z.number(),
  /** Of these the share of the time of sampling that the tokens of shuffled answers are of all tokens. */
  shuffledSeconds: z.number(),
  creditSeconds: z.number(),
});
export type StepCosts = z.infer<typeof stepCosts>;

/**
 * The cost of one step: its processor time is shared out among its parts as its time on the clock is.
 * @param groupSize ordered answers to a question
 */
export function costOfStep(
  {
    durations,
    sampledTokens,
    length,
    questions,
  }: Pick<StepMetrics, 'durations' | 'sampledTokens' | 'length' | 'questions'>,
  groupSize: number,
  processorSeconds: number,
): StepCosts {
  const share = (ms: number) => (durations.total === 0 ? 0 : (processorSeconds * ms) / durations.total);
  const ordered = (length ?? 0) * questions * groupSize;
  const shuffledTokens = sampledTokens === 0 ? 0 : Math.max(0, 1 - ordered / sampledTokens);
  return {
    steps: 1,
    processorSeconds,
    shuffledSeconds: share(durations.sample * shuffledTokens),
    creditSeconds: share(durations.credit),
  };
}

export const addCosts = (a: StepCosts | null, b: StepCosts): StepCosts =>
  a === null
    ? b
    : {
        steps: a.steps + b.steps,
        processorSeconds: a.processorSeconds + b.processorSeconds,
        shuffledSeconds: a.shuffledSeconds + b.shuffledSeconds,
        creditSeconds: a.creditSeconds + b.creditSeconds,
      };
