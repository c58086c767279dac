/** What doctor says for verl: what is there, and for each thing that is lacking what to do. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAtMachine, machineWords, readGpus, type VerlMachine } from '../../../trainer/engines/verl/machine.ts';
import type { VerlEnvironment } from '../../../trainer/engines/verl/setup/environment.ts';

const gib = 2 ** 30;
const machine: VerlMachine = {
  python: { program: 'python3.11', version: '3.11.7' },
  pythonsSeen: [],
  environments: [],
  gpus: [],
  cuda: null,
  memoryBytes: 64e9,
  freeMemoryBytes: 60e9,
  folder: '/cache/verl',
  freeDiskBytes: 100e9,
};
const gpu = { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 80 * gib, freeBytes: 79 * gib, driver: '580.65.06' };
const environment: VerlEnvironment = {
  kind: 'cuda',
  folder: '/cache/verl/cuda',
  python: '/cache/verl/cuda/bin/python',
  gpus: [gpu.name],
  versions: {
    python: '3.11.7',
    torch: '2.11.0',
    transformers: '5.9.0',
    verl: '0.9.1',
    ray: '2.60.0',
    peft: '0.21.2',
    vllm: '0.24.0',
  },
};
const todo = (changes: Partial<VerlMachine>) =>
  machineWords({ ...machine, ...changes }).filter((line) => line.startsWith('to do: '));

describe('in words', () => {
  it('has a line for each thing', () => {
    const lines = machineWords({ ...machine, gpus: [gpu], cuda: '13.0', environments: [environment] });
    expect(lines).toEqual([
      'Python 3.11.7 (python3.11)',
      'environment cpu: not made; "video-r1 setup verl --cpu" makes it',
      'environment cuda: Python 3.11.7, PyTorch 2.11.0, verl 0.9.1, transformers 5.9.0, Ray 2.60.0, vLLM 0.24.0; it sees NVIDIA H100 80GB HBM3',
      'GPU 0: NVIDIA H100 80GB HBM3, 85.9 GB, 84.8 GB free, driver 580.65.06, CUDA 13.0 at most',
      'memory: 64.0 GB, 60.0 GB free',
      'disk: 100.0 GB free for /cache/verl',
    ]);
  });

  it('says what to do about a Python, a disk, a driver or a GPU that is lacking, and nothing else', () => {
    expect(todo({})).toEqual([]);
    expect(todo({ python: null, pythonsSeen: ['python3 is 3.13.0'] })).toEqual([
      expect.stringMatching(/3\.10, 3\.11 or 3\.12/),
    ]);
    expect(todo({ freeDiskBytes: 2e9 })).toEqual([expect.stringMatching(/takes 2\.5 GB .* XDG_CACHE_HOME/)]);
    expect(todo({ freeDiskBytes: 3e9 })).toEqual([]);
    expect(todo({ freeDiskBytes: 3e9, gpus: [gpu] })).toEqual([expect.stringMatching(/takes 14\.6 GB/)]);
    expect(todo({ gpus: [{ ...gpu, driver: '550.54' }] })).toEqual([
      expect.stringMatching(/550\.54 is too old .* 580 or newer/),
    ]);
    expect(todo({ gpus: [gpu], environments: [{ ...environment, gpus: [] }] })).toEqual([
      expect.stringMatching(/saw no GPU when it was run: "video-r1 setup verl"/),
    ]);
  });

  it('says which Pythons were tried in vain', () => {
    expect(
      machineWords({ ...machine, python: null, pythonsSeen: ['python3.12 is not there', 'python3 is 3.13.0'] })[0],
    ).toBe('no Python that will do (python3.12 is not there, python3 is 3.13.0)');
  });
});

it('reads the lines of nvidia-smi, and passes over what is none', () => {
  expect(readGpus(['143771, 143155, 570.124.06, NVIDIA H200', 'No devices were found', '[N/A], 3, 5.1, x'])).toEqual([
    { name: 'NVIDIA H200', memoryBytes: 143771 * 2 ** 20, freeBytes: 143155 * 2 ** 20, driver: '570.124.06' },
  ]);
});

const possible = process.platform === 'linux';
if (!possible) console.log('Skipped: programs that stand in for nvidia-smi and Python are shell scripts of Linux.');

describe.skipIf(!possible)('looked at', () => {
  const before = { ...process.env };
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-machine-'));
    await mkdir(path.join(home, 'bin'));
    await symlink(execFileSync('which', ['sh'], { encoding: 'utf8' }).trim(), path.join(home, 'bin/sh'));
    delete process.env.XDG_CACHE_HOME;
    process.env.PATH = path.join(home, 'bin');
  });
  afterEach(async () => {
    process.env = { ...before };
    await rm(home, { recursive: true });
  });
  const program = async (name: string, does: string) => {
    await writeFile(path.join(home, 'bin', name), `#!/bin/sh\n${does}\n`);
    await chmod(path.join(home, 'bin', name), 0o755);
  };

  it('a machine with nothing is no fault', async () => {
    expect(await lookAtMachine(new AbortController().signal, home)).toMatchObject({
      python: null,
      environments: [],
      gpus: [],
      cuda: null,
      folder: path.join(home, '.cache/video-r1-studio/verl'),
    });
  });

  it('GPUs are those that nvidia-smi lists, with the driver’s CUDA', async () => {
    await program('python3', "echo 'python 3.12.1'");
    await program(
      'nvidia-smi',
      `case "$*" in *query-gpu*) echo '81559, 80994, 580.65.06, NVIDIA H100'; echo '81559, 512, 580.65.06, NVIDIA H100';;
*) echo '| NVIDIA-SMI 580.65.06   Driver Version: 580.65.06   CUDA Version: 13.0 |';; esac`,
    );
    const seen = await lookAtMachine(new AbortController().signal, home);
    expect(seen).toMatchObject({ python: { program: 'python3', version: '3.12.1' }, cuda: '13.0' });
    expect(seen.gpus.map(({ freeBytes }) => freeBytes)).toEqual([80994 * 2 ** 20, 512 * 2 ** 20]);
    expect(seen.freeDiskBytes).toBeGreaterThan(0);
  });
});
