/** Hostile text stays text: what can't be seen, or would change how the rest is shown, is shown as its code. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, shownLine, shownPieces } from '../../trainer/protocol/hostile-text.ts';

/** Written apart from the code under test: the ranges of Unicode's control and bidi format characters. */
const concealed = /[\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u;
const kept = /[\n\t]/g;

const shown = (text: string) =>
  shownPieces(text)
    .map((piece) => piece.shown)
    .join('');

describe('shownPieces', () => {
  it('shows bidi controls, zero-width and control characters by their code', () => {
    expect(shown('a\u202Eb\u2066c')).toBe('a\\u202eb\\u2066c');
    expect(shown('x\u200By\uFEFF')).toBe('x\\u200by\\ufeff');
    expect(shown('\u0000\u001B[31m\u007F\u0085')).toBe('\\u0000\\u001b[31m\\u007f\\u0085');
    expect(shown('\r\n')).toBe('\\u000d\n');
  });

  it('shows tag characters and halves of surrogate pairs, and leaves whole pairs alone', () => {
    expect(shown('a\u{E0041}b')).toBe('a\\u{e0041}b');
    expect(shown('a\uD83Db')).toBe('a\\ud83db');
    expect(shown('😀')).toBe('😀');
  });

  it('keeps line breaks, tabs, letters of all scripts and markup as they are', () => {
    const text = 'a\tb\n<img src=x onerror=alert(1)> & מה é 動';
    expect(shownPieces(text)).toEqual([{ start: 0, end: text.length, shown: text, code: false }]);
  });

  it('covers the asked part of the text without gaps, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.nat(), (text, a, b) => {
        const [start, end] = [a % (text.length + 1), b % (text.length + 1)].sort((x, y) => x - y) as [number, number];
        const pieces = shownPieces(text, start, end);
        const joins = pieces.every(({ start: from }, index) => from === (pieces[index - 1]?.end ?? start));
        const asTheyAre = pieces.every(
          ({ code, shown: seen, start: from, end: to }) => code || seen === text.slice(from, to),
        );
        expect([joins, asTheyAre, pieces.at(-1)?.end ?? start]).toEqual([true, true, end]);
        expect(pieces.filter(({ code, shown: seen }) => !code && concealed.test(seen.replace(kept, '')))).toEqual([]);
      }),
    );
  });
});

describe('codeOf', () => {
  it('writes the number as the source of a program would', () => {
    expect(codeOf('\u0007')).toBe('\\u0007');
    expect(codeOf('\u061C')).toBe('\\u061c');
  });
});

describe('shownLine', () => {
  it('is one line, cut where it is too long', () => {
    expect(shownLine(' a\n\n b\u0000 ')).toBe('a b\\u0000');
    expect(shownLine('abcdef', 3)).toBe('abc…');
  });
});
