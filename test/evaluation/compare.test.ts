import { describe, expect, it } from 'vitest';
import { compareEvaluations, comparisonReport } from '../../trainer/evaluation/compare.ts';
import { answered, given, headerWith, unreadable } from './made-answers.ts';

const a = {
  header: headerWith(),
  lines: [answered(0, 1), answered(1, 0), answered(2, 0), answered(3, 1), answered(4, 1), unreadable(5)],
};
const b = {
  header: headerWith({ label: { model: 'tgrpo-1', run: 'tgrpo-1', step: 200 }, model: { sha256: 'b'.repeat(64) } }),
  lines: [answered(9, 0, null, { key: 'key-0' }), answered(1, 1), answered(2, 1), answered(3, 1), answered(5, 1)],
};

describe('two evaluations', () => {
  it('are paired by content wherever the row stands, and what has no partner is counted', () => {
    const comparison = compareEvaluations(a, b);
    expect(comparison).toMatchObject({ pairs: 4, leftOut: { a: 1, b: 1 }, otherSettings: [] });
    // Rows 0, 1, 2, 3: 1 0 0 1 against 0 1 1 1. One side alone right: 1 and 2, so p = 2 (1 + 3) / 8 = 1.
    expect(comparison.slices[0]).toMatchObject({
      name: 'eval',
      a: 0.5,
      b: 0.75,
      onlyARight: 1,
      onlyBRight: 2,
      mcnemarP: 1,
    });
    expect(comparison.slices[0]?.difference.mean).toBeCloseTo(0.25, 12);
    expect(comparison.flips.map(({ direction, rowA, rowB }) => [direction, rowA, rowB])).toEqual([
      ['right to wrong', 1, 10],
      ['wrong to right', 2, 2],
      ['wrong to right', 3, 3],
    ]);
    const { lines, tables } = comparisonReport(a, b, comparison);
    expect(lines).toContain('Left out, since the other has no answer: 1 of A, 1 of B.');
    expect(tables[1]?.rows[0]).toEqual(['Question 1?', 'A', 'B', 'A']);
  });

  it('are compared too on what both were asked besides, and on nothing that one was not', () => {
    const kept = (row: number) => {
      const { ordered: _ordered, shuffled: _shuffled, ...rest } = answered(row, 1);
      return rest;
    };
    const arms = (direct: readonly number[], reversed: readonly number[]) => ({
      direct: direct.map((accuracy, row) => ({ ...kept(row + 1), by: 'prefix' as const, direct: given(accuracy) })),
      reversed: reversed.map((accuracy, row) => ({
        ...kept(row + 1),
        reversedSolution: 'B',
        reversed: given(accuracy),
      })),
    });
    // Clips 1 to 3: A has 0 0 1 right, B 1 1 1.
    const [first, second] = [
      { ...a, arms: arms([0, 0, 1], [1, 0, 1]) },
      { ...b, arms: arms([1, 0, 1], [1, 1, 0]) },
    ];
    const comparison = compareEvaluations(first, second);
    expect(comparison.slices.slice(-2)).toMatchObject([
      { name: 'without reasoning', count: 3, a: 1 / 3, b: 2 / 3, onlyARight: 0, onlyBRight: 1 },
      { name: 'clip and its reversal', count: 3, a: 1 / 3, b: 2 / 3, onlyARight: 1, onlyBRight: 2 },
    ]);
    expect(comparisonReport(first, second, comparison).notes.join()).toContain('clip and its reversal: right on both');
    expect(compareEvaluations(first, b)).toEqual(compareEvaluations(a, b));
  });

  it('pair a question that a dataset asks twice with its own second time', () => {
    const twice = (first: number, second: number) => ({
      header: headerWith(),
      lines: [answered(1, second, null, { key: 'same' }), answered(0, first, null, { key: 'same' })],
    });
    expect(compareEvaluations(twice(1, 0), twice(1, 0)).flips).toEqual([]);
    expect(compareEvaluations(twice(1, 0), twice(0, 1)).flips).toHaveLength(2);
  });

  it('are not compared on other frames or without a common question; other sampling is said', () => {
    const more = { ...b, header: { ...b.header, frames: { maxFrames: 32, maxPixels: 1000 } } };
    expect(() => compareEvaluations(a, more)).toThrow('maxFrames: 16 against 32');
    const elsewhere = { ...b, lines: b.lines.map((line) => ({ ...line, dataset: 'other' })) };
    expect(() => compareEvaluations(a, elsewhere)).toThrow('No question was answered in both');
    const warmer = { ...b, header: { ...b.header, sampling: { ...b.header.sampling, temperature: 1 } } };
    expect(compareEvaluations(a, warmer).otherSettings).toEqual(['sampling.temperature: 0.01 against 1']);
  });
});
