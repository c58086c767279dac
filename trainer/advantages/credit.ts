/**
 * Temporal credit of a single answer: what it is paid for what the order of the frames is worth to it. Where eq. 1 pays all right
 * answers of a group alike, this tells those that used the order from those that did not. c is measured in `trainer/learning/credit.ts`;
 * the formula is ours.
 */
import { nats } from '../evidence/verdict.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { RewardPart } from '../protocol/records.ts';
import { tellingDecimals } from '../protocol/telling-decimals.ts';

export type CreditParameters = Pick<ParameterValues, 'creditLow' | 'creditHigh' | 'creditWeight'>;

/**
 * What is known of an answer: c in nats, the mean over shuffles of log π(answer | frames) − log π(answer | shuffled frames); or why its
 * medium has no order to be worth anything, as a clause.
 */
export type Credit = number | { readonly without: string };

/** Share of the credit that c nats earn, 0 to 1: in a straight line from `creditLow` to `creditHigh`; a step where both are equal. */
export function creditShare(c: number, { creditLow, creditHigh }: Omit<CreditParameters, 'creditWeight'>): number {
  if (creditHigh <= creditLow) return c >= creditLow ? 1 : 0;
  return Math.min(1, Math.max(0, (c - creditLow) / (creditHigh - creditLow)));
}

/** Whole percents, which say neither none nor all of a share that is some. */
function percent(share: number): string {
  const rounded = Math.round(100 * share);
  if (rounded === 0) return 'less than 1 %';
  return rounded === 100 ? 'more than 99 %' : `${rounded} %`;
}

const plain = (value: number): string => String(Number(value.toFixed(6)));
/** Nats in as many decimals as tell them from a threshold. */
const natsBeside = (c: number, threshold: number): string => nats(c, tellingDecimals(c, threshold, 1));

/**
 * What an ordered answer is paid. @param credit undefined where it was not measured: wrong answers are not
 * @param rule by which a fractional accuracy was called right or wrong; empty for others
 */
export function creditPart(credit: Credit | undefined, right: boolean, rule: string, p: CreditParameters): RewardPart {
  const part = (value: number, possible: number, explanation: string): RewardPart => ({
    name: 'credit',
    ...{ value, possible, explanation },
  });
  if (typeof credit === 'object') return part(0, 0, `no credit: ${credit.without}`);
  if (!right) return part(0, p.creditWeight, `no credit: this answer is wrong${rule}`);
  if (credit === undefined) return part(0, p.creditWeight, 'no credit: what order is worth to it was not measured');
  const share = creditShare(credit, p);
  const words =
    share === 1
      ? `order is worth ${natsBeside(credit, p.creditHigh)} nats to this answer: full credit`
      : share === 0
        ? `order is worth ${natsBeside(credit, p.creditLow)} nats to this answer: no credit ${credit === p.creditLow ? 'at' : 'below'} ${plain(p.creditLow)}`
        : `order is worth ${natsBeside(credit, credit - p.creditLow < p.creditHigh - credit ? p.creditLow : p.creditHigh)} nats to this answer: ${percent(share)} of the credit`;
  return part(p.creditWeight * share, p.creditWeight, words);
}

/** One sentence for the group. @param right entry i says whether answer i is right */
export function creditSentence(
  credits: readonly (Credit | undefined)[],
  right: readonly boolean[],
  p: CreditParameters,
): string {
  const without = credits.find((credit) => typeof credit === 'object');
  if (without !== undefined) return `No answer gets credit for the order of its frames: ${without.without}.`;
  const rightOnes = right.filter(Boolean).length;
  if (rightOnes === 0) return 'No answer is right, so none gets credit for the order of its frames.';
  const worths = credits.filter((credit, i) => right[i] === true && typeof credit === 'number') as number[];
  const shares = worths.map((c) => creditShare(c, p));
  const full = shares.filter((share) => share === 1).length;
  const some = shares.filter((share) => share > 0).length;
  if (worths.length === 0) return 'What order is worth was measured for no right answer, so none gets credit.';
  const bar =
    p.creditHigh > p.creditLow
      ? `${plain(p.creditLow)} to ${plain(p.creditHigh)} nats`
      : `${plain(p.creditLow)} ${p.creditLow === 1 ? 'nat' : 'nats'} or more`;
  const enough = `${some === 0 ? 'none' : some} of ${rightOnes} right ${rightOnes === 1 ? 'answer' : 'answers'} (${bar})`;
  if (some === 0) return `Order is worth enough to ${enough}, so none gets credit.`;
  const get = (count: number) => `${count} ${count === 1 ? 'gets' : 'get'}`;
  const whole = `γ = ${plain(p.creditWeight)}`;
  const paid = [
    ...(full > 0 ? [`${get(full)} ${whole}`] : []),
    ...(some > full ? [`${get(some - full)} a part of ${full > 0 ? 'it' : whole}`] : []),
  ];
  return `Order is worth enough to ${enough}: ${paid.join(' and ')}.`;
}
