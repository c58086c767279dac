/** The batch script: it starts what it should on the nodes that Slurm gives, and nothing that stands in a run file becomes shell. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SlurmJob, slurmScript } from '../../../trainer/engines/verl/slurm.ts';
import { engineSettings, type VerlSettings } from '../../../trainer/protocol/runfile.ts';

const hasBash = process.platform !== 'win32' && existsSync('/bin/bash');
if (!hasBash) console.log('Skipped: the batch script is checked and run by bash.');

let home: string;
const at = (name: string) => path.join(home, name);
const job = (changes: Partial<SlurmJob> = {}, engine: object = {}): SlurmJob => {
  const { nodes = 2, gpusPerNode = 4 } = changes;
  const mode = nodes > 1 ? 'ray' : 'spmd';
  return {
    ...{ name: 'tgrpo', nodes, gpusPerNode, cpusPerGpu: 8, port: 29610 },
    ...{ folder: at('job'), packages: at('job/gateway'), python: at('bin/python') },
    settings: engineSettings.parse({
      ...{ name: 'verl', device: 'cuda', nodes, ranks: nodes * gpusPerNode, mode },
      ...engine,
    }) as VerlSettings,
    ...changes,
  };
};

async function program(name: string, does: string): Promise<void> {
  await writeFile(at(`bin/${name}`), `#!/bin/bash\n${does}\n`);
  await chmod(at(`bin/${name}`), 0o755);
}

/** Runs the script where srun runs a command at once, and Python writes down how it was called. */
async function ran(script: string): Promise<{ stdout: string; calls: { args: string[]; srun: string }[] }> {
  await writeFile(at('job.sh'), script);
  const { stdout } = await promisify(execFile)('/bin/bash', [at('job.sh')], {
    env: {
      PATH: at('bin'),
      SLURM_JOB_NODELIST: 'gpu[1-2]',
      SLURM_JOB_ID: '4711',
      SLURM_SUBMIT_HOST: 'login',
      USER: 'me',
    },
  });
  const calls = (await readFile(at('calls'), 'utf8'))
    .split('\u0002\n')
    .filter((call) => call !== '')
    .map((call) => call.split('\u0001'))
    .map(([srun = '', ...args]) => ({ srun, args: args.slice(0, -1) }));
  return { stdout, calls };
}

describe.skipIf(!hasBash)('the batch script', () => {
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-slurm-'));
    await mkdir(at('bin'));
    await mkdir(at('job'));
    for (const tool of ['bash', 'sed', 'grep', 'tr', 'rm', 'sleep', 'cat'])
      await symlink(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), at(`bin/${tool}`));
    const realPython = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).trim();
    await program('scontrol', 'echo gpu1; echo gpu2');
    await program('hostname', 'echo "127.0.1.1 10.0.0.7"');
    await program('srun', 'SRUN=; while [[ "$1" == --* ]]; do SRUN="$SRUN $1"; shift; done; export SRUN; exec "$@"');
    await program(
      'python',
      `if [ "$1" = -c ]; then exec "${realPython}" "$@"; fi
{ printf '%s\\1' "\${SRUN:-}" "$@"; printf '\\2\\n'; } >> "${at('calls')}"
case "$*" in
  *video_r1_gateway*) while [ "$1" != --ready ]; do shift; done; echo '{}' > "$2";;
esac`,
    );
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('starts Ray’s head and workers, then the gateway that joins them, on the first node’s loopback', async () => {
    const { stdout, calls } = await ran(slurmScript(job({ partition: 'gpu', time: '1-00:00:00' })));
    const ray = calls.filter(({ args }) => args.includes('start'));
    expect(
      ray.map(({ args }) => args.filter((word) => /^--(head|address|num-gpus|node-ip)/.test(word))).sort(),
    ).toEqual([
      ['--num-gpus=4', '--address=10.0.0.7:24711'],
      ['--num-gpus=4', '--head', '--node-ip-address=10.0.0.7'],
    ]);
    expect(ray.map(({ srun }) => /--(nodelist|exclude)=\S+/.exec(srun)?.[0]).sort()).toEqual([
      '--exclude=gpu1',
      '--nodelist=gpu1',
    ]);
    const gateway = calls.find(({ args }) => args.includes('video_r1_gateway'));
    expect(gateway?.srun).toContain('--nodelist=gpu1');
    const config = gateway?.args.at(-1) ?? '';
    expect(gateway?.args).toEqual(expect.arrayContaining(['--listen', '127.0.0.1:29610', '--stay', at('job/token')]));
    expect(JSON.parse(config)).toMatchObject({
      mode: 'ray',
      ranks: 8,
      nodes: 2,
      device: 'cuda',
      ray: '10.0.0.7:24711',
    });
    expect((await readFile(at('job/token'), 'utf8')).trim()).toMatch(/^[0-9a-f]{64}$/);
    expect(stdout).toContain('ssh -N -L 29610:127.0.0.1:29610 -J me@login me@gpu1');
    const attach = JSON.parse(/"attach": (\{.*\})\}/.exec(stdout)?.[1] ?? 'null');
    expect(engineSettings.safeParse({ name: 'verl', attach }).success).toBe(true);
    expect(attach.tokenFile).toBe(at('job/token'));
  });

  it('starts the ranks of one node without Ray', async () => {
    const { calls } = await ran(slurmScript(job({ nodes: 1, gpusPerNode: 8 })));
    expect(calls).toHaveLength(1);
    expect(calls[0]?.args).toEqual(expect.arrayContaining(['torch.distributed.run', '--nproc-per-node', '8']));
    expect(calls[0]?.args.at(-1)).not.toContain('"ray":');
  });

  it('ends with the gateway that does not start', async () => {
    await program('python', `if [ "$1" = -c ]; then echo x; else exit 7; fi`);
    await writeFile(at('job.sh'), slurmScript(job({ nodes: 1 })));
    const end = promisify(execFile)('/bin/bash', [at('job.sh')], { env: { PATH: at('bin'), SLURM_JOB_NODELIST: 'a' } });
    await expect(end).rejects.toMatchObject({ code: 7 });
  });

  it.each([
    '$(touch HOSTILE)',
    '`touch HOSTILE`',
    "'; touch HOSTILE; '",
    '"; touch HOSTILE; "',
    'a\ntouch HOSTILE\n',
    '$USER !! \\',
  ])('has %j as text in a path, a setting and the folder, whole', async (hostile) => {
    const text = hostile.replaceAll('HOSTILE', at('hostile'));
    const folder = at(`job ${text.replaceAll('/', '_')}`);
    await mkdir(folder);
    const made = job({ folder, packages: `${folder}/gateway` }, { lora: { rank: 4, alpha: 8, targets: [text] } });
    const script = slurmScript(made);
    execFileSync('/bin/bash', ['-n'], { input: script });
    const { calls, stdout } = await ran(script);
    const config = JSON.parse(calls.find(({ args }) => args.includes('video_r1_gateway'))?.args.at(-1) ?? '{}');
    expect(config.lora.targets).toEqual([text]);
    expect(JSON.parse(/"attach": (\{.*\})\}/.exec(stdout)?.[1] ?? '{}').tokenFile).toBe(`${folder}/token`);
    expect(existsSync(at('hostile'))).toBe(false);
  });

  it.each(['gpu\n#SBATCH --wrap=x', 'a b', '$(x)', '-x', ''])(
    'takes no partition, account or time that is %j',
    (value) => {
      for (const key of ['partition', 'account', 'time'] as const)
        expect(() => slurmScript(job({ [key]: value }))).toThrow(/no word that sbatch takes/);
    },
  );

  it('asks Slurm for the nodes in directives before the first command', () => {
    const [first, ...rest] = slurmScript(job({ partition: 'gpu', account: 'lab', time: '24:00:00' })).split('\n');
    expect(first).toBe('#!/bin/bash');
    const directives = rest.slice(
      0,
      rest.findIndex((line) => !line.startsWith('#')),
    );
    expect(directives.filter((line) => line.startsWith('#SBATCH'))).toEqual(
      [
        'job-name=video-r1-tgrpo',
        'nodes=2',
        'ntasks-per-node=1',
        'gpus-per-node=4',
        'cpus-per-gpu=8',
        'mem=0',
        'partition=gpu',
        'account=lab',
        'time=24:00:00',
      ].map((text) => `#SBATCH --${text}`),
    );
  });
});
