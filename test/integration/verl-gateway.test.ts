/** Gateways that stay: one that the command line starts, and one that a cluster's script starts, with a Slurm that is played here. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import type { VerlSettings } from '../../trainer/protocol/runfile.ts';
import { rows, tinySize, tinyTexts } from '../engines/tfjs/tiny.ts';
import { verlEngine } from '../engines/verl/start.ts';
import { findVerl } from '../fidelity/verl.ts';
import { program } from './trainer-process.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, gateways that stay: ${found.reason}.\n`);

const waiting = { timeout: 120_000, interval: 100 };

describe.skipIf(found.python === null)('gateways that stay', () => {
  let folder: string;
  let model: string;
  let runFile: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'video-r1-stays-'));
    model = await newModelFolder({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, '5.18');
    runFile = path.join(folder, 'tgrpo.run.json');
    const engine = { name: 'verl', device: 'cpu', python: found.python };
    const content = {
      version: 1,
      name: 'tgrpo',
      method: 'tgrpo',
      dataset: 'a.json',
      model: { checkpoint: model },
      engine,
    };
    writeFileSync(runFile, JSON.stringify(content));
  });
  afterAll(async () => {
    for (const one of [folder, model]) if (one) await rm(one, { recursive: true, force: true, maxRetries: 5 });
  });

  /** What an engine that attaches finds of the model there. */
  async function scored(attach: NonNullable<VerlSettings['attach']>): Promise<number[]> {
    const engine: Engine = await verlEngine({ attach });
    try {
      const policy = await engine.createModel({ kind: 'folder', folder: model, optimizer: false }, 'policy');
      return (await engine.forward(policy, rows().slice(0, 2))).flatMap(({ logprobs }) => [...logprobs]);
    } finally {
      await engine.dispose();
    }
  }

  const attachOf = (text: string): NonNullable<VerlSettings['attach']> =>
    JSON.parse(`{${/"engine": .*/.exec(text)?.[0]}}`).engine.attach;

  test('the command line starts one of two ranks, which serves one after another until it is interrupted, and says that it ended', {
    timeout: 300_000,
  }, async () => {
    const child = spawn(process.execPath, [program, 'gateway', 'start', runFile, '--engine', 'ranks=2'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await vi.waitUntil(() => said.includes('ssh -N'), waiting);
    const attach = attachOf(said);
    expect(readFileSync(attach.tokenFile, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
    const first = await scored(attach);
    expect(first.length).toBeGreaterThan(0);
    expect(await scored(attach)).toEqual(first);
    const elsewhere = await verlEngine({ attach });
    const missing = elsewhere.createModel({ kind: 'copy', of: { id: 7, role: 'policy' } }, 'reference');
    await expect(missing).rejects.toThrow();
    await elsewhere.dispose();
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(said.trimEnd().split('\n').at(-1)).toBe('Ended: the gateway of tgrpo and its 2 ranks.');
    expect(said).not.toMatch(/Traceback|SignalException/);
  });

  test('the script for Slurm starts Ray and one on it, and says how to attach', { timeout: 300_000 }, async () => {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    const play = (name: string, lines: string) => {
      writeFileSync(path.join(bin, name), `#!/bin/bash\n${lines}\n`);
      chmodSync(path.join(bin, name), 0o755);
    };
    play('scontrol', 'echo 127.0.0.1');
    play('srun', 'while [[ $1 == --* ]]; do shift; done; exec "$@"');
    play('hostname', 'echo 127.0.0.1');
    // Its job is one process group here, which ends with the test.
    play(
      'sbatch',
      `SLURM_JOB_NODELIST=one setsid bash "$1" > tgrpo.gateway.log 2>&1 & echo $! > "${bin}/job"; echo Submitted batch job 1`,
    );
    const out = spawn(
      process.execPath,
      [
        ...[program, 'gateway', 'slurm', runFile, '--nodes', '1', '--gpus-per-node', '2', '--port', '17777'],
        ...['--engine', 'mode=ray', '--submit', '--yes'],
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, OMP_NUM_THREADS: '1' },
      },
    );
    let said = '';
    out.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    expect(await new Promise((resolve) => out.on('exit', resolve))).toBe(0);
    expect(said).toContain('Submitted batch job 1');
    const log = path.join(folder, '.video-r1/gateways/tgrpo.gateway.log');
    try {
      await vi.waitUntil(() => readFileSync(log, 'utf8').includes('"engine":'), waiting);
      const attach = attachOf(readFileSync(log, 'utf8'));
      expect(attach.address).toBe('127.0.0.1:17777');
      expect((await scored(attach)).length).toBeGreaterThan(0);
    } catch (error) {
      process.stdout.write(readFileSync(log, 'utf8').slice(-4000));
      throw error;
    } finally {
      process.kill(-Number(readFileSync(path.join(bin, 'job'), 'utf8')), 'SIGTERM');
    }
  });
});
