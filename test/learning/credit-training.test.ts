/**
 * Credit on a real model: three steps whose weights are compared bit for bit, a training that goes on from its checkpoint, and what
 * is then known of an answer without weighing it.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { LoadedQuestion } from '../../trainer/data/questions.ts';
import type { Engine, ModelHandle, ModelOrigin } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { orderDeltas, orderWorthOf } from '../../trainer/evidence/deltas.ts';
import type { ScoredGroup } from '../../trainer/learning/groups.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { tgrpoStep } from '../../trainer/learning/tgrpo.ts';
import type { Training } from '../../trainer/learning/training.ts';
import { evidenceVersion } from '../../trainer/protocol/evidence.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import { buildPrompt } from '../../trainer/reasoning/prompt.ts';
import { RunJournal } from '../../trainer/runs/run-journal.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { answerText, type Colour, clip, colourNames, newModel, question, tinyStep } from '../engines/tfjs/tiny.ts';
import { listed } from '../store/asking.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aRun } from '../store/records.ts';
import { aLoadedQuestion, neverHeld } from './scripted-training.ts';

const template = {
  ...{ system: null, instruction: '' },
  answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
};

/** Which of two colours comes first; one of one colour all along, and an image. */
function aQuestion(row: number, shown: readonly Colour[]): LoadedQuestion {
  const frames = clip(shown);
  const dataType = shown.length === 1 ? 'image' : 'video';
  const loaded = aLoadedQuestion(row, { problem: question, options: [], solution: shown[0] as string, dataType });
  return { ...loaded, frames, view: { ...loaded.view, key: frames.key, indices: shown.map((_, i) => i) } };
}

const pairs = colourNames.flatMap((first, i) => [1, 2].map((by) => [first, colourNames[(i + by) % 4] as Colour]));
const questions: readonly LoadedQuestion[] = [
  ...pairs.map(([first = 'red', then = 'red'], row) => aQuestion(row, [first, first, then, then])),
  aQuestion(8, ['red', 'red', 'red', 'red']),
  aQuestion(9, ['blue']),
];

const given: ParameterValues = {
  ...presetParameters('paper', 'tgrpo'),
  ...{ questionsPerStep: questions.length, groupSize: 4, shuffledGroupSize: 2, maxNewTokens: 24, omega: 0 },
  ...{ learningRate: 1e-3, schedule: 'constant', warmupSteps: 0, gradClipNorm: 1, skipFlatGroups: true },
  ...{ alternatives: 0, advantageScale: 'none', topP: 1 },
  ...{ creditShuffles: 2, creditLow: 0.5, creditHigh: 4, creditWeight: 0.7, alpha: 0.4 },
};

let engine: Engine;
let start: string;

beforeAll(async () => {
  engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 });
  // Trained until some of its answers are right, and not all.
  const model = await newModel(engine);
  const sequences = pairs.map(([first = 'red', then = 'red']) => ({
    prompt: buildPrompt(...promptOf(aQuestion(0, [first, first, then, then]))),
    answer: { text: answerText(first, then) },
  }));
  for (let step = 0; step < 60; step++) {
    await engine.forwardBackward(model, { kind: 'cross-entropy', sequences, promptTokens: false });
    await engine.optimStep(model, { ...tinyStep, learningRate: 1e-2 * Math.min(1, (step + 1) / 10) });
  }
  start = mkdtempSync(path.join(tmpdir(), 'video-r1-'));
  await engine.saveState(model, start);
  await engine.unload(model);
}, 120_000);

afterAll(async () => {
  await engine.dispose();
  rmSync(start, { recursive: true, force: true });
});

function promptOf({ question: asked, frames }: LoadedQuestion): Parameters<typeof buildPrompt> {
  return [
    asked,
    frames,
    asked.dataType === 'video' ? Array.from({ length: frames.count }, (_, i) => i) : null,
    template,
  ];
}

interface Trained {
  readonly groups: readonly ScoredGroup[];
  readonly losses: readonly (number | null)[];
  /** Hashes of the files of the last weights and their optimizer. */
  readonly weights: readonly string[];
  readonly folder: string;
}

const files = ['model.safetensors', 'optimizer.safetensors'];

/** Steps `from` to `to` from a checkpoint; the KL is against the start. */
async function trained(
  change: Partial<ParameterValues>,
  { from = 1, to = 3, folder = start }: { from?: number; to?: number; folder?: string } = {},
): Promise<Trained> {
  const origin = (of: string, optimizer: boolean): ModelOrigin => ({ kind: 'folder', folder: of, optimizer });
  const policy = await engine.createModel(origin(folder, true), 'policy');
  const reference = await engine.createModel(origin(start, false), 'reference');
  const groups: ScoredGroup[] = [];
  const training = trainingWith(policy, reference, { ...given, ...change }, groups);
  const losses: (number | null)[] = [];
  for (let step = from; step <= to; step++) losses.push((await tgrpoStep(training, step, 'tgrpo')).loss);
  const into = temporaryFolder();
  await engine.saveState(policy, into);
  for (const model of [policy, reference]) await engine.unload(model);
  const weights = files.map((name) =>
    createHash('sha256')
      .update(readFileSync(path.join(into, name)))
      .digest('hex'),
  );
  return { groups, losses, weights, folder: into };
}

function trainingWith(
  policy: ModelHandle,
  reference: ModelHandle,
  parameters: ParameterValues,
  groups: ScoredGroup[],
): Training {
  return {
    ...{ engine, policy, reference, seed: 7, template },
    parameters: () => parameters,
    signal: new AbortController().signal,
    sampling: neverHeld,
    at: async () => 0,
    nextQuestions: async () => [...questions],
    probeQuestions: async () => [],
    recordGroups: async (made) => void groups.push(...made),
    onUpdated: () => {},
    flaggedOf: async () => new Set<string>(),
    onMasked: () => {},
    onSampling: () => {},
    onNotice: () => {},
  };
}

const credits = ({ groups }: Trained) =>
  groups.flatMap(({ group }) => group.rollouts.flatMap(({ credit }) => credit ?? []));

describe('three steps', () => {
  it('by both with γ = 0 are those by group, and with α = 0 those by answer, bit for bit; and credit changes them', async () => {
    const group = await trained({ temporalCredit: 'group' });
    const measured = await trained({ temporalCredit: 'both', creditWeight: 0 });
    expect(measured.weights).toEqual(group.weights);
    expect(measured.losses).toEqual(group.losses);
    expect(credits(measured).length).toBeGreaterThan(10);

    const answer = await trained({ temporalCredit: 'answer' });
    const both = await trained({ temporalCredit: 'both', alpha: 0 });
    expect(both.weights).toEqual(answer.weights);
    expect(both.losses).toEqual(answer.losses);
    expect(both.groups.some(({ group: { rollouts } }) => rollouts.some(({ order }) => order === 'shuffled'))).toBe(
      true,
    );
    expect(answer.groups.every(({ group: { rollouts } }) => rollouts.every(({ order }) => order === 'ordered'))).toBe(
      true,
    );

    // What is compared is not the same thing: order is worth something here, and paid.
    const paid = answer.groups.flatMap(({ group: { rollouts } }) =>
      rollouts.filter(({ reward }) => reward.parts.some(({ name, value }) => name === 'credit' && value > 0)),
    );
    expect(paid.length).toBeGreaterThan(0);
    expect(paid.length).toBeLessThan(credits(answer).length);
    expect(answer.weights).not.toEqual(group.weights);
  }, 120_000);

  it('with credit go on from a checkpoint as if they had never stopped, bit for bit', async () => {
    const change = { temporalCredit: 'both' } as const;
    const whole = await trained(change);
    const half = await trained(change, { to: 1 });
    const rest = await trained(change, { from: 2, folder: half.folder });
    expect(rest.weights).toEqual(whole.weights);
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect([...credits(half), ...credits(rest)]).toEqual(credits(whole));
  }, 120_000);

  it('pay nothing for the image and for frames that are all alike, even where credit begins at 0', async () => {
    const { groups } = await trained({ temporalCredit: 'answer', creditLow: 0, creditHigh: 0 }, { to: 1 });
    const of = (row: number) => groups.find(({ group }) => group.question.row === row) as ScoredGroup;
    for (const row of [8, 9]) {
      const { group, weighed } = of(row);
      expect(group.credit?.without).not.toBeNull();
      expect(weighed).toEqual([]);
      for (const { reward } of group.rollouts)
        expect(reward.parts.find(({ name }) => name === 'credit')).toMatchObject({ value: 0, possible: 0 });
    }
    // The model knows red where there is nothing but red: right answers there are, and they got nothing.
    expect(of(8).group.rollouts.some(({ correct }) => correct)).toBe(true);
    expect(groups.some(({ weighed }) => weighed.length > 0)).toBe(true);
  }, 60_000);
});

it('what was scored is the evidence of the answers: read without weighing, and no reason not to weigh', async () => {
  const { groups } = await trained({ temporalCredit: 'answer' }, { to: 1 });
  const store = RunStore.create(temporaryFolder(), aRun({ state: 'running', doing: null }));
  onTestFinished(() => store.dispose());
  const journal = new RunJournal(store, { onEvent: () => {}, onChanged: () => {}, log: () => {} });
  await journal.recordGroups(groups);
  const scored = groups.flatMap(({ weighed }) => weighed);
  expect(scored.length).toBeGreaterThan(0);
  for (const { rolloutId, seen } of scored) {
    const held = store.weighing(rolloutId);
    if (!held) throw new Error(`${rolloutId} has no evidence`);
    expect(held).toMatchObject({ forCredit: true, version: evidenceVersion });
    expect(held.by).toEqual({ run: journal.summary.id, step: 0, same: true });
    expect(held.changes.map(({ intervention }) => intervention.kind)).toEqual(['order', 'order']);
    expect(orderDeltas(held)).toHaveLength(seen.length);
    const [row] = listed(store, `id:${rolloutId}`).rows;
    expect(row?.orderWorth?.worth).toBe(row?.credit);
    expect(orderWorthOf(held)?.worth).toBeCloseTo(row?.credit ?? Number.NaN, 4);
    expect(listed(store, `id:${rolloutId} creditWorth<100 orderWorth<100`).rows).toHaveLength(1);
  }
  const ids = scored.map(({ rolloutId }) => rolloutId);
  expect(store.weighedOf(ids, { run: journal.summary.id, step: 0 }).size).toBe(0);
}, 60_000);
