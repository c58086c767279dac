/** What a question's history comes to, in a sentence or two. Computes only. */
import type { HistoryGroup } from '../../trainer/protocol/questions.ts';
import type { GroupPurpose } from '../../trainer/protocol/records.ts';
import { count, fixed, signed } from '../ui/numbers.ts';
import { accuracyOf, type Column, purposeNames, purposes } from './timeline.ts';

export interface Verdict {
  readonly title: string;
  readonly text: string;
}

function wentWords(groups: readonly HistoryGroup[]): string {
  const [from = null, to = from] = [groups[0], groups.at(-1)].map((group) => group && accuracyOf(group, 'ordered'));
  return groups.length === 1 ? fixed(from, 3) : `${fixed(from, 3)} at first, ${fixed(to, 3)} at last`;
}

/** Paid or not first, since that is what was learned from; then how right the answers were on either order. */
export function verdictOf(columns: readonly Column[], purpose: GroupPurpose): Verdict | null {
  const of = (one: GroupPurpose) => columns.flatMap(({ groups: held }) => held[one] ?? []);
  const groups = of(purpose);
  if (groups.length === 0) return null;
  const tested = groups.filter(({ temporal }) => temporal !== null);
  const paid = tested.filter(({ temporal }) => temporal?.passed);
  const gaps = groups.flatMap((group) => {
    const [ordered, shuffled] = [accuracyOf(group, 'ordered'), accuracyOf(group, 'shuffled')];
    return ordered === null || shuffled === null ? [] : [ordered - shuffled];
  });
  const gap = gaps.length === 0 ? null : gaps.reduce((sum, value) => sum + value, 0) / gaps.length;
  const others = purposes.flatMap((one) => {
    const held = one === purpose ? [] : of(one);
    return held.length > 0 ? [`; in ${purposeNames[one]} ${wentWords(held)}`] : [];
  });
  const named = others.length > 0 ? ` in ${purposeNames[purpose]}` : '';
  const went = `Accuracy on ordered frames${named} ${wentWords(groups)}${others.join('')}.`;
  const order =
    gap === null ? 'Nothing was asked on shuffled frames.' : `Ordered minus shuffled ${signed(gap, 3)} on average.`;
  const title =
    tested.length > 0 ? `The temporal test passed at ${paid.length} of ${count(tested.length, 'time')}.` : went;
  return { title, text: tested.length > 0 ? `${went} ${order}` : order };
}
