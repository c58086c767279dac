/** Words and frame pairs answer each other by numbers that can be added up by hand. */
import { describe, expect, it } from 'vitest';
import {
  answerEvidence,
  evidenceStep,
  heavyWordBeside,
  isHeavy,
  namedWords,
  standsOn,
  withoutEvidence,
  wordsOn,
  worthOf,
} from '../../../../webview/rollout/evidence/answer-evidence.ts';
import { framesOf, wordLine, wordMarks } from '../../../../webview/rollout/evidence/word-marks.ts';
import { answered, aWeighing, pieces, startOf } from './weighed.ts';

const evidence = answerEvidence(aWeighing(), answered(0.3), pieces);
const wordAt = (start: number) => {
  const found = evidence.words.find(({ span }) => span.start === start);
  if (!found) throw new Error(`No word at ${start}.`);
  return found;
};
const left = wordAt(startOf.left);

describe('what an answer stood on', () => {
  it('is said of the words that are read, tags left out, and of the whole', () => {
    expect(evidence.words.map(({ text }) => text)).toEqual(['It', 'goes', 'left', 'then', 'right', 'So', 'A', 'A']);
    // 3 and 5 over the shuffles.
    expect(left.order).toMatchObject({ worth: expect.closeTo(4), uses: true });
    expect(left.pairs.map((delta) => Number(delta?.toFixed(6)))).toEqual([0, 0, 4, 0]);
    expect(evidence.pairs.map((delta) => Number(delta?.toFixed(6)))).toEqual([0, 0.2, 4, 0.7]);
    expect(evidence.reversed).toBeCloseTo(6);
    expect(evidence.blind).toBeCloseTo(10);
    expect(evidence.verdict.kind).toBe('uses order');
  });

  it('of a completion without tags is said of all its words', () => {
    const bare = { ...answered(0), parsed: { think: null, answer: null, problems: [] } };
    expect(answerEvidence(aWeighing(), bare, pieces).words[0]?.text).toBe('think');
  });

  it('that was not weighed is null, and says why', () => {
    const why = 'An image has no order.';
    const changes = aWeighing().changes.filter(({ intervention }) => intervention.kind === 'blind');
    const image = answerEvidence(aWeighing({ changes, without: [{ kind: 'order', why }] }), answered(0), pieces);
    expect(image.reversed).toBeNull();
    expect(image.blind).toBeCloseTo(10);
    expect(image.words[0]?.order).toBeNull();
    expect(withoutEvidence(image, 'order')).toBe(why);
    expect(withoutEvidence(image, 'frames')).toMatch(/not weighed/);
    expect(withoutEvidence(evidence, 'order')).toBeNull();
    expect(withoutEvidence(evidence, 'frames')).toBeNull();
  });
});

describe('a word', () => {
  it('has a step that grows at 0.1, 0.5, 1 and 2 nats', () => {
    expect([-1, 0, 0.09, 0.1, 0.5, 1, 2, 40].map(evidenceStep)).toEqual([0, 0, 0, 1, 2, 3, 4, 4]);
  });

  it('is heavy from what is called using order, for or against', () => {
    const heavy = (shade: 'order' | 'frames') =>
      evidence.words.filter((word) => isHeavy(word, shade)).map(({ text }) => text);
    expect(heavy('order')).toEqual(['left', 'then']);
    expect(heavy('frames')).toEqual(['left', 'right']);
    expect(worthOf(wordAt(startOf.hence), 'order')).toBeCloseTo(-1);
  });

  it('is gone to one after the other, around the ends', () => {
    const from = (start: number | null, by: 1 | -1) => heavyWordBeside(evidence.words, 'order', start, by)?.text;
    expect([from(null, 1), from(null, -1)]).toEqual(['left', 'then']);
    expect([from(startOf.left, 1), from(startOf.hence, 1)]).toEqual(['then', 'left']);
    expect([from(startOf.hence, -1), from(startOf.left, -1)]).toEqual(['left', 'then']);
    // One that is not heavy was picked by the pointer.
    expect(from(startOf.right, -1)).toBe('then');
    expect(heavyWordBeside([], 'order', null, 1)).toBeNull();
  });

  it('stands on the pairs worth half a nat, or else on the one that matters most', () => {
    expect(standsOn(left)).toEqual([2]);
    expect(standsOn({ pairs: [0.6, 0, 3, null] })).toEqual([0, 2]);
    expect(standsOn({ pairs: [0, 0.2, 0.3] })).toEqual([2]);
    expect(standsOn({ pairs: [0.05, -2, null] })).toEqual([]);
    expect(wordsOn(evidence.words, 2).map(({ text }) => text)).toEqual(['left']);
    expect(wordsOn(evidence.words, 1).map(({ text }) => text)).toEqual(['A']);
    expect(wordsOn(evidence.words, 0)).toEqual([]);
  });

  it('is named by the verdict where it uses order, and else where it counts for or against', () => {
    expect(namedWords(evidence).map(({ word }) => word.text)).toEqual(['left']);
    const changes = [3, 6].map((token) => ({
      intervention: { kind: 'order' as const, order: [1, 0] },
      first: 0,
      logprobs: pieces.map((_, i) => -0.1 + (i === token ? (token === 3 ? -0.8 : 0.8) : 0)),
    }));
    const none = answerEvidence(aWeighing({ changes }), answered(0.3), pieces);
    expect(none.verdict).toMatchObject({ kind: 'not used', paid: true });
    expect(namedWords(none).map(({ word }) => word.text)).toEqual(['left', 'then']);
  });

  it('says its numbers in a line, whatever a model wrote', () => {
    expect(wordLine(left, evidence, 8)).toBe('left: order +4.0 ± 1.0 nats, frames 5, 6 +4.0, p 0.82');
    expect(wordLine({ ...left, text: 'a\u202Eb' }, evidence, 8)).toMatch(/^a\\u202eb: /);
  });
});

describe('marks of words', () => {
  const marks = (...asked: Parameters<typeof wordMarks> extends [unknown, ...infer R] ? R : never) =>
    wordMarks(evidence, ...asked).filter(({ step, isPicked }) => step > 0 || isPicked);

  it('are none while the text shows nothing of them', () => {
    expect(wordMarks(evidence, 'text', null, 8)).toEqual([]);
    expect(wordMarks(evidence, 'probability', null, 8)).toEqual([]);
  });

  it('are of order, and of those that other frames make likelier', () => {
    expect(marks('order', null, 8).map(({ span, step, hue }) => [span.start, step, hue])).toEqual([
      [startOf.left, 4, 'order'],
      [startOf.hence, 3, 'against'],
      [startOf.right, 1, 'order'],
    ]);
  });

  it('are of the pair that matters most, or of the one that is picked', () => {
    expect(marks('frames', null, 8).map(({ span, step }) => [span.start, step])).toEqual([
      [startOf.left, 4],
      [startOf.right, 2],
      [startOf.answer, 1],
    ]);
    for (const shade of ['order', 'frames'] as const)
      expect(marks(shade, { kind: 'pair', pair: 3 }, 8).map(({ span, step, hue }) => [span.start, step, hue])).toEqual([
        [startOf.right, 2, 'frames'],
      ]);
  });

  it('outline a picked word in every shade', () => {
    expect(marks('text', { kind: 'word', start: startOf.left }, 8)).toMatchObject([{ step: 0, isPicked: true }]);
  });

  it('name the frames of a pair; the last of an odd number is one', () => {
    expect([framesOf(0, 5), framesOf(1, 5), framesOf(2, 5)]).toEqual(['1, 2', '3, 4', '5']);
  });
});
