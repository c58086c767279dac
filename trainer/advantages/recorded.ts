/**
 * From the record of a group back to what its rewards were made of: the scores of its answers, and the parameters where the
 * record or the run's history tells them. Given to `groupAdvantages` they give the recorded numbers, or it is said that they don't.
 */
import type { GroupWithRollouts, RewardPart, Rollout } from '../protocol/records.ts';
import { type GroupAdvantages, groupAdvantages, type RewardParameters, type ScoredAnswer } from './advantages.ts';
import type { Credit } from './credit.ts';

export interface RecordedScores {
  readonly ordered: readonly ScoredAnswer[];
  readonly shuffled: readonly ScoredAnswer[];
  /** False where the form was weighed 0: the record does not tell which answers had it, and 0 stands in their scores. */
  readonly formatIsKnown: boolean;
}

const partOf = ({ reward }: Rollout, name: RewardPart['name']) => reward.parts.find((part) => part.name === name);
const half = ({ rollouts }: GroupWithRollouts, order: Rollout['order']) =>
  rollouts.filter((rollout) => rollout.order === order).sort((a, b) => a.index - b.index);

/** In the order of the answers' numbers. */
export function recordedScores(group: GroupWithRollouts): RecordedScores {
  const scored = (rollout: Rollout): ScoredAnswer => {
    const format = partOf(rollout, 'format');
    return {
      accuracy: rollout.accuracy,
      accuracyExplanation: partOf(rollout, 'accuracy')?.explanation ?? '',
      format: format && format.possible > 0 ? format.value / format.possible : 0,
      formatExplanation: format?.explanation ?? '',
      length: rollout.tokenCount,
      flagged: rollout.flagged ?? [],
      ...(rollout.order === 'ordered' && { credit: creditOf(group, rollout) }),
    };
  };
  return {
    ordered: half(group, 'ordered').map(scored),
    shuffled: half(group, 'shuffled').map(scored),
    formatIsKnown: group.rollouts.every((rollout) => (partOf(rollout, 'format')?.possible ?? 0) > 0),
  };
}

function creditOf({ credit }: GroupWithRollouts, rollout: Rollout): Credit | undefined {
  if (credit === undefined) return undefined;
  return credit.without === null ? rollout.credit : { without: credit.without };
}

/** The parameters given, with those in their place that the group itself records: weights by what parts could pay, the test, eq. 3. */
function withRecorded(group: GroupWithRollouts, parameters: RewardParameters): RewardParameters {
  const [first] = half(group, 'ordered');
  const possible = (name: RewardPart['name']) => (first && partOf(first, name))?.possible;
  return {
    ...parameters,
    ...group.stats.normalised,
    formatWeight: possible('format') ?? parameters.formatWeight,
    omega: possible('length') ?? parameters.omega,
    flagPenalty: penaltyOf(group, parameters),
    ...(group.credit === undefined
      ? { temporalCredit: 'group' as const }
      : {
          temporalCredit: group.credit.by,
          creditLow: group.credit.low,
          creditHigh: group.credit.high,
          creditWeight: group.credit.weight,
        }),
    overlongPenalty: first && partOf(first, 'overlong') ? parameters.overlongPenalty : 0,
    ...(group.temporal && {
      alpha: possible('temporal') ?? parameters.alpha,
      mu: group.temporal.mu,
      temporalTest: group.temporal.comparison,
    }),
  };
}

/** What was taken; where there is such a part and nothing was taken, the parameters say how much would have been. */
function penaltyOf(group: GroupWithRollouts, { flagPenalty }: RewardParameters): number {
  const parts = half(group, 'ordered').flatMap((rollout) => partOf(rollout, 'flagged') ?? []);
  if (parts.length === 0) return 0;
  const taken = parts.find(({ value }) => value < 0);
  return taken === undefined ? flagPenalty : -taken.value;
}

/** Numbers of a record that an older version made may differ in their last digits. */
const near = (a: number, b: number) => Math.abs(a - b) < 1e-9;

function givesNumbers(group: GroupWithRollouts, made: GroupAdvantages): boolean {
  const [ordered, shuffled] = [half(group, 'ordered'), half(group, 'shuffled')];
  const { temporal } = made;
  const sameTest =
    group.temporal === null || temporal === null
      ? group.temporal === temporal
      : near(group.temporal.p, temporal.p) &&
        near(group.temporal.pShuffled, temporal.pShuffled) &&
        group.temporal.passed === temporal.passed;
  return (
    sameTest &&
    near(group.stats.mean, made.mean) &&
    near(group.stats.std, made.std) &&
    ordered.every(
      ({ advantage, reward, correct }, i) =>
        near(reward.total, made.ordered[i]?.total ?? Number.NaN) &&
        correct === made.ordered[i]?.correct &&
        reward.parts.every(({ name, value }) =>
          near(value, made.ordered[i]?.parts.find((part) => part.name === name)?.value ?? Number.NaN),
        ) &&
        (advantage === null || near(advantage, made.advantages[i] ?? Number.NaN)),
    ) &&
    shuffled.every(
      ({ reward, correct }, i) =>
        near(reward.total, made.shuffled[i]?.total ?? Number.NaN) && correct === made.shuffled[i]?.correct,
    )
  );
}

/** The sentences too: they name the length window, the threshold and the degrees of freedom. */
function givesSentences(group: GroupWithRollouts, made: GroupAdvantages): boolean {
  return (
    group.explanation.join('\n') === made.explanation.join('\n') &&
    half(group, 'ordered').every(({ reward }, i) =>
      reward.parts.every(
        ({ name, explanation }) =>
          explanation === made.ordered[i]?.parts.find((part) => part.name === name)?.explanation,
      ),
    )
  );
}

export interface RecordedParameters {
  readonly parameters: RewardParameters;
  /** Whether they give the recorded numbers. */
  readonly giveTheRecord: boolean;
}

/**
 * The parameters that a group was made with.
 * @param candidates what they may have been, the likeliest first; at least one. The first that gives the record's numbers and
 *   sentences is taken, else the first that gives its numbers (an older version worded its sentences otherwise), else the first
 */
export function recordedParameters(
  group: GroupWithRollouts,
  candidates: readonly [RewardParameters, ...RewardParameters[]],
): RecordedParameters {
  const { ordered, shuffled } = recordedScores(group);
  const tried = candidates.map((candidate) => {
    const parameters = withRecorded(group, candidate);
    return { parameters, made: groupAdvantages(ordered, shuffled, parameters) };
  });
  const giving = tried.filter(({ made }) => givesNumbers(group, made));
  const found = giving.find(({ made }) => givesSentences(group, made)) ?? giving[0];
  return {
    parameters: found?.parameters ?? withRecorded(group, candidates[0]),
    giveTheRecord: found !== undefined,
  };
}
