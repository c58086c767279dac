/** The trainer of a folder, by the file that it leaves there. */
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findTrainer } from '../../trainer/client/find-trainer.ts';
import { processIdentity } from '../../trainer/programs/process-identity.ts';

const found = {
  pid: process.pid,
  host: '127.0.0.1',
  port: 1,
  token: 't',
  protocol: { major: 2, minor: 0 },
  version: '0',
  startedAt: 0,
};
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'video-r1-find-'));
  mkdirSync(path.join(folder, '.video-r1'));
  file = path.join(folder, '.video-r1/trainer.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a living one is found; none is where there is no file, or its process is gone', async () => {
  expect(await findTrainer(folder)).toBeNull();
  writeFileSync(file, JSON.stringify(found));
  expect(await findTrainer(folder)).toEqual(found);
  writeFileSync(file, JSON.stringify({ ...found, pid: 2 ** 22 - 3 }));
  expect(await findTrainer(folder)).toBeNull();
});

test.skipIf(process.platform !== 'linux')(
  'word of a dead one is not taken for a living process that was given its number since, after a reboot or before one',
  async () => {
    const [boot = '', startedAt = ''] = (processIdentity(process.pid) ?? '').split(' ');
    expect(Number(startedAt)).toBeGreaterThan(0);
    writeFileSync(file, JSON.stringify({ ...found, identity: `${boot} ${startedAt}` }));
    expect(await findTrainer(folder)).toMatchObject({ pid: process.pid });
    for (const identity of [`0-0-0-0-0 ${startedAt}`, `${boot} ${Number(startedAt) - 1}`]) {
      writeFileSync(file, JSON.stringify({ ...found, identity }));
      expect(await findTrainer(folder)).toBeNull();
    }
  },
);

test('a copy of the project has none, and one that was moved or is reached by a link has its own', async () => {
  writeFileSync(file, JSON.stringify({ ...found, project: folder }));
  const copy = `${folder}-copy`;
  const moved = `${folder}-moved`;
  try {
    cpSync(folder, copy, { recursive: true });
    expect(await findTrainer(copy)).toBeNull();
    symlinkSync(folder, moved);
    expect(await findTrainer(moved)).toMatchObject({ port: found.port });
    rmSync(moved);
    renameSync(folder, moved);
    expect(await findTrainer(moved)).toMatchObject({ port: found.port });
  } finally {
    for (const made of [copy, moved]) rmSync(made, { recursive: true, force: true });
  }
});

test('a file that can not be understood is named, with what to do', async () => {
  for (const rubbish of ['', '{', '{"pid": "many"}']) {
    writeFileSync(file, rubbish);
    await expect(findTrainer(folder)).rejects.toMatchObject({
      kind: 'bad-request',
      place: file,
      remedy: expect.stringContaining('delete the file'),
    });
  }
});
