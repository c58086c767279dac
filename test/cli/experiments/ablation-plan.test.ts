import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planAblation } from '../../../trainer/cli/experiments/ablation-plan.ts';

let folder = '';
const at = (name: string) => path.join(folder, name);
const shared = { version: 1, dataset: 'data/rl.json', evaluationDataset: 'data/eval.json' };

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-plan-'));
  await mkdir(at('older'));
  const files = {
    'tgrpo.run.json': { ...shared, name: 'tgrpo', method: 'tgrpo', model: { run: 'sft' }, parameters: { alpha: 0.5 } },
    'sft.run.json': { ...shared, name: 'sft', method: 'sft', model: { checkpoint: 'older' } },
  };
  for (const [name, file] of Object.entries(files)) await writeFile(at(name), JSON.stringify(file));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = (steps = 3, sftSteps = 2) => ({
  file: at('tgrpo.run.json'),
  settings: { steps },
  sft: { file: at('sft.run.json'), settings: { steps: sftSteps } },
});

describe('the plan of an ablation that trains its start', () => {
  it('holds both run files with their settings, and paths that are right in the folder of the arms', async () => {
    const plan = await planAblation(source(), folder, 'study');
    expect(plan.base).toMatchObject({ dataset: '../data/rl.json', parameters: { alpha: 0.5, steps: 3 } });
    expect(plan.sft).toMatchObject({ model: { checkpoint: '../older' }, parameters: { steps: 2 } });
    expect(plan).toMatchObject({ runFile: 'tgrpo.run.json', from: 'sft.run.json, trained with each seed' });
  });

  it('is found again by a call with the same settings, and refuses others by name', async () => {
    const plan = await planAblation(source(), folder, 'study');
    expect(await planAblation(source(), folder, 'study')).toEqual(plan);
    await expect(planAblation(source(3, 5), folder, 'study')).rejects.toThrow('sft.parameters.steps: 2 against 5');
    await expect(planAblation({ ...source(), sft: null }, folder, 'study')).rejects.toThrow('other settings');
    expect((await planAblation(source(3, 5), folder, 'other')).sft?.parameters).toEqual({ steps: 5 });
  });

  it('refuses an SFT run file of another method, and a plan that can’t be read', async () => {
    const wrong = { ...source(), sft: { file: at('tgrpo.run.json'), settings: {} } };
    await expect(planAblation(wrong, folder, 'study')).rejects.toThrow('--sft names an sft run');
    await mkdir(at('ablation'));
    await writeFile(at('ablation/study.plan.json'), '{"version": 1');
    await expect(planAblation(source(), folder, 'study')).rejects.toThrow('no plan of an ablation: it is not JSON.');
    await writeFile(at('ablation/study.plan.json'), '{"version": 2}');
    await expect(planAblation(source(), folder, 'study')).rejects.toThrow('no plan of an ablation: version must be 1');
  });

  it('leaves no part of a plan where it could not be written', async () => {
    // Something stands where the plan is made before it is moved to its place.
    await mkdir(at('ablation/study.plan.json.new'), { recursive: true });
    await expect(planAblation(source(), folder, 'study')).rejects.toThrow();
    expect(await readdir(at('ablation'))).toEqual(['study.plan.json.new']);
    await rm(at('ablation/study.plan.json.new'), { recursive: true });
    expect((await planAblation(source(), folder, 'study')).sft?.parameters).toEqual({ steps: 2 });
  });
});
