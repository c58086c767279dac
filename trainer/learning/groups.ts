/** A group of answers to one question, as it is recorded and as an update needs it. */
import type { Completion, Prompt } from '../engines/engine.ts';
import type { FrameOrder, GroupWithRollouts, RolloutTokens } from '../protocol/records.ts';
import type { ScoredAnswer } from '../advantages/advantages.ts';

/** A group with the token details of its answers, by rollout id. */
export interface ScoredGroup {
  readonly group: GroupWithRollouts;
  readonly tokens: ReadonlyMap<string, RolloutTokens>;
}

/** A scored group with what an update is made of. */
export interface SampledGroup extends ScoredGroup {
  readonly prompt: Prompt;
  /** The ordered answers. */
  readonly completions: readonly Completion[];
  /** What scoring found, by half. */
  readonly scores: Readonly<Record<FrameOrder, readonly ScoredAnswer[]>>;
}
