/** Positions, patches and angles: values worked out by hand from Qwen2.5-VL's rules, and those of transformers (test/fidelity/positions.py). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FramePair } from '../../../../trainer/engines/tfjs/model/patches.ts';
import { framePairs, makePatches, patchGrid } from '../../../../trainer/engines/tfjs/model/patches.ts';
import type { PositionSpan } from '../../../../trainer/engines/tfjs/model/positions.ts';
import {
  mropePositions,
  patchPlaces,
  textAngles,
  visionAngles,
  visionTokens,
  windowOrder,
} from '../../../../trainer/engines/tfjs/model/positions.ts';
import type { PositionGeneration } from '../../../../trainer/protocol/runfile.ts';
import { positionGenerations } from '../../../../trainer/protocol/runfile.ts';

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

const fixture = JSON.parse(
  readFileSync(new URL('../../../fixtures/positions.json', import.meta.url), 'utf8'),
) as Record<PositionGeneration, { readonly source: string; readonly cases: readonly PositionCase[] }>;

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

test('text goes on after the rows and columns of a medium in 5.18, after its time too in 4.49', () => {
  const after = (generation: PositionGeneration): number[] => {
    const { positions, next } = mropePositions([words, clip, words], 2, generation);
    return [...positions.slice(-6), next];
  };
  // Two rows of tokens from position 2 on; the last pair stands at time 6.
  expect(after('5.18')).toEqual([4, 4, 4, 5, 5, 5, 6]);
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
  expect(times(0.04, 25, '5.18')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(times(0.04, 25, '4.49')).toEqual([0, 1, 2, 3, 4, 4, 6, 7]);
  expect(times(null, 2, '4.49')).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(times(null, 2, '5.18')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('windows are cut row by row, those at the edge hold what is left', () => {
  // 3 x 5 vision tokens in windows of 2 x 2.
  const { patches, tokens, windows } = windowOrder({ rows: 6, columns: 10 }, 2);
  const order = [0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14];
  expect(Array.from(patches).filter((_, i) => i % 4 === 0)).toEqual(order.map((token) => 4 * token));
  expect(windows).toEqual([16, 16, 8, 8, 8, 4]);
  expect(order.map((token) => tokens[token])).toEqual(order.map((_, place) => place));
});

test('patches stand in blocks of two by two, as the merger joins them', () => {
  const places = patchPlaces({ rows: 2, columns: 4 }).map(({ row, column }) => `${row}${column}`);
  expect(places).toEqual(['00', '01', '10', '11', '02', '03', '12', '13']);
});

test('a patch is channel, frame, row, column of pixels normalised as by CLIP', () => {
  const [width, height] = [56, 28];
  const pixels = Uint8Array.from({ length: 2 * width * height * 3 }, (_, i) => i % 251);
  const medium = { key: 'x', width, height, pixels, order: [1, 0] };
  const grid = patchGrid(medium);
  expect([grid.pairs, grid.rows, grid.columns, visionTokens(grid)]).toEqual([1, 2, 4, 2]);
  const [pair] = framePairs(medium);
  const patches = makePatches(pair as FramePair);
  expect(patches.length).toBe(8 * 1176);
  // Fifth patch: row 0, column 2; channel 1 (green); second place, which shows frame 0; y = 3, x = 5.
  const at = 4 * 1176 + 1 * 392 + 1 * 196 + 3 * 14 + 5;
  const pixel = pixels[3 * (0 * width * height + 3 * width + 2 * 14 + 5) + 1] ?? -1;
  expect(patches[at]).toBeCloseTo((pixel / 255 - 0.4578275) / 0.26130258, 5);
});

test('each section of a text head turns with its own axis', () => {
  const config = {
    hiddenSize: 16,
    intermediateSize: 4,
    layers: 1,
    vocabularySize: 10,
    epsilon: 1e-6,
    ropeTheta: 10000,
    tiedHead: true,
    shape: { heads: 2, kvHeads: 1, headDim: 8 },
    mropeSection: [1, 1, 2],
  } as const;
  const { cos, sin } = textAngles(Int32Array.of(3, 5, 7), config);
  const angles = [3, 5 / 10, 7 / 100, 7 / 1000];
  angles.forEach((angle, i) => {
    expect(cos[i]).toBeCloseTo(Math.cos(angle), 6);
    expect(sin[i]).toBeCloseTo(Math.sin(angle), 6);
  });
});

test('in the vision tower the first half of the angles turns with the row, the second with the column', () => {
  const config = {
    hiddenSize: 8,
    intermediateSize: 4,
    depth: 1,
    tokensPerSecond: 2,
    ropeTheta: 10000,
    windowSide: 4,
    fullAttention: [true],
    shape: { heads: 1, kvHeads: 1, headDim: 8 },
  };
  const { sin } = visionAngles(patchPlaces({ rows: 2, columns: 2 }), config);
  // Fourth patch: row 1, column 1; third: row 1, column 0. Frequencies 1 and 1 / 100.
  const third = [1, 0.01, 0, 0].map(Math.sin);
  const fourth = [1, 0.01, 1, 0.01].map(Math.sin);
  [third, fourth].forEach((expected, i) => {
    expected.forEach((value, j) => {
      expect(sin[(2 + i) * 4 + j]).toBeCloseTo(value, 6);
    });
  });
});
