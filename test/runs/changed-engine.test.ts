/** An engine is set otherwise, setting by setting, and a run that has begun only in what it is computed on. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StudioError } from '../../trainer/protocol/errors.ts';
import { type EngineSettings, engineSettings } from '../../trainer/protocol/runfile.ts';
import { changedEngine, changedEngineOfRun } from '../../trainer/runs/changed-engine.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { temporaryFolder } from '../store/folders.ts';

const tfjs = engineSettings.parse({ name: 'tfjs', backend: 'wasm', threads: 2, mropePositions: '4.49' });
const verl = engineSettings.parse({ name: 'verl', device: 'cuda', ranks: 8, freezeVision: true });
const changed = (engine: EngineSettings, change: Record<string, unknown>) =>
  changedEngine(engine, change, 'bad-request');

describe('the engine of a run file', () => {
  it('takes single settings, another name with its own defaults, and null for the default', () => {
    expect(changed(tfjs, { threads: 1 })).toEqual({ ...tfjs, threads: 1 });
    expect(changed(tfjs, {})).toEqual(tfjs);
    expect(changed(tfjs, { name: 'verl', ranks: 4 })).toEqual(
      engineSettings.parse({ name: 'verl', ranks: 4, mropePositions: '4.49' }),
    );
    expect(changed(verl, { freezeVision: null })).toEqual(
      engineSettings.parse({ name: 'verl', device: 'cuda', ranks: 8 }),
    );
  });

  it('that is attached to leaves the rest to the gateway', () => {
    const attach = { address: '127.0.0.1:29610', tokenFile: 'token' };
    expect(changed(verl, { attach })).toEqual(engineSettings.parse({ name: 'verl', attach }));
    const attached = changed(verl, { attach });
    expect(changed(attached, { attach: null, ranks: 2 })).toEqual(engineSettings.parse({ name: 'verl', ranks: 2 }));
  });

  it('refuses each setting that is not there or does not fit by its name', () => {
    expect(() => changed(tfjs, { threads: 0 })).toThrow(/threads.*at least 1/);
    expect(() => changed(tfjs, { ranks: 2 })).toThrow(/ranks/);
    expect(() => changed(tfjs, { name: 'verk' })).toThrow(/no engine "verk".*verl/);
    expect(() => changed(verl, { nodes: 3 })).toThrow(/3 machines need/);
  });

  it('names the nearest setting, be it of the other engine', () => {
    expect(() => changed(verl, { ranx: 2 })).toThrow(/no key "ranx"; the nearest is "ranks"\.$/);
    expect(() => changed(tfjs, { ranx: 2 })).toThrow(
      /no key "ranx"; the nearest is "ranks", which goes with "name": "verl"\.$/,
    );
    expect(() => changed(tfjs, { thread: 2 })).toThrow(/no key "thread"; the nearest is "threads"\.$/);
  });

  it.each([
    [{ 'attach.address': '127.0.0.1:1', 'attach.tokenFile': 'token' }, 'attach'],
    [{ attach: '127.0.0.1:1' }, 'attach'],
    [{ 'lora.rank': 8 }, 'lora'],
    [{ lora: 8 }, 'lora'],
  ])('says how a setting that is an object is given: %j', (change, name) => {
    let remedy = '';
    expect(() => changed(verl, change)).toThrow(
      expect.toSatisfy((thrown: StudioError) => {
        remedy = thrown.remedy ?? '';
        return true;
      }),
    );
    const [, json = ''] = new RegExp(`^It is given whole, as JSON: --engine '${name}=(.*)'$`).exec(remedy) ?? [];
    expect(changed(verl, { [name]: JSON.parse(json) })).toMatchObject({ [name]: JSON.parse(json) });
  });

  it('says nothing of that where the object itself does not fit', () => {
    expect(() => changed(verl, { lora: { rank: 8 } })).toThrow(
      expect.objectContaining({ message: 'lora.alpha is missing; it must be a number.', remedy: undefined }),
    );
  });
});

describe('the engine of a run that has begun', () => {
  it('goes on on what is left, and says what is other', () => {
    expect(changedEngineOfRun(verl, { ranks: 4, offload: true })).toEqual({
      engine: { ...verl, ranks: 4, offload: true },
      changes: ['ranks 8 → 4', 'offload false → true'],
    });
    expect(changedEngineOfRun(verl, { ranks: 8 }).changes).toEqual([]);
  });

  it.each([{ name: 'tfjs' }, { lora: { rank: 8, alpha: 16 } }, { freezeVision: false }, { mropePositions: '4.49' }])(
    'trains what it trained: %j is refused',
    (change) => {
      expect(() => changedEngineOfRun(verl, change)).toThrow(
        expect.objectContaining({
          kind: 'conflict',
          message: expect.stringMatching(/stays .* as long as the run goes/),
        }),
      );
    },
  );
});

it('a place among the settings starts at the folder of the run file, in the file, for a new run and for one that has begun', async () => {
  const projectFolder = temporaryFolder();
  mkdirSync(path.join(projectFolder, 'files/start'), { recursive: true });
  writeFileSync(path.join(projectFolder, 'files/start/config.json'), '{}');
  writeFileSync(path.join(projectFolder, 'files/data.json'), '[]');
  const attach = (tokenFile: string) => ({ address: '127.0.0.1:1', tokenFile });
  const content = { version: 1, name: 'sft', method: 'sft', dataset: 'data.json', model: { checkpoint: 'start' } };
  const engine = { name: 'verl', attach: attach('a.token') };
  writeFileSync(path.join(projectFolder, 'files/sft.run.json'), JSON.stringify({ ...content, engine }));
  const createEngine = () => Promise.reject(new Error('No engine is asked for.'));
  const trainer = await Trainer.open({ projectFolder, version: '1.0.0', createEngine, log: () => {} });
  onTestFinished(() => trainer.shutdown());
  const tokenOf = (run: string) =>
    JSON.parse(readFileSync(path.join(projectFolder, '.video-r1/runs', run, 'plan.json'), 'utf8')).engine.attach
      .tokenFile;
  const order = { runFile: 'files/sft.run.json', start: false } as const;
  await trainer.create(order, 'ada');
  expect(tokenOf('sft-1')).toBe('files/a.token');
  await trainer.create({ ...order, engine: { attach: attach('b.token') } }, 'ada');
  expect(tokenOf('sft-2')).toBe('files/b.token');
  await trainer.changeEngine('sft-2', { attach: attach('c.token') });
  expect(tokenOf('sft-2')).toBe('files/c.token');
});
