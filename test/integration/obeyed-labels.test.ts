/** What people say of the sample project's rows, obeyed by a real trainer: from the label file to what it trains on. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import { placedWordsOf, wordsOf } from '../../trainer/protocol/query/words.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
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

  // What is said meanwhile changes nothing in a fork, which goes on with what its run obeyed.
  await drop(name, [2]);
  const forked = await client.client.request('runs/fork', {
    ...{ runId: id, from: 3, parameters: { steps: 4 }, start: true },
  });
  await client.client.request('runs/subscribe', { runId: forked.run.id, since: 0 });
  const end = await client.until(forked.run.id, 'state', ({ run }) => run.state === 'completed');
  expect(end.run.labelsHash).toBe(again?.hash);
  expect(client.bodies(forked.run.id, 'labels')).toEqual([]);
  expect(client.bodies(forked.run.id, 'warning').map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^The labels of this dataset are others than those that the run obeys; .* 4 rows are left out/,
    ),
  ]);
});

it('GRPO looks for the words of a flag in later answers to its question, takes the penalty, and leaves them out', async () => {
  const all = (await rows('data/rl.json')).slice(0, 2);
  await writeFile(path.join(project.folder, 'data/few.json'), JSON.stringify(all));
  const file = JSON.parse(await readFile(path.join(project.folder, 'grpo.run.json'), 'utf8'));
  await writeFile(
    path.join(project.folder, 'few.run.json'),
    JSON.stringify({ ...file, name: 'few', dataset: 'data/few.json' }),
  );
  const id = await client.create('few.run.json', { ...few, steps: 4, questionsPerStep: 2, flagPenalty: 0.5 });
  await client.command(id, { kind: 'step', count: 1 });
  await client.until(id, 'state', ({ run }) => run.state === 'paused');

  const groups = () => client.bodies(id, 'group').flatMap(({ group }) => (group.purpose === 'train' ? [group] : []));
  const answersOf = (group: GroupWithRollouts) => group.rollouts.filter(({ order }) => order === 'ordered');
  const [group] = groups();
  if (!group) throw new Error('Nothing was sampled.');
  // The word that most of its answers hold, which comes back for certain.
  const words = new Set(answersOf(group).flatMap(({ text }) => wordsOf(text)));
  const holding = (word: string) => answersOf(group).filter(({ text }) => wordsOf(text).includes(word));
  const word = [...words].sort((a, b) => holding(b).length - holding(a).length)[0] as string;
  const [answer] = holding(word);
  const place = placedWordsOf(answer?.text ?? '').find((placed) => placed.word === word);
  if (!answer || !place) throw new Error('The answers hold no word.');
  await client.client.request('annotations/add', {
    runId: id,
    annotation: {
      ...{ rolloutId: answer.id, verdict: null },
      flag: { span: { start: place.start, end: place.end }, category: 'other', severity: 'major', note: '' },
    },
  });

  expect(await client.command(id, { kind: 'read-labels' })).toMatchObject({ state: 'applied' });
  const { problemId } = group.question;
  expect(client.bodies(id, 'labels').at(-1)?.labels).toMatchObject({
    step: 2,
    flagged: { count: 1, ids: [problemId] },
  });
  const mask = client.command(id, { kind: 'set', parameter: 'maskFlagged', value: true });
  await client.command(id, { kind: 'resume' });
  expect(await mask).toMatchObject({ state: 'applied' });
  await client.until(id, 'state', ({ run }) => run.state === 'completed');

  const later = groups().filter(({ step }) => step > 1);
  const held = later.flatMap((one) => answersOf(one)).filter(({ flagged = [] }) => flagged.length > 0);
  expect(held.length).toBeGreaterThan(0);
  for (const one of later)
    for (const { text, flagged, reward } of answersOf(one)) {
      const holds = one.question.problemId === problemId && wordsOf(text).includes(word);
      expect([flagged !== undefined, reward.parts.at(-1)]).toEqual([
        holds,
        expect.objectContaining({ name: 'flagged', value: holds ? -0.5 : 0 }),
      ]);
      expect(reward.parts.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(reward.total, 9);
    }
  const masked = client.bodies(id, 'masked').flatMap((body) => body.masked.rollouts.map((one) => one.id));
  expect(new Set(masked)).toEqual(new Set(held.map((one) => one.id)));
  const listed = await client.client.request('rollouts/list', { runId: id, query: 'masked', limit: 200 });
  expect(new Set(listed.rows.map((row) => row.id))).toEqual(new Set(masked));
}, 120_000);
