/** What is typed as the changed parameters of a fork is read as the run would take it, or refused in words. */
import { expect, it } from 'vitest';
import { forkParameters } from '../../../webview/dashboard/fork-parameters.ts';

it('reads pairs by name, by the released code’s name or by symbol', () => {
  expect(forkParameters('learningRate=5e-5, l_min=4 schedule=linear obeyLabels=off imageShare=null ')).toEqual({
    changes: { learningRate: 5e-5, lengthMin: 4, schedule: 'linear', obeyLabels: false, imageShare: null },
  });
  expect(forkParameters('')).toEqual({ changes: {} });
});

it('says what is wrong with a pair before it is sent', () => {
  expect(forkParameters('learningRate')).toEqual({ fault: '“learningRate” is not of the form name=value.' });
  expect(forkParameters('learningRat=1')).toEqual({
    fault: 'There is no parameter learningRat; the nearest is learningRate.',
  });
  expect(forkParameters('learningRate=3')).toEqual({ fault: 'learningRate: “3” is no number from 0 to 1.' });
  expect(forkParameters('schedule=sine')).toEqual({
    fault: 'schedule: “sine” is no constant or cosine or linear.',
  });
});
