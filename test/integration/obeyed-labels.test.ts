/** What people say of the sample project's rows, obeyed by a real trainer: from the label file to what it trains on. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import { signal } from '../annotations/projects.ts';
import { ann, verdictOf } from '../protocol/annotations/made-entries.ts';
import { sampleProject, type TestClient, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let trainer: TrainerProcess;
let client: TestClient;

beforeAll(async () => {
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
});
afterAll(async () => {
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

const few = { steps: 3, evaluationQuestions: 4, probeEvery: 0, checkpointEvery: 0, questionsPerStep: 4 };

async function rows(name: string): Promise<{ problem_id: string | number }[]> {
  return JSON.parse(await readFile(path.join(project.folder, name), 'utf8'));
}

/** Drops rows of a dataset by their place in it. */
async function drop(name: string, places: readonly number[]): Promise<string[]> {
  const all = await rows(name);
  const chosen = places.map((place) => all[place] as (typeof all)[number]);
  const entries = chosen.map((row, i) => {
    const known = itemOfRow(name, row);
    if (known === null) throw new Error('A row without a text.');
    return verdictOf(ann, i, 'drop', { item: known.item });
  });
  await appendEntries(project.folder, entries, signal);
  return chosen.map(({ problem_id }) => String(problem_id));
}

it('SFT leaves out the rows that people would drop, and reads them again when it is told to', async () => {
  const name = 'data/sft.json';
  const first = await drop(name, [1, 3]);
  const id = await client.create('sft.run.json', few);
  await client.command(id, { kind: 'step', count: 1 });
  await client.until(id, 'state', ({ run }) => run.state === 'paused');
  const [read] = client.bodies(id, 'labels').map(({ labels }) => labels);
  expect(read).toMatchObject({ step: 1, leftOut: { count: 2, ids: first }, fixed: { count: 0 } });

  const more = await drop(name, [0]);
  expect(await client.command(id, { kind: 'read-labels' })).toMatchObject({ state: 'applied' });
  const again = client.bodies(id, 'labels')[1]?.labels;
  expect(again).toMatchObject({ step: 2, leftOut: { count: 3 } });
  expect(new Set(again?.leftOut.ids)).toEqual(new Set([...first, ...more]));
  await client.command(id, { kind: 'resume' });
  const done = await client.until(id, 'state', ({ run }) => run.state === 'completed');
  expect(done.run.labelsHash).toBe(again?.hash);
});
