/**
 * Video-R1 eq. 1: whether p stands above mu p̃, and the numbers that were compared, in words. Counts of right answers are
 * compared as fractions, so that a tie is a tie; means of fractional scores in float32, as the released code compares them.
 */
import type { ParameterValues } from '../protocol/parameters.ts';
import { factorDecimals, tellingDecimals } from '../protocol/telling-decimals.ts';

export interface ComparedShares {
  readonly passed: boolean;
  /** `0.75 > 0.8 × 0.5 = 0.4`, in the digits that were compared; at a tie of counts `9/14 > 0.75 × 12/14 = 9/14`. */
  readonly formula: string;
}

type Comparison = ParameterValues['temporalTest'];

const holds = (above: boolean, equal: boolean, comparison: Comparison) => above || (equal && comparison === '>=');

/** A number as its shortest decimal has it: 0.8 is 8/10 and not the nearest binary fraction. */
function decimalFraction(value: number): { over: bigint; under: bigint } {
  const [digits = '', exponent = '0'] = String(value).split('e');
  const [whole = '', behind = ''] = digits.split('.');
  const shift = Number(exponent) - behind.length;
  const over = BigInt(whole + behind);
  return shift < 0 ? { over, under: 10n ** BigInt(-shift) } : { over: over * 10n ** BigInt(shift), under: 1n };
}

const inDecimals = (value: number, decimals: number) => String(Number(value.toFixed(decimals)));

function formulaOf(p: number, shuffled: number, bar: number, mu: number, comparison: Comparison): string {
  const decimals = tellingDecimals(p, bar, 3);
  const theirs = inDecimals(shuffled, factorDecimals(mu, shuffled, bar, decimals));
  return `${inDecimals(p, decimals)} ${comparison} ${mu} × ${theirs} = ${inDecimals(bar, decimals)}`;
}

/** @param ordered,shuffled scores of 0 or 1, at least one each */
function compareCounts(
  ordered: readonly number[],
  shuffled: readonly number[],
  mu: number,
  comparison: Comparison,
): ComparedShares {
  const right = (scores: readonly number[]) => scores.filter((score) => score === 1).length;
  const [p, theirs] = [right(ordered), right(shuffled)];
  const { over, under } = decimalFraction(mu);
  const left = BigInt(p) * under * BigInt(shuffled.length);
  const bar = over * BigInt(theirs) * BigInt(ordered.length);
  const passed = holds(left > bar, left === bar, comparison);
  const tie = `${p}/${ordered.length} ${comparison} ${mu} × ${theirs}/${shuffled.length} = ${p}/${ordered.length}`;
  return {
    passed,
    formula:
      left === bar && p > 0
        ? tie
        : formulaOf(p / ordered.length, theirs / shuffled.length, (mu * theirs) / shuffled.length, mu, comparison),
  };
}

const added = (values: readonly number[]) => values.reduce((sum, value) => Math.fround(sum + value), 0);

/**
 * A float32 sum in the order that numpy adds up to 128 values in: fewer than eight one after the other; else every eighth, then
 * those eight sums in pairs, then the rest.
 */
function float32Sum(values: readonly number[]): number {
  if (values.length < 8) return added(values);
  const whole = values.length - (values.length % 8);
  const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, lane) =>
    added(values.slice(0, whole).filter((_, i) => i % 8 === lane)),
  ) as [number, number, number, number, number, number, number, number];
  const quarters = [added([a, b]), added([c, d]), added([e, f]), added([g, h])] as const;
  const eights = added([added([quarters[0], quarters[1]]), added([quarters[2], quarters[3]])]);
  return added([eights, ...values.slice(whole)]);
}

const float32Mean = (values: readonly number[]) => Math.fround(float32Sum(values.map(Math.fround)) / values.length);

const areCounts = (ordered: readonly number[], shuffled: readonly number[]) =>
  [...ordered, ...shuffled].every((score) => score === 0 || score === 1);

/**
 * @param ordered,shuffled what is averaged: 1 for a right answer and 0 for a wrong one, or accuracy rewards; at least one each
 * @param mu its decimal counts where all scores are 0 or 1
 */
export function compareShares(
  ordered: readonly number[],
  shuffled: readonly number[],
  mu: number,
  comparison: Comparison,
): ComparedShares {
  if (areCounts(ordered, shuffled)) return compareCounts(ordered, shuffled, mu, comparison);
  const [p, theirs] = [float32Mean(ordered), float32Mean(shuffled)];
  const bar = Math.fround(Math.fround(mu) * theirs);
  return { passed: holds(p > bar, p === bar, comparison), formula: formulaOf(p, theirs, bar, mu, comparison) };
}

export interface FlippingMu {
  /** The test holds below it and not above it. */
  readonly at: number;
  /** Whether it holds at `at` itself. */
  readonly holdsAt: boolean;
  /** The same as a fraction of counts, as `5/6`, where `at` is one that no short decimal is; else null. */
  readonly fraction: string | null;
}

const divisorOf = (a: number, b: number): number => (b === 0 ? a : divisorOf(b, a % b));

/** The float32 number next to a positive one. */
function nextFloat32(value: number, by: 1 | -1): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer);
  bits[0] = (bits[0] as number) + by;
  return new Float32Array(bits.buffer)[0] as number;
}

/**
 * The mu at which the decision of `compareShares` changes, worked out and not searched for: p / p̃ as a fraction of counts, or
 * the first float32 number whose product with p̃ does not let the test hold. Null where no mu of 0 and more changes it.
 */
export function flippingMu(
  ordered: readonly number[],
  shuffled: readonly number[],
  comparison: Comparison,
): FlippingMu | null {
  if (areCounts(ordered, shuffled)) {
    const right = (scores: readonly number[]) => scores.filter((score) => score === 1).length;
    const over = right(ordered) * shuffled.length;
    const under = right(shuffled) * ordered.length;
    if (under === 0 || (over === 0 && comparison === '>')) return null;
    const divisor = divisorOf(over, under);
    const at = over / under;
    const isShort = String(at).length <= 6;
    return { at, holdsAt: comparison === '>=', fraction: isShort ? null : `${over / divisor}/${under / divisor}` };
  }
  const [p, theirs] = [float32Mean(ordered), float32Mean(shuffled)];
  if (theirs === 0 || (p === 0 && comparison === '>')) return null;
  if (p === 0) return { at: 0, holdsAt: true, fraction: null };
  const isHeld = (mu: number) => {
    const bar = Math.fround(mu * theirs);
    return holds(p > bar, p === bar, comparison);
  };
  // The quotient is at most a few steps away from where the product passes p.
  let at = Math.fround(p / theirs);
  while (at > 0 && !isHeld(nextFloat32(at, -1))) at = nextFloat32(at, -1);
  while (isHeld(at)) at = nextFloat32(at, 1);
  return { at, holdsAt: false, fraction: null };
}
