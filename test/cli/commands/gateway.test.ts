/** `gateway slurm` writes and shows a script, and submits nothing that was not agreed to; `gateway start` ends in words of its own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { gatewayCommand } from '../../../trainer/cli/commands/gateway.ts';

const possible = process.platform !== 'win32' && existsSync('/bin/bash');
if (!possible) console.log('Skipped: what stands in for sbatch is a shell script.');

describe.skipIf(!possible)('gateway slurm', () => {
  const before = process.env.PATH;
  let home: string;
  let out: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-gateway-'));
    out = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text;
      return true;
    });
    await mkdir(path.join(home, 'bin'));
    await sbatch(`printf '%s\\n' "$PWD" "$@" > "${home}/submitted"; echo "Submitted batch job 4711"`);
    process.env.PATH = `${path.join(home, 'bin')}:${before}`;
    const engine = { name: 'verl', offload: true, python: 'python-of-the-nodes' };
    const model = { checkpoint: 'm' };
    const content = { version: 1, name: 'tgrpo', method: 'tgrpo', dataset: 'd.json', model, engine };
    await writeFile(path.join(home, 'tgrpo.run.json'), JSON.stringify(content));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    process.env.PATH = before;
    await rm(home, { recursive: true, force: true });
  });
  const sbatch = async (does: string) => {
    await writeFile(path.join(home, 'bin/sbatch'), `#!/bin/bash\n${does}\n`);
    await chmod(path.join(home, 'bin/sbatch'), 0o755);
  };
  const run = (...more: string[]) =>
    gatewayCommand.run(['slurm', path.join(home, 'tgrpo.run.json'), '--nodes', '2', '--gpus-per-node', '8', ...more]);
  const folder = () => path.join(home, '.video-r1/gateways');

  it('writes the script with a rank for each GPU, shows it, and submits nothing', async () => {
    expect(await run('--engine', 'microBatchTokens=8192')).toBe(0);
    const script = await readFile(path.join(folder(), 'tgrpo.gateway.sbatch'), 'utf8');
    expect(out).toContain(script);
    expect(script).toMatch(/"ranks":16,"nodes":2.*"offload":true.*"microBatchTokens":8192/);
    // This machine, which only submits, may see no GPU.
    expect(script).toContain('"device":"cuda"');
    expect((await stat(path.join(folder(), 'tgrpo.gateway.sbatch'))).mode & 0o077).toBe(0);
    expect(existsSync(path.join(home, 'submitted'))).toBe(false);
  });

  it('submits what was agreed to, where the log is then', async () => {
    expect(await run('--submit', '--yes')).toBe(0);
    expect((await readFile(path.join(home, 'submitted'), 'utf8')).split('\n')).toEqual([
      ...[folder(), 'tgrpo.gateway.sbatch', ''],
    ]);
    expect(out).toContain('Submitted batch job 4711');
  });

  it('submits nothing where nobody can be asked, and says what Slurm refuses', async () => {
    await expect(run('--submit')).rejects.toMatchObject({ remedy: expect.stringMatching(/--yes/) });
    expect(existsSync(path.join(home, 'submitted'))).toBe(false);
    await sbatch('echo "invalid partition" >&2; exit 1');
    await expect(run('--submit', '--yes')).rejects.toMatchObject({
      kind: 'engine-failed',
      message: 'sbatch failed: invalid partition',
    });
  });
});

describe.skipIf(!possible)('gateway start', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-gateway-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** With what stands in for Python. @returns what it said and its exit code, once it was interrupted or ended by itself */
  async function start(does: string, ranks: number): Promise<{ said: string; code: number | null }> {
    const script = path.resolve(import.meta.dirname, '../../engines/verl/fake-python.mjs');
    await writeFile(path.join(home, 'python'), `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`, {
      mode: 0o700,
    });
    const content = { version: 1, name: 'tgrpo', method: 'tgrpo', dataset: 'd.json', model: { checkpoint: 'm' } };
    const file = path.join(home, 'tgrpo.run.json');
    await writeFile(
      file,
      JSON.stringify({ ...content, engine: { name: 'verl', device: 'cpu', ranks, python: './python' } }),
    );
    const program = path.resolve(import.meta.dirname, '../../../trainer/main.ts');
    const child = spawn(process.execPath, [program, 'gateway', 'start', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FAKE_GATEWAY: does },
    });
    let said = '';
    let isAsked = false;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => {
        said += bytes.toString();
        if (isAsked || !said.includes('ssh -N')) return;
        isAsked = true;
        child.kill('SIGINT');
      });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { said, code };
  }

  it.each([
    [2, 'Ended: the gateway of tgrpo and its 2 ranks.'],
    [1, 'Ended: the gateway of tgrpo.'],
  ])('with %i ranks, interrupted, says what has ended and nothing of its launcher', async (ranks, last) => {
    const { said, code } = await start('launch', ranks);
    expect(code).toBe(130);
    expect(said).toContain('Ending the gateway; Ctrl-C again ends at once.\n');
    expect(said.trimEnd().split('\n').at(-1)).toBe(last);
    expect(said).not.toMatch(/Traceback|SignalException|closing signal/);
  });

  it('takes no token that is empty or that others can read', async () => {
    const token = path.join(home, '.video-r1', 'gateways', 'tgrpo.gateway.token');
    const before: string[] = [];
    for (const [text, mode] of [
      ['', 0o600],
      ['a'.repeat(64), 0o666],
    ] as const) {
      await mkdir(path.dirname(token), { recursive: true });
      await rm(token, { force: true });
      await writeFile(token, text);
      await chmod(token, mode);
      await start('launch', 1);
      const made = await readFile(token, 'utf8');
      expect(made).toMatch(/^[0-9a-f]{64}$/);
      expect(before).not.toContain(made);
      expect(made).not.toBe(text);
      expect((await stat(token)).mode & 0o777).toBe(0o600);
      before.push(made);
    }
    await start('launch', 1);
    expect(await readFile(token, 'utf8')).toBe(before.at(-1));
  });

  it('that ends by itself shows all that it said, and fails', async () => {
    const { said, code } = await start('traceback', 2);
    expect(code).toBe(1);
    expect(said).toContain('line 39\n');
    expect(said).toContain('RuntimeError: the GPU is on fire');
    expect(said).not.toContain('Ended:');
  });
});
