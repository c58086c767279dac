/** Comparing runs from the editor: which other run is asked for, and what is opened. */
import { expect, test } from 'vitest';
import { compareRuns } from '../../../extension/commands/compare-runs.ts';
import type { Pointing } from '../../../extension/panels/page-panel.ts';
import { pagePanels } from '../../../extension/panels/page-panels.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { runOf } from '../trainer/fake-trainer.ts';

async function windowWith(...runs: RunSummary[]) {
  const trainer = await fakeTrainer();
  trainer.runs = runs;
  const studio = studioOn(trainer.project);
  const shown: Pointing[] = [];
  pagePanels(studio).show = (place) => void shown.push(place);
  await studio.attach();
  return { studio, shown };
}

const rl = (id: string) => runOf({ id, method: 'tgrpo', dataset: 'data/rl.json' });

test('the other run is asked for with method and state, those on the same data first, and the page is opened', async () => {
  const { studio, shown } = await windowWith(
    rl('tgrpo-2'),
    runOf({ id: 'sft-1', method: 'sft', dataset: 'data/sft.json' }),
    rl('tgrpo-1'),
  );
  await compareRuns(studio, { runId: 'tgrpo-2' });
  const [asked] = editor.picks;
  expect(editor.picks).toHaveLength(1);
  expect(asked?.map(({ label }) => label.split(' ')[1])).toEqual(['tgrpo-1', 'sft-1']);
  expect(asked?.[0]?.description).toMatch(/^T-GRPO · .* · same data$/);
  expect(asked?.[1]?.description).toMatch(/^SFT · /);
  expect(asked?.[1]?.description).not.toContain('same data');
  expect(shown).toEqual([{ page: 'compare', runId: 'tgrpo-2', againstRunId: 'tgrpo-1' }]);
});

test('from the palette the run itself is asked for first, and of two runs the other needs no choice', async () => {
  const { studio, shown } = await windowWith(rl('tgrpo-2'), rl('tgrpo-1'));
  await compareRuns(studio);
  expect(editor.picks).toHaveLength(1);
  expect(shown).toEqual([{ page: 'compare', runId: 'tgrpo-2', againstRunId: 'tgrpo-1' }]);
});

test('a run that is alone is not compared, and it is said why', async () => {
  const { studio, shown } = await windowWith(rl('tgrpo-1'));
  await expect(compareRuns(studio, { runId: 'tgrpo-1' })).rejects.toMatchObject({
    kind: 'conflict',
    message: 'tgrpo-1 is the only run here, so that there is none to compare it with.',
    remedy: 'Start another run, or fork this one.',
  });
  expect([shown, editor.picks]).toEqual([[], []]);
});
