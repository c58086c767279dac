/** What an audit says of a family: figures are chosen so that one step of the rule alone decides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sliceOf } from '../../trainer/audit/results.ts';
import { leastQuestions } from '../../trainer/audit/verdict.ts';
import type { AuditCue, AuditedLine } from '../../trainer/protocol/audit.ts';
import { verdictWords } from '../../trainer/protocol/audit-words.ts';
import { audited, imageOf, questions } from './made-audit.ts';

const verdictOf = (lines: readonly AuditedLine[]) => sliceOf('family', lines, true).verdict;
const wordsOf = (lines: readonly AuditedLine[]) => {
  const { verdict, ...slice } = sliceOf('family', lines, true);
  return verdict === null ? null : verdictWords({ ...slice, verdict });
};
/** The first `count` of 16 are right without something. */
const rightWithout = (cue: AuditCue, count: number, worth = 8) =>
  questions(16, (row) => audited(row, { without: row < count ? [cue] : [], order: [worth, 0.1] }));

describe('a family whose questions need the order', () => {
  it('needs order where nothing that is taken away leaves the answers', () => {
    expect(verdictOf(rightWithout('one frame', 0))).toEqual({ kind: 'needs order' });
    expect(wordsOf(rightWithout('one frame', 0))).toBe('needs order');
  });

  it('has a shortcut, named by what is left, where the answers stand as well without', () => {
    for (const cue of ['no video', 'blind', 'one frame', 'any order'] as const)
      expect(verdictOf(rightWithout(cue, 16))).toEqual({ kind: 'shortcut', cues: [cue] });
    expect(wordsOf(rightWithout('one frame', 16))).toBe('SHORTCUT: right without order, one frame is enough');
    expect(wordsOf(rightWithout('no video', 16))).toBe(
      'SHORTCUT: right without the video, nothing in its place is enough',
    );
  });

  it('has none where fewer are right without, though more than by a guess, which is said', () => {
    // 10 of 16, above a guess of 4 by Wilson (0.386 to 0.815); 6 of 16 are lost, an interval of -0.65 to -0.10.
    expect(verdictOf(rightWithout('one frame', 10))).toEqual({ kind: 'needs order' });
    expect(wordsOf(rightWithout('one frame', 10))).toBe('needs order; better than a guess with one frame');
    // 4 of 16 are a guess.
    expect(wordsOf(rightWithout('one frame', 4))).toBe('needs order');
  });

  it('has none by reversed frames or without the text of the question alone', () => {
    expect(verdictOf(rightWithout('reversed', 16))).toEqual({ kind: 'needs order' });
    expect(verdictOf(rightWithout('no question', 16))).toEqual({ kind: 'needs order' });
  });

  it('has one where shuffling costs its right answers less than half a nat', () => {
    expect(verdictOf(rightWithout('one frame', 0, 0.4))).toEqual({ kind: 'shortcut', cues: ['any order'] });
    expect(verdictOf(rightWithout('one frame', 0, 0.6))).toEqual({ kind: 'needs order' });
  });

  it('has one in part where many of its right answers do not use the order, though the mean is high', () => {
    const unused = (count: number) =>
      questions(16, (row) => audited(row, { order: row < count ? [0, 0.1] : [9, 0.1] }));
    // 8 of 16: 0.280 to 0.720. 7 of 16: 0.231 to 0.668.
    expect(verdictOf(unused(8))).toEqual({ kind: 'shortcut', cues: [] });
    expect(wordsOf(unused(8))).toBe('SHORTCUT in part: 50 % of the right answers do not use the order');
    expect(verdictOf(unused(7))).toEqual({ kind: 'needs order' });
  });
});

describe('other families', () => {
  it('are named without the word shortcut where the dataset does not say that order is needed', () => {
    const silent = rightWithout('one frame', 16).map((line) => ({ ...line, needsOrder: null }));
    expect(verdictOf(silent)).toEqual({ kind: 'needs no order', cues: ['one frame'] });
    expect(wordsOf(silent)).toBe('needs no order, one frame is enough');
  });

  it('about images need the image, or have a shortcut', () => {
    expect(wordsOf(rightWithout('one frame', 0).map(imageOf))).toBe('needs the image');
    expect(wordsOf(rightWithout('blind', 16).map(imageOf))).toBe(
      'SHORTCUT: right without the image, blank frames are enough',
    );
  });

  it('of which the model knows nothing, or with few questions, get no verdict', () => {
    const guessed = questions(16, (row) => audited(row, { right: row < 6, without: ['no video'] }));
    expect(verdictOf(guessed)).toEqual({ kind: 'unknown', why: 'guessing' });
    const few = questions(leastQuestions - 1, (row) => audited(row, { without: ['no video'] }));
    expect(verdictOf(few)).toEqual({ kind: 'unknown', why: 'few' });
  });
});

it('never names a cue under which no question is right', () => {
  const cues = ['no video', 'blind', 'one frame', 'any order'] as const;
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 8, maxLength: 40 }), fc.constantFrom(...cues), (rights, cue) => {
      const others = cues.filter((other) => other !== cue);
      const verdict = verdictOf(rights.map((right, row) => audited(row, { right, without: others })));
      return !(verdict !== null && 'cues' in verdict && verdict.cues.includes(cue));
    }),
  );
});
