/**
 * What it costs to find out what an answer stood on, beside what the engine does anyway: sampling the group that the answer came from,
 * and scoring the same sequences. On questions, answers and a model of the sample's size; processor time, in turns.
 */
import { permutation, randomFrom } from '../../trainer/data/random.ts';
import type { Engine, ModelHandle, Sequence } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import type { WeighedAnswer } from '../../trainer/evidence/interventions/asked.ts';
import { seenPrompt } from '../../trainer/evidence/interventions/changed-prompt.ts';
import { usualShuffles } from '../../trainer/evidence/interventions/plan.ts';
import { orderWeighing, passesOf, type WeighingOrder, weigh } from '../../trainer/evidence/interventions/weigh.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { usualKinds } from '../../trainer/protocol/evidence.ts';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';
import { isPieceFull } from '../../trainer/runs/weighing.ts';
import { interleaved, type Measured, measured } from './interleaved.ts';
import { asked, framesOf, size, template, textOf, trainingTexts } from './made-answers.ts';
import { type BenchFigure, type BenchOptions, median } from './part.ts';

const questions = 12;
const rounds = 3;
const manyRounds = 4;
const partRollouts = 250;
const { groupSize, shuffledGroupSize, topP, alternatives } = presetParameters('sample', 'tgrpo');

/** Share of the sampling of its group that an answer's interventions may cost. */
const mostOfSampling = 2 / 3;
/** Share of `forward`'s own throughput at which many rollouts are weighed. */
const leastOfForward = 0.8;

interface Bench {
  readonly engine: Engine;
  readonly model: ModelHandle;
}

async function answerTo({ engine, model }: Bench, question: number, answer: number): Promise<WeighedAnswer> {
  const frames = framesOf(question);
  const text = textOf(question, answer);
  const { ids, pieces } = await engine.render(model, [{ kind: 'text', text }]);
  return {
    ...{ rolloutId: `${question}-${answer}`, text, parsed: parseCompletion(text), ids, pieces, frames, template },
    ...{ seen: Array.from({ length: frames.count }, (_, i) => i), recorded: pieces.map(() => -1) },
    question: asked,
  };
}

/** Four shuffles, reversed, each frame pair, blind and without reasoning, beside the answer as it was seen. */
async function orderOf({ engine, model }: Bench, answer: WeighedAnswer, commitment: boolean): Promise<WeighingOrder> {
  return await orderWeighing(engine, model, answer, {
    kinds: usualKinds,
    shuffles: usualShuffles,
    seed: 1,
    commitment,
  });
}

/** One question at a time: its group of ordered and shuffled answers is sampled, each as long as the one that is weighed. */
async function sampleGroup({ engine, model }: Bench, answer: WeighedAnswer, seed: number): Promise<void> {
  const shuffled = { ...answer, seen: permutation(answer.frames.count, randomFrom(seed)) };
  const requests = [
    { prompt: seenPrompt(answer), seeds: Array.from({ length: groupSize }, (_, i) => 100 * seed + i) },
    { prompt: seenPrompt(shuffled), seeds: Array.from({ length: shuffledGroupSize }, (_, i) => 100 * seed + 50 + i) },
  ];
  const options = { maxTokens: answer.ids.length, temperature: 1, topP, alternatives };
  for await (const _ of engine.sample(model, requests, options, new AbortController().signal));
}

async function weighAll(bench: Bench, answers: readonly WeighedAnswer[], commitment: boolean): Promise<void> {
  const orders: WeighingOrder[] = [];
  for (const answer of answers) orders.push(await orderOf(bench, answer, commitment));
  await weigh(bench.engine, bench.model, orders);
}

/** Sums over all questions, of one after the other. */
function eachQuestion(work: (question: number) => Promise<void>): () => Promise<Measured> {
  return () =>
    measured(async () => {
      for (let question = 0; question < questions; question++) await work(question);
    });
}

interface Beside {
  readonly name: string;
  /** What an answer is. */
  readonly of: string;
  readonly ours: readonly Measured[];
  readonly theirs: readonly Measured[];
  /** Of so many answers each; the figure is of one. */
  readonly answers: number;
}

function ofSampling({ name, of, ours, theirs, answers }: Beside): BenchFigure {
  const ratios = ours.map(({ cpuMs }, round) => cpuMs / answers / (theirs[round]?.cpuMs ?? Number.NaN));
  const ratio = median(ratios);
  const shown = (side: readonly Measured[], count: number): string =>
    `${(median(side.map(({ cpuMs }) => cpuMs)) / questions / count).toFixed(1)} ms`;
  const verdict = ratio <= mostOfSampling ? 'reached' : 'not reached';
  return {
    ...{ name, value: ratio, unit: 'times' },
    note: `sampling its group of ${groupSize} + ${shuffledGroupSize}: ${shown(ours, answers)} to ${shown(theirs, 1)} of processor time (${of}); rounds ${ratios.map((each) => each.toFixed(2)).join(' ')}; at most ${mostOfSampling.toFixed(2)}: ${verdict}`,
  };
}

async function* besideSampling(bench: Bench): AsyncGenerator<BenchFigure> {
  const answers: WeighedAnswer[][] = [];
  for (let question = 0; question < questions; question++) {
    const own: WeighedAnswer[] = [];
    for (let answer = 0; answer < groupSize; answer++) own.push(await answerTo(bench, question, answer));
    answers.push(own);
  }
  const groupOf = (question: number): WeighedAnswer[] => answers[question] as WeighedAnswer[];
  const firstOf = (question: number): WeighedAnswer => groupOf(question)[0] as WeighedAnswer;
  const passes = passesOf(await orderOf(bench, firstOf(0), false));
  const { ids: prompt } = await bench.engine.render(bench.model, seenPrompt(firstOf(0)));
  const tokens = answers.flat().reduce((sum, { ids }) => sum + ids.length, 0) / answers.flat().length;
  const taken = await interleaved(
    {
      sampling: eachQuestion((question) => sampleGroup(bench, firstOf(question), question)),
      alone: eachQuestion((question) => weighAll(bench, [firstOf(question)], false)),
      group: eachQuestion((question) => weighAll(bench, groupOf(question), false)),
      curve: eachQuestion((question) => weighAll(bench, groupOf(question), true)),
    },
    { rounds, warmUps: 1 },
  );
  const theirs = taken.sampling;
  const of = `${passes} passes, ${prompt.length} + ${tokens.toFixed(0)} tokens`;
  yield ofSampling({ name: `an answer weighed alone`, of, ours: taken.alone, theirs, answers: 1 });
  yield ofSampling({ name: 'an answer weighed with its group', of, ours: taken.group, theirs, answers: groupSize });
  yield ofSampling({
    name: 'the same with the curve of commitment',
    of,
    ours: taken.curve,
    theirs,
    answers: groupSize,
  });
}

/** Pieces as the job takes them: answers until their sequences are enough. */
async function pieces(bench: Bench, answers: readonly WeighedAnswer[]): Promise<WeighingOrder[][]> {
  const found: WeighingOrder[][] = [];
  let passes = Number.POSITIVE_INFINITY;
  for (const answer of answers) {
    const order = await orderOf(bench, answer, true);
    const before = found.at(-1)?.at(-1)?.answer.frames.key;
    if (isPieceFull(passes, before === answer.frames.key)) {
      found.push([]);
      passes = 0;
    }
    found.at(-1)?.push(order);
    passes += passesOf(order);
  }
  return found;
}

const sequencesOf = ({ answer, interventions, commitment }: WeighingOrder): Sequence[] => [
  { prompt: seenPrompt(answer), answer: { tokens: answer.ids } },
  ...interventions.map(({ scoring }) => scoring.sequence),
  ...(commitment ?? []).map(({ scoring }) => scoring.sequence),
];

/** A part of the rollouts in each round. */
async function besideForward(bench: Bench): Promise<BenchFigure> {
  const parts: { answers: WeighedAnswer[]; sequences: Sequence[] }[] = [];
  let tokens = 0;
  for (let part = 0; part < manyRounds; part++) {
    const answers: WeighedAnswer[] = [];
    for (let i = part * partRollouts; i < (part + 1) * partRollouts; i++)
      answers.push(await answerTo(bench, Math.floor(i / groupSize), i % groupSize));
    const sequences = (await pieces(bench, answers)).flat().flatMap(sequencesOf);
    parts.push({ answers, sequences });
    for (const { answer } of sequences) tokens += 'tokens' in answer ? answer.tokens.length : 0;
  }
  const [ofOurs, ofTheirs] = [parts.values(), parts.values()];
  const next = (of: typeof ofOurs) => of.next().value as (typeof parts)[number];
  const taken = await interleaved(
    {
      ours: () =>
        measured(async () => {
          for (const orders of await pieces(bench, next(ofOurs).answers))
            await weigh(bench.engine, bench.model, orders);
        }),
      theirs: () => measured(() => bench.engine.forward(bench.model, next(ofTheirs).sequences)),
    },
    { rounds: manyRounds, warmUps: 0 },
  );
  const msOf = (side: readonly Measured[]): number => side.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const share = msOf(taken.theirs) / msOf(taken.ours);
  const perSecond = (side: readonly Measured[]): string =>
    Math.round((1000 * tokens) / msOf(side)).toLocaleString('en-US');
  const rounds = taken.ours.map(({ cpuMs }, round) => ((taken.theirs[round]?.cpuMs ?? Number.NaN) / cpuMs).toFixed(2));
  return {
    ...{ name: `${manyRounds * partRollouts} rollouts weighed`, value: share, unit: 'times' },
    note: `forward's own throughput: ${perSecond(taken.ours)} to ${perSecond(taken.theirs)} answer tokens a second of processor time; parts ${rounds.join(' ')}; at least ${leastOfForward}: ${share >= leastOfForward ? 'reached' : 'not reached'}`,
  };
}

export async function* benchEvidence({ backend, threads }: BenchOptions): AsyncGenerator<BenchFigure> {
  const engine = await createTfjsEngine({ name: 'tfjs', backend: backend ?? 'wasm', threads });
  try {
    const model = await engine.createModel({ kind: 'new', size, seed: 1, texts: trainingTexts }, 'policy');
    const bench = { engine, model };
    yield* besideSampling(bench);
    yield await besideForward(bench);
  } finally {
    await engine.dispose();
  }
}
