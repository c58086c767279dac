/** Fetching WebGPU: npm is asked for Dawn without its scripts, it is run once, and a folder is there whole or not at all. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchWebgpu, preparedWebgpu, removeWebgpu } from '../../../../trainer/engines/tfjs/setup/fetch-webgpu.ts';
import { holdFile } from '../../../../trainer/store/process-lock.ts';

const pathBefore = process.env.PATH;
let home: string;
const at = (name: string) => path.join(home, name);

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'video-r1-webgpu-'));
  await mkdir(at('bin'));
});
afterEach(async () => {
  process.env.PATH = pathBefore;
  await rm(home, { recursive: true, force: true });
});

/** An npm that installs a package `webgpu` of this source. */
async function npmThatInstalls(source: string): Promise<void> {
  await writeFile(at('index.js'), source);
  const script = `#!/bin/sh
if [ "$1" = --version ]; then echo 11.0.0; exit 0; fi
echo "$@" > "${at('asked')}"
mkdir -p node_modules/webgpu && cp "${at('index.js')}" node_modules/webgpu/index.js
echo '{"name": "webgpu", "main": "index.js", "type": "module"}' > node_modules/webgpu/package.json
`;
  await writeFile(at('bin/npm'), script);
  await chmod(at('bin/npm'), 0o755);
  process.env.PATH = `${at('bin')}:${pathBefore}`;
}

const folder = () => at('cache/webgpu');
const fetched = (signal = new AbortController().signal, onProgress: (what: string) => void = () => {}) =>
  fetchWebgpu({ signal, onProgress, hold: holdFile, folder: folder() });

const withoutGpu = 'export const globals = {}; export const create = () => ({ requestAdapter: async () => null });';

describe.skipIf(process.platform === 'win32')('fetching WebGPU', () => {
  it('asks npm for the package without its scripts, and says plainly that there is no GPU', async () => {
    await npmThatInstalls(withoutGpu);
    await expect(fetched()).rejects.toMatchObject({
      kind: 'engine-failed',
      message: 'WebGPU finds no GPU on this machine.',
      remedy: expect.stringContaining('driver'),
    });
    expect(await readFile(at('asked'), 'utf8')).toMatch(/install --ignore-scripts.*webgpu@\d/);
    expect(await readdir(at('cache'))).toEqual(['webgpu.lock']);
    expect(preparedWebgpu(folder())).toBeNull();
  });

  it('takes a crash of the driver for what it is', async () => {
    await npmThatInstalls("process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {});");
    await expect(fetched()).rejects.toMatchObject({
      kind: 'engine-failed',
      message: 'WebGPU ended without a word when it was run.',
    });
    expect(await readdir(at('cache'))).toEqual(['webgpu.lock']);
  });

  it('ends on an abort, and leaves nothing', async () => {
    await npmThatInstalls('await new Promise((resolve) => setTimeout(resolve, 60_000));');
    const stop = new AbortController();
    const work = fetched(stop.signal, (what) => {
      if (what === 'running it') setImmediate(() => stop.abort(new Error('enough')));
    });
    await expect(work).rejects.toThrow('enough');
    expect(await readdir(at('cache'))).toEqual(['webgpu.lock']);
  });

  it('refuses a second one at the same time', async () => {
    await npmThatInstalls(withoutGpu);
    const first = fetched();
    await expect(fetched()).rejects.toMatchObject({ kind: 'conflict', place: `${folder()}.lock` });
    await expect(first).rejects.toMatchObject({ message: 'WebGPU finds no GPU on this machine.' });
  });

  it('runs what is there instead of fetching it, and takes it away when asked', async () => {
    await mkdir(path.join(folder(), 'node_modules', 'webgpu'), { recursive: true });
    await writeFile(path.join(folder(), 'package.json'), '{"private": true}');
    await writeFile(path.join(folder(), 'node_modules/webgpu/package.json'), '{"main": "index.js", "type": "module"}');
    await writeFile(path.join(folder(), 'node_modules/webgpu/index.js'), withoutGpu);
    await writeFile(path.join(folder(), 'ready.json'), '{"gpu": "a GPU that was taken out"}');
    process.env.PATH = at('bin');
    expect(preparedWebgpu(folder())?.gpu).toBe('a GPU that was taken out');
    await expect(fetched()).rejects.toMatchObject({ message: 'WebGPU finds no GPU on this machine.' });
    expect(await removeWebgpu(holdFile, folder())).toBe(true);
    expect(await removeWebgpu(holdFile, folder())).toBe(false);
  });
});
