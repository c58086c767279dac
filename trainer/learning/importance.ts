/**
 * Where the program that samples is another than the one that trains: what is between their log-probabilities of the same tokens, and
 * the truncated importance weight that corrects the loss for it. Values in, values out.
 */
import { k3 } from '../engines/losses.ts';
import type { RolloutMismatch } from '../protocol/mismatch.ts';

/** One answer by both programs; arrays have one entry per token, natural log-probabilities. */
export interface TwiceScored {
  readonly trainer: ArrayLike<number>;
  readonly sampler: ArrayLike<number>;
}

/** Differences of log-probabilities beyond it are taken for it, in nats, so that no weight becomes 0 or infinite. */
const mostDifference = 20;

/** exp(log π_trainer − log π_sampler) of a token. */
function importanceWeight(trainer: number, sampler: number): number {
  return Math.exp(Math.max(-mostDifference, Math.min(mostDifference, trainer - sampler)));
}

/**
 * Truncated importance weights, min(exp(log π_trainer − log π_sampler), C) of each token (Yao et al. 2025, “Your efficient RL framework
 * secretly brings you off-policy RL training”; verl's `rollout_is`). They are constants of the loss: no gradient goes through them.
 * @param cap C; 0 switches them off
 * @returns null where they are off
 */
export function importanceWeights({ trainer, sampler }: TwiceScored, cap: number): Float32Array | null {
  if (cap === 0) return null;
  return Float32Array.from(trainer, (logprob, i) => Math.min(cap, importanceWeight(logprob, sampler[i] as number)));
}

/** Over the tokens of an answer; k3 is of KL(sampler || trainer), see `k3`. Of an answer without a token nothing is between them. */
export function mismatchOf({ trainer, sampler }: TwiceScored): RolloutMismatch {
  let [difference, kl, weight] = [0, 0, 0];
  for (let i = 0; i < trainer.length; i++) {
    const [own, told] = [trainer[i] as number, sampler[i] as number];
    difference += Math.abs(own - told);
    kl += k3(told, own).value;
    weight = Math.max(weight, importanceWeight(own, told));
  }
  const tokens = Math.max(1, trainer.length);
  return { difference: difference / tokens, k3: kl / tokens, weight };
}

/** Over the tokens of all answers that have one, each token alike; undefined where none has. */
export function mismatchOfAll(
  answers: readonly { readonly tokenCount: number; readonly mismatch?: RolloutMismatch | undefined }[],
): RolloutMismatch | undefined {
  const scored = answers.flatMap(({ tokenCount, mismatch }) => (mismatch ? [{ tokenCount, mismatch }] : []));
  if (scored.length === 0) return undefined;
  const tokens = scored.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  const mean = (of: 'difference' | 'k3') =>
    scored.reduce((sum, { tokenCount, mismatch }) => sum + mismatch[of] * tokenCount, 0) / tokens;
  return {
    difference: mean('difference'),
    k3: mean('k3'),
    weight: scored.reduce((most, { mismatch }) => Math.max(most, mismatch.weight), 0),
  };
}
