/** Making an environment: with a Python that will do, by its pip with the user's index alone, and nothing half is taken for ready. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  environmentFor,
  noEnvironment,
  type VerlEnvironment,
  verlEnvironments,
} from '../../../../trainer/engines/verl/setup/environment.ts';
import { makeEnvironment, removeEnvironment } from '../../../../trainer/engines/verl/setup/make-environment.ts';
import { holdFile } from '../../../../trainer/store/process-lock.ts';

const possible = process.platform === 'linux' || process.platform === 'darwin';
if (!possible) console.log('Skipped: an environment for verl is made on Linux and macOS.');

const before = { ...process.env };
let home: string;
const at = (name: string) => path.join(home, name);
const folder = () => at('cache');
const packages = () => at('cache/cpu/lib/python3.11/site-packages');

async function program(file: string, does: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${does}\n`);
  await chmod(file, 0o755);
}

/** A Python of this version, whose environments have a pip that does this when it installs what is required. */
async function pythonThat(name: string, version: string, installing: string): Promise<void> {
  const ofEnvironment = at(`${name}-of-environment`);
  await program(
    ofEnvironment,
    `echo "$*" >> "${at('asked')}"
packages="$(dirname "$0")/../lib/python3.11/site-packages"
case "$*" in
  *'pip --version') exit 0;;
  *'config list') echo "global.index-url='https://index.example/simple'"; echo "global.target='/elsewhere'";;
  *--requirement*) env >> "${at('environment')}"; ${installing};;
esac`,
  );
  await program(
    at(`bin/${name}`),
    `case "$*" in
  *"print('python'"*) echo 'python ${version}';;
  *venv*) for last; do :; done; echo "venv by ${name}" >> "${at('asked')}"; mkdir -p "$last/bin" "$last/lib/python3.11/site-packages"; cp "${ofEnvironment}" "$last/bin/python";;
esac`,
  );
}

const whole = 'mkdir -p "$packages/verl-0.9.1.dist-info"; echo > "$packages/verl-0.9.1.dist-info/RECORD"';

const versions = {
  python: '3.11.7',
  torch: '2.13.0',
  transformers: '5.10.4',
  verl: '0.9.1',
  ray: '2.60.0',
  peft: '0.21.2',
  vllm: null,
};
const made = (changes: Partial<Parameters<typeof makeEnvironment>[0]> = {}) =>
  makeEnvironment({
    kind: 'cpu',
    hold: holdFile,
    signal: new AbortController().signal,
    onProgress: () => {},
    folder: folder(),
    run: async () => ({ versions, gpus: [] }),
    ...changes,
  });
const asked = async () => (await readFile(at('asked'), 'utf8')).split('\n');

describe.skipIf(!possible)('an environment for verl', () => {
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-verl-'));
    await mkdir(at('bin'));
    for (const tool of ['sh', 'mkdir', 'cp', 'rm', 'env', 'dirname', 'cat', 'sleep'])
      await symlink(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), at(`bin/${tool}`));
    process.env.PATH = at('bin');
    await pythonThat('python3.11', '3.11.7', whole);
  });
  afterEach(async () => {
    process.env = { ...before };
    await rm(home, { recursive: true, force: true });
  });

  it('is made where it stays, and known by what is written last', async () => {
    const environment = await made();
    expect(environment).toMatchObject({ kind: 'cpu', made: true, python: at('cache/cpu/bin/python'), versions });
    expect(verlEnvironments(folder())).toMatchObject([{ kind: 'cpu', versions }]);
    expect((await asked()).filter((line) => line.includes('install'))).toEqual([
      expect.stringMatching(/^-m pip install --quiet pip==\d/),
      expect.stringMatching(/^-m pip install --progress-bar raw --requirement .*requirements-cpu\.txt$/),
    ]);
    expect(await made()).toMatchObject({ made: false });
    expect((await asked()).filter((line) => line.includes('--requirement'))).toHaveLength(1);
  });

  it('is filled from the user’s index, with none of the variables and settings that lead elsewhere', async () => {
    Object.assign(process.env, {
      PYTHONPATH: '/mine',
      PIP_TARGET: '/mine',
      PIP_USER: '1',
      VIRTUAL_ENV: '/mine',
      PYTHONHOME: '/mine',
    });
    await made();
    const variables = (await readFile(at('environment'), 'utf8')).split('\n');
    expect(variables).toContain('PIP_INDEX_URL=https://index.example/simple');
    expect(variables).toContain('PIP_CONFIG_FILE=/dev/null');
    expect(variables).toContain('PYTHONNOUSERSITE=1');
    expect(variables.filter((line) => /=\/mine|=\/elsewhere|^PIP_USER/.test(line))).toEqual([]);
  });

  it('goes on where it was cut off: what pip left half is cleared, what is whole stays', async () => {
    const cut = `${whole}; mkdir -p "$packages/torch-2.13.0.dist-info"; echo half > "$packages/torch-2.13.0.dist-info/METADATA"; echo 'ERROR: the network is gone' >&2; exit 1`;
    await pythonThat('python3.11', '3.11.7', cut);
    await expect(made()).rejects.toMatchObject({
      kind: 'engine-failed',
      message: expect.stringMatching(/ERROR: the network is gone$/),
    });
    expect(verlEnvironments(folder())).toEqual([]);
    expect(existsSync(path.join(packages(), 'torch-2.13.0.dist-info'))).toBe(true);

    await pythonThat('python3.11', '3.11.7', '');
    await program(at('cache/cpu/bin/python'), (await readFile(at('python3.11-of-environment'), 'utf8')).slice(10));
    expect(await made()).toMatchObject({ made: true });
    expect(await readdir(packages())).toEqual(['verl-0.9.1.dist-info']);
    expect((await asked()).filter((line) => line.startsWith('venv'))).toHaveLength(1);
  });

  it('is ended with all that it started, and left for the next call', async () => {
    await pythonThat('python3.11', '3.11.7', 'echo "Installing collected packages: a, b"; exec sleep 600');
    const ending = new AbortController();
    const told = Promise.withResolvers<void>();
    const making = made({
      signal: ending.signal,
      onProgress: (what) => what === 'Installing packages' && told.resolve(),
    });
    await told.promise;
    ending.abort(new Error('enough'));
    await expect(making).rejects.toThrow('enough');
    expect(verlEnvironments(folder())).toEqual([]);
    expect(existsSync(at('cache/cpu/bin/python'))).toBe(true);
  });

  it('tells bytes of files that take a while, and packages as they come', async () => {
    await pythonThat(
      'python3.11',
      '3.11.7',
      `echo 'Collecting torch==2.13.0'; echo '  Downloading torch-2.13.0-cp311.whl (190.0 MB)'; echo 'Progress 1000000 of 190000000'; echo '  Downloading six-1.whl (10 kB)'; echo 'Progress 10000 of 10000'; ${whole}`,
    );
    const told: string[] = [];
    await made({ onProgress: (what, done, total) => told.push(`${what} ${done}/${total}`) });
    expect(told.filter((line) => /^(Fetching|Looking up)/.test(line))).toEqual([
      expect.stringMatching(/^Looking up packages 1\/1[0-9]{2}$/),
      'Fetching torch-2.13.0-cp311.whl 1000000/190000000',
    ]);
  });

  it('is not ready when it does not run, and not when other versions are asked for', async () => {
    await expect(made({ run: () => Promise.reject(new Error('no torch')) })).rejects.toThrow('no torch');
    expect(verlEnvironments(folder())).toEqual([]);
    await made();
    const ready = at('cache/cpu/ready.json');
    const written = JSON.parse(await readFile(ready, 'utf8'));
    await writeFile(ready, JSON.stringify({ ...written, pins: 'others' }));
    expect(verlEnvironments(folder())).toEqual([]);
    expect(await made()).toMatchObject({ made: true });
  });

  it('is made with the first Python that will do, and said to need one where there is none', async () => {
    await pythonThat('python3', '3.12.1', whole);
    await pythonThat('python3.11', '3.9.2', whole);
    await made();
    expect(await asked()).toContain('venv by python3');
    await rm(at('bin/python3'));
    await program(at('bin/python3.10'), 'echo "ModuleNotFoundError: No module named \'ensurepip\'" >&2; exit 1');
    await rm(folder(), { recursive: true });
    await expect(made()).rejects.toMatchObject({
      kind: 'engine-failed',
      message:
        'verl needs Python 3.10, 3.11 or 3.12, with its modules venv and ensurepip: python3.12 is not there, python3.11 is 3.9.2, python3.10 has no module ensurepip, python3 is not there.',
      remedy: expect.stringMatching(/apt install/),
    });
  });

  it('is taken away whole, and by one process at a time', async () => {
    expect(await removeEnvironment('cpu', holdFile, folder())).toBe(false);
    await made();
    const held = holdFile(at('cache/cpu.lock'), () => new Error('busy') as never);
    await expect(removeEnvironment('cpu', holdFile, folder())).rejects.toMatchObject({ kind: 'conflict' });
    held.dispose();
    expect(await removeEnvironment('cpu', holdFile, folder())).toBe(true);
    expect(existsSync(at('cache/cpu'))).toBe(false);
  });
});

it('the environment to compute with goes by the device, and for auto by the driver', () => {
  const of = (kind: 'cpu' | 'cuda') => ({ kind }) as VerlEnvironment;
  const both = [of('cpu'), of('cuda')];
  const kind = (device: 'auto' | 'cpu' | 'cuda', there: VerlEnvironment[], gpu: boolean) =>
    environmentFor(device, there, () => gpu)?.kind ?? null;
  expect([
    kind('cuda', both, false),
    kind('cpu', both, true),
    kind('auto', both, true),
    kind('auto', both, false),
  ]).toEqual(['cuda', 'cpu', 'cuda', 'cpu']);
  expect([kind('cuda', [of('cpu')], true), kind('auto', [of('cpu')], true), kind('cpu', [of('cuda')], false)]).toEqual([
    null,
    'cpu',
    'cuda',
  ]);
});

it('where there is none, the set-up of the device is named; for auto both', () => {
  const named = (device: 'auto' | 'cpu' | 'cuda') => noEnvironment(device).remedy?.match(/setup verl(?: --cpu)?/g);
  expect([named('cpu'), named('cuda')]).toEqual([['setup verl --cpu'], ['setup verl']]);
  expect(named('auto')).toEqual(['setup verl', 'setup verl --cpu']);
});
