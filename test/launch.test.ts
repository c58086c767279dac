/** The launcher installs what is missing, once, and not what npm has installed already. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const a = { version: '1.0.0', integrity: 'sha512-a' };
const lock = { packages: { '': {}, 'node_modules/a': a, 'node_modules/b': { version: '2.0.0', optional: true } } };

/** What the launcher says and how it ends in a tree of its own, whose npm says that it was called and fails. @param installed as npm left it */
function launched(installed: object | null, times = 1) {
  const root = mkdtempSync(path.join(tmpdir(), 'video-r1-launch-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['trainer', 'bin', 'node_modules']) mkdirSync(path.join(root, folder));
  const write = (name: string, text: string) => writeFileSync(path.join(root, name), text);
  copyFileSync(path.resolve(import.meta.dirname, '../trainer/launch.mjs'), path.join(root, 'trainer/launch.mjs'));
  write('package-lock.json', JSON.stringify(lock));
  write('trainer/build.ts', '');
  write('program.mjs', "console.log('the program ran')");
  write('bin/npm', '#!/bin/sh\necho npm was called >&2\nexit 3\n');
  write('bin/npm.cmd', '@echo npm was called 1>&2\r\n@exit /b 3\r\n');
  chmodSync(path.join(root, 'bin/npm'), 0o755);
  if (installed) write('node_modules/.package-lock.json', JSON.stringify(installed));
  const env = { ...process.env, PATH: `${path.join(root, 'bin')}${path.delimiter}${process.env.PATH}` };
  const call = () =>
    spawnSync(process.execPath, [path.join(root, 'trainer/launch.mjs'), 'program.mjs'], { env, encoding: 'utf8' });
  const calls = Array.from({ length: times }, call);
  return {
    ...(calls.at(-1) as (typeof calls)[0]),
    marked: existsSync(path.join(root, 'node_modules/.installed-lock')),
  };
}

const ran = { status: 0, stdout: 'the program ran\n', stderr: '', marked: true };

it('takes what npm has installed by the lock, without the optional packages of other machines', () => {
  expect(launched({ packages: { 'node_modules/a': a } }, 2)).toMatchObject(ran);
});

it.each([
  ['nothing is there', null],
  ['one is missing', { packages: {} }],
  ['one is of another version', { packages: { 'node_modules/a': { ...a, version: '1.0.1' } } }],
  ['one has other content', { packages: { 'node_modules/a': { ...a, integrity: 'sha512-b' } } }],
])('calls npm where %s, and says how it ended', (_, installed) => {
  const said = launched(installed);
  expect(said).toMatchObject({ status: 3, stdout: '', marked: false });
  expect(said.stderr).toMatch(/^Installing the packages .*npm was called\nnpm ci ended with code 3/s);
});
