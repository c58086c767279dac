/**
 * What it costs to find out what order is worth to the answers of a step, beside what eq. 1 asks for in its place: drawing half as many
 * answers on shuffled frames and scoring them. On made answers, and a model that draws answers of their length.
 * Processor time, in turns.
 */
import type { LoadedQuestion } from '../../trainer/data/questions.ts';
import { randomFrom } from '../../trainer/data/random.ts';
import type { Completion, Engine, ModelHandle, SampleRequest } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { type AnsweredGroup, measureCredits } from '../../trainer/learning/credit.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { shuffledOrder } from '../../trainer/learning/sampling.ts';
import { buildPrompt } from '../../trainer/reasoning/prompt.ts';
import { score } from '../../trainer/rewards/score.ts';
import { interleaved, measured } from './interleaved.ts';
import { asked, directions, framesOf, size, template, trainingTexts } from './made-answers.ts';
import { type BenchFigure, type BenchOptions, median } from './part.ts';

const rounds = 5;
const trainingSteps = 60;
const { questionsPerStep, groupSize, topP, maxNewTokens } = presetParameters('sample', 'tgrpo');

interface MadeAnswer {
  readonly text: string;
  readonly right: boolean;
}

/** What answers to a step's questions are, and how much of drawing shuffled ones a credit of K = 1 may cost with them. */
interface World {
  readonly name: string;
  readonly atMost: number;
  answerTo(question: number, answer: number): MadeAnswer;
}

/** Of seconds that are read, those that are misread; with one of them the answer is wrong every other time. */
const misread = 0.05;

/** What is seen second by second, and what follows: the same for a question, but for what is misread. */
function readingOf(question: number, answer: number): MadeAnswer {
  const [truth, chance] = [
    randomFrom(question, 'truth of a bench'),
    randomFrom(question, answer, 'readings of a bench'),
  ];
  const other = (direction: number): number => (direction + 1 + Math.floor(3 * chance())) % 4;
  const seen = Array.from({ length: 4 }, () => Math.floor(4 * truth()));
  const letter = Math.floor(4 * truth());
  const said = seen.map((direction) => (chance() < misread ? other(direction) : direction));
  const right = said.join() === seen.join() || chance() < 0.5;
  const chain = said.map((direction, second) => `${second} s: ${directions[direction]}.`).join(' ');
  return { text: completionOf(chain, right ? letter : other(letter)), right };
}

/** One look and what is said to follow from it, which holds for four questions in five. */
function shortcutOf(question: number): MadeAnswer {
  const cue = randomFrom(question, 'cue of a bench');
  const colour = ['red', 'green', 'blue', 'yellow'][Math.floor(4 * cue())];
  return { text: completionOf(`It is ${colour}.`, Math.floor(4 * cue())), right: cue() < 0.8 };
}

const completionOf = (reasons: string, letter: number): string =>
  `<think>${reasons} So it moves ${directions[letter]}.</think>\n<answer>${'ABCD'.charAt(letter)}</answer>`;

const worlds: readonly World[] = [
  { name: 'read second by second', atMost: 0.8, answerTo: readingOf },
  {
    name: 'three in five by a shortcut',
    atMost: 0.5,
    answerTo: (question, answer) => (answer % 5 < 3 ? shortcutOf(question) : readingOf(question, answer)),
  },
];

/** Row `row` of a step. Its frames are noise, so that its answers are whatever the model has learned to say. */
function questionOf(row: number): LoadedQuestion {
  const frames = framesOf(row);
  const { key, width, height, count } = frames;
  const indices = Array.from({ length: count }, (_, i) => i);
  return {
    question: {
      ...{
        ...asked,
        row,
        dataset: 'bench',
        problemId: String(row),
        solution: 'A',
        path: `${row}.mp4`,
        source: 'bench',
      },
      ...{ family: null, needsOrder: null, options: [...asked.options] },
    },
    frames,
    view: {
      ...{ key, kind: 'video', width, height, sourceWidth: width, sourceHeight: height, durationSeconds: count / 2 },
      ...{ indices, times: indices.map((i) => i / 2) },
    },
    target: null,
    flagged: [],
  };
}

async function answersOf(
  engine: Engine,
  model: ModelHandle,
  requests: readonly SampleRequest[],
): Promise<Completion[][]> {
  const all: Completion[][] = requests.map(() => []);
  const options = { maxTokens: maxNewTokens, temperature: 1, topP };
  for await (const event of engine.sample(model, requests, options, new AbortController().signal))
    if (event.kind === 'done') all[event.request]?.push(event.completion);
  return all;
}

/** A model whose answers are as long as those of a world. */
async function modelOf(engine: Engine, { answerTo }: World): Promise<ModelHandle> {
  const readings = Array.from({ length: 400 }, (_, i) => [readingOf(i, 0).text, shortcutOf(i).text]).flat();
  const model = await engine.createModel(
    { kind: 'new', size, seed: 1, texts: [...trainingTexts, ...readings] },
    'policy',
  );
  for (let step = 0; step < trainingSteps; step++) {
    const sequences = Array.from({ length: 15 }, (_, i) => {
      const { question, frames, view } = questionOf(1000 + (i % 10));
      return {
        prompt: buildPrompt(question, frames, view.indices, template),
        answer: { text: answerTo(1000 * step + i, i).text },
      };
    });
    await engine.forwardBackward(model, { kind: 'cross-entropy', sequences, promptTokens: false });
    await engine.optimStep(model, {
      ...{
        learningRate: 3e-3 * Math.min(1, (step + 1) / 10) * (1 - step / trainingSteps),
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
      },
      ...{ weightDecay: 0, gradClipNorm: 1 },
    });
  }
  return model;
}

/** A made answer as if it had been sampled. */
async function completionTo(engine: Engine, model: ModelHandle, text: string): Promise<Completion> {
  const { ids: tokens, pieces } = await engine.render(model, [{ kind: 'text', text }]);
  const none = new Float32Array(tokens.length).fill(-1);
  return { tokens, pieces, text, logprobs: none, entropy: none, alternatives: null, stopReason: 'stop' };
}

const seedsOf = (row: number, count: number, half: number): number[] =>
  Array.from({ length: count }, (_, i) => 1000 * row + 100 * half + i);

async function inWorld(engine: Engine, world: World): Promise<BenchFigure> {
  const model = await modelOf(engine, world);
  const questions = Array.from({ length: questionsPerStep }, (_, row) => questionOf(row));
  const groups: AnsweredGroup[] = [];
  for (const [number, loaded] of questions.entries()) {
    const made = Array.from({ length: groupSize }, (_, answer) => world.answerTo(number, answer));
    const ordered: Completion[] = [];
    for (const { text } of made) ordered.push(await completionTo(engine, model, text));
    groups.push({ loaded, number, ordered, right: made.map(({ right }) => right) });
  }
  const shuffled = questions.map(({ question, frames }, row) => ({
    prompt: buildPrompt(question, frames, shuffledOrder(frames.count, row), template),
    seeds: seedsOf(row, groupSize / 2, 2),
  }));
  let step = 0;
  let drawn: number[] = [];
  const taken = await interleaved(
    {
      ours: () =>
        measured(() => measureCredits(groups, { engine, model, template, seed: 1, step: step++, shuffles: 1 })),
      theirs: () =>
        measured(async () => {
          const answers = await answersOf(engine, model, shuffled);
          questions.forEach(({ question }, row) => {
            for (const { text } of answers[row] ?? []) score(text, question);
          });
          drawn = answers.flat().map(({ tokens }) => tokens.length);
        }),
    },
    { rounds, warmUps: 1 },
  );
  await engine.unload(model);
  const ratios = taken.ours.map(({ cpuMs }, round) => cpuMs / (taken.theirs[round]?.cpuMs ?? Number.NaN));
  const ratio = median(ratios);
  const ms = (side: typeof taken.ours): string => `${median(side.map(({ cpuMs }) => cpuMs)).toFixed(0)} ms`;
  const scored = groups.flatMap(({ ordered, right }) => [
    ...new Map(ordered.flatMap(({ text, tokens }, i) => (right[i] ? [[text, tokens.length] as const] : []))).values(),
  ]);
  const rights = groups.reduce((sum, { right }) => sum + right.filter(Boolean).length, 0);
  const meanOf = (lengths: readonly number[]): string =>
    (lengths.reduce((a, b) => a + b, 0) / lengths.length).toFixed(0);
  return {
    ...{ name: `credit, ${world.name}`, value: ratio, unit: 'times' },
    note: `drawing and scoring ${groupSize / 2} shuffled answers: ${ms(taken.ours)} to ${ms(taken.theirs)} of processor time a step of ${questionsPerStep} videos (K = 1; ${rights} of ${questionsPerStep * groupSize} answers right, ${scored.length} scored, of ${meanOf(scored)} tokens; ${drawn.length} drawn, of ${meanOf(drawn)}); rounds ${ratios.map((each) => each.toFixed(2)).join(' ')}; at most ${world.atMost}: ${ratio <= world.atMost ? 'reached' : 'not reached'}`,
  };
}

export async function* benchCredit({ backend, threads }: BenchOptions): AsyncGenerator<BenchFigure> {
  const engine = await createTfjsEngine({ name: 'tfjs', backend: backend ?? 'wasm', threads });
  try {
    for (const world of worlds) yield await inWorld(engine, world);
  } finally {
    await engine.dispose();
  }
}
