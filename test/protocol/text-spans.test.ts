/** Spans count code points outside of the program, and hold whole characters. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codePointSpan,
  spanFault,
  spanOfCodePoints,
  withWholeCharacters,
  withWholePairs,
} from '../../trainer/protocol/text-spans.ts';

const facepalm = '🤦🏼‍♂️';

describe('a span', () => {
  test('is the same passage counted in code points', () => {
    const text = `<think>🎬🎬 first red, then blue ${facepalm} so`;
    expect(text.slice(23, 32)).toBe('then blue');
    expect(codePointSpan(text, { start: 23, end: 32 })).toEqual({ start: 21, end: 30, unit: 'code points' });
  });

  test('takes in all parts of the characters at its ends', () => {
    const text = `a${facepalm}e\u0301z`;
    expect(facepalm.length).toBe(7);
    expect(withWholeCharacters(text, { start: 2, end: 3 })).toEqual({ start: 1, end: 8 });
    expect(withWholeCharacters(text, { start: 9, end: 11 })).toEqual({ start: 8, end: 11 });
    expect(withWholeCharacters(text, { start: 0, end: 1 })).toEqual({ start: 0, end: 1 });
    expect(withWholeCharacters(text, { start: 3, end: text.length })).toEqual({ start: 1, end: text.length });
  });

  test('of any text is sound once widened, is never narrower, and gives the same text in code points', () => {
    const piece = fc.constantFrom('a', 'é', '先', '🎬', facepalm, '🇩🇪', 'e\u0301', '\ud83c', '\udf00');
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), fc.nat(), fc.nat(), (pieces, a, b) => {
        const text = pieces.join('');
        const start = a % text.length;
        const end = start + 1 + (b % (text.length - start));
        for (const widened of [withWholePairs, withWholeCharacters]) {
          const span = widened(text, { start, end });
          expect(spanFault(text, span)).toBeNull();
          expect(span.start <= start && span.end >= end).toBe(true);
          const outside = codePointSpan(text, span);
          expect([...text].slice(outside.start, outside.end).join('')).toBe(text.slice(span.start, span.end));
          expect(spanOfCodePoints(text, outside)).toEqual(span);
        }
      }),
    );
  });

  test('in code points that is not inside the text is none', () => {
    expect(spanOfCodePoints('🎬a', { start: 1, end: 2 })).toEqual({ start: 2, end: 3 });
    expect(spanOfCodePoints('🎬a', { start: 2, end: 2 })).toEqual({ start: 3, end: 3 });
    expect(spanOfCodePoints('🎬a', { start: 1, end: 3 })).toBeNull();
    expect(spanOfCodePoints('🎬a', { start: 3, end: 3 })).toBeNull();
    expect(spanOfCodePoints('🎬a', { start: 1, end: 0 })).toBeNull();
  });

  test.each([
    [{ start: 1, end: 3 }, /splits the character at 0/],
    [{ start: 0, end: 3 }, /splits the character at 2/],
    [{ start: 2, end: 2 }, /not inside/],
    [{ start: 0, end: 5 }, /not inside.*4 UTF-16/],
  ])('is refused: %j', (span, fault) => {
    expect(spanFault('🎬🎬', span)).toMatch(fault);
  });
});
