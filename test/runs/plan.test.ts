import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFile } from '../../trainer/protocol/runfile.ts';
import { planOf, planWithMoved, readPlan, writePlan } from '../../trainer/runs/plan.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aCheckpoint, aGroup, aQuestion, aRun } from '../store/records.ts';

let folder: string;
let project: string;
let run: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-plan-'));
  project = path.join(folder, 'P');
  run = path.join(project, '.video-r1', 'runs', 'a-1');
  await mkdir(run, { recursive: true });
  await mkdir(path.join(project, 'data'));
  await writeFile(path.join(project, 'data', 'd.json'), '[]');
  await mkdir(path.join(folder, 'disk'));
  await writeFile(path.join(folder, 'disk', 'eval.json'), '[]');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const given = { version: 1, name: 'a', method: 'sft', dataset: 'data/d.json', model: { run: 'b' } };
const planFor = (change: object) =>
  planOf(project, path.join(project, 'a.run.json'), runFile.parse({ ...given, ...change }));
const stored = async (of: string) =>
  JSON.parse(await readFile(path.join(of, 'plan.json'), 'utf8')) as Record<string, unknown>;

it('keeps the weights of sources for the life of a run, and reads plans from before there were any', async () => {
  const plan = planFor({ sourceWeights: { STAR: 2, Math: 0.5 } });
  await writePlan(run, plan);
  expect(await readPlan(run)).toEqual(plan);
  expect(planFor({}).sourceWeights).toBeNull();
  const { sourceWeights: _, ...older } = await stored(run);
  await writeFile(path.join(run, 'plan.json'), JSON.stringify(older));
  expect((await readPlan(run)).sourceWeights).toBeNull();
});

it('takes no weight below 0, and none that is not a number', () => {
  for (const weight of [-1, '2', null, Number.POSITIVE_INFINITY])
    expect(runFile.safeParse({ ...given, sourceWeights: { STAR: weight } }).success).toBe(false);
});

describe('the paths of a plan', () => {
  it('are written from the project on, and absolute where they lie outside of it', async () => {
    const disk = path.join(folder, 'disk');
    const plan = planFor({ evaluationDataset: '../disk/eval.json', allowedRoots: ['../disk'] });
    await writePlan(run, plan);
    expect(await stored(run)).toMatchObject({
      ...{ version: 2, dataset: 'data/d.json', evaluationDataset: path.join(disk, 'eval.json') },
      ...{ runFile: 'a.run.json', allowedRoots: [disk], moved: {} },
    });
  });

  it('are those of the engine too, but for a program of the search path', async () => {
    const engine = (change: object) => ({ engine: { name: 'verl', ...change } });
    const attach = { address: '127.0.0.1:1', tokenFile: 'gateway/token' };
    const plan = planFor(engine({ attach }));
    expect(plan.engine).toMatchObject({ attach: { tokenFile: path.join(project, 'gateway', 'token') } });
    await writePlan(run, plan);
    expect(await stored(run)).toMatchObject({ engine: { attach } });
    expect(await readPlan(run)).toEqual(plan);
    expect(planFor(engine({ python: '../venv/bin/python' })).engine).toMatchObject({
      python: path.join(folder, 'venv', 'bin', 'python'),
    });
    expect(planFor(engine({ python: 'python3.11' })).engine).toMatchObject({ python: 'python3.11' });
  });

  it('name the files of the project that they are read in, be it moved or a copy', async () => {
    await writePlan(run, planFor({ model: { checkpoint: 'start' } }));
    const copy = path.join(folder, 'copy');
    await cp(project, copy, { recursive: true });
    const plan = await readPlan(path.join(copy, '.video-r1', 'runs', 'a-1'));
    expect([plan.dataset, plan.runFile, plan.model]).toEqual([
      path.join(copy, 'data', 'd.json'),
      path.join(copy, 'a.run.json'),
      { checkpoint: path.join(copy, 'start') },
    ]);
  });

  it('are found where a person says that they lie now, also when they move once more', async () => {
    const plan = planFor({ evaluationDataset: '../disk/eval.json' });
    const disk = (name: string) => path.join(folder, name);
    const once = planWithMoved(plan, [[disk('disk'), disk('disk2')]]);
    expect(once.evaluationDataset).toBe(path.join(disk('disk2'), 'eval.json'));
    await writePlan(run, once);
    const twice = planWithMoved(await readPlan(run), [
      [disk('disk2'), disk('disk3')],
      ['data', 'videos'],
    ]);
    await writePlan(run, twice);
    const { evaluationDataset, dataset, paths } = await readPlan(run);
    expect(evaluationDataset).toBe(path.join(disk('disk3'), 'eval.json'));
    expect(dataset).toBe(path.join(project, 'videos', 'd.json'));
    // What was recorded at the time of the first place is found too.
    expect(paths.find(path.join(disk('disk'), 'eval.json'))).toBe(path.join(disk('disk3'), 'eval.json'));
    expect(paths.find(`${disk('disk')}-other/x.json`)).toBe(`${disk('disk')}-other/x.json`);
  });
});

describe('a plan of version 1, all of whose paths are absolute', () => {
  it('reads the files of the project that it lies in now, not those of the one that it was made in', async () => {
    const born = path.join(folder, 'born');
    const oldRun = path.join(born, '.video-r1', 'runs', 'a-1');
    await mkdir(path.join(born, 'runs'), { recursive: true });
    const { version: _, moved: _moved, allowedRoots: _roots, ...fields } = await storedOf(planFor({}));
    const old = {
      ...{
        ...fields,
        version: 1,
        dataset: path.join(born, 'data/d.json'),
        runFile: path.join(born, 'runs/a.run.json'),
      },
      evaluationDataset: '/elsewhere/eval.json',
    };
    await mkdir(oldRun, { recursive: true });
    await writeFile(path.join(oldRun, 'plan.json'), JSON.stringify(old));
    const store = RunStore.create(
      oldRun,
      aRun({ id: 'a-1', state: 'created', dataset: old.dataset, runFile: 'runs/a.run.json' }),
    );
    const question = aQuestion({ dataset: old.dataset });
    store.append({ type: 'group', group: aGroup(1, { question }) });
    store.append({ type: 'skipped', step: 1, question, kind: 'bad-media', message: 'gone' });
    store.append({
      type: 'checkpoint',
      checkpoint: aCheckpoint(1, { folder: path.join(oldRun, 'checkpoints/step-1') }),
    });
    store.dispose();

    const now = path.join(folder, 'now');
    await rename(born, now);
    const nowRun = path.join(now, '.video-r1', 'runs', 'a-1');
    const plan = await readPlan(nowRun);
    expect([plan.dataset, plan.runFile, plan.evaluationDataset]).toEqual([
      path.join(now, 'data/d.json'),
      path.join(now, 'runs/a.run.json'),
      '/elsewhere/eval.json',
    ]);

    const opened = RunStore.open(nowRun);
    opened.writeRelative(born);
    const text = JSON.stringify([opened.summary(), opened.events(0, 100), opened.checkpoints(), opened.group('s1-g0')]);
    opened.dispose();
    expect(text).not.toContain(born);
    expect(text).toContain('"dataset":"data/d.json"');
    expect(text).toContain('"folder":".video-r1/runs/a-1/checkpoints/step-1"');
    expect(existsSync(born)).toBe(false);
  });
});

async function storedOf(plan: ReturnType<typeof planFor>): Promise<Record<string, unknown>> {
  await writePlan(run, plan);
  return stored(run);
}
