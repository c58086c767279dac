/** The words that a filter found are shown where they stand, in any script, however they are written. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hitsOf } from '../../../trainer/protocol/query/hits.ts';
import { matches } from '../../../trainer/protocol/query/matches.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import { placedWordsOf, wordsOf } from '../../../trainer/protocol/query/words.ts';
import { anyExpression, anySubject } from './subjects.ts';

const shown = (line: string, text: string) => {
  const { expression } = parseQuery(line);
  if (expression === null) throw new Error(line);
  return hitsOf(expression, text).map(({ start, end }) => text.slice(start, end));
};

describe('hitsOf', () => {
  it.each<[string, string, string[]]>([
    ['left ', 'Left, then LEFT; leftmost.', ['Left', 'LEFT', 'leftmost']],
    ['"left"', 'Left, then LEFT; leftmost.', ['Left', 'LEFT']],
    ['"red ball"', 'a red ball, a red, ball and red  -- Balls', ['red ball', 'red, ball']],
    ['"red bal"*', 'red  -- Balls', ['red  -- Balls']],
    ['strasse', 'Die Straße', ['Straße']],
    ['"cafe"', 'le cafe\u0301 caf\u00e9', ['cafe\u0301', 'caf\u00e9']],
    ['"ball"', 'ba\u00adll', ['ba\u00adll']],
    ['"공"', '공이 왼쪽으로', ['공']],
    ['"왼쪽"', '공이 왼쪽으로'.normalize('NFD'), ['왼쪽'.normalize('NFD')]],
    ['"三只猫"', '有三只猫。三只狗', ['三只猫']],
    ['"ガ"', 'ｶﾞと', ['ｶﾞ']],
    ['"🤦"', 'see 🤦🏼‍♂️ now', ['🤦']],
    ['"a" or "b" correct:true', 'a c b', ['a', 'b']],
    ['not "a" not (not "b")', 'a b', ['b']],
    ['correct:true', 'correct true', []],
    ['"one two" "two three"', 'one two three', ['one two three']],
  ])('%s in %j', (line, text, expected) => {
    expect(shown(line, text)).toEqual(expected);
  });

  it('places exactly the words that are searched for, in any text', () => {
    const piece = fc.constantFrom(
      '가',
      'ᄀ',
      'ᅡ',
      'ㄱ',
      'ㅏ',
      'ﾞ',
      'か',
      '\u3099',
      'e',
      '\u0301',
      '\u00ad',
      'ﬁ',
      'ß',
      '🏼',
      '👍',
      '\u{F0301}',
      '\ud800',
      'ς',
      'Σ',
      'हि',
      'ni',
      ' ',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const placed = placedWordsOf(given);
        expect(placed.map(({ word }) => word)).toEqual(wordsOf(given));
        for (const { start, end } of placed) expect(given.slice(start, end)).not.toBe('');
      }),
      { numRuns: 3000 },
    );
  });

  it('shows something in every text that a query for words keeps', () => {
    fc.assert(
      fc.property(anySubject, anyExpression, (subject, expression) => {
        if (expression.kind !== 'words' || expression.words.length === 0 || !matches(expression, subject)) return;
        const texts = [subject.rollout.text, subject.group.question.problem];
        expect(texts.flatMap((text) => hitsOf(expression, text)).length).toBeGreaterThan(0);
      }),
    );
  });
});
