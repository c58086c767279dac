/** Project folders for tests of labels, with and without git. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { labelFolderOf } from '../../trainer/annotations/label-files.ts';

export const { signal } = new AbortController();

export function temporaryProject(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-labels-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Keeps git to what a test sets: this machine's user is none of its business. */
export function withoutOwnGitSettings(): void {
  for (const [key, value] of Object.entries({
    GIT_CONFIG_GLOBAL: path.join(tmpdir(), 'there-is-no-such-file'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Test',
    GIT_AUTHOR_EMAIL: 'test@example.org',
    GIT_COMMITTER_NAME: 'Test',
    GIT_COMMITTER_EMAIL: 'test@example.org',
  }))
    vi.stubEnv(key, value);
}

export function git(folder: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export function gitProject(): string {
  const folder = temporaryProject();
  git(folder, 'init', '-q', '-b', 'main');
  return folder;
}

/** Writes a file of the label folder as it is. @returns its path */
export function writeLabelFile(project: string, name: string, content: string | Buffer): string {
  mkdirSync(labelFolderOf(project), { recursive: true });
  const file = path.join(labelFolderOf(project), name);
  writeFileSync(file, content);
  return file;
}

export const linesOf = (...values: readonly object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

export const textOf = (file: string): string => readFileSync(file, 'utf8');
