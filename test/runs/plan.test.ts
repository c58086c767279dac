import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runFile } from '../../trainer/protocol/runfile.ts';
import { planOf, readPlan, writePlan } from '../../trainer/runs/plan.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-plan-'));
  await writeFile(path.join(folder, 'data.json'), '[]');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const given = { version: 1, name: 'a', method: 'sft', dataset: 'data.json', model: { run: 'b' } };
const planFor = (change: object) => planOf(path.join(folder, 'a.run.json'), runFile.parse({ ...given, ...change }));

it('keeps the weights of sources for the life of a run, and reads plans from before there were any', async () => {
  const plan = planFor({ sourceWeights: { STAR: 2, Math: 0.5 } });
  await writePlan(folder, plan);
  expect(await readPlan(folder)).toEqual(plan);
  expect(planFor({}).sourceWeights).toBeNull();
  const file = path.join(folder, 'plan.json');
  const { sourceWeights: _, ...older } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify(older));
  expect((await readPlan(folder)).sourceWeights).toBeNull();
});

it('takes no weight below 0, and none that is not a number', () => {
  for (const weight of [-1, '2', null, Number.POSITIVE_INFINITY])
    expect(runFile.safeParse({ ...given, sourceWeights: { STAR: weight } }).success).toBe(false);
});
