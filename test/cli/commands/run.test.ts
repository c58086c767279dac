/** `video-r1 run`: what is not there is said before a trainer begins. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../../../trainer/cli/commands/run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'video-r1-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a run file that is not there is named, and nothing is left in the folder', async () => {
  const fault = {
    kind: 'bad-run-file',
    message: 'There is no such run file.',
    place: path.join(folder, 'stf.run.json'),
    remedy: expect.stringContaining('.run.json'),
  };
  await expect(runCommand.run(['stf.run.json', '--folder', folder])).rejects.toMatchObject(fault);
  await expect(runCommand.run([path.join(folder, 'stf.run.json')])).rejects.toMatchObject(fault);
  expect(readdirSync(folder)).toEqual([]);
});

test('a run that is not there is refused with the project and its runs, and nothing is left in the folder', async () => {
  const missing = { kind: 'not-found', place: folder, remedy: 'It holds no runs; name the project with --folder.' };
  await expect(runCommand.run(['--resume', 'sft-1', '--folder', folder])).rejects.toMatchObject(missing);
  await expect(runCommand.run(['--fork', 'sft-1', '--from', '3', '--folder', folder])).rejects.toMatchObject(missing);
  expect(readdirSync(folder)).toEqual([]);
  for (const id of ['sft-1', 'tgrpo-1']) mkdirSync(path.join(folder, '.video-r1/runs', id), { recursive: true });
  await expect(runCommand.run(['--resume', 'sft-2', '--folder', folder])).rejects.toMatchObject({
    message: 'There is no run sft-2 in this folder; the nearest is sft-1.',
    remedy: 'Its runs: sft-1, tgrpo-1.',
  });
});
