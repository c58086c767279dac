/** Receipts and updates that are tried, on a real trainer and model: the run that was looked at is the run that nobody looked at. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { moveOf } from '../../trainer/evidence/receipts.ts';
import type { RequestParams } from '../../trainer/protocol/messages.ts';
import type { TriedUpdate } from '../../trainer/protocol/receipts.ts';
import { computedOf } from '../../trainer/protocol/records.ts';
import { sampleProject, type TestClient, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let trainer: TrainerProcess;
let client: TestClient;

const few = {
  ...{ steps: 3, questionsPerStep: 3, groupSize: 4, shuffledGroupSize: 1, maxNewTokens: 16, imageShare: 0 },
  ...{ evaluationQuestions: 1, checkpointEvery: 0, learningRate: 1e-3, schedule: 'constant', warmupSteps: 0 },
  // A model that has learned next to nothing is wrong every time: decay moves it, and then the KL.
  ...{ skipFlatGroups: false, weightDecay: 1, beta: 1 },
};

beforeAll(async () => {
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
  const learned = { steps: 2, questionsPerStep: 2, probeEvery: 0, evaluationQuestions: 1, checkpointEvery: 0 };
  const id = await client.create('sft.run.json', learned);
  await client.command(id, { kind: 'start' });
  await client.until(id, 'state', ({ run }) => run.state === 'completed');
}, 300_000);

afterAll(async () => {
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

const receiptOf = async (runId: string, step: number) =>
  (await client.client.request('receipts/get', { runId, step })).receipt;

/** Its numbers, what it recorded, and its last weights with their optimizer. */
async function traces(runId: string) {
  return {
    steps: client.bodies(runId, 'step').map(({ metrics }) => computedOf(metrics)),
    groups: client.bodies(runId, 'group').map(({ group: { at: _, ...group } }) => group),
    weights: await client.weights(project.folder, runId),
  };
}

async function plainRun(parameters: Record<string, unknown> = {}): Promise<string> {
  const id = await client.create('tgrpo.run.json', { ...few, ...parameters });
  await client.command(id, { kind: 'start' });
  await client.until(id, 'state', ({ run }) => run.state === 'completed');
  return id;
}

it('a run that is looked at in every way is bit for bit the run that nobody looked at', async () => {
  const plain = await plainRun();
  const shared = await plainRun({ receiptShare: 1 });
  const id = await client.create('tgrpo.run.json', few);
  const updates = (
    asked: Omit<RequestParams<'updates/try'>, 'runId' | 'id'>,
    tryId = randomUUID(),
  ): Promise<TriedUpdate> => client.client.request('updates/try', { runId: id, id: tryId, ...asked });

  // Held with the answers of step 2 there and its update to come.
  await client.command(id, { kind: 'run-to', point: 'before-update', step: 2 });
  await client.until(id, 'state', ({ run }) => run.state === 'paused');
  const state = await client.client.request('receipts/get', { runId: id, step: 2 });
  expect(state).toMatchObject({ receipt: null, attempt: null, again: false });
  const doing: string[] = [];
  client.client.on('updates/progress', (told) => void doing.push(told.doing));
  const masked = 's2-0-o0';
  const { plain: asItIs, tried } = await updates({ step: 2, masked: [masked], parameters: { learningRate: 5e-3 } });
  expect(doing).toContain('making the changed update');
  expect(tried.answers.map(moveOf)).not.toEqual(asItIs.answers.map(moveOf));

  // One that is ended, one that a command cuts short.
  const ended = randomUUID();
  const stopped = updates({ step: 2, masked: [], parameters: {} }, ended);
  await client.client.request('updates/cancel', { id: ended });
  await expect(stopped).rejects.toMatchObject({ kind: 'cancelled' });
  const cut = updates({ step: 2, masked: [], parameters: { beta: 1 } });
  cut.catch(() => {});
  await client.command(id, { kind: 'step', count: 1 });
  await expect(cut).rejects.toMatchObject({ kind: 'conflict' });

  await client.until(id, 'state', ({ run }) => run.state === 'paused' && run.step === 2);
  const { receipt } = await client.client.request('receipts/make', { runId: id, step: 2 });
  // What was tried as it is, is what was made: before by the same call as after, or as the update computed it.
  const moves = receipt.answers.map(moveOf);
  expect(moves.some((move) => Math.abs(move) > 1e-3)).toBe(true);
  for (const [i, answer] of asItIs.answers.entries()) expect(moveOf(answer)).toBeCloseTo(moves[i] ?? Number.NaN, 3);
  expect(asItIs.answers.map(({ after }) => after)).toEqual(receipt.answers.map(({ after }) => after));
  expect((await updates({ step: 2, masked: [], parameters: {} })).again).toBe(true);
  await client.command(id, { kind: 'resume' });
  await client.until(id, 'state', ({ run }) => run.state === 'completed');

  expect(await traces(id)).toEqual(await traces(plain));
  expect(await traces(shared)).toEqual(await traces(plain));
  expect(await receiptOf(plain, 2)).toBeNull();
  expect((await receiptOf(shared, 2))?.answers).toEqual((await receiptOf(id, 2))?.answers);
}, 300_000);
