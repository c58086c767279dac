/** A span can be chosen with keys alone, in words and sentences as a reader sees them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  narrow,
  nextUnit,
  previousUnit,
  type SelectionUnit,
  sentencesOf,
  widen,
  wordsOf,
} from '../../../trainer/protocol/annotations/selection.ts';
import type { Span } from '../../../trainer/protocol/records.ts';
import { spanFault } from '../../../trainer/protocol/text-spans.ts';

const texts = (text: string, spans: readonly Span[]) => spans.map(({ start, end }) => text.slice(start, end));

describe('words', () => {
  test.each([
    ['The red car, then.', ['The', 'red', 'car', 'then']],
    ['At 0 s: it stops at 3.5 s.', ['At', '0 s', 'it', 'stops', 'at', '3.5 s']],
    ['from 0:05 to 1:02.5, 200 ms', ['from', '0:05', 'to', '1:02.5', '200 ms']],
    ['3s or 2 stops, 1,000 h', ['3s', 'or', '2', 'stops', '1,000 h']],
    ["don't e.g. <think>so</think>", ["don't", 'e.g', 'think', 'so', 'think']],
    ['先看到红车。然后', ['先', '看到', '红', '车', '然后']],
    ['a 🤦🏼‍♂️ and 🇩🇪, 1 + 2', ['a', '🤦🏼‍♂️', 'and', '🇩🇪', '1', '2']],
    ['', []],
    [' .\n', []],
  ])('of %j', (text, words) => {
    expect(texts(text, wordsOf(text))).toEqual(words);
  });
});

describe('sentences', () => {
  test.each([
    ['At 0 s: it stops. At 3.5 s it goes!', ['At 0 s: it stops.', 'At 3.5 s it goes!']],
    ['See Dr. Smith, e.g. Fig. 3, vs. Ben. Then?', ['See Dr. Smith, e.g. Fig. 3, vs. Ben.', 'Then?']],
    ['1. The car.\n- B. Left\n', ['1. The car.', '- B. Left']],
    ['The answer is no. Then it ends. Red etc. Blue.', ['The answer is no.', 'Then it ends.', 'Red etc.', 'Blue.']],
    ['先看到红车。然后左转！', ['先看到红车。', '然后左转！']],
    ['He said "Yes." Then…\n\n  Next line', ['He said "Yes."', 'Then…', 'Next line']],
    ['It takes 200 ms. Ms. Smith goes.', ['It takes 200 ms.', 'Ms. Smith goes.']],
    ['Dr. ', ['Dr.']],
    ['', []],
    ['0 s: dark. 1 s: light. So at 1 s.', ['0 s: dark.', '1 s: light.', 'So at 1 s.']],
  ])('of %j', (text, sentences) => {
    expect(texts(text, sentencesOf(text))).toEqual(sentences);
  });
});

describe('by keyboard', () => {
  const text = 'At 0 s: a car. It turns left.\nThen it stops.';
  const chosen = (span: Span | null) => span && text.slice(span.start, span.end);

  test('goes on word by word, over the ends of lines, and stays at the last', () => {
    const seen: (string | null)[] = [];
    let span: Span | null = null;
    for (let i = 0; i < 12; i++) {
      span = nextUnit(text, span, 'word');
      seen.push(chosen(span));
    }
    expect(seen.join('|')).toBe('At|0 s|a|car|It|turns|left|Then|it|stops|stops|stops');
    expect(chosen(previousUnit(text, span, 'word'))).toBe('it');
    expect(chosen(previousUnit(text, null, 'sentence'))).toBe('Then it stops.');
    expect(chosen(previousUnit(text, nextUnit(text, null, 'word'), 'word'))).toBe('At');
    expect(nextUnit('…', null, 'word')).toBeNull();
  });

  test('goes from a word to the sentence after it, and from a sentence to the next', () => {
    const first = nextUnit(text, null, 'sentence') as Span;
    expect(chosen(first)).toBe('At 0 s: a car.');
    expect(chosen(nextUnit(text, first, 'sentence'))).toBe('It turns left.');
    expect(chosen(nextUnit(text, nextUnit(text, null, 'word'), 'sentence'))).toBe('It turns left.');
  });

  test('widens and narrows at either end, and never to nothing', () => {
    const turns = { start: 18, end: 23 };
    expect(chosen(turns)).toBe('turns');
    expect(chosen(widen(text, turns, 'word'))).toBe('turns left');
    expect(chosen(widen(text, turns, 'word', 'start'))).toBe('It turns');
    expect(chosen(widen(text, turns, 'sentence'))).toBe('turns left.');
    expect(chosen(widen(text, { start: 18, end: 29 }, 'sentence'))).toBe('turns left.\nThen it stops.');
    expect(chosen(narrow(text, { start: 15, end: 29 }, 'word'))).toBe('It turns left');
    expect(chosen(narrow(text, { start: 15, end: 28 }, 'word'))).toBe('It turns');
    expect(chosen(narrow(text, { start: 15, end: 28 }, 'word', 'start'))).toBe('turns left');
    expect(narrow(text, turns, 'word')).toBe(turns);
    expect(narrow(text, turns, 'sentence', 'start')).toBe(turns);
  });

  test('reaches every word, and never splits a character or leaves the text', () => {
    const piece = fc.constantFrom(
      'a ',
      'é',
      '先看',
      '🎬',
      '🤦🏼‍♂️',
      '🇩🇪',
      'e\u0301',
      '0 s: ',
      '. ',
      '\n',
      'Dr. ',
      '3.5',
      ':05',
    );
    const unit = fc.constantFrom<SelectionUnit>('word', 'sentence');
    const act = fc.constantFrom(widen, narrow);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.tuple(act, unit, fc.boolean())), (pieces, acts) => {
        const text = pieces.join('');
        const reached: Span[] = [];
        for (let at = nextUnit(text, null, 'word'); at !== null && at !== reached.at(-1); ) {
          reached.push(at);
          const next = nextUnit(text, at, 'word');
          at = next?.start === at.start ? null : next;
        }
        expect(reached).toEqual(wordsOf(text));
        const [first] = reached;
        if (first === undefined) return;
        acts.reduce((span, [change, by, isStart]) => {
          const changed = change(text, span, by, isStart ? 'start' : 'end');
          expect(spanFault(text, changed)).toBeNull();
          return changed;
        }, first);
      }),
    );
  });
});
