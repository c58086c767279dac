/** Positions: values worked out by hand from Qwen2.5-VL's rules, and those of transformers (test/fidelity/positions.py). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PositionSpan } from '../../../trainer/engines/qwen/positions.ts';
import { mropePositions } from '../../../trainer/engines/qwen/positions.ts';
import type { PositionGeneration } from '../../../trainer/protocol/runfile.ts';
import { positionGenerations } from '../../../trainer/protocol/runfile.ts';

const clip = { kind: 'vision', grid: { pairs: 3, rows: 4, columns: 2 }, secondsPerPair: 1 } as const;
const words = { kind: 'text', tokens: 2 } as const;

interface PositionCase {
  readonly tokensPerSecond: number;
  readonly spans: readonly (
    | readonly ['text', number]
    | readonly ['image' | 'video', readonly [number, number, number], number | null]
  )[];
  /** [3][tokens] */
  readonly positions: readonly (readonly number[])[];
  readonly next: number;
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/positions.json', import.meta.url), 'utf8')) as Record<
  PositionGeneration,
  { readonly source: string; readonly cases: readonly PositionCase[] }
>;

test.each(positionGenerations)(
  'positions of generation %s are those of get_rope_index, an answer those of generate()',
  (generation) => {
    const { cases } = fixture[generation];
    expect(cases.length).toBeGreaterThanOrEqual(100);
    for (const { tokensPerSecond, spans, positions: expected, next: following } of cases) {
      const own = spans.map((span): PositionSpan => {
        if (span[0] === 'text') return { kind: 'text', tokens: span[1] };
        const [, [pairs, rows, columns], secondsPerPair] = span;
        return { kind: 'vision', grid: { pairs, rows, columns }, secondsPerPair };
      });
      const { positions, next } = mropePositions(own, tokensPerSecond, generation);
      expect([0, 1, 2].map((axis) => Array.from(positions).filter((_, i) => i % 3 === axis))).toEqual(expected);
      expect(next).toBe(following);
    }
  },
);

test('text counts up on all axes, a video keeps its start and counts time, row and column', () => {
  const { positions } = mropePositions([words, clip], 2, '5.18');
  expect([...positions]).toEqual([
    ...[0, 0, 0, 1, 1, 1],
    // Two rows of one merged token each, at time 0 and then 1 s * 2 positions a second apart.
    ...[2, 2, 2, 2, 3, 2, 4, 2, 2, 4, 3, 2, 6, 2, 2, 6, 3, 2],
  ]);
});

test('text goes on after the rows and columns of a medium in 5.18 and 5.0, after its time too in 4.49', () => {
  const after = (generation: PositionGeneration): number[] => {
    const { positions, next } = mropePositions([words, clip, words], 2, generation);
    return [...positions.slice(-6), next];
  };
  // Two rows of tokens from position 2 on; the last pair stands at time 6.
  expect(after('5.18')).toEqual([4, 4, 4, 5, 5, 5, 6]);
  expect(after('5.0')).toEqual([4, 4, 4, 5, 5, 5, 6]);
  expect(after('4.49')).toEqual([7, 7, 7, 8, 8, 8, 9]);
});

test('an answer goes on after the last token of the prompt, however far the time of a video has run', () => {
  // Three pairs 25 s apart at two positions a second: times 0, 50 and 100. Rows and columns take 2 positions, text 5.
  const long = { kind: 'vision', grid: { pairs: 3, rows: 4, columns: 4 }, secondsPerPair: 25 } as const;
  const { positions, next } = mropePositions([long, { kind: 'text', tokens: 5 }], 2, '5.18');
  expect(Math.max(...positions)).toBe(100);
  expect(next).toBe(7);
});

test('the time of a frame pair is rounded down in float32, in the order of multiplication of each generation', () => {
  const grid = { pairs: 8, rows: 2, columns: 2 };
  const times = (secondsPerPair: number | null, tokensPerSecond: number, generation: PositionGeneration): number[] => {
    const { positions } = mropePositions([{ kind: 'vision', grid, secondsPerPair }], tokensPerSecond, generation);
    return Array.from({ length: grid.pairs }, (_, token) => positions[3 * token] ?? -1);
  };
  expect(times(0.4, 2, '5.18')).toEqual([0, 0, 1, 2, 3, 4, 4, 5]);
  expect(times(0.4, 2, '4.49')).toEqual([0, 0, 1, 2, 3, 4, 4, 5]);
  // torch, float32: (arange(8) * (25 * 0.04)).long() and (arange(8) * 0.04 * 25).long().
  // Generation 5.0 cuts the seconds to 0, 1 and 2.
  expect(times(0.4, 2, '5.0')).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(times(1.9, 2, '5.0')).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  expect(times(1.9, 2, '5.18')).toEqual([0, 3, 7, 11, 15, 19, 22, 26]);
  expect(times(2.5, 25, '5.0')).toEqual([0, 50, 100, 150, 200, 250, 300, 350]);
  expect(times(0.04, 25, '5.18')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(times(0.04, 25, '4.49')).toEqual([0, 1, 2, 3, 4, 4, 6, 7]);
  expect(times(null, 2, '4.49')).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(times(null, 2, '5.0')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(times(null, 2, '5.18')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
