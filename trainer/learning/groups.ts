/** A group of answers to one question, as it is recorded and as an update needs it. */
import type { ScoredAnswer } from '../advantages/advantages.ts';
import type { Completion, Prompt, Scored } from '../engines/engine.ts';
import { k3 } from '../engines/losses.ts';
import type { Weighed } from '../evidence/interventions/weigh.ts';
import type { FrameOrder, GroupWithRollouts, PromptTokens, RolloutTokens } from '../protocol/records.ts';

/** A prompt's tokens as the engine rendered them. */
export type RenderedPrompt = { readonly [K in 'ids' | 'pieces']: NonNullable<PromptTokens[K]> };

/** A group with its prompt by tokens, and the token details of its answers by rollout id. */
export interface ScoredGroup {
  readonly group: GroupWithRollouts;
  readonly promptTokens: RenderedPrompt;
  readonly tokens: ReadonlyMap<string, RolloutTokens>;
  /** What was scored for the credit of its answers, by the weights that gave them. */
  readonly weighed: readonly Weighed[];
}

/** A scored group with what an update is made of. */
export interface SampledGroup extends ScoredGroup {
  readonly prompt: Prompt;
  /** The ordered answers. */
  readonly completions: readonly Completion[];
  /** What the trainer's weights made of each of them before the update; null where what the sampler told stands for it. */
  readonly old: readonly Scored[] | null;
  /** What scoring found, by half. */
  readonly scores: Readonly<Record<FrameOrder, readonly ScoredAnswer[]>>;
}

/** What the update of a step computed of one ordered answer, before it changed the weights; one entry per token. */
export interface UpdatedAnswer {
  readonly rolloutId: string;
  /** By the trainer's weights; null where the answer was left out of the update: with its flat group, or because it was flagged. */
  readonly logprobs: Float32Array | null;
  /** By the reference; null where none was asked. */
  readonly refLogprobs: Float32Array | null;
}

/** Mean k3 over the tokens of an answer, in nats (see `k3`); null without a reference. */
export function meanKl({ logprobs, refLogprobs }: Omit<UpdatedAnswer, 'rolloutId'>): number | null {
  if (logprobs === null || refLogprobs === null || logprobs.length === 0) return null;
  const sum = logprobs.reduce((total, logprob, i) => total + k3(logprob, refLogprobs[i] as number).value, 0);
  return sum / logprobs.length;
}
