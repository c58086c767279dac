/** Checkpoints from the editor: pinned with a note, resumed from, and deleted into the trash where the window has one. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { deleteCheckpoint } from '../../../extension/commands/delete-checkpoint.ts';
import { pinCheckpoint, unpinCheckpoint } from '../../../extension/commands/pin-checkpoint.ts';
import { resumeFrom } from '../../../extension/commands/resume-run.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { recordOf } from '../trainer/fake-trainer.ts';

const stopped = aRunThat({ state: 'stopped' }, { id: 'sft-2', name: 'sft', method: 'sft', step: 30 });
const at = (step: number, pin?: { note: string; by: string; at: number }) => ({
  ...{ id: `c${step}`, step, at: step, folder: `c${step}`, sizeBytes: 2e6, reason: 'schedule' as const },
  ...(pin && { pin }),
});

async function stoppedRun(asks: readonly string[] = []) {
  const trainer = await fakeTrainer();
  trainer.runs = [stopped];
  trainer.handlers['checkpoints/list'] = async () => ({
    checkpoints: [at(10), at(20, { note: 'good', by: 'ada', at: 1 })],
  });
  trainer.handlers['checkpoints/removal'] = async ({ step }) => ({
    ...{ folder: `c${step}`, sizeBytes: 2e6, asks: [...asks] },
  });
  trainer.handlers['runs/command'] = async ({ id, command }) => ({
    command: recordOf(id, command, { state: 'applied' }),
  });
  const folder = path.join(trainer.project, 'c10');
  await mkdir(folder);
  const studio = studioOn(trainer.project);
  await studio.attach();
  const sent = () => trainer.commands.map(({ command }) => command);
  return { trainer, studio, sent, folder, item: { runId: 'sft-2', checkpoint: at(10) } };
}

const confirmed = [{ kind: 'remove-checkpoint', step: 10, confirmed: true }];

test('in a local window a checkpoint goes to the trash unasked where nothing speaks against it', async () => {
  const { studio, sent, folder, item } = await stoppedRun();
  await deleteCheckpoint(studio, item);
  expect(editor.messages).toEqual([]);
  expect(editor.trashed).toEqual([folder]);
  expect(sent()).toEqual(confirmed);
  expect(editor.done.at(-1)).toContain('checkpoint 10 of sft-2 is in the trash');
});

test('there too it says first what a person should know, and leaves all as it is without their word', async () => {
  const { studio, sent, folder, item } = await stoppedRun(['It is the newest, from which a resume goes on.']);
  await expect(deleteCheckpoint(studio, item)).rejects.toThrow();
  expect(editor.messages).toEqual([['Delete checkpoint 10 of sft-2 (2.0 MB)?', 'Move to Trash']]);
  expect([editor.trashed, sent(), existsSync(folder)]).toEqual([[], [], true]);
  editor.presses.push('Move to Trash');
  await deleteCheckpoint(studio, item);
  expect(editor.trashed).toEqual([folder]);
  expect(sent()).toEqual(confirmed);
});

test.each([
  ['a remote window', { remoteName: 'ssh-remote' }],
  ['a window in a browser', { isInBrowser: true }],
])('%s asks, and the trainer deletes it for good', async (_, place) => {
  const { studio, sent, folder, item } = await stoppedRun();
  Object.assign(editor, place);
  await expect(deleteCheckpoint(studio, item)).rejects.toThrow();
  expect(sent()).toEqual([]);
  editor.presses.push('Delete Permanently');
  await deleteCheckpoint(studio, item);
  expect(editor.trashed).toEqual([]);
  // What is on the disk is the trainer's to delete.
  expect(existsSync(folder)).toBe(true);
  expect(sent()).toEqual(confirmed);
});

test('where the trash takes nothing, it asks before it deletes for good', async () => {
  const { studio, sent, item } = await stoppedRun();
  editor.trashFault = new Error('There is no trash.');
  await expect(deleteCheckpoint(studio, item)).rejects.toThrow();
  expect(sent()).toEqual([]);
  editor.presses.push('Delete Permanently');
  await deleteCheckpoint(studio, item);
  expect(sent()).toEqual(confirmed);
});

test('a pin takes a note, and only what is pinned is offered to be unpinned', async () => {
  const { studio, sent, item } = await stoppedRun();
  editor.typed.push(' before the rate is lowered ');
  await pinCheckpoint(studio, item);
  await pinCheckpoint(studio, item);
  await unpinCheckpoint(studio, { runId: 'sft-2' });
  expect(editor.picks.at(-1)?.map(({ label }) => label)).toEqual(['$(archive) step 20']);
  expect(sent()).toEqual([
    { kind: 'pin', step: 10, note: 'before the rate is lowered' },
    { kind: 'unpin', step: 20 },
  ]);
});

test('a resume from a checkpoint asks about that one, and names it', async () => {
  const { studio, sent, item, trainer } = await stoppedRun();
  const asked: unknown[] = [];
  trainer.handlers['runs/resumption'] = async (request) => {
    asked.push(request);
    return {
      from: 10,
      steps: 20,
      rollouts: 0,
      evaluations: 0,
      bad: [],
      seeds: 'exact' as const,
      asks: 'There is a newer checkpoint, of step 20.',
    };
  };
  editor.presses.push('Go Back');
  await resumeFrom(studio, item);
  expect(asked).toEqual([{ runId: 'sft-2', from: 10 }]);
  expect(sent()).toEqual([{ kind: 'resume', from: 10, confirmed: true }]);
});
