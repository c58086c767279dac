/** The main job never sets the figures of a run beside those of weights that it did not come from. */
import { expect, it } from 'vitest';
import { stageRun } from '../../../trainer/cli/experiments/stage-run.ts';

const run = (id: string, name: string, from: string) => ({ id, name, from });
const [first, second] = [run('sft-1', 'sft', 'new weights'), run('sft-2', 'sft', 'new weights')];

it('goes on with the newest run that came from the stage before', () => {
  const [older, newer] = [run('tgrpo-1', 'tgrpo', 'sft-1, step 450'), run('tgrpo-2', 'tgrpo', 'sft-2, step 450')];
  expect(stageRun([newer, second, older, first], 'tgrpo', second)).toEqual({ run: newer, why: null });
  expect(stageRun([newer, second, older, first], 'sft', null).run).toBe(second);
});

it('trains anew, and says why, where SFT was trained anew since', () => {
  const old = run('tgrpo-1', 'tgrpo', 'sft-1, step 450');
  expect(stageRun([second, old, first], 'tgrpo', second)).toEqual({
    run: null,
    why: 'tgrpo-1 began from sft-1, not from sft-2; tgrpo is trained anew, so that the table compares what belongs together.',
  });
});

it('takes a run whose file names another model as it is, and none where there is none', () => {
  const own = run('tgrpo-1', 'tgrpo', 'models/mine');
  expect(stageRun([own, first], 'tgrpo', first).run).toBe(own);
  expect(stageRun([first], 'tgrpo', first)).toEqual({ run: null, why: null });
});
