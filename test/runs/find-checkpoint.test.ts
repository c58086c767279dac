import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { runFile } from '../../trainer/protocol/runfile.ts';
import { writeFileList } from '../../trainer/runs/checkpoint-files.ts';
import {
  type CheckpointsRead,
  type ControllerState,
  controllerFile,
  nearestCheckpoint,
} from '../../trainer/runs/checkpoints.ts';
import { findCheckpoint } from '../../trainer/runs/find-checkpoint.ts';
import { planOf, writePlan } from '../../trainer/runs/plan.ts';

let project: string;
beforeEach(async () => {
  project = await mkdtemp(path.join(tmpdir(), 'video-r1-find-'));
});
afterEach(() => rm(project, { recursive: true }));

/** A run with checkpoints after these steps, created at this second. */
async function addRun(id: string, name: string, steps: readonly number[], createdSeconds: number): Promise<string> {
  const folder = path.join(project, '.video-r1', 'runs', id);
  await mkdir(folder, { recursive: true });
  const file = path.join(project, `${name}.run.json`);
  const written = { version: 1, name, method: 'sft', dataset: 'd.json', model: { run: 'x' }, seed: createdSeconds };
  await writeFile(path.join(project, 'd.json'), '[]');
  await writePlan(folder, planOf(project, file, runFile.parse(written)));
  await utimes(path.join(folder, 'plan.json'), createdSeconds, createdSeconds);
  for (const step of steps) {
    const checkpoint = path.join(folder, 'checkpoints', `step-${String(step).padStart(6, '0')}`);
    await mkdir(checkpoint, { recursive: true });
    await writeFile(path.join(checkpoint, 'config.json'), '{}');
    const state: ControllerState = {
      version: 1,
      run: id,
      name,
      method: 'sft',
      step,
      position: 0,
      seed: 1,
      parameters: presetParameters('sample', 'sft'),
    };
    await writeFile(path.join(checkpoint, controllerFile), JSON.stringify(state));
    await writeFileList(checkpoint);
  }
  return folder;
}

describe('the nearest checkpoint', () => {
  it('is the whole one with the least distance, of two as near the earlier, each looked at once', async () => {
    const run = await addRun('sft-1', 'sft', [0, 10, 20, 40], 100);
    const known: CheckpointsRead = new Map();
    const near = async (step: number) => (await nearestCheckpoint(run, step, known))?.state.step;
    expect(await Promise.all([near(11), near(15), near(35), near(900)])).toEqual([10, 10, 40, 40]);
    expect([...known.keys()].sort((a, b) => a - b)).toEqual([10, 40]);
    await writeFile(path.join(run, 'checkpoints', 'step-000010', 'config.json'), '{"cut off"');
    expect((await nearestCheckpoint(run, 12))?.state.step).toBe(20);
    expect(await nearestCheckpoint(await addRun('sft-2', 'sft', [], 100), 3)).toBeNull();
  });
});

describe('findCheckpoint', () => {
  it('takes the newest checkpoint of the newest run of a name that has one, or of the run of an id', async () => {
    await addRun('sft-1', 'sft', [9], 100);
    await addRun('sft-3', 'sft', [5, 50], 200);
    await addRun('sft-2', 'sft', [], 300);
    await addRun('other-1', 'other', [99], 400);
    const found = await findCheckpoint('sft', project);
    expect([found.state?.run, found.state?.step, found.plan?.seed]).toEqual(['sft-3', 50, 200]);
    expect((await findCheckpoint('sft-1', project)).state?.step).toBe(9);
  });

  it('takes a folder as it is, with the plan of its run where it has one', async () => {
    const run = await addRun('sft-1', 'sft', [9], 100);
    const inRun = await findCheckpoint(path.join(run, 'checkpoints', 'step-000009'), null);
    expect([inRun.state?.step, inRun.plan?.name]).toEqual([9, 'sft']);
    const alone = path.join(project, 'model');
    await mkdir(alone);
    await writeFile(path.join(alone, 'config.json'), '{}');
    expect(await findCheckpoint(alone, null)).toEqual({ folder: alone, state: null, plan: null });
  });

  it('takes the checkpoint of a step, and no older one in the place of one that is not whole', async () => {
    const run = await addRun('sft-1', 'sft', [5, 50], 100);
    expect((await findCheckpoint('sft', project, 5)).state?.step).toBe(5);
    const newest = path.join(run, 'checkpoints', 'step-000050');
    await writeFile(path.join(newest, 'config.json'), '');
    await expect(findCheckpoint('sft', project)).rejects.toMatchObject({
      kind: 'not-found',
      message: "The checkpoint of step 50 can't be used: config.json has 0 bytes of 2.",
      remedy: expect.stringContaining('newest whole one is of step 5:'),
    });
    await expect(findCheckpoint(newest, null)).rejects.toMatchObject({ kind: 'bad-model' });
    expect((await findCheckpoint('sft', project, 5)).state?.step).toBe(5);
    await expect(findCheckpoint('sft', project, 7)).rejects.toMatchObject({ remedy: 'Whole ones: 5.' });
  });

  it('says what is not there', async () => {
    await expect(findCheckpoint('sft', project)).rejects.toMatchObject({ kind: 'not-found' });
    await expect(findCheckpoint(project, null)).rejects.toMatchObject({ kind: 'bad-model' });
  });

  it('says what a folder is that is no model, and takes a path for no run’s name', async () => {
    const adapter = path.join(project, 'adapter');
    await mkdir(adapter);
    await writeFile(path.join(adapter, 'adapter_config.json'), '{"peft_type": "LORA"}');
    await expect(findCheckpoint(adapter, project)).rejects.toThrow('This is a LoRA adapter');
    await expect(findCheckpoint('Qwen/Qwen2.5-VL-3B-Instruct', project)).rejects.toMatchObject({
      message: 'There is no such folder.',
      remedy: expect.stringContaining('hf download'),
    });
  });

  it('passes over the torn plan of another run, and says so of one that is asked for', async () => {
    await addRun('sft-1', 'sft', [9], 100);
    const torn = await addRun('other-1', 'other', [7], 200);
    await writeFile(path.join(torn, 'plan.json'), '{"version": 2, "na');
    expect((await findCheckpoint('sft', project)).state?.step).toBe(9);
    for (const named of ['other-1', 'other'])
      await expect(findCheckpoint(named, project)).rejects.toMatchObject({
        message: expect.stringMatching(/^The run other-1 can't be read. The run's plan is not JSON/),
        remedy: expect.stringMatching(/weights of step 7 can be used: .*step-000007/),
      });
  });

  it('does not take an older run in the place of the newest, whose plan is missing', async () => {
    await addRun('sft-9', 'sft', [9], 100);
    await rm(path.join(await addRun('sft-10', 'sft', [10], 200), 'plan.json'));
    await expect(findCheckpoint('sft', project)).rejects.toThrow(/^The run sft-10 can't be read. The plan/);
    expect((await findCheckpoint('sft-9', project)).state?.step).toBe(9);
    await addRun('sft-11', 'sft', [11], 300);
    expect((await findCheckpoint('sft', project)).state?.step).toBe(11);
  });
});
