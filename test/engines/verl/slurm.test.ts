/** The script for a cluster is sound bash whatever the names in it are, and asks Slurm for what the engine needs. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
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
      ...['--job-name=tgrpo', '--nodes=2', '--ntasks-per-node=1', '--gpus-per-node=8', '--exclusive'],
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
