/**
 * Whether the temporal reward r_t does anything: an answer *felt* it where its advantage is another one without r_t. Eq. 3 takes the
 * group's mean away and divides by its spread, so r_t can be paid and not be felt. It follows from a group's record alone, so that
 * runs of before have it too.
 */
import { type Normalisation, normalise } from './normalise.ts';
import type { Group, GroupWithRollouts, RewardPart, Rollout } from './records.ts';

/** Two advantages that are nearer than this are the same. */
const sameWithin = 1e-9;

/** One ordered answer that was trained on; advantages have no unit. */
export interface PaidAndFelt {
  readonly rollout: Rollout;
  /** The temporal reward that it got; 0 for none. */
  readonly paid: number;
  /** As recorded. */
  readonly advantage: number;
  /** What it would be if r_t had been paid to nobody. */
  readonly without: number;
  /** See `feltBy`. */
  readonly felt: boolean;
}

interface Rewarded {
  readonly total: number;
  readonly temporal: number;
}

/**
 * Advantages of a group without r_t (Video-R1 eq. 3 of the totals less their temporal parts), in the order of the answers. Where
 * they are divided by the batch's standard deviation it is the batch's as it was: the group alone does not tell another.
 */
export function advantagesWithout(answers: readonly Rewarded[], p: Normalisation): number[] {
  return normalise(
    answers.map(({ total, temporal }) => total - temporal),
    p,
  ).advantages;
}

/**
 * Which answers have another advantage by r_t. `stdEpsilon` is left out of both: it keeps eq. 3 from a division by 0, and what it
 * makes of r_t (a ten-thousandth where it is 1e-4) is not what r_t is for.
 */
export function feltBy(answers: readonly Rewarded[], given: Normalisation): boolean[] {
  const p = { ...given, stdEpsilon: 0 };
  const without = advantagesWithout(answers, p);
  const { advantages } = normalise(
    answers.map(({ total }) => total),
    p,
  );
  return advantages.map((advantage, i) => Math.abs(advantage - (without[i] ?? 0)) > sameWithin);
}

/** r_t of an answer: what the test of its group paid, and the credit for what order is worth to it. */
export function temporalPaid({ reward }: Pick<Rollout, 'reward'>): number {
  const part = (wanted: RewardPart['name']) => reward.parts.find(({ name }) => name === wanted)?.value ?? 0;
  return part('temporal') + part('credit');
}

/** Whether order can be paid in a group: it had a temporal test, or its answers can get credit. */
export const hasTemporalReward = ({ temporal, credit }: Pick<Group, 'temporal' | 'credit'>): boolean =>
  temporal !== null || (credit !== undefined && credit.without === null);

const orderedAnswers = ({ rollouts }: GroupWithRollouts) => rollouts.filter(({ order }) => order === 'ordered');

const near = (a: number, b: number) => Math.abs(a - b) < 1e-6;
/** A `stdEpsilon` is no larger in any run whose record does not name it. */
const mostEpsilon = 0.01;

/**
 * How the rewards of a group were made advantages: as its record says or, where it is older, as its numbers tell. Null where they
 * tell nothing, as in a flat group, where more than one way fits, and where none does.
 */
export function normalisationOf(group: GroupWithRollouts): Normalisation | null {
  const { mean, std, normalised } = group.stats;
  if (normalised) return normalised;
  const answers = orderedAnswers(group);
  const totals = answers.map(({ reward }) => reward.total);
  const degrees = totals.reduce((sum, total) => sum + (total - mean) ** 2, 0) / std ** 2;
  const stdDegrees = near(degrees, totals.length - 1) ? 'n-1' : near(degrees, totals.length) ? 'n' : null;
  // The answer furthest from the mean tells the divisor best.
  const [furthest] = answers
    .filter(({ advantage }) => advantage !== null && advantage !== 0)
    .sort((a, b) => Math.abs(b.reward.total - mean) - Math.abs(a.reward.total - mean));
  if (stdDegrees === null || furthest === undefined) return null;
  const divisor = (furthest.reward.total - mean) / (furthest.advantage as number);
  const epsilon = divisor - std;
  const isPlain = near(divisor, 1);
  const mayBeDivided = epsilon > -1e-9 && epsilon <= mostEpsilon;
  if (isPlain === mayBeDivided) return null;
  const advantageScale = isPlain ? 'none' : 'group';
  const found = { stdDegrees, stdEpsilon: isPlain ? 0 : Math.max(0, epsilon), advantageScale } as const;
  const { advantages } = normalise(totals, found);
  const gives = answers.every(({ advantage }, i) => advantage === null || near(advantage, advantages[i] ?? Number.NaN));
  return gives ? found : null;
}

/**
 * The answers with what is left of their rewards where r_t is taken from all but those that `keeps` says, and how to make
 * advantages of them; `p` is null where all lose alike, which moves the mean as much and no distance from it. Null where the
 * record does not tell how advantages were made, and it would matter.
 */
function taken(group: GroupWithRollouts, keeps: (rollout: Rollout) => boolean) {
  const answers = orderedAnswers(group).map((rollout) => ({
    ...{ rollout, total: rollout.reward.total },
    temporal: keeps(rollout) ? 0 : temporalPaid(rollout),
  }));
  const lost = answers.map(({ temporal }) => temporal);
  if (Math.max(...lost) - Math.min(...lost) < sameWithin) return { answers, p: null };
  const p = normalisationOf(group);
  return p && { answers, p };
}

const isTrained = (group: GroupWithRollouts) => hasTemporalReward(group) && group.purpose === 'train';

/**
 * The ordered answers of a group with what r_t does to each, in their order. Null where order could not be paid (images, GRPO)
 * or no update (probes, evaluations), and where an older record does not tell.
 */
export function paidAndFelt(group: GroupWithRollouts): PaidAndFelt[] | null {
  const found = isTrained(group) ? taken(group, () => false) : null;
  if (found === null) return null;
  const { answers, p } = found;
  const unpaid = p && advantagesWithout(answers, p);
  const felt = p && feltBy(answers, p);
  return answers.flatMap(({ rollout }, i): PaidAndFelt[] => {
    const { advantage } = rollout;
    if (advantage === null) return [];
    const without = unpaid?.[i] ?? advantage;
    return [{ rollout, paid: temporalPaid(rollout), advantage, without, felt: felt?.[i] ?? false }];
  });
}

/**
 * Advantages, by rollout id, if only answers that use the order of the frames had been paid. Null while one that was paid is not
 * weighed, or can't be judged, and where `paidAndFelt` is.
 */
export function advantagesIfOnlyUsed(group: GroupWithRollouts): ReadonlyMap<string, number> | null {
  const uses = ({ orderWorth }: Rollout) => orderWorth?.uses ?? null;
  if (!isTrained(group) || orderedAnswers(group).some((one) => temporalPaid(one) > 0 && uses(one) === null))
    return null;
  const found = taken(group, (rollout) => uses(rollout) === true);
  if (found === null) return null;
  const then = found.p && advantagesWithout(found.answers, found.p);
  return new Map(
    found.answers.flatMap(({ rollout: { id, advantage } }, i) =>
      advantage === null ? [] : [[id, then?.[i] ?? advantage] as const],
    ),
  );
}

/** Whether an answer felt r_t; null where `paidAndFelt` has none of it. */
export function feltOf(group: GroupWithRollouts, rollout: Pick<Rollout, 'id' | 'order'>): boolean | null {
  if (rollout.order !== 'ordered') return null;
  return paidAndFelt(group)?.find((one) => one.rollout.id === rollout.id)?.felt ?? null;
}

/** Whether an answer got r_t; null where there was none to get, and for shuffled answers. */
export function paidOf(
  group: Pick<Group, 'temporal' | 'credit'>,
  rollout: Pick<Rollout, 'order' | 'reward'>,
): boolean | null {
  return rollout.order === 'ordered' && hasTemporalReward(group) ? temporalPaid(rollout) > 0 : null;
}

/** Of the right answers whose credit was measured: whether order is worth less to them than credit begins at. Null of others. */
export function rightWithoutOrder({ credit }: Pick<Group, 'credit'>, { credit: c, correct }: Rollout): boolean | null {
  return credit === undefined || c === undefined || !correct ? null : c < credit.low;
}
