/** What a question's history comes to in words, from figures worked out by hand. */
import { describe, expect, it } from 'vitest';
import { columnsOf } from '../../../webview/across/timeline.ts';
import { verdictOf } from '../../../webview/across/verdict.ts';
import { historyAnswers, historyGroup } from './history.ts';

const test = (passed: boolean) => ({
  ...{ p: 0.5, pShuffled: 0, mu: 0.8, comparison: '>=' as const },
  ...{ passed, paid: passed ? 0.3 : 0 },
});

describe('a verdict', () => {
  it('says how often the test paid, where accuracy went, and the mean gap between the orders', () => {
    const columns = columnsOf(
      [
        historyGroup(1, { answers: historyAnswers('s1', [0, 0], [1]), temporal: test(false) }),
        historyGroup(2, { answers: historyAnswers('s2', [1, 0]) }),
        historyGroup(3, { answers: historyAnswers('s3', [1, 1], [0.5]), temporal: test(true) }),
      ],
      false,
    );
    // Gaps −1 and +0.5; step 2 was not asked on shuffled frames.
    expect(verdictOf(columns, 'train')).toEqual({
      title: 'The temporal test passed at 1 of 2 times.',
      text: 'Accuracy on ordered frames 0.000 at first, 1.000 at last. Ordered minus shuffled −0.250 on average.',
    });
  });

  it('says of which groups it speaks where there are others, and where those went', () => {
    const columns = columnsOf(
      [
        historyGroup(1, { purpose: 'probe', answers: historyAnswers('p1', [0]) }),
        historyGroup(2, { purpose: 'evaluation', answers: historyAnswers('e2', [1]) }),
        historyGroup(3, { purpose: 'probe', answers: historyAnswers('p3', [0.5]) }),
      ],
      false,
    );
    expect(verdictOf(columns, 'probe')?.title).toBe(
      'Accuracy on ordered frames in probes 0.000 at first, 0.500 at last; in evaluations 1.000.',
    );
  });

  it('without a test begins with the accuracy, and says where shuffled frames were not asked', () => {
    const once = columnsOf([historyGroup(4, { purpose: 'probe', answers: historyAnswers('s4', [1, 0.5]) })], false);
    expect(verdictOf(once, 'probe')).toEqual({
      title: 'Accuracy on ordered frames 0.750.',
      text: 'Nothing was asked on shuffled frames.',
    });
    expect(verdictOf(once, 'train')).toBeNull();
  });
});
