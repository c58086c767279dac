/** Formulas with a group's numbers put in: the arithmetic that a reader can check by hand. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Rollout, TemporalTest } from '../../../trainer/protocol/records.ts';
import {
  equation,
  workedAdvantage,
  workedMean,
  workedStd,
  workedSum,
  workedTest,
  workedTotal,
} from '../../../webview/formulas/worked-formulas.ts';
import { aGroup, aRollout } from '../../store/records.ts';

const answer = (total: number, more: Partial<Rollout> = {}) =>
  aRollout({ id: `r${total}`, groupId: 'g', order: 'ordered', reward: { parts: [], total }, ...more });
/* 2, 1, 1, 0: mean 1; squares 1 + 0 + 0 + 1 = 2; over 3 the root is 0.816, over 4 it is 0.707. */
const groupOf = (totals: readonly number[], mean: number, std: number) => ({
  ...aGroup(1, { stats: { mean, std, count: totals.length } }),
  rollouts: [...totals.map((total) => answer(total)), aRollout({ id: 's', groupId: 'g', order: 'shuffled' })],
});
const test: TemporalTest = { p: 0.625, pShuffled: 0.25, mu: 0.8, comparison: '>', passed: true, paid: 0.3 };

describe('a group', () => {
  it('says the temporal test with its numbers, and what it paid', () => {
    expect(workedTest(test)).toBe('p > μ·p̃: 0.625 > 0.8 × 0.250 = 0.200\nr_t = 0.3');
  });

  it('says that the test does not hold with the sign that does', () => {
    expect(workedTest({ ...test, p: 0.2, passed: false, paid: 0 })).toBe(
      'p > μ·p̃: no, 0.200 ≤ 0.8 × 0.250 = 0.200\nr_t = 0',
    );
    expect(workedTest({ ...test, p: 0.2, comparison: '>=' })).toBe('p ≥ μ·p̃: 0.200 ≥ 0.8 × 0.250 = 0.200\nr_t = 0.3');
  });

  it('never says the opposite of what was decided at a tie, and shows the digits that decided', () => {
    // 0.8 x 0.75 is 0.6000000000000001 in float64, and the tie passed.
    expect(workedTest({ ...test, p: 0.6, pShuffled: 0.75, comparison: '>=' })).toContain('0.600 ≥ 0.8 × 0.750 = 0.600');
    expect(workedTest({ ...test, p: 0.3004, pShuffled: 0.3, mu: 1 })).toContain('0.3004 > 1 × 0.3000 = 0.3000');
    // (0.1 + 0.2) / 2 is above 0.15 in float64 by 3e-17, and a tie in the float32 that decided.
    expect(workedTest({ ...test, p: (0.1 + 0.2) / 2, pShuffled: 0.15, mu: 1, passed: false })).toContain(
      '0.150 ≤ 1 × 0.150 = 0.150',
    );
  });

  it('of fractional scores near ties says either what holds in print or that float32 decided', () => {
    const { scores }: { scores: [number, number[], number[], boolean, boolean][] } = JSON.parse(
      readFileSync(new URL('../../fixtures/temporal.json', import.meta.url), 'utf8'),
    );
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const holds: Record<string, (a: number, b: number) => boolean> = {
      '>': (a, b) => a > b,
      '≥': (a, b) => a >= b,
      '<': (a, b) => a < b,
      '≤': (a, b) => a <= b,
    };
    for (const [mu, ordered, shuffled, above, least] of scores)
      for (const [comparison, passed] of [['>', above] as const, ['>=', least] as const]) {
        const shown = equation({ p: mean(ordered), pShuffled: mean(shuffled), mu, comparison, passed, paid: 0 });
        const [, p, sign = '', bar] = /^(\S+) (\S) .* = (\S+)/.exec(shown) ?? [];
        const inPrint = holds[sign]?.(Number(p), Number(bar));
        expect(inPrint || shown.endsWith('in the last digit of float32'), shown).toBe(true);
      }
  });

  it('multiplies out: 0.8 x 2/3 is 0.533, which 0.8 x 0.667 is not', () => {
    expect(equation({ ...test, pShuffled: 2 / 3 })).toBe('0.625 > 0.8 × 0.6667 = 0.533');
  });

  it('takes mean and std over the ordered answers alone', () => {
    const group = groupOf([2, 1, 1, 0], 1, Math.sqrt(2 / 3));
    expect(workedMean(group)).toBe('(2.00 + 1.00 + 1.00 + 0.00) / 4 = 1.000');
    expect(workedStd(group)).toBe('sqrt( 2.000 / 3 ) = 0.816');
  });

  it('divides by n where the run did', () => {
    expect(workedStd(groupOf([2, 1, 1, 0], 1, Math.sqrt(2 / 4)))).toBe('sqrt( 2.000 / 4 ) = 0.707');
  });

  it('says of a flat group that it is flat', () => {
    const group = groupOf([1, 1], 1, 0);
    expect(workedStd(group)).toBe('all 2 rewards are 1.000: 0');
    expect(
      workedAdvantage(answer(1, { advantage: 0 }), group, { advantageScale: 'group' as const, stdEpsilon: 1e-4 }),
    ).toBe('flat group: 0');
  });
});

describe('an answer', () => {
  const group = groupOf([2, 1, 1, 0], 1, Math.sqrt(2 / 3));

  it('adds its parts up', () => {
    const parts = [1, 1, 0.3, -0.5].map((value) => ({
      name: 'accuracy' as const,
      value,
      possible: 1,
      explanation: '',
    }));
    expect(workedTotal(answer(0, { reward: { parts, total: 1.8 } }))).toBe('1.00 + 1.00 + 0.30 − 0.50 = 1.80');
  });

  it('comes from reward to advantage', () => {
    /* (2 - 1) / (0.8165 + 0.1) = 1.0911 */
    const best = answer(2, { advantage: 1.0911 });
    expect(workedAdvantage(best, group, { advantageScale: 'group' as const, stdEpsilon: 0.1 })).toBe(
      '(2.000 − 1.000) / (0.816 + 0.1) = +1.091',
    );
    expect(
      workedAdvantage(answer(2, { advantage: 1 }), group, { advantageScale: 'none' as const, stdEpsilon: 0.1 }),
    ).toBe('2.000 − 1.000 = +1.000');
  });

  it('says that its numbers do not give the advantage that training used', () => {
    expect(
      workedAdvantage(answer(2, { advantage: 7 }), group, { advantageScale: 'group' as const, stdEpsilon: 0 }),
    ).toContain('parameters have changed since');
  });

  it('shows the first terms of a long sum, and the whole sum', () => {
    expect(
      workedSum(
        Array.from({ length: 20 }, () => 1),
        0,
      ),
    ).toBe(`${'1 + '.repeat(16)}… = 20`);
  });
});
