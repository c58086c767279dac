/** Starting a trainer: the program, its Node.js and environment, and what is said when it does not come up. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogTail } from '../../../extension/trainer/log-tail.ts';
import { checkNode, trainerEnvironment, trainerProgram } from '../../../extension/trainer/program.ts';
import { logPath, startTrainer } from '../../../extension/trainer/start-trainer.ts';
import { findTrainer } from '../../../trainer/client/find-trainer.ts';
import { endTrainer } from '../harness/trainer-process.ts';

let project: string;
beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'video-r1-start-'));
});
afterEach(async () => {
  await endTrainer(project, 'SIGKILL');
  rmSync(project, { recursive: true, force: true });
});

/** A program that stands in for the trainer. */
function program(source: string) {
  const script = path.join(project, 'trainer.cjs');
  writeFileSync(script, source);
  return {
    node: process.execPath,
    script,
    environment: trainerEnvironment(process.env),
    options: ['--ffmpeg', '/opt/ffmpeg'],
    serving: ['--allow-root', '/disk'],
  };
}

const announces = `
  const fs = require('node:fs');
  const folder = process.argv[process.argv.indexOf('--folder') + 1] + '/.video-r1/';
  fs.writeFileSync(folder + 'seen.json', JSON.stringify({ arguments: process.argv.slice(2), electron: process.env.ELECTRON_RUN_AS_NODE }));
  fs.writeFileSync(folder + 'trainer.json', JSON.stringify({ pid: process.pid, host: '127.0.0.1', port: 1, token: 't', protocol: { major: 1, minor: 0 }, version: '0', startedAt: 0 }));
  setInterval(() => {}, 1000);
`;

describe('starting a trainer', () => {
  test('ends when it says where it is; it is detached, as plain Node.js, with ffmpeg passed on', async () => {
    const found = await startTrainer(program(announces), project, new AbortController().signal);
    expect(await findTrainer(project)).toEqual(found);
    const seen = JSON.parse(readFileSync(path.join(project, '.video-r1/seen.json'), 'utf8'));
    expect(seen).toEqual({
      arguments: ['serve', '--folder', project, '--ffmpeg', '/opt/ffmpeg', '--allow-root', '/disk'],
      electron: '1',
    });
    // Leader of a session of its own, so that the end of the window is not its end.
    if (process.platform === 'linux') {
      const [, , , , group] = readFileSync(`/proc/${found.pid}/stat`, 'utf8').split(' ');
      expect(Number(group)).toBe(found.pid);
    }
  });

  test('tells what a program said that ended before it listened', async () => {
    const failing = program("console.error('video-r1: the folder is busy'); process.exit(1);");
    await expect(startTrainer(failing, project, new AbortController().signal)).rejects.toThrow(
      /code 1.*the folder is busy/s,
    );
    expect(readFileSync(logPath(project), 'utf8')).toContain('the folder is busy');
  });

  test('tells nothing of an earlier start', async () => {
    await expect(
      startTrainer(program("console.error('old story'); process.exit(1)"), project, new AbortController().signal),
    ).rejects.toThrow('old story');
    await expect(startTrainer(program('process.exit(3)'), project, new AbortController().signal)).rejects.not.toThrow(
      'old story',
    );
  });

  test('can be given up, which ends the program', async () => {
    const abort = new AbortController();
    const waiting = program(
      "require('node:fs').writeFileSync(process.argv[3 + 1] + '/.video-r1/pid', String(process.pid)); setInterval(() => {}, 1000);",
    );
    const starting = startTrainer(waiting, project, abort.signal);
    abort.abort(new Error('given up'));
    await expect(starting).rejects.toThrow('given up');
    expect(existsSync(path.join(project, '.video-r1/trainer.json'))).toBe(false);
  });

  test('in a folder that can not be written says so', async () => {
    writeFileSync(path.join(project, '.video-r1'), 'a file where the folder should be');
    await expect(startTrainer(program(announces), project, new AbortController().signal)).rejects.toMatchObject({
      kind: 'no-access',
      message: expect.not.stringMatching(/E[A-Z]{4}/),
      place: path.join(project, '.video-r1'),
    });
  });

  test('is not misled by word that a dead one left, under whose number another process lives', async () => {
    const left = { pid: process.pid, host: '127.0.0.1', port: 1, token: 'old', protocol: { major: 1, minor: 0 } };
    mkdirSync(path.join(project, '.video-r1'));
    writeFileSync(
      path.join(project, '.video-r1/trainer.json'),
      JSON.stringify({ ...left, version: '0', startedAt: 0 }),
    );
    const found = await startTrainer(program(announces), project, new AbortController().signal);
    expect(found.pid).not.toBe(process.pid);
    expect(found.token).toBe('t');
  });
});

describe('the program', () => {
  test('gets nothing of the editor in its environment', () => {
    const environment = trainerEnvironment({
      PATH: '/bin',
      VSCODE_PID: '1',
      vscode_ipc: 'x',
      NODE_OPTIONS: '--inspect',
      ELECTRON_NO_ASAR: '1',
      NODE_EXTRA_CA_CERTS: 'kept',
    });
    expect(environment).toEqual({ PATH: '/bin', NODE_EXTRA_CA_CERTS: 'kept', ELECTRON_RUN_AS_NODE: '1' });
  });

  test('is refused by a Node.js that has no SQLite, by what is no Node.js, and by what is not there, each with the setting to change', async () => {
    const old = path.join(project, 'old-node');
    writeFileSync(old, '#!/bin/sh\necho v22.4.0 false\n');
    chmodSync(old, 0o755);
    await expect(checkNode(old, process.env)).rejects.toMatchObject({
      message: expect.stringContaining('v22.4.0 has no node:sqlite'),
      place: old,
      remedy: expect.stringContaining('nodePath'),
    });
    await expect(checkNode('/bin/echo', process.env)).rejects.toThrow('not Node.js');
    await expect(checkNode('/nowhere/node', process.env)).rejects.toMatchObject({
      place: '/nowhere/node',
      remedy: expect.stringContaining('nodePath'),
    });
    await checkNode(process.execPath, process.env);
  });

  test('that is missing from the extension is named', async () => {
    await expect(
      trainerProgram({ extensionFolder: project, nodePath: '', ffmpegPath: '', allowedRoots: [] }),
    ).rejects.toMatchObject({
      place: path.join(project, 'dist/trainer/main.js'),
    });
  });
});

test('a log is followed line by line, from near its end, over a line that comes in halves and a log begun anew', async () => {
  const file = path.join(project, 'trainer.log');
  writeFileSync(file, `${'old line\n'.repeat(5000)}last\nhal`);
  const lines: string[] = [];
  const tail = new LogTail(file, (line) => lines.push(line));
  await tail.look();
  expect(lines.at(-1)).toBe('last');
  expect(lines.length).toBeLessThan(2000);
  expect(lines[0]).toBe('old line');
  writeFileSync(file, 'f a line\nnext\n', { flag: 'a' });
  await tail.look();
  expect(lines.slice(-2)).toEqual(['half a line', 'next']);
  writeFileSync(file, 'anew\n');
  await tail.look();
  expect(lines.at(-1)).toBe('anew');
  tail.dispose();
});
