/** What sampled groups say of a step: the paper's curves. */
import { isFlat } from '../protocol/flat-reason.ts';
import type { StepMetrics } from '../protocol/records.ts';
import type { ScoredGroup } from './groups.ts';
import { mismatchOfAll } from './importance.ts';
import { mean } from './training.ts';

/** Means over the answers of a step; null where it has none of their kind. */
export function groupMetrics(
  groups: readonly Pick<ScoredGroup, 'group'>[],
): Pick<
  StepMetrics,
  | 'accuracy'
  | 'accuracyShuffled'
  | 'format'
  | 'temporal'
  | 'reward'
  | 'length'
  | 'entropy'
  | 'flatGroups'
  | 'sampledTokens'
  | 'mismatch'
> {
  const all = groups.flatMap(({ group }) => group.rollouts);
  const ordered = all.filter((rollout) => rollout.order === 'ordered');
  const shuffled = all.filter((rollout) => rollout.order === 'shuffled');
  const part = (name: string) =>
    mean(ordered.map((rollout) => rollout.reward.parts.find((p) => p.name === name)?.value ?? 0));
  const tests = groups.flatMap(({ group }) =>
    group.temporal
      ? [group.temporal.passed && group.rollouts.some((r) => r.order === 'ordered' && r.correct) ? 1 : 0]
      : [],
  );
  const mismatch = mismatchOfAll(ordered);
  return {
    ...(mismatch && { mismatch }),
    accuracy: mean(ordered.map((rollout) => rollout.accuracy)),
    accuracyShuffled: mean(shuffled.map((rollout) => rollout.accuracy)),
    format: part('format'),
    temporal: mean(tests),
    reward: mean(ordered.map((rollout) => rollout.reward.total)),
    length: mean(ordered.map((rollout) => rollout.tokenCount)),
    entropy: mean(ordered.flatMap(({ meanEntropy }) => meanEntropy ?? [])),
    flatGroups: mean(groups.map(({ group }) => Number(isFlat(group)))),
    sampledTokens: all.reduce((sum, rollout) => sum + rollout.tokenCount, 0),
  };
}
