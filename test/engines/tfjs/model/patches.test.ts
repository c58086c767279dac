/** Patches, their orders, and angles: values worked out by hand from Qwen2.5-VL's rules. */
import { expect, test } from 'vitest';
import { patchGrid, visionTokens } from '../../../../trainer/engines/qwen/grid.ts';
import { textAngles, visionAngles } from '../../../../trainer/engines/tfjs/model/angles.ts';
import { patchPlaces, windowOrder } from '../../../../trainer/engines/tfjs/model/patch-order.ts';
import type { FramePair } from '../../../../trainer/engines/tfjs/model/patches.ts';
import { framePairs, makePatches } from '../../../../trainer/engines/tfjs/model/patches.ts';

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
