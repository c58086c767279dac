/** What the temporal reward did to a group, as lines of a table: answers with the same parts share one. And a sentence under it. */
import {
  advantagesIfOnlyUsed,
  normalisationOf,
  type PaidAndFelt,
  paidAndFelt,
  temporalPaid,
} from '../../../trainer/protocol/paid-and-felt.ts';
import type { GroupWithRollouts, Rollout } from '../../../trainer/protocol/records.ts';
import { fixed } from '../../ui/numbers.ts';

export interface PaidLine {
  /** Those that share it, by their numbers. */
  readonly answers: readonly Rollout[];
  /** The least and the most that order is worth to one of them, in nats; null where none is weighed. */
  readonly order: readonly [least: number, most: number] | null;
  readonly without: number;
  readonly advantage: number;
  /** If only answers that use order had been paid; null while that is not known. */
  readonly ifUsed: number | null;
  /** It was paid, and that did nothing, or the answers don't use order; null where there is nothing to say. */
  readonly remark: 'not felt' | 'not used' | null;
}

export interface PaidView {
  readonly lines: readonly PaidLine[];
  readonly paid: number;
  readonly felt: number;
  /** Why r_t was not felt, or what the columns are. */
  readonly sentence: string;
}

/** Null where r_t was paid to nobody, and where nothing was trained on. */
export function paidView(group: GroupWithRollouts): PaidView | null {
  const paidAnswers = group.rollouts.filter((rollout) => temporalPaid(rollout) > 0);
  if (paidAnswers.length === 0 || group.purpose !== 'train') return null;
  const answers = paidAndFelt(group);
  if (answers === null)
    return {
      ...{ lines: [], paid: paidAnswers.length, felt: 0 },
      sentence:
        'The record of this older group does not tell how rewards were made advantages, nor so whether the temporal reward was felt.',
    };
  const ifUsed = advantagesIfOnlyUsed(group);
  const felt = answers.filter((one) => one.paid > 0 && one.felt).length;
  const lines = [...Map.groupBy(answers, sameLine).values()].map((own) => lineOf(own, ifUsed));
  return {
    lines,
    paid: paidAnswers.length,
    felt,
    sentence: felt > 0 ? columnsAre : whyNotFelt(group, answers),
  };
}

/** Answers of one line have the same parts, and the same was found of whether they use order. */
function sameLine({ rollout, paid }: PaidAndFelt): string {
  const parts = rollout.reward.parts.map(({ value }) => value.toFixed(9));
  return [...parts, paid > 0 ? rollout.orderWorth?.uses : ''].join(' ');
}

function lineOf(own: readonly PaidAndFelt[], ifUsed: ReadonlyMap<string, number> | null): PaidLine {
  const [first] = own as readonly [PaidAndFelt, ...PaidAndFelt[]];
  const worths = own.flatMap(({ rollout }) => rollout.orderWorth?.worth ?? []);
  const isUnused = first.rollout.orderWorth?.uses === false;
  return {
    answers: own.map(({ rollout }) => rollout),
    order: worths.length === 0 ? null : [Math.min(...worths), Math.max(...worths)],
    without: first.without,
    advantage: first.advantage,
    ifUsed: ifUsed?.get(first.rollout.id) ?? null,
    remark: first.paid === 0 ? null : !first.felt ? 'not felt' : isUnused ? 'not used' : null,
  };
}

const columnsAre =
  'Advantages without the temporal reward, as trained, and if only answers that use order had been paid.';

function whyNotFelt(group: GroupWithRollouts, answers: readonly PaidAndFelt[]): string {
  const isAll = answers.every(({ paid }) => paid === answers[0]?.paid);
  if (isAll) return 'Every answer was paid alike, and the mean moved with them: no advantage is another one by it.';
  const sizes = new Set(answers.map(({ rollout }) => rollout.reward.total.toFixed(9)));
  if (sizes.size === 2 && normalisationOf(group)?.advantageScale === 'group')
    return 'Rewards come in two sizes, and dividing by their standard deviation takes the temporal reward out again.';
  return 'Those that were paid would have the same advantages without it.';
}

/** `5.6–6.8`, `−0.1 to 0.4`; a dash where nothing is weighed. */
export function orderWords(order: PaidLine['order']): string {
  if (order === null) return '–';
  const [least, most] = order.map((worth) => fixed(worth, 1)) as [string, string];
  if (least === most) return least;
  return order[0] < 0 ? `${least} to ${most}` : `${least}–${most}`;
}
