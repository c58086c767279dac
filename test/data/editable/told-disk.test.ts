/** Saves on a disk that does as the test tells it. */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { cotFile, cotRow, DatasetFiles, refusal } from './dataset-files.ts';

const disk = vi.hoisted(() => ({
  free: 1e9,
  blocks: 1000,
  onAccess: () => undefined as unknown,
  onWrite: () => undefined as unknown,
  onRename: (rename: () => void) => rename(),
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    access: async (file: string, mode: number) => disk.onAccess() ?? real.access(file, mode),
    statfs: async () => ({ bavail: disk.free, bsize: 1, blocks: disk.blocks }),
    open: async (file: string, flags: string, mode?: number) => {
      const handle = await real.open(file, flags, mode);
      const write = handle.write.bind(handle) as (...given: unknown[]) => Promise<unknown>;
      if (flags === 'wx') Object.assign(handle, { write: (...given: unknown[]) => disk.onWrite() ?? write(...given) });
      return handle;
    },
  };
});
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  return { ...real, renameSync: (from: string, to: string) => disk.onRename(() => real.renameSync(from, to)) };
});

const failed = (code: string, syscall: string) => Object.assign(new Error(`${code}, ${syscall}`), { code, syscall });

let files: DatasetFiles;
beforeAll(async () => {
  files = await DatasetFiles.make();
});
afterAll(() => files.remove());

it('is refused before anything is written where there is no room for the new file, to the byte', async () => {
  const dataset = await files.open(cotFile([cotRow(0), cotRow(1)]));
  await dataset.edit(0, 'process', 'é'.repeat(1000));
  await dataset.edit(1, 'process', '');
  const needed = Buffer.byteLength(cotFile([cotRow(0, 'x'.repeat(6000)), cotRow(1, '')]));
  disk.free = needed - 1;
  expect(await refusal(dataset.save())).toMatchObject({
    kind: 'disk-full',
    place: files.folder,
    message: 'Saving needs 0.0 MB beside the file until it is replaced; 0.0 MB are free.',
    remedy: 'Free some space on this disk, then save again. Your edits are kept, and the file is as it was.',
  });
  expect([await readdir(files.folder), dataset.isDirty]).toEqual([['rows.json'], true]);
  disk.free = needed;
  await dataset.save();
  expect(await readFile(files.at('rows.json'))).toHaveLength(needed);
});

it('is tried where the system does not know how large the disk is', async () => {
  Object.assign(disk, { free: 0, blocks: 0 });
  const dataset = await files.open(cotFile([cotRow(0)]));
  await dataset.edit(0, 'process', 'new');
  await dataset.save();
  expect(dataset.isDirty).toBe(false);
});

it('is refused for a file that may only be read', async () => {
  const dataset = await files.open(cotFile([cotRow(0)]));
  await dataset.edit(0, 'process', 'new');
  for (const code of ['EACCES', 'EROFS']) {
    disk.onAccess = () => Promise.reject(failed(code, 'access'));
    expect(await refusal(dataset.save())).toMatchObject({
      kind: 'bad-input',
      place: files.at('rows.json'),
      message: 'This user may only read the file.',
    });
  }
  disk.onAccess = () => undefined;
  expect([await readdir(files.folder), dataset.isDirty]).toEqual([['rows.json'], true]);
});

it('leaves nothing beside when the disk is full on the way, or the file is held', async () => {
  Object.assign(disk, { free: 1e9, blocks: 1000 });
  const dataset = await files.open(cotFile([cotRow(0)]));
  await dataset.edit(0, 'process', 'new');
  for (const [told, said] of [
    [{ onWrite: () => Promise.reject(failed('ENOSPC', 'write')) }, { kind: 'disk-full', place: files.folder }],
    [
      {
        onRename: () => {
          throw failed('EPERM', 'rename');
        },
      },
      { kind: 'bad-input', place: files.folder },
    ],
  ] as const) {
    const before = { ...disk };
    Object.assign(disk, told);
    const error = await refusal(dataset.save());
    expect(error).toMatchObject(said);
    expect(error.message).toMatch("can't be written beside the old one");
    expect([await readdir(files.folder), dataset.isDirty]).toEqual([['rows.json'], true]);
    expect(await readFile(files.at('rows.json'), 'utf8')).toBe(cotFile([cotRow(0)]));
    Object.assign(disk, before);
  }
  await dataset.save();
  expect(await readFile(files.at('rows.json'), 'utf8')).toBe(cotFile([cotRow(0, 'new')]));
});

it('is not noticed by whoever reads a row in the moment of the rename', async () => {
  const dataset = await files.open(cotFile([cotRow(0), cotRow(1), cotRow(2)]));
  await dataset.edit(0, 'process', 'longer than it was before');
  let read: Promise<unknown> | undefined;
  disk.onRename = (rename) => {
    rename();
    read = Promise.all([dataset.row(2), dataset.edit(1, 'process', 'edited'), dataset.hasChangedOutside()]);
  };
  await dataset.save();
  expect(await read).toMatchObject([{ value: cotRow(2) }, { before: '"<think>1</think>"' }, false]);
  expect(dataset.changedRows).toEqual([1]);
});
