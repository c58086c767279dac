/** `cluster slurm` writes and shows a script, and submits nothing that was not agreed to. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clusterCommand } from '../../../trainer/cli/commands/cluster.ts';

const possible = process.platform !== 'win32' && existsSync('/bin/bash');
if (!possible) console.log('Skipped: what stands in for sbatch is a shell script.');

describe.skipIf(!possible)('cluster slurm', () => {
  const before = process.env.PATH;
  let home: string;
  let out: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-cluster-'));
    out = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text;
      return true;
    });
    await mkdir(path.join(home, 'bin'));
    const sbatch = path.join(home, 'bin/sbatch');
    await writeFile(sbatch, `#!/bin/bash\nprintf '%s\\n' "$@" > "${home}/submitted"\necho "4711;cluster"\n`);
    await chmod(sbatch, 0o755);
    process.env.PATH = `${path.join(home, 'bin')}:${before}`;
    await writeFile(
      path.join(home, 'tgrpo.run.json'),
      JSON.stringify({
        ...{ version: 1, name: 'tgrpo', method: 'tgrpo', dataset: 'd.json', model: { checkpoint: 'm' } },
        engine: { name: 'verl', offload: true, attach: undefined },
      }),
    );
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    process.env.PATH = before;
    await rm(home, { recursive: true, force: true });
  });
  const run = (...more: string[]) =>
    clusterCommand.run([
      ...[
        'slurm',
        path.join(home, 'tgrpo.run.json'),
        '--nodes',
        '2',
        '--gpus-per-node',
        '8',
        '--python',
        '/venv/bin/python',
      ],
      ...more,
    ]);

  it('writes the script with the gateway beside it, shows it, and submits nothing', async () => {
    expect(await run('--engine', 'microBatchTokens=8192')).toBe(0);
    const folder = path.join(home, '.video-r1/slurm/tgrpo');
    const script = await readFile(path.join(folder, 'job.sh'), 'utf8');
    expect(out.startsWith(script)).toBe(true);
    execFileSync('/bin/bash', ['-n', path.join(folder, 'job.sh')]);
    expect(script).toContain('"ranks":16,"nodes":2');
    expect(script).toMatch(/"offload":true,.*"microBatchTokens":8192,/);
    expect(existsSync(path.join(folder, 'gateway/video_r1_gateway/__main__.py'))).toBe(true);
    expect((await stat(folder)).mode & 0o077).toBe(0);
    expect(existsSync(path.join(home, 'submitted'))).toBe(false);
    expect(out).toMatch(/to submit it: sbatch --output=/);
  });

  it('submits what was agreed to, and says as which job', async () => {
    expect(await run('--submit', '--yes', '--out', path.join(home, 'job folder'))).toBe(0);
    expect((await readFile(path.join(home, 'submitted'), 'utf8')).split('\n')).toEqual([
      '--parsable',
      `--output=${path.join(home, 'job folder', 'job-%j.log')}`,
      path.join(home, 'job folder', 'job.sh'),
      '',
    ]);
    expect(out).toContain(`submitted as job 4711; what it says: ${path.join(home, 'job folder', 'job-4711.log')}`);
  });

  it('submits nothing where nobody can be asked, and says what Slurm refuses', async () => {
    await expect(run('--submit')).rejects.toMatchObject({ remedy: expect.stringMatching(/--yes/) });
    expect(existsSync(path.join(home, 'submitted'))).toBe(false);
    await writeFile(path.join(home, 'bin/sbatch'), '#!/bin/bash\necho "invalid partition" >&2; exit 1\n');
    await expect(run('--submit', '--yes')).rejects.toMatchObject({
      kind: 'engine-failed',
      message: 'The job was not submitted: invalid partition.',
    });
  });
});
