/** A project whose permissions can't be changed, or whose disk keeps none, is served all the same, with a warning. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { trainerFolder } from '../../trainer/protocol/discovery.ts';
import { startServer } from '../../trainer/server/server.ts';
import { temporaryFolder } from '../store/folders.ts';
import { RecordingService } from './service.ts';
import { serve } from './serving.ts';

/** What the file system does not do in a test. */
const refused = vi.hoisted(() => ({ chmod: null as string | null, write: null as string | null, modes: false }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fault = (code: string, syscall: string, path: unknown) =>
    Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path });
  return {
    ...fs,
    chmodSync: (path: string, mode: number) => {
      if (refused.chmod) throw fault(refused.chmod, 'chmod', path);
      fs.chmodSync(path, mode);
    },
    accessSync: (path: string, mode: number) => {
      if (refused.write && path.endsWith('.video-r1')) throw fault(refused.write, 'access', path);
      fs.accessSync(path, mode);
    },
    statSync: (path: string, options: object) => {
      const found = fs.statSync(path, options) as ReturnType<typeof fs.statSync>;
      return found && refused.modes ? Object.assign(found, { mode: (found.mode as number) | 0o777 }) : found;
    },
  };
});

beforeEach(() => Object.assign(refused, { chmod: null, write: null, modes: false }));

const start = (projectFolder: string, port = 0) =>
  startServer({
    projectFolder,
    port,
    pagesFolder: projectFolder,
    log: () => {},
    open: async () => new RecordingService(projectFolder),
  });

describe('a folder whose permissions the system does not change', () => {
  test.each(['EPERM', 'ENOTSUP', 'ENOSYS', 'EROFS'])('works where it can be written (%s)', async (code) => {
    refused.chmod = code;
    const projectFolder = temporaryFolder();
    mkdirSync(join(projectFolder, trainerFolder), { mode: 0o700 });
    expect((await serve({ projectFolder })).server.warnings).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')('is said to be open where others may read it', async () => {
    refused.chmod = 'EPERM';
    const projectFolder = temporaryFolder();
    mkdirSync(join(projectFolder, trainerFolder));
    const { server } = await serve({ projectFolder });
    expect(server.warnings).toEqual([expect.stringMatching(/\.video-r1 can't be made private.*own it/)]);
    expect(statSync(join(projectFolder, trainerFolder, 'trainer.json')).mode & 0o077).toBe(0);
  });

  test.skipIf(process.platform === 'win32')(
    'says that the secret is open where the disk keeps no permissions',
    async () => {
      refused.modes = true;
      const { server } = await serve();
      expect(server.warnings).toEqual([
        expect.stringMatching(/can't be made private/),
        expect.stringMatching(/holds the secret that lets a program in, and others.*may read it/),
      ]);
    },
  );
});

describe('a folder that can not be used', () => {
  test.each([
    ['EACCES', /may not write there/],
    ['EROFS', /may not write there/],
  ])('is refused in one sentence with place and remedy (%s)', async (code, message) => {
    refused.write = code;
    const folder = temporaryFolder();
    await expect(start(folder)).rejects.toMatchObject({
      kind: 'bad-input',
      message: expect.stringMatching(message),
      place: join(folder, trainerFolder),
      remedy: expect.stringMatching(/right|mount/),
    });
  });

  test('is refused where a file has its name', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, trainerFolder), '');
    await expect(start(folder)).rejects.toMatchObject({
      message: 'A file lies where the trainer keeps its runs.',
      place: join(folder, trainerFolder),
      remedy: 'Move the file away.',
    });
  });

  test('is not left behind where the trainer did not start, and one that was there is left as it was', async () => {
    const { server } = await serve();
    const folder = temporaryFolder();
    await expect(start(folder, server.discovery.port)).rejects.toMatchObject({ kind: 'port-taken' });
    expect(existsSync(join(folder, trainerFolder))).toBe(false);
    mkdirSync(join(folder, trainerFolder, 'runs'), { recursive: true });
    await expect(start(folder, server.discovery.port)).rejects.toMatchObject({ kind: 'port-taken' });
    expect(readdirSync(join(folder, trainerFolder))).toContain('runs');
  });
});
