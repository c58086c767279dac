/** What `doctor` says of the backends: which are there, and how to get the others. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probeBackends } from '../../../../trainer/engines/tfjs/backends/probe.ts';
import { nativeFolder } from '../../../../trainer/engines/tfjs/files.ts';
import { addonBuild } from '../../../../trainer/engines/tfjs/setup/native-libraries.ts';

const before = process.env.XDG_CACHE_HOME;
let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'video-r1-backends-'));
  process.env.XDG_CACHE_HOME = cache;
});
afterEach(async () => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  await rm(cache, { recursive: true });
});

const available = () =>
  probeBackends()
    .filter((backend) => backend.available)
    .map(({ name }) => name);

test('without a prepared library, wasm and cpu are there, and each native one says how to get it or where it can be had', () => {
  expect(available()).toEqual(['wasm', 'cpu']);
  const why = (name: string) => probeBackends().find((backend) => backend.name === name)?.why;
  expect(why('native GPU')).toMatch(/setup native --gpu|Linux/);
  expect(why('native CPU')).toMatch(/setup native"|Linux/);
  expect(why('webgpu')).toMatch(/setup webgpu/);
});

test.each([true, false])('a prepared library counts as what it saw when it was run: a GPU %s', async (gpu) => {
  const folder = join(nativeFolder(cache), 'gpu');
  await mkdir(folder, { recursive: true });
  const addon = join(folder, 'tfjs_binding.node');
  await writeFile(addon, '');
  const ready = join(folder, 'ready.json');
  await writeFile(ready, JSON.stringify({ build: addonBuild, version: '2.18.1', gpu, addon, files: {} }));
  expect(available()).toEqual(gpu ? ['native GPU', 'wasm', 'cpu'] : ['wasm', 'native CPU', 'cpu']);
  await writeFile(ready, '{"version": "2.18.1", "gp');
  expect(available()).toEqual(['wasm', 'cpu']);
});
