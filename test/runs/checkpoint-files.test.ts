/** Every file of a checkpoint has a hash, is held against it before it is used, and is copied with it. */
import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sha256OfFiles } from '../../trainer/journal/file-hash.ts';
import {
  copyChecked,
  fileListName,
  filesFault,
  presenceFault,
  writeFileList,
} from '../../trainer/runs/checkpoint-files.ts';

async function checkpoint(): Promise<string> {
  const parent = await mkdtemp(path.join(tmpdir(), 'checkpoint-files-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const folder = path.join(parent, 'step-000001');
  await mkdir(folder);
  await writeFile(path.join(folder, 'config.json'), '{}');
  // Longer than what is known by its size alone in lists of older versions.
  await writeFile(path.join(folder, 'model.safetensors'), '');
  await truncate(path.join(folder, 'model.safetensors'), 257e6);
  await writeFileList(folder);
  return folder;
}
const listOf = async (folder: string) =>
  JSON.parse(await readFile(path.join(folder, fileListName), 'utf8')) as {
    files: Record<string, { sizeBytes: number; sha256: string | null }>;
  };
/** One byte in the middle of a sparse file. */
async function spoil(file: string, restoreTime = false): Promise<void> {
  const { open, stat } = await import('node:fs/promises');
  const { atime, mtime } = await stat(file);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from([1]), 0, 1, 1e6);
  await handle.close();
  if (restoreTime) await utimes(file, atime, mtime);
}

describe('the list of a checkpoint', () => {
  it('has a hash of every file, however long, and a changed byte of a long one is found', async () => {
    const folder = await checkpoint();
    const { files } = await listOf(folder);
    for (const [name, { sha256 }] of Object.entries(files))
      expect(sha256, name).toBe(await sha256OfFiles([path.join(folder, name)]));
    expect(await filesFault(folder)).toBeNull();
    await spoil(path.join(folder, 'model.safetensors'));
    expect(await filesFault(folder)).toBe('model.safetensors does not hold what was written into it');
  });

  it('takes hashes that are known already, and reads those files no more', async () => {
    const folder = await checkpoint();
    await writeFileList(folder, new Map([['model.safetensors', 'known']]));
    expect((await listOf(folder)).files['model.safetensors']?.sha256).toBe('known');
  });
});

describe('checking a checkpoint', () => {
  it('tells how far it is, and reads what is unchanged once', async () => {
    const folder = await checkpoint();
    const told: [number, number][] = [];
    expect(await filesFault(folder, (...progress) => told.push(progress))).toBeNull();
    expect(told.at(-1)).toEqual([257e6 + 2, 257e6 + 2]);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b));
    const again: unknown[] = [];
    expect(await filesFault(folder, (done) => again.push(done))).toBeNull();
    expect(again).toEqual([]);
    // Who puts the time of its last writing back has changed it all the same.
    await spoil(path.join(folder, 'model.safetensors'), true);
    expect(await filesFault(folder)).toContain('model.safetensors');
  });

  it('without reading finds what is missing and what was cut short', async () => {
    const folder = await checkpoint();
    expect(await presenceFault(folder)).toBeNull();
    await appendFile(path.join(folder, 'config.json'), ' ');
    expect(await presenceFault(folder)).toBe('config.json has 3 bytes of 2');
    await rm(path.join(folder, 'config.json'));
    expect(await presenceFault(folder)).toBe('config.json is missing');
    await rm(folder, { recursive: true });
    expect(await presenceFault(folder)).toBe('its folder is not there');
  });
});

describe('a folder within a checkpoint', () => {
  const shard = 'optimizer/__0_0.distcp';

  async function withFolder(): Promise<string> {
    const folder = await checkpoint();
    await mkdir(path.join(folder, 'optimizer'));
    await writeFile(path.join(folder, shard), 'moments');
    await writeFile(path.join(folder, 'optimizer', '.metadata'), 'where they lie');
    return folder;
  }

  it('is a part of it: its files are listed, counted, checked and copied', async () => {
    const folder = await withFolder();
    expect(await writeFileList(folder)).toBe(257e6 + 2 + 'moments'.length + 'where they lie'.length);
    expect(Object.keys((await listOf(folder)).files)).toEqual([
      'config.json',
      'model.safetensors',
      'optimizer/.metadata',
      shard,
    ]);
    expect(await filesFault(folder)).toBeNull();
    const to = path.join(path.dirname(folder), 'copy');
    await writeFileList(to, await copyChecked(folder, to));
    expect((await listOf(to)).files).toEqual((await listOf(folder)).files);
    await writeFile(path.join(folder, shard), 'Moments');
    expect(await filesFault(folder)).toBe(`${shard} does not hold what was written into it`);
    await expect(copyChecked(folder, `${to}-2`)).rejects.toThrow(`${shard} does not hold what was written`);
    await rm(path.join(folder, shard));
    expect(await presenceFault(folder)).toBe(`${shard} is missing`);
  });

  it.each(['../config.json', '/etc/hostname', 'a/../b', 'a//b', 'a\\b', ''])(
    'is never outside of it: %j',
    async (name) => {
      const folder = await checkpoint();
      const list = { version: 1, files: { [name]: { sizeBytes: 2, sha256: null } } };
      await writeFile(path.join(folder, fileListName), JSON.stringify(list));
      expect(await presenceFault(folder)).toBe(`${fileListName} can't be read`);
    },
  );
});

describe('a copy', () => {
  it('is the same, with the hashes of what was written', async () => {
    const folder = await checkpoint();
    const to = path.join(path.dirname(folder), 'copy');
    const hashes = await copyChecked(folder, to);
    await writeFileList(to, hashes);
    expect(await filesFault(to)).toBeNull();
    expect((await listOf(to)).files).toEqual((await listOf(folder)).files);
  });

  it('of what was changed or is missing is none', async () => {
    const folder = await checkpoint();
    const to = path.join(path.dirname(folder), 'copy');
    await spoil(path.join(folder, 'model.safetensors'));
    await expect(copyChecked(folder, to)).rejects.toThrow('model.safetensors does not hold what was written');
    await rm(path.join(folder, 'model.safetensors'));
    await expect(copyChecked(folder, to)).rejects.toThrow('model.safetensors is missing');
  });
});
