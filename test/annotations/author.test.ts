/** Labels are signed by the author that is set, else by git's, else by who is logged in; and each author has a file. */
import { userInfo } from 'node:os';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { findAuthor } from '../../trainer/annotations/author.ts';
import { labelFileName, textHash } from '../../trainer/annotations/label-files.ts';
import { git, gitProject, signal, temporaryProject, withoutOwnGitSettings } from './projects.ts';

const asked = { setting: '', mayAskGit: true, signal };

beforeEach(() => {
  withoutOwnGitSettings();
  return () => vi.unstubAllEnvs();
});

describe('the author', () => {
  test.each([
    ['Ann Example', { name: 'Ann Example', email: null }],
    [' Ann  <ann@example.org> ', { name: 'Ann', email: 'ann@example.org' }],
    ['Ann <>', { name: 'Ann', email: null }],
    ['Ann <3', { name: 'Ann <3', email: null }],
  ])('is the one that is set: %j', async (setting, author) => {
    expect(await findAuthor(gitProject(), { ...asked, setting })).toEqual({ author, from: 'setting', note: null });
  });

  test.each(['<ann@example.org>', 'Ann\u202eBen', 'x'.repeat(201)])(
    'that is set and no name is refused: %j',
    async (setting) => {
      await expect(findAuthor(gitProject(), { ...asked, setting })).rejects.toMatchObject({
        kind: 'bad-input',
        remedy: expect.stringContaining('Ann Example <ann@example.org>'),
      });
    },
  );

  test("is git's of the project, with or without an e-mail address", async () => {
    const project = gitProject();
    git(project, 'config', 'user.name', 'Zoë Git');
    expect(await findAuthor(project, asked)).toEqual({
      author: { name: 'Zoë Git', email: null },
      from: 'git',
      note: null,
    });
    git(project, 'config', 'user.email', 'zoe@example.org');
    expect((await findAuthor(project, asked)).author).toEqual({ name: 'Zoë Git', email: 'zoe@example.org' });
    git(project, 'config', '--unset', 'user.name');
    expect((await findAuthor(project, asked)).author).toEqual({ name: 'zoe@example.org', email: 'zoe@example.org' });
  });

  test('is who is logged in where git knows nobody, is broken, is not there, or may not be asked', async () => {
    const project = gitProject();
    const login = { author: { name: userInfo().username, email: null }, from: 'login' };
    expect(await findAuthor(project, asked)).toEqual({ ...login, note: null });
    expect(await findAuthor(temporaryProject(), asked)).toEqual({ ...login, note: null });
    git(project, 'config', 'user.name', 'Ann');
    expect(await findAuthor(project, { ...asked, mayAskGit: false })).toEqual({ ...login, note: null });
    git(project, 'config', 'user.name', 'Ann\u202eBen');
    expect((await findAuthor(project, asked)).note).toMatch(/git's user can't sign/);
    vi.stubEnv('GIT_CONFIG_GLOBAL', '/dev/null/not-a-file');
    vi.stubEnv('GIT_CONFIG_PARAMETERS', 'nonsense');
    expect(await findAuthor(project, asked)).toMatchObject({
      ...login,
      note: expect.stringContaining('git did not say'),
    });
    vi.stubEnv('PATH', temporaryProject());
    expect(await findAuthor(project, asked)).toEqual({ ...login, note: null });
  });
});

describe('the file of an author', () => {
  test('is named by the slug, and by a hash of name and e-mail address', () => {
    expect(labelFileName({ name: 'Zoë  Example-Önder', email: 'z@example.org' })).toMatch(
      /^zoe-example-onder-[0-9a-f]{8}\.jsonl$/,
    );
    const names = [
      { name: 'Ann', email: null },
      { name: 'Ann', email: 'a@example.org' },
      { name: 'Ann', email: 'b@example.org' },
      { name: 'ann', email: null },
    ].map(labelFileName);
    expect(new Set(names).size).toBe(4);
    expect(names.every((name) => /^ann-[0-9a-f]{8}\.jsonl$/.test(name))).toBe(true);
  });

  test('lies in the folder, and can be made everywhere, whatever the name', () => {
    for (const name of ['../../etc/passwd', '王小明', '-', 'CON', 'a'.repeat(200), 'a\\b:c*?'])
      expect(labelFileName({ name, email: null })).toMatch(/^[a-z0-9][a-z0-9-]{0,40}-[0-9a-f]{8}\.jsonl$/);
  });

  test('is one for a name, however that is encoded', () => {
    expect(labelFileName({ name: 'Zo\u00eb', email: null })).toBe(labelFileName({ name: 'Zoe\u0308', email: null }));
  });
});

test('a text is named by the first half of its SHA-256', () => {
  expect(textHash('')).toBe('e3b0c44298fc1c149afbf4c8996fb924');
});
