/** A hint names a command that is there: what npx finds inside the tree, the program's full path elsewhere. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { callable, programCall } from '../../../trainer/cli/terminal/callable.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const modules = path.join(root, 'trainer/cli/terminal');
const folder = mkdtempSync(path.join(tmpdir(), 'video-r1 packaged-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('programCall', () => {
  it('takes npx inside the tree, and the path of the program outside it', () => {
    expect(programCall(modules, root)).toBe('npx video-r1');
    expect(programCall(modules, path.join(root, 'sample'))).toBe('npx video-r1');
    expect(programCall(modules, path.dirname(root))).toBe(`node ${path.join(root, 'trainer/video-r1.mjs')}`);
    expect(programCall(modules, `${root}-other`)).toBe(`node ${path.join(root, 'trainer/video-r1.mjs')}`);
  });

  it('names the packaged program, with marks around a path with a space', () => {
    expect(programCall(path.join(folder, 'dist/trainer'), root)).toContain(
      `"${path.join(folder, 'dist/trainer', 'main.js')}"`,
    );
  });
});

it('is called by its name where the extension has put it on the path', () => {
  expect(programCall(modules, root, { VIDEO_R1_CALLED_AS: 'video-r1' })).toBe('video-r1');
});

it('leaves names that are no call as they are', () => {
  expect(callable('See video-r1 --help, or "video-r1 setup native".')).toBe(
    'See npx video-r1 --help, or "npx video-r1 setup native".',
  );
  for (const text of [
    'video-r1: bad',
    '/x/video-r1 y',
    'npx video-r1 run',
    '.video-r1 is',
    'video-r1',
    'Another video-r1 cot is at work',
  ])
    expect(callable(text)).toBe(text);
});
