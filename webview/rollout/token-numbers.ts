/** What is known of one token of an answer, and what the whole answer lacks. */
import type { RolloutTokens, TokenAlternative } from '../../trainer/protocol/records.ts';

export interface TokenNumbers {
  readonly index: number;
  readonly piece: string;
  readonly id: number | null;
  /** Natural log-probability as the sampler told it. */
  readonly logprob: number;
  /** In nats; null where the engine gives none. */
  readonly entropy: number | null;
  /** By the trainer's weights, where sampler and trainer are different programs. */
  readonly trainerLogprob: number | null;
  /** By the reference model, and the KL that follows from it, in nats. */
  readonly referenceLogprob: number | null;
  readonly kl: number | null;
  /** The likeliest first. */
  readonly alternatives: readonly TokenAlternative[];
}

/** The estimator k3 of the KL at one token, in nats: exp(d) − d − 1 with d = log π_ref − log π_old, by the trainer. Never below 0. */
export function k3(referenceLogprob: number, logprob: number): number {
  const d = referenceLogprob - logprob;
  return Math.exp(d) - d - 1;
}

export function tokenNumbers(tokens: RolloutTokens, index: number): TokenNumbers {
  const logprob = tokens.logprobs[index] ?? 0;
  const trainerLogprob = tokens.trainerLogprobs?.[index] ?? null;
  const referenceLogprob = tokens.referenceLogprobs?.[index] ?? null;
  return {
    index,
    piece: tokens.pieces[index] ?? '',
    id: tokens.ids?.[index] ?? null,
    logprob,
    entropy: tokens.entropy?.[index] ?? null,
    trainerLogprob,
    referenceLogprob,
    kl: referenceLogprob === null ? null : k3(referenceLogprob, trainerLogprob ?? logprob),
    alternatives: tokens.alternatives?.[index] ?? [],
  };
}
