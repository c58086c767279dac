/** Forking a run, and resuming one that would go back: what is asked, under which id, and what is sent. */
import { expect, test } from 'vitest';
import { forkRun } from '../../../extension/commands/fork-run.ts';
import { resume } from '../../../extension/commands/resume-run.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { recordOf } from '../trainer/fake-trainer.ts';

const stopped = aRunThat({ state: 'stopped' }, { id: 'sft-2', name: 'sft', method: 'sft', step: 30 });
const at = (step: number) => ({
  ...{ id: `c${step}`, step, at: step, folder: `runs/c${step}`, sizeBytes: 1e6, reason: 'schedule' as const },
});

async function stoppedRun() {
  const trainer = await fakeTrainer();
  trainer.runs = [stopped];
  const forks: unknown[] = [];
  trainer.handlers['checkpoints/list'] = async () => ({ checkpoints: [at(10), at(20)] });
  trainer.handlers['runs/fork'] = async (request) => {
    forks.push(request);
    return { run: aRunThat({ state: 'created' }, { id: 'tried-1', name: 'tried' }) };
  };
  trainer.handlers['runs/command'] = async ({ id, command }) => ({
    command: recordOf(id, command, { state: 'applied' }),
  });
  trainer.handlers['runs/resumption'] = async () => ({
    ...{ from: 20, steps: 10, rollouts: 80, evaluations: 1, bad: [], seeds: 'exact' as const },
    asks: 'The checkpoint of step 30 is not there any more.',
  });
  const studio = studioOn(trainer.project);
  editor.settings.set('videoR1.dashboard.openOnStart', false);
  await studio.attach();
  return { trainer, studio, forks };
}

test('a fork offers the newest checkpoint first, and takes the name that is typed', async () => {
  const { studio, forks } = await stoppedRun();
  editor.typed.push('tried');
  await forkRun(studio);
  expect(editor.picks.at(-1)?.map(({ label }) => label)).toEqual(['$(archive) step 20', '$(archive) step 10']);
  expect(editor.asked).toEqual(['Fork sft-2 from step 20']);
  expect(forks).toEqual([{ runId: 'sft-2', from: 20, name: 'tried', start: true }]);
  expect(editor.done).toEqual(['$(check) tried-1 goes on from sft-2, step 20; start it when no other run computes']);
});

test('a fork without a name makes no run', async () => {
  const { studio, forks } = await stoppedRun();
  await forkRun(studio, { runId: 'sft-2', checkpoint: at(10) });
  expect(editor.asked).toEqual(['Fork sft-2 from step 10']);
  expect(forks).toEqual([]);
});

test('a resume that goes back asks with the counts, and goes back only when told to', async () => {
  const { studio, trainer } = await stoppedRun();
  await expect(resume(studio)).rejects.toThrow();
  expect(trainer.commands).toEqual([]);
  expect(editor.messages).toEqual([['Resume sft-2 from step 20?', 'Go Back', 'Make a New Run From There']]);
  editor.presses.push('Go Back');
  await resume(studio);
  expect(trainer.commands.map(({ command }) => command)).toEqual([{ kind: 'resume', confirmed: true }]);
});

test('it makes a new run from there where that is chosen', async () => {
  const { studio, trainer, forks } = await stoppedRun();
  editor.presses.push('Make a New Run From There');
  await resume(studio);
  expect(forks).toEqual([{ runId: 'sft-2', from: 20, start: true }]);
  expect(trainer.commands).toEqual([]);
});
