/** Formulas with a group's own numbers put in, as texts. */
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts, Rollout, TemporalTest } from '../../trainer/protocol/records.ts';
import { factorDecimals, tellingDecimals } from '../../trainer/protocol/telling-decimals.ts';
import { fixed, plain, signed } from '../ui/numbers.ts';
import { advantageOf, divisorWords } from './advantage.ts';

/** Longer sums are shown by their first terms. */
const mostTerms = 16;

/**
 * `0.750 > 0.8 × 0.500 = 0.400`, with the sign that holds when the test failed, and more decimals where three don't tell p
 * from μ·p̃. Means of fractional scores are compared in float32, which decides where their exact values say otherwise; where the
 * means as they are kept don't show it, that is said.
 */
export function equation(test: TemporalTest): string {
  const { p, pShuffled, mu, comparison, passed } = test;
  const exact = { p, bar: mu * pShuffled };
  const sides = agrees(exact, test)
    ? exact
    : { p: Math.fround(p), bar: Math.fround(Math.fround(mu) * Math.fround(pShuffled)) };
  // At a tie one value: 0.6375 and what is 1e-16 below it are printed apart.
  const bar = isTie(sides) ? sides.p : sides.bar;
  const decimals = tellingDecimals(sides.p, bar, 3);
  const sign = passed ? (comparison === '>=' ? '≥' : '>') : comparison === '>=' ? '<' : '≤';
  const theirs = fixed(pShuffled, factorDecimals(mu, pShuffled, bar, decimals));
  const shown = `${fixed(sides.p, decimals)} ${sign} ${plain(mu)} × ${theirs} = ${fixed(bar, decimals)}`;
  return agrees(sides, test) ? shown : `${shown} in the last digit of float32`;
}

interface Sides {
  readonly p: number;
  readonly bar: number;
}

/** Counts of answers can't be nearer than this without being equal. */
const isTie = ({ p, bar }: Sides) => Math.abs(p - bar) < 1e-12;

const agrees = (sides: Sides, { comparison, passed }: TemporalTest) =>
  (isTie(sides) ? comparison === '>=' : sides.p > sides.bar) === passed;

/** The test as it was asked, whether it holds, and r_t. */
export function workedTest(test: TemporalTest): string {
  const asked = test.comparison === '>=' ? 'p ≥ μ·p̃' : 'p > μ·p̃';
  return `${asked}: ${test.passed ? equation(test) : `no, ${equation(test)}`}\nr_t = ${plain(test.paid)}`;
}

const terms = (values: readonly number[], decimals: number, link: string) =>
  values
    .slice(0, mostTerms)
    .map((value, i) =>
      i > 0 && value < 0 ? `− ${fixed(-value, decimals)}` : `${i > 0 ? `${link} ` : ''}${fixed(value, decimals)}`,
    )
    .join(' ') + (values.length > mostTerms ? ` ${link} …` : '');

/** `1.2 + 0.3 − 0.5 = 1` */
export function workedSum(values: readonly number[], decimals: number): string {
  const sum = values.reduce((total, value) => total + value, 0);
  return `${terms(values, decimals, '+')} = ${fixed(sum, decimals)}`;
}

const orderedTotals = ({ rollouts }: GroupWithRollouts) =>
  rollouts.filter(({ order }) => order === 'ordered').map(({ reward }) => reward.total);

export function workedMean(group: GroupWithRollouts): string {
  const totals = orderedTotals(group);
  return `(${terms(totals, 2, '+')}) / ${totals.length} = ${fixed(group.stats.mean, 3)}`;
}

/** Divides by what gives the group's own number, since `stdDegrees` may have been changed after it. */
export function workedStd(group: GroupWithRollouts): string {
  const totals = orderedTotals(group);
  const { mean, std } = group.stats;
  if (std === 0)
    return totals.length === 1
      ? 'one answer: there is no standard deviation, and 0 counts for it'
      : `all ${totals.length} rewards are ${fixed(mean, 3)}: 0`;
  const squares = totals.reduce((sum, total) => sum + (total - mean) ** 2, 0);
  const degrees = squares / std ** 2;
  const divisor = [totals.length - 1, totals.length].find((count) => Math.abs(count - degrees) < 1e-3);
  if (divisor === undefined) return `std = ${fixed(std, 3)}`;
  return `sqrt( ${fixed(squares, 3)} / ${divisor} ) = ${fixed(std, 3)}`;
}

export function workedTotal({ reward }: Rollout): string {
  const parts = reward.parts.map(({ value }) => value);
  return `${terms(parts, 2, '+')} = ${fixed(reward.total, 2)}`;
}

export function workedAdvantage(
  rollout: Rollout,
  group: GroupWithRollouts,
  parameters: Pick<ParameterValues, 'advantageScale' | 'stdEpsilon'>,
): string {
  const found = advantageOf(rollout, group, parameters);
  if (found.kind === 'none') return found.why;
  if (group.stats.std === 0) return 'flat group: 0';
  const difference = `${fixed(found.total, 3)} − ${fixed(found.mean, 3)}`;
  if (!found.agrees) return `${signed(found.advantage, 3)}; parameters have changed since, so they no longer give it`;
  if (found.divisor === null) return `${difference} = ${signed(found.advantage, 3)}`;
  return `(${difference}) / ${divisorWords(group, parameters)} = ${signed(found.advantage, 3)}`;
}
