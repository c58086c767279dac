/** Groups for tests as training records them, of scores and parameters that are given or drawn. */
import fc from 'fast-check';
import { groupAdvantages, type RewardParameters, type ScoredAnswer } from '../../trainer/advantages/advantages.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { aGroup, aRollout } from '../store/records.ts';

/** A group as training records it, through the JSON of the store. */
export function recordOf(
  ordered: readonly ScoredAnswer[],
  shuffled: readonly ScoredAnswer[],
  parameters: RewardParameters,
  trained = true,
): GroupWithRollouts {
  const made = groupAdvantages(ordered, shuffled, parameters);
  const rolloutsOf = (order: Rollout['order']): Rollout[] =>
    made[order].map((answer, index) =>
      aRollout({
        id: `g-${order}-${index}`,
        groupId: 'g',
        order,
        index,
        tokenCount: ({ ordered, shuffled }[order][index] as ScoredAnswer).length,
        accuracy: ({ ordered, shuffled }[order][index] as ScoredAnswer).accuracy,
        flagged: [...({ ordered, shuffled }[order][index] as ScoredAnswer).flagged],
        ...(order === 'ordered' && creditOf(ordered[index], parameters)),
        correct: answer.correct,
        reward: { parts: answer.parts, total: answer.total },
        advantage: order === 'ordered' && trained ? (made.advantages[index] ?? null) : null,
      }),
    );
  const group = aGroup(1, {
    id: 'g',
    temporal: made.temporal,
    ...termsOf(ordered, parameters),
    stats: { mean: made.mean, std: made.std, count: ordered.length },
    explanation: made.explanation,
    rollouts: [...rolloutsOf('ordered'), ...rolloutsOf('shuffled')],
  });
  return JSON.parse(JSON.stringify(group)) as GroupWithRollouts;
}

/** c of an answer whose credit was measured, as a rollout keeps it. */
function creditOf(answer: ScoredAnswer | undefined, { temporalCredit }: RewardParameters): Pick<Rollout, 'credit'> {
  return temporalCredit !== 'group' && typeof answer?.credit === 'number' ? { credit: answer.credit } : {};
}

function termsOf(ordered: readonly ScoredAnswer[], p: RewardParameters): Pick<GroupWithRollouts, 'credit'> {
  if (p.temporalCredit === 'group') return {};
  const without = ordered.map(({ credit }) => credit).find((credit) => typeof credit === 'object')?.without ?? null;
  const { temporalCredit: by, creditLow: low, creditHigh: high, creditWeight: weight } = p;
  return { credit: { by, shuffles: 1, low, high, weight, without } };
}

/** Of those that are nearly none, the product of two is none: no run has them. */
const amount = (max: number) => fc.double({ min: 0, max, noNaN: true }).map((value) => (value < 1e-9 ? 0 : value));

export const anyAnswer: fc.Arbitrary<ScoredAnswer> = fc.record({
  accuracy: fc.oneof(fc.constantFrom(0, 1), amount(1)),
  accuracyExplanation: fc.constantFrom('B is right.', ''),
  format: fc.constantFrom(0, 1),
  formatExplanation: fc.constant('think and answer'),
  length: fc.integer({ min: 0, max: 900 }),
  flagged: fc.constantFrom([], [], ['it is blue'], ['red', 'then']),
  credit: fc.option(
    fc.integer({ min: -30, max: 80 }).map((tenths) => tenths / 10),
    { nil: undefined },
  ),
});

export const anyParameters: fc.Arbitrary<RewardParameters> = fc.record({
  formatWeight: amount(2),
  alpha: amount(2),
  mu: amount(2),
  temporalTest: fc.constantFrom('>', '>='),
  temporalShare: fc.constantFrom('correct', 'accuracy'),
  temporalCredit: fc.constantFrom('group', 'answer', 'both'),
  creditLow: fc.constantFrom(0, 0.5, 1),
  creditHigh: fc.constantFrom(1, 3),
  creditWeight: amount(2),
  correctThreshold: fc.constantFrom(0, 0.1, 0.5),
  omega: amount(1),
  flagPenalty: fc.constantFrom(0, 0.5, 2),
  overlongPenalty: fc.constantFrom(0, 1),
  overlongCache: fc.constantFrom(40, 154),
  maxNewTokens: fc.constantFrom(300, 768),
  lengthMin: fc.integer({ min: 0, max: 400 }),
  lengthMax: fc.integer({ min: 300, max: 900 }),
  lengthNeedsMoreThanOne: fc.boolean(),
  lengthAdaptation: fc.constantFrom(0, 0.5, 1),
  stdDegrees: fc.constantFrom('n', 'n-1'),
  stdEpsilon: fc.constantFrom(0, 1e-4),
  advantageScale: fc.constantFrom('none', 'group', 'batch'),
  batchStd: fc.constantFrom(0.3, 1.25),
});

/** An answer whose form is right. */
export const scoredAnswer = (accuracy: number, length = 400, format = 1): ScoredAnswer => ({
  accuracy,
  accuracyExplanation: '',
  format,
  formatExplanation: '',
  length,
  flagged: [],
});
