/** Media's placeholders are counted instead of repeated, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAtSpecial, tokenRuns } from '../../../webview/rollout/token-runs.ts';

describe('tokenRuns', () => {
  it('counts special tokens that follow themselves', () => {
    const pieces = ['<|im_start|>', 'a', 'a', '<|video_pad|>', '<|video_pad|>', '<|video_pad|>', 'b'];
    expect(tokenRuns(pieces, [1, 2, 2, 3, 3, 3, 4]).map(({ piece, id, count }) => [piece, id, count])).toEqual([
      ['<|im_start|>', 1, 1],
      ['a', 2, 1],
      ['a', 2, 1],
      ['<|video_pad|>', 3, 3],
      ['b', 4, 1],
    ]);
  });

  it('holds as many tokens as there are, each at its place', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<|x|>', '<|y|>', 'a', '')), (pieces) => {
        const runs = tokenRuns(pieces, null);
        expect(runs.flatMap(({ piece, count }) => Array<string>(count).fill(piece))).toEqual(pieces);
        for (const { start, piece } of runs) expect(pieces[start]).toBe(piece);
      }),
    );
  });
});

describe('cutAtSpecial', () => {
  it('keeps every character', () => {
    expect(cutAtSpecial('<|a|>b<|c|><|c|>')).toEqual(['<|a|>', 'b', '<|c|>', '<|c|>']);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(cutAtSpecial(text).join('')).toBe(text);
      }),
    );
  });
});
