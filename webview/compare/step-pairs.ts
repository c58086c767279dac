/** Groups of one question in two runs that are read beside each other: of the same step, else the nearest. Computes only. */
import type { HistoryGroup } from '../../trainer/protocol/questions.ts';
import type { GroupPurpose } from '../../trainer/protocol/records.ts';

export interface StepPair {
  readonly first: HistoryGroup;
  readonly second: HistoryGroup;
}

/**
 * By the step of the first. Where no step is shared, each group of the run with fewer of them stands beside the nearest of the
 * other one.
 */
export function stepPairs(
  first: readonly HistoryGroup[],
  second: readonly HistoryGroup[],
  purpose: GroupPurpose,
): StepPair[] {
  const standing = (groups: readonly HistoryGroup[]) =>
    groups.filter((group) => group.superseded === null && group.purpose === purpose);
  const [a, b] = [standing(first), standing(second)];
  const shared = a.flatMap((group) => {
    const other = b.find(({ step }) => step === group.step);
    return other ? [{ first: group, second: other }] : [];
  });
  if (shared.length > 0) return shared;
  const nearest = (group: HistoryGroup, others: readonly HistoryGroup[]) =>
    others.reduce<HistoryGroup | undefined>(
      (best, other) =>
        best === undefined || Math.abs(other.step - group.step) <= Math.abs(best.step - group.step) ? other : best,
      undefined,
    );
  const pairs =
    a.length <= b.length
      ? a.map((group) => ({ first: group, second: nearest(group, b) }))
      : b.map((group) => ({ first: nearest(group, a), second: group }));
  return pairs.flatMap((pair) => (pair.first && pair.second ? [{ first: pair.first, second: pair.second }] : []));
}
