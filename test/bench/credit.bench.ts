/**
 * What it costs to find out what order is worth to the answers of a step, beside what eq. 1 asks for in its place: drawing half as many
 * answers on shuffled frames and scoring them. In worlds of the sample: each is made, trained by its SFT run file, and its model then
 * asked RL's questions, as a run's first steps ask them. Processor time, in turns.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openDataset } from '../../trainer/data/dataset.ts';
import { type LoadedQuestion, QuestionLoader } from '../../trainer/data/questions.ts';
import { createSampleProject } from '../../trainer/data/sample/project.ts';
import { defaultCues, type WorldName } from '../../trainer/data/sample/worlds.ts';
import type { Engine, ModelHandle } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { rowsToSample } from '../../trainer/evaluation/question-walk.ts';
import { type AnsweredGroup, measureCredits } from '../../trainer/learning/credit.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { type DrawnGroup, drawGroups, trainingSampling } from '../../trainer/learning/sampling.ts';
import { emptyMetrics } from '../../trainer/learning/training.ts';
import { isCorrect } from '../../trainer/protocol/correctness.ts';
import { type PromptTemplate, readTemplate } from '../../trainer/reasoning/template.ts';
import { findCheckpoint } from '../../trainer/runs/find-checkpoint.ts';
import { frameLimits } from '../../trainer/video/choose.ts';
import { type FfmpegTools, findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { MediaLoader } from '../../trainer/video/load.ts';
import { interleaved, measured } from './interleaved.ts';
import { type BenchFigure, type BenchOptions, median } from './part.ts';

const program = path.resolve(import.meta.dirname, '../../trainer/main.ts');
const rounds = 12;
const warmUps = 1;
const seed = 1;
const parameters = presetParameters('sample', 'tgrpo');
const { questionsPerStep, groupSize, correctThreshold } = parameters;

/** How much of drawing shuffled answers a credit of K = 1 may cost where a T-GRPO run of a world starts. */
const worlds: readonly { readonly world: WorldName; readonly atMost: number }[] = [
  { world: 'plain', atMost: 0.8 },
  { world: 'shortcut', atMost: 0.5 },
];

interface World {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly template: PromptTemplate;
}

/** The folder of the model that a sample project's SFT run ends with, and its template. */
async function trainedIn(
  folder: string,
  world: WorldName,
  tools: FfmpegTools,
): Promise<{ model: string; template: PromptTemplate }> {
  await createSampleProject(folder, { seed, world, cues: defaultCues, tools });
  const unwatched = ['evaluationQuestions=1', 'probeEvery=0'].flatMap((pair) => ['--set', pair]);
  await promisify(execFile)(process.execPath, [program, 'run', 'sft.run.json', '--folder', folder, ...unwatched]);
  const { folder: model, plan } = await findCheckpoint('sft-1', folder);
  return { model, template: await readTemplate(plan?.promptTemplate ?? undefined) };
}

/** The videos of a step for each round. */
async function stepsOf(folder: string, media: MediaLoader): Promise<LoadedQuestion[][]> {
  const dataset = await openDataset(path.join(folder, 'data', 'rl.json'), new AbortController().signal);
  try {
    const loader = new QuestionLoader(dataset, media, frameLimits(parameters), (_, fault) => {
      throw fault;
    });
    const rows = rowsToSample(dataset.count, null, seed).filter((row) => dataset.dataType(row) === 'video');
    const steps: LoadedQuestion[][] = [];
    for (let step = 0; step < warmUps + rounds; step++)
      steps.push(await loader.loadReadable(rows.slice(step * questionsPerStep, (step + 1) * questionsPerStep)));
    return steps;
  } finally {
    dataset.dispose();
  }
}

function draw(
  { engine, model, template }: World,
  step: number,
  questions: readonly LoadedQuestion[],
  half: 'ordered' | 'shuffled',
) {
  return drawGroups(
    questions,
    {
      ...{ engine, model, template, parameters, seed, step, purpose: 'train', prefix: `s${step}` },
      ...{ ordered: half === 'ordered' ? groupSize : 0, shuffled: half === 'shuffled' ? groupSize / 2 : 0 },
      sampling: trainingSampling(engine, parameters),
      signal: new AbortController().signal,
    },
    emptyMetrics(step, 0).durations,
  );
}

const answeredIn = ({ loaded, number, completions, scores }: DrawnGroup): AnsweredGroup => ({
  ...{ loaded, number, ordered: completions.ordered },
  right: scores.ordered.map(({ accuracy }) => isCorrect(accuracy, correctThreshold)),
});

/** Tokens of the right answers of a group that differ from each other: those that are scored. */
const scoredIn = ({ ordered, right }: AnsweredGroup): number[] => [
  ...new Map(ordered.flatMap(({ text, tokens }, i) => (right[i] ? [[text, tokens.length] as const] : []))).values(),
];

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const meanOf = (values: readonly number[]): string => (sum(values) / values.length).toFixed(0);

async function costIn(
  world: World,
  steps: readonly LoadedQuestion[][],
  name: string,
  atMost: number,
): Promise<BenchFigure> {
  const answered: AnsweredGroup[][] = [];
  for (const [step, questions] of steps.entries())
    answered.push((await draw(world, step, questions, 'ordered')).map(answeredIn));
  const drawn: number[] = [];
  const next = { ours: 0, theirs: 0 };
  const taken = await interleaved(
    {
      ours: () => {
        const step = next.ours++;
        return measured(() => measureCredits(answered[step] ?? [], { ...world, seed, step, shuffles: 1 }));
      },
      theirs: () => {
        const step = next.theirs++;
        return measured(async () => {
          const groups = await draw(world, step, steps[step] ?? [], 'shuffled');
          drawn.push(...groups.flatMap(({ completions }) => completions.shuffled.map(({ tokens }) => tokens.length)));
        });
      },
    },
    { rounds, warmUps },
  );
  const ratios = taken.ours.map(({ cpuMs }, round) => cpuMs / (taken.theirs[round]?.cpuMs ?? Number.NaN));
  const ratio = median(ratios);
  const ms = (side: typeof taken.ours): string => `${median(side.map(({ cpuMs }) => cpuMs)).toFixed(0)} ms`;
  const counted = answered.flat();
  const scored = counted.flatMap(scoredIn);
  const rights = sum(counted.map(({ right }) => right.filter(Boolean).length));
  const aStep = (count: number) => (count / steps.length).toFixed(0);
  return {
    ...{ name: `credit, ${name} world`, value: ratio, unit: 'times' },
    note: `drawing and scoring ${groupSize / 2} shuffled answers: ${ms(taken.ours)} to ${ms(taken.theirs)} of processor time a step of ${questionsPerStep} videos (K = 1, where RL starts; of ${questionsPerStep * groupSize} answers ${aStep(rights)} right, ${aStep(scored.length)} scored, of ${meanOf(scored)} tokens; ${aStep(drawn.length)} drawn, of ${meanOf(drawn)}); rounds ${ratios.map((each) => each.toFixed(2)).join(' ')}; at most ${atMost}: ${ratio <= atMost ? 'reached' : 'not reached'}`,
  };
}

export async function* benchCredit({ backend, threads }: BenchOptions): AsyncGenerator<BenchFigure> {
  const tools = await findFfmpeg(undefined);
  const temporary = await mkdtemp(path.join(os.tmpdir(), 'video-r1-bench-'));
  try {
    for (const { world, atMost } of worlds) {
      const folder = path.join(temporary, world);
      const { model, template } = await trainedIn(folder, world, tools);
      const media = new MediaLoader(tools, path.join(temporary, 'frames'), 1e9);
      const engine = await createTfjsEngine({ name: 'tfjs', backend: backend ?? 'wasm', threads });
      try {
        const policy = await engine.createModel({ kind: 'folder', folder: model, optimizer: false }, 'policy');
        yield await costIn({ engine, model: policy, template }, await stepsOf(folder, media), world, atMost);
      } finally {
        await engine.dispose();
        await media.dispose();
      }
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
