/** What the system says of a file reaches people as a sentence with its place and a way out. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { asStudioError, StudioError, withPlace } from '../../trainer/protocol/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'video-r1-errors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'file'), '');

const faultOf = (work: () => void) => {
  try {
    work();
  } catch (thrown) {
    return asStudioError(thrown);
  }
  throw new Error('nothing was thrown');
};

describe('a file or folder that the system does not give', () => {
  test.each([
    ['no such file', () => readFileSync(join(folder, 'no')), 'not-found', 'There is no such file or folder.', 'no'],
    ['a missing folder', () => writeFileSync(join(folder, 'no', 'x'), ''), 'not-found', /no such/, 'no/x'],
    ['a folder for a file', () => writeFileSync(folder, ''), 'bad-input', /folder where a file/, ''],
    ['a file for a folder', () => readdirSync(join(folder, 'file')), 'bad-input', /file where a folder/, 'file'],
    ['a file in the way', () => mkdirSync(join(folder, 'file')), 'bad-input', /here already/, 'file'],
  ])('is named with its place: %s', (_, work, kind, message, place) => {
    const fault = faultOf(work);
    expect(fault).toMatchObject({ kind, place: join(folder, place) });
    expect(fault.message).toMatch(message);
    expect(fault.remedy).toMatch(/\w/);
    expect(String(fault)).not.toMatch(/E[A-Z]{4}|\bat /);
  });

  test.each([
    ['EACCES', 'bad-input'],
    ['EPERM', 'bad-input'],
    ['EROFS', 'bad-input'],
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
  ])('%s is no fault of ours', (code, kind) => {
    const thrown = Object.assign(new Error(`${code}: open '/x'`), { code, syscall: 'open', path: '/x' });
    expect(asStudioError(thrown)).toMatchObject({ kind, place: '/x', remedy: expect.stringMatching(/\w/) });
  });

  test('a program that is not there, or a socket, is for who asked for it', () => {
    const thrown = Object.assign(new Error('spawn ffmpeg ENOENT'), { code: 'ENOENT', syscall: 'spawn ffmpeg' });
    expect(asStudioError(thrown)).toMatchObject({ kind: 'internal', message: 'spawn ffmpeg ENOENT' });
  });
});

test('a write that only says that the disk is full gets the place of its file; one that knows its place keeps it', () => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  expect(withPlace(full, 'out/steps.csv')).toMatchObject({ kind: 'disk-full', place: 'out/steps.csv', cause: full });
  expect(withPlace(new StudioError('disk-full', 'Full.', { place: 'run.db' }), 'out').place).toBe('run.db');
});
