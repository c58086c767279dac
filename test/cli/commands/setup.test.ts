/** `setup … --remove` says what it removed, what is not there, and how what is left is removed. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { setupCommand } from '../../../trainer/cli/commands/setup.ts';

let cache: string;
let out: string;
beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'video-r1-setup-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(cache, { recursive: true, force: true });
});

const at = (...names: string[]) => path.join(cache, 'video-r1-studio', ...names);

async function remove(...words: string[]): Promise<string[]> {
  out = '';
  expect(await setupCommand.run([...words, '--remove'])).toBe(0);
  return out.trimEnd().split('\n');
}

it.each([
  ['verl', '--cpu', 'verl', 'cpu', 'cuda', "verl's environment for the CPU", "verl's environment for GPUs"],
  ['native', '--gpu', 'tensorflow', 'gpu', 'cpu', "TensorFlow's library for GPUs", "TensorFlow's library for the CPU"],
])('%s %s', async (what, option, folder, kind, other, title, otherTitle) => {
  await mkdir(at(folder, kind), { recursive: true });
  expect(await remove(what)).toEqual([
    `Not there: ${otherTitle}, ${at(folder, other)}`,
    `Still there: ${title}, ${at(folder, kind)}`,
    expect.stringMatching(new RegExp(`^To remove that: .* setup ${what} ${option} --remove$`)),
  ]);
  expect(existsSync(at(folder, kind))).toBe(true);
  await mkdir(at(folder, other));
  expect(await remove(what, option)).toEqual([
    `Removed: ${title}, ${at(folder, kind)}`,
    `Still there: ${otherTitle}, ${at(folder, other)}`,
    expect.stringMatching(new RegExp(`^To remove that: .* setup ${what} --remove$`)),
  ]);
  expect(existsSync(at(folder, kind))).toBe(false);
  expect(await remove(what)).toEqual([`Removed: ${otherTitle}, ${at(folder, other)}`, `Not there: ${title}`]);
});

it('what there is one of alone', async () => {
  expect(await remove('webgpu')).toEqual([`Not there: the backend on Dawn, ${at('webgpu')}`]);
});
