/**
 * Where an answer was decided: the probability of the final answer after each sentence of the reasoning, with the rest cut and the
 * answer forced.
 */
import type { CommitmentPoint } from '../protocol/evidence.ts';

/** A change of probability that is worth a number on the curve. */
export const commitmentJump = 0.25;

export interface Decided {
  /** Number of the sentence, from 1, with which the decision fell; 0: before the first. */
  readonly sentence: number;
  /** Probability of the answer after it. */
  readonly probability: number;
  /** How many sentences came after it. */
  readonly after: number;
}

/** Probability of the final answer at each point of the curve [points]. */
export function probabilitiesOf(curve: readonly CommitmentPoint[]): number[] {
  return curve.map(({ logprob }) => Math.exp(logprob));
}

/**
 * The decision falls with the first point from which on the answer stays likelier than not; null where it is not so even at the end.
 */
export function decided(curve: readonly CommitmentPoint[]): Decided | null {
  const probabilities = probabilitiesOf(curve);
  let at = probabilities.length;
  while (at > 0 && (probabilities[at - 1] as number) > 0.5) at--;
  if (at === probabilities.length) return null;
  return { sentence: at, probability: probabilities[at] as number, after: probabilities.length - 1 - at };
}

/** Points that get a number: jumps of `commitmentJump` or more against the point before, and the lowest. */
export function tellingPoints(curve: readonly CommitmentPoint[]): number[] {
  const probabilities = probabilitiesOf(curve);
  if (probabilities.length === 0) return [];
  const lowest = probabilities.indexOf(Math.min(...probabilities));
  return probabilities.flatMap((probability, i) =>
    i === lowest || (i > 0 && Math.abs(probability - (probabilities[i - 1] as number)) >= commitmentJump) ? [i] : [],
  );
}
