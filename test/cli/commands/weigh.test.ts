/** What `video-r1 weigh` calls the frame pairs of an answer. */
import { expect, test } from 'vitest';
import { pairTimes } from '../../../trainer/cli/commands/weigh.ts';
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
