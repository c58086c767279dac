import { describe, expect, it } from 'vitest';
import { detectorScores } from '../../../trainer/annotations/agreement/suggestions.ts';
import { proportion } from '../../../trainer/protocol/proportion.ts';

const detector = {
  detector: 'commits-elsewhere',
  category: 'support',
  looked: new Set(['a', 'b', 'c', 'd', 'e']),
  suggested: new Set(['a', 'b', 'c']),
};
const answers = (count: number, accepted: number) =>
  Array.from({ length: count }, (_, k) => ({ detector: 'commits-elsewhere', accepted: k < accepted }));

describe('a detector’s score', () => {
  it('is the share of answered suggestions that people accepted, with Wilson’s interval', () => {
    const [score] = detectorScores([detector], answers(40, 31), []);
    expect(score).toMatchObject({ accepted: 31, answered: 40, precision: proportion(31, 40) });
    expect(score?.precision.share).toBe(0.775);
  });

  it('counts what people flagged with its suggestion and without, each item once', () => {
    const flagged = ['a', 'a', 'b', 'd', 'e'].map((item) => ({ item, category: 'support' }));
    const [score] = detectorScores([detector], [], flagged);
    expect(score).toMatchObject({ flaggedWithSuggestion: 2, flaggedWithout: 2, recall: proportion(2, 4) });
  });

  it('does not count flags of another category, or of items that it never looked at', () => {
    const flagged = [
      { item: 'd', category: 'order' },
      { item: 'elsewhere', category: 'support' },
    ];
    const [score] = detectorScores([detector], [], flagged);
    expect(score).toMatchObject({ flaggedWithout: 0, recall: { share: null, why: 'nothing-flagged' } });
    expect(score?.precision).toEqual({ share: null, why: 'nothing-answered' });
  });

  it('is kept of a detector that is not there any more, as far as there are answers', () => {
    const scores = detectorScores([detector], [{ detector: 'gone', accepted: true }], []);
    expect(scores.map((score) => score.detector)).toEqual(['commits-elsewhere', 'gone']);
    expect(scores[1]).toMatchObject({
      precision: proportion(1, 1),
      recall: { share: null, why: 'unknown-detector' },
    });
  });
});
