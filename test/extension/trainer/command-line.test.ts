/** The command line that the extension puts on a terminal's path: found by its name, and its hints name it so. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { pathWith, writeCommandLine } from '../../../extension/trainer/command-line.ts';

const call = promisify(execFile);

test.skipIf(process.platform === 'win32')(
  'a shell finds video-r1, with all its arguments as they were given',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "video-r1 a'b-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const script = path.join(folder, 'main.cjs');
    writeFileSync(
      script,
      'process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.VIDEO_R1_CALLED_AS, process.env.ELECTRON_RUN_AS_NODE]))',
    );
    const bin = path.join(folder, 'bin');
    writeCommandLine(bin, { node: process.execPath, script });
    const env = { ...process.env, ...pathWith(bin, process.env) };
    const { stdout } = await call('/bin/sh', ['-c', 'video-r1 run "a b" --set x=1'], { env });
    expect(JSON.parse(stdout)).toEqual([['run', 'a b', '--set', 'x=1'], 'video-r1', '1']);
  },
);

test('the program of this tree, so called, names itself in its hints as it was called', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-called-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'project'));
  const bin = path.join(folder, 'bin');
  writeCommandLine(bin, {
    node: process.execPath,
    script: path.resolve(import.meta.dirname, '../../../trainer/main.ts'),
  });
  const env = { ...process.env, ...pathWith(bin, process.env) };
  const program = process.platform === 'win32' ? 'video-r1.cmd' : 'video-r1';
  const failed = await call(program, ['ctl', 'list', '--folder', path.join(folder, 'project')], {
    env,
    shell: process.platform === 'win32',
  }).catch((thrown: { code: number; stderr: string }) => thrown);
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('Start one: video-r1 serve --folder ') });
});
