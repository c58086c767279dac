/** Every command refuses what it does not take as a fault of the command line (2), and bad input as one of the input (1). */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CliCommand, exitCodeOf } from '../../../trainer/cli/terminal/command.ts';
import { sampleRunFiles } from '../../../trainer/data/sample/run-files.ts';
import { asStudioError } from '../../../trainer/protocol/errors.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-every-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => path.join(folder, name);
writeFileSync(at('bad.json'), '{"data_type": ');
writeFileSync(at('bad.run.json'), '{"method": "tgrpo", "zzzz": 1}');
const nowhere = at('nowhere');

interface Refused {
  /** One argument more than the command takes, or one that it does not know. */
  readonly over: readonly string[];
  /** Other faults of the command line. */
  readonly usage: readonly (readonly string[])[];
  /** A sound command line about something that is not there or has a fault. */
  readonly input: readonly (readonly string[])[];
}

const table: Readonly<Record<string, Refused>> = {
  start: {
    over: ['a', 'b'],
    usage: [
      ['--seed', 'x'],
      ['--port', '70000'],
    ],
    input: [],
  },
  run: {
    over: ['a', 'b'],
    usage: [
      [],
      ['a', '--resume', 'b'],
      ['a', '--set', 'alpha'],
      ['a', '--set', 'zzz=1'],
      ['a', '--set', 'alpha=x'],
      ['a', '--queue', '--pause-other'],
    ],
    input: [[path.join(nowhere, 'a.run.json')], ['--resume', 'sft-1', '--folder', nowhere]],
  },
  ask: {
    over: ['a', 'b', 'c'],
    usage: [[], ['a'], ['a/b', 'c'], ['a', 'b', '--n', '0'], ['a', 'b', '--keep', 'x'], ['a', 'b', '--frames', 'zzz']],
    input: [['a', 'b', '--folder', folder]],
  },
  weigh: {
    over: ['a', 'b', 'c'],
    usage: [[], ['a'], ['a/b', 'c'], ['a', 'b', '--query', 'step>1'], ['a', 'b', '--from', 'x']],
    input: [['a', 'b', '--folder', folder]],
  },
  gateway: {
    over: ['start', 'a', 'b'],
    usage: [[], ['start'], ['zzz', 'a'], ['slurm', 'a', '--listen', 'b'], ['start', 'a', '--nodes', '2']],
    input: [
      ['start', at('bad.run.json')],
      ['slurm', path.join(nowhere, 'a.run.json'), '--gpus-per-node', '1'],
    ],
  },
  serve: { over: ['a'], usage: [['--port', '-1']], input: [] },
  ctl: {
    over: ['pause', 'now'],
    usage: [
      ...[[], ['pouse'], ['list', '--now'], ['set', 'alpha'], ['delete'], ['delete', '--run', 'a', '--id', 'b']],
      ...[
        ['start', 'a', '--run', 'b'],
        ['queue', 'a', 'b'],
        ['dequeue', 'a'],
      ],
    ],
    input: [['list', '--folder', folder]],
  },
  open: {
    over: ['a', 'b'],
    usage: [
      [],
      ['a', '--step', 'x'],
      ['a', '--page', 'settings'],
      ['a', '--select', '9-3'],
      ['a', '--sort', 'zzz'],
      ['/p/a/rollouts?zoom=3'],
    ],
    input: [
      ['a', '--folder', folder],
      ['/other-project/a/rollouts', '--folder', folder],
    ],
  },
  convert: { over: ['a', 'b', 'c'], usage: [['a'], ['a', 'b', '--dtype', 'int8']], input: [[nowhere, at('out')]] },
  export: {
    over: ['a', 'steps', 'b'],
    usage: [
      [],
      ['a', 'stepps'],
      ['a', 'steps', '--query', 'step>3', '--out', 'b.jsonl'],
      ['a', '--query', 'step>>3', '--out', 'b.jsonl'],
      ['a', '--sort', 'zzz', '--out', 'b.jsonl'],
      ['a', '--limit', '0', '--out', 'b.jsonl'],
      ['a', '--limit', '3', '--out', 'b.csv'],
      ['a', '--format', 'html'],
    ],
    input: [['sft-1', '--folder', folder]],
  },
  analyse: { over: ['a', 'b'], usage: [[], ['a/b']], input: [['sft-1', '--folder', folder]] },
  replay: { over: ['a', 'b'], usage: [[], ['a/b'], ['a', '--to', '0']], input: [['sft-1', '--folder', folder]] },
  recover: { over: ['a', 'b'], usage: [[], ['a/b']], input: [['sft-1', '--folder', folder]] },
  sample: {
    over: ['a', 'b'],
    usage: [
      ...[[], ['a', '--seed', '-1'], ['a', '--seed', 'x'], ['a', '--world', 'plane']],
      ...[
        ['a', '--cue', 'sft'],
        ['a', '--cue', 'sft=1.5'],
        ['a', '--cue', 'test=0.5'],
        ['a', '--cue', 'chains=chance'],
      ],
      ['a', '--world', 'plain', '--cue', 'sft=0.5'],
    ],
    input: [],
  },
  annotations: {
    over: ['stats', 'a'],
    usage: [
      ...[[], ['stat'], ['--json'], ['stats', '--limit', 'x'], ['export', '--out', 'a'], ['export', '--form', 'jsonl']],
      ['export', '--form', 'xml', '--out', 'a'],
      ['export', '--form', 'jsonl', '--out', 'a', '--verdict', 'kept'],
      ...[['import'], ['import', 'a', '--who', '7'], ['import', 'a', '--means', 'b=zzz', '--folder', folder]],
      ...[['apply'], ['apply', 'a'], ['apply', 'a', '--out', 'b', '--in-place']],
      ...[
        ['pack'],
        ['pack', 'a', '--out', 'b'],
        ['pack', 'a', '--rows', '0', '--out', 'b'],
        ['pack', 'a', '--rows', '1'],
      ],
      ['pack', 'a', '--query', 'step>>3', '--out', 'b', '--folder', folder],
    ],
    input: [
      ['stats', '--folder', nowhere],
      ['import', nowhere, '--folder', folder],
      ['apply', nowhere, '--in-place', '--folder', folder],
      ['pack', 'sft-1', '--query', 'step>3', '--out', at('queue'), '--folder', folder],
    ],
  },
  check: { over: ['a', 'b'], usage: [[], ['a', '--limit', 'x']], input: [[nowhere]] },
  split: {
    over: ['a', 'b', '--eval', '0.1'],
    usage: [['a'], ['a', '--eval', '2']],
    input: [[nowhere, '--eval', '0.1']],
  },
  cot: {
    over: ['a', 'b', '--out', 'c.json'],
    usage: [[], ['a']],
    input: [[nowhere, '--out', at('c.json'), '--filter-only']],
  },
  eval: {
    over: ['--compare', 'a', 'b', 'c'],
    usage: [[], ['a', '--limit', '0']],
    input: [[nowhere], ['--compare', nowhere, nowhere]],
  },
  audit: {
    over: ['a', '--checkpoint', 'b', '--json=true'],
    usage: [
      [],
      ['a'],
      ['--checkpoint', 'a'],
      ['a', '--checkpoint', 'b', '--samples', '0'],
      ['a', '--checkpoint', 'b', '--limit', '0'],
      ['a', '--checkpoint', 'b', '--needs-video', 'c', '--without-video', './c'],
    ],
    input: [[at('bad.json'), '--checkpoint', nowhere]],
  },
  ablate: { over: ['a', 'b'], usage: [[], ['a', '--set', 'zzz=1']], input: [[nowhere], [at('bad.run.json')]] },
  study: {
    over: ['a', 'b', '--quick'],
    usage: [
      ['--steps', '0'],
      ['--worlds', 'plane'],
      ['--worlds', 'held-out'],
      ['--data-seeds', '3'],
      ['--data-seeds', '1,1'],
      ['--held-out', '--data-seeds', '3'],
      ['--arms', 'gspo'],
      ['--name', '../x'],
    ],
    input: [],
  },
  score: {
    over: ['a'],
    usage: [
      ['--preset', 'papers'],
      ['--set', 'mu'],
    ],
    input: [],
  },
  explain: { over: ['a', 'b'], usage: [['a', '--set', 'omega=x']], input: [[at('bad.json')], [nowhere]] },
  frames: {
    over: ['a', 'b'],
    usage: [[], ['--media', '{'], ['a.mp4', '--type', 'sound']],
    input: [[`${nowhere}.mp4`]],
  },
  prompt: { over: ['a', 'b', '--row', '0'], usage: [['a'], ['a', '--row', 'x']], input: [[nowhere, '--row', '0']] },
  doctor: { over: ['a'], usage: [], input: [] },
  memory: {
    over: ['7B', 'a'],
    usage: [
      ...[[], ['7B', '--ranks', '0'], ['7B', '--gpu-memory', 'x'], ['7B', '--engine', 'tfjs']],
      ...[
        ['7B', '--engine', 'verl,rank=2'],
        ['7B', '--engine', 'verl,ranks'],
        ['7B', '--method', 'ppo'],
      ],
    ],
    input: [['7B', '--gpu-memory', '8'], [nowhere], [at('bad.run.json')], [path.join(nowhere, 'a.run.json')]],
  },
  setup: { over: ['ffmpeg', 'native'], usage: [[], ['ffmpeg', '--gpu'], ['native', '--cpu']], input: [] },
};

async function commandOf(name: string): Promise<CliCommand> {
  const module = await import(`../../../trainer/cli/commands/${name}.ts`);
  return module[`${name}Command`];
}

async function codeOf(name: string, args: readonly string[]): Promise<number> {
  const command = await commandOf(name);
  return command.run(args).catch((thrown: unknown) => exitCodeOf(asStudioError(thrown)));
}

it('is in the table below', async () => {
  const files = readdirSync(path.join(import.meta.dirname, '../../../trainer/cli/commands'));
  const names: string[] = [];
  for (const name of files.map((file) => path.basename(file, '.ts')))
    if ((await commandOf(name))?.name === name) names.push(name);
  expect(Object.keys(table).sort()).toEqual(names.sort());
});

it('is listed by --help under the summary that it has', async () => {
  const listing = readFileSync(path.join(import.meta.dirname, '../../../trainer/main.ts'), 'utf8');
  for (const name of Object.keys(table)) {
    const [, single, double] =
      new RegExp(`^    ${name}: \\{\\s+summary:\\s+(?:'(.*)'|"(.*)"),$`, 'm').exec(listing) ?? [];
    expect([name, single ?? double]).toEqual([name, (await commandOf(name)).summary]);
  }
});

it('names in its examples answers as the sample’s T-GRPO run has them', async () => {
  const steps = Number(sampleRunFiles('mixed', 1, true)['tgrpo.run.json']?.parameters?.steps);
  const named: string[] = [];
  for (const name of Object.keys(table))
    for (const [id] of (await commandOf(name)).help.matchAll(/\bs\d[\w-]*-[os]\d+\b/g)) {
      named.push(id);
      expect([id, /^s\d+-\d+-[os]\d+$/.test(id), Number.parseInt(id.slice(1), 10) <= steps]).toEqual([id, true, true]);
    }
  expect(named.length).toBeGreaterThan(3);
});

describe.each(Object.entries(table))('%s', (name, { over, usage, input }) => {
  const run = (args: readonly string[]) => codeOf(name, args);

  it('refuses an argument too many, an option that is not there and one without its value', async () => {
    const command = await commandOf(name);
    await expect(command.run(over)).rejects.toThrow(/one too many|takes no|not from a|Name one dataset|Name two/);
    expect(await run(over)).toBe(2);
    expect(await run(['--no-such-option'])).toBe(2);
    const option = /\[?--(\w[\w-]*) [A-Z]/.exec(command.help)?.[1];
    if (option) expect(await run([`--${option}`])).toBe(2);
  });

  it.runIf(usage.length > 0)('ends with 2 for a command line that is wrong', async () => {
    for (const args of usage) expect([args, await run(args)]).toEqual([args, 2]);
  });

  it.runIf(input.length > 0)('ends with 1 for input that is wrong', async () => {
    for (const args of input) expect([args, await run(args)]).toEqual([args, 1]);
  });
});
