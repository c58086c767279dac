/** Tokens are found again in the text that they make, split characters and special tokens included. */
import { describe, expect, it } from 'vitest';
import { tokenSpans } from '../../trainer/protocol/token-spans.ts';

describe('tokenSpans', () => {
  const placed = (text: string, ...pieces: string[]) =>
    tokenSpans(text, pieces).map(({ span, tokens }) => [span.start, span.end, ...tokens]);

  it('places pieces one after the other and passes over special tokens', () => {
    expect(placed('It goes.', 'It', ' goes', '.', '<|im_end|>')).toEqual([
      [0, 2, 0],
      [2, 7, 1],
      [7, 8, 2],
    ]);
  });

  it('gives a character that is split over tokens to all of them', () => {
    expect(placed('a動b', 'a', '\ufffd', '\ufffd', 'b')).toEqual([
      [0, 1, 0],
      [1, 2, 1, 2],
      [2, 3, 3],
    ]);
  });
});
