/** The script for a cluster is sound bash whatever the names in it are, and asks Slurm for what the engine needs. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type SlurmJob, slurmScript, slurmWord } from '../../../trainer/engines/verl/slurm.ts';
import { engineSettings, type VerlSettings } from '../../../trainer/protocol/runfile.ts';

const settings = (given: object): VerlSettings => engineSettings.parse({ name: 'verl', ...given }) as VerlSettings;
const job = (given: Partial<SlurmJob> = {}): SlurmJob => ({
  ...{ name: 'tgrpo', settings: settings({ ranks: 8 }), python: '/opt/verl/bin/python', packages: '/opt/gateway' },
  ...{ folder: '/home/ada/project/.video-r1/gateways', port: 7777, partition: null, account: null, time: null },
  ...given,
});
const directives = (script: string) => script.split('\n').filter((line) => line.startsWith('#SBATCH '));

test('two nodes of eight: Ray on both, the gateway on the first, on the loopback address', () => {
  const two = settings({ ranks: 16, nodes: 2, mode: 'ray', sampler: 'vllm' });
  const script = slurmScript(job({ settings: two, partition: 'gpu', account: 'lab', time: '1-00:00:00' }));
  expect(directives(script)).toEqual(
    [
      ...['--job-name=tgrpo', '--nodes=2', '--ntasks-per-node=1', '--gpus-per-node=8', '--exclusive', '--mem=0'],
      ...['--partition=gpu', '--account=lab', '--time=1-00:00:00', '--output=tgrpo.gateway.log', '--open-mode=append'],
    ].map((one) => `#SBATCH ${one}`),
  );
  expect(script).toContain('--num-gpus=8');
  expect(script).toContain('--listen 127.0.0.1:7777');
  expect(script).toContain('"ray":"auto"');
  expect(script).not.toContain('torch.distributed.run');
});

test('one node without Ray: its ranks are started by torchrun', () => {
  const script = slurmScript(job());
  expect(script).toContain('torch.distributed.run');
  expect(script).not.toContain('ray.scripts');
});

test.each(['/tmp/a b', "/tmp/it's", '/tmp/$(touch gone)', '/tmp/`id`', '/tmp/a"b;c&d|e', '/tmp/new\nline'])(
  'a folder called %j is one word',
  (folder) => {
    for (const given of [{}, { mode: 'ray', ranks: 4, nodes: 2 }]) {
      const script = slurmScript(job({ folder, settings: settings(given) }));
      const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const wanted = `${folder}/tgrpo.gateway.token`;
      const line = script.slice(script.indexOf('\nTOKEN=') + 1, script.indexOf('\nREADY='));
      const said = spawnSync('bash', ['-c', `${line}\nprintf %s "$TOKEN"`], { encoding: 'utf8' });
      expect(said.stdout).toBe(wanted);
    }
  },
);

test('what stands in the comments that Slurm reads can say nothing else', () => {
  for (const text of ['gpu', 'gpu-long,debug', '12:00:00', 'a_b.c@d']) expect(slurmWord.test(text)).toBe(true);
  for (const text of ['a b', 'a\n#SBATCH --x', '--x', '', '$(id)', 'a;b']) expect(slurmWord.test(text)).toBe(false);
});

const hasBash = existsSync('/bin/bash');
if (!hasBash) console.log('Skipped: the script is run by bash.');

/** Runs a script in a Slurm that is played: srun runs a command at once, Python writes down how it was called. */
function played(home: string, script: string): { stdout: string; calls: string[][] } {
  const bin = path.join(home, 'bin');
  mkdirSync(bin);
  mkdirSync(path.join(home, 'calls'));
  const program = (name: string, does: string) => {
    writeFileSync(path.join(bin, name), `#!/bin/bash\n${does}\n`);
    chmodSync(path.join(bin, name), 0o755);
  };
  for (const tool of ['bash', 'grep', 'head', 'od', 'rm', 'seq', 'sleep', 'tail', 'tr'])
    symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), path.join(bin, tool));
  program('scontrol', 'echo gpu1; echo gpu2');
  program('hostname', 'echo "fe80::1 10.0.0.7"');
  program('srun', 'while [[ $1 == --* ]]; do shift; done; exec "$@"');
  program(
    'python',
    `if [ "$1" = -c ]; then echo 2; exit; fi
printf '%s\\1' "$@" > "${home}/calls/$$"
case "$*" in *video_r1_gateway*) while [ "$1" != --ready ]; do shift; done; echo '{}' > "$2";; esac`,
  );
  writeFileSync(path.join(home, 'job.sh'), script);
  const stdout = execFileSync('/bin/bash', [path.join(home, 'job.sh')], {
    encoding: 'utf8',
    env: { PATH: bin, SLURM_JOB_NODELIST: 'gpu[1-2]', SLURM_SUBMIT_HOST: 'login', SLURM_JOB_ID: '5' },
  });
  const folder = path.join(home, 'calls');
  const calls = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
  return { stdout, calls: calls.map((call) => call.split('\u0001').slice(0, -1)) };
}

test
  .skipIf(!hasBash)
  .each(['$(touch GONE)', '`touch GONE`', "'; touch GONE; '", '"; touch GONE; "', 'a\ntouch GONE\n', '$USER !! \\'])(
  'with %j in a folder and a setting, what is run is what is meant, and nothing else',
  (hostile) => {
    const home = mkdtempSync(path.join(tmpdir(), 'video-r1-slurm-'));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    const text = hostile.replaceAll('GONE', path.join(home, 'gone'));
    const folder = path.join(home, `job ${text.replaceAll('/', '_')}`);
    mkdirSync(folder);
    const two = settings({ ranks: 8, nodes: 2, mode: 'ray', lora: { rank: 4, alpha: 8, targets: [text] } });
    const { stdout, calls } = played(
      home,
      slurmScript(job({ folder, settings: two, python: path.join(home, 'bin/python') })),
    );
    const started = calls.filter((call) => call.includes('start')).map((call) => call.slice(3).sort());
    expect(started.sort()).toEqual([
      ['--address=10.0.0.7:20005', '--block', '--disable-usage-stats', '--num-gpus=4'],
      ['--block', '--disable-usage-stats', '--head', '--node-ip-address=10.0.0.7', '--num-gpus=4', '--port=20005'],
    ]);
    const gateway = calls.find((call) => call.includes('video_r1_gateway')) ?? [];
    expect(JSON.parse(gateway.at(-1) ?? '')).toMatchObject({ ray: 'auto', ranks: 8, lora: { targets: [text] } });
    const attach = JSON.parse(`{${/"engine": .*/.exec(stdout)?.[0]}}`).engine.attach;
    expect(attach).toEqual({ address: '127.0.0.1:7777', tokenFile: path.join(folder, 'tgrpo.gateway.token') });
    expect(readFileSync(attach.tokenFile, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
    expect(stdout).toContain('ssh -N -L 7777:127.0.0.1:7777 -J login gpu1');
    expect(existsSync(path.join(home, 'gone'))).toBe(false);
  },
);
