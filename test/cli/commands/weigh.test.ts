/** What `video-r1 weigh` prints of an answer: its frame pairs, and where it was decided. */
import { expect, test } from 'vitest';
import { curveLines, pairTimes } from '../../../trainer/cli/commands/weigh.ts';
import { aGroup } from '../../store/records.ts';

test('a pair has the time at which it begins; of shuffled frames those that stood there', () => {
  const { media } = aGroup(1);
  const group = {
    media: {
      ...media,
      kind: 'video' as const,
      times: [0, 0.5, 1.1, 1.6],
      indices: [0, 5, 11, 16],
      shuffledOrder: [2, 0, 3, 1],
    },
  };
  expect(pairTimes(group, { order: 'ordered' })).toEqual(['0.0 s', '1.1 s']);
  expect(pairTimes(group, { order: 'shuffled' })).toEqual(['1.1, 0.0 s', '1.6, 0.5 s']);
});

test('where the answer was decided is a line a sentence; where it can’t be known, the reason', () => {
  const text = '<think>0 s: left. So B.</think><answer>B</answer>';
  const ends = [7, 17, 23];
  const commitment = ends.map((end, i) => ({ end, logprob: Math.log([0.25, 0.5, 0.75][i] as number) }));
  expect(curveLines({ commitment, without: [] }, { text, answer: 'B' })).toEqual([
    '',
    'probability of the answer B after each sentence',
    '0.25  (no reasoning)',
    '0.50  0 s: left.',
    '0.75  So B.',
  ]);
  const why = 'Its tags share tokens with what stands beside them.';
  expect(curveLines({ commitment: null, without: [{ kind: 'no reasoning', why }] }, { text, answer: 'B' })).toEqual([
    '',
    `Where it was decided is not known. ${why}`,
  ]);
});
