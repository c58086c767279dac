/** Samples an answer to every question of some datasets that has none yet, and writes each down before it counts. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../data/dataset.ts';
import { type LoadedQuestion, QuestionLoader } from '../data/questions.ts';
import { permutation, randomFrom } from '../data/random.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import type { SampledGroup } from '../learning/groups.ts';
import { longPrompt } from '../learning/long-prompt.ts';
import { sampleGroups } from '../learning/sampling.ts';
import { emptyMetrics } from '../learning/training.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Question } from '../protocol/records.ts';
import { evaluationScore } from '../rewards/evaluation-score.ts';
import type { FrameLimits, MediaLoader } from '../video/load.ts';
import type { AnsweredLine, AnswersFile, AnswersLine, GivenAnswer, SkippedLine } from './answers-file.ts';

export interface BenchmarkSampling {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly media: MediaLoader;
  readonly limits: FrameLimits;
  /** In the order and by the names of the answers' header. */
  readonly datasets: readonly { readonly name: string; readonly dataset: Dataset }[];
  /** How answers are sampled, wording and seed come from its header. */
  readonly answers: AnswersFile;
  readonly parameters: ParameterValues;
  /** Questions of each dataset; null for all. */
  readonly limit: number | null;
  readonly signal: AbortSignal;
  onProgress(progress: SamplingProgress): void;
  onSkipped(line: SkippedLine): void;
}

export interface SamplingProgress {
  readonly dataset: string;
  /** Questions that are finished, those of earlier sittings included, of all that are wanted. */
  readonly done: number;
  readonly total: number;
  /** Of them, finished in this sitting. */
  readonly now: number;
}

const batchQuestions = 32;

/**
 * The rows that are sampled, in an order that is fixed by the seed: any beginning of it is a random sample of the dataset, so
 * a part of an evaluation says something of the whole, and a larger limit goes on from a smaller one.
 */
export function rowsToSample(count: number, limit: number | null, seed: number): number[] {
  return permutation(count, randomFrom(seed, 'evaluation order')).slice(0, limit ?? count);
}

/** The rows without an answer, in the order in which they are sampled, and how many are wanted with those that have one. */
export function openRows(
  datasets: BenchmarkSampling['datasets'],
  answers: AnswersFile,
  limit: number | null,
): { name: string; dataset: Dataset; rows: number[]; wanted: number }[] {
  return datasets.map(({ name, dataset }) => {
    const all = rowsToSample(dataset.count, limit, answers.header.sampling.seed);
    return { name, dataset, rows: all.filter((row) => !answers.has(name, row)), wanted: all.length };
  });
}

/** Stands for what a row asks and what is right, in whatever file and place it lies. */
function questionKey(question: Question): string {
  const { problem, problemType, dataType, options, solution, path } = question;
  const content = JSON.stringify([problem, problemType, dataType, options, solution, path]);
  return createHash('sha256').update(content).digest('hex').slice(0, 24);
}

/**
 * An answer is a function of weights, settings, seed and row: what was sampled in the same batch or sitting does not matter.
 * @throws Interrupted when the signal ends it; what was finished is in the file.
 */
export async function sampleBenchmarks(a: BenchmarkSampling): Promise<void> {
  const open = openRows(a.datasets, a.answers, a.limit);
  const total = open.reduce((sum, { wanted }) => sum + wanted, 0);
  const before = total - open.reduce((sum, { rows }) => sum + rows.length, 0);
  let now = 0;
  for (const { name, dataset, rows } of open) {
    const faults = new Map<number, string>();
    const questions = new QuestionLoader(
      dataset,
      a.media,
      a.limits,
      ({ row }, fault) => faults.set(row, fault.message),
      longPrompt(a.engine, a.model, a.answers.header.template, a.parameters.maxPromptTokens),
    );
    const told = (share: number, batch: number) => {
      const finished = now + Math.floor(share * batch);
      a.onProgress({ dataset: name, done: before + finished, total, now: finished });
    };
    for (let from = 0; from < rows.length; from += batchQuestions) {
      const batch = rows.slice(from, from + batchQuestions);
      told(0, 0);
      const readable = await questions.loadReadable(batch);
      for (const row of rows.slice(from + batchQuestions, from + 2 * batchQuestions)) questions.prefetch(row);
      const groups = await sampleBatch(a, readable, (share) => told(share, batch.length));
      const answered = new Map(groups.map((group) => [group.group.question.row, lineOf(name, group)]));
      const lines = batch.map((row): AnswersLine => answered.get(row) ?? skipped(name, dataset.question(row), faults));
      a.answers.append(lines);
      for (const line of lines) if (line.outcome === 'skipped') a.onSkipped(line);
      now += batch.length;
    }
    told(0, 0);
  }
}

async function sampleBatch(
  a: BenchmarkSampling,
  questions: readonly LoadedQuestion[],
  onShare: (share: number) => void,
): Promise<SampledGroup[]> {
  if (questions.length === 0) return [];
  const { sampling, shuffled, template } = a.answers.header;
  const how = {
    engine: a.engine,
    model: a.model,
    template,
    parameters: a.parameters,
    seed: sampling.seed,
    step: 0,
    purpose: 'evaluation' as const,
    prefix: 'evaluation',
    numbers: questions.map(({ question }) => question.row),
    ordered: 1,
    shuffled: shuffled ? 1 : 0,
    sampling: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
    signal: a.signal,
    onSampling: ({ done, total }: { done: number; total: number }) => onShare(done / total),
  };
  return sampleGroups(questions, how, emptyMetrics(0, 0).durations);
}

function questionFields(dataset: string, question: Question) {
  const { row, fileRow, problemId, problem, problemType, dataType, solution, path, source, family, needsOrder } =
    question;
  return {
    dataset,
    row,
    ...(fileRow === undefined ? {} : { fileRow }),
    key: questionKey(question),
    ...{ problemId, problem, problemType, dataType, solution, path, source, family, needsOrder },
  };
}

function skipped(dataset: string, question: Question, faults: ReadonlyMap<number, string>): SkippedLine {
  return { outcome: 'skipped', ...questionFields(dataset, question), message: faults.get(question.row) ?? '' };
}

function lineOf(dataset: string, { group }: SampledGroup): AnsweredLine {
  const { question } = group;
  const given = (order: 'ordered' | 'shuffled'): GivenAnswer | null => {
    const rollout = group.rollouts.find((candidate) => candidate.order === order);
    if (!rollout) return null;
    const { accuracy, correct, answer } = evaluationScore(rollout.text, question);
    const { text, tokenCount, stopReason } = rollout;
    return { text, tokens: tokenCount, stop: stopReason, answer, accuracy, correct, reward: rollout.accuracy };
  };
  const ordered = given('ordered') as GivenAnswer;
  return { outcome: 'answered', ...questionFields(dataset, question), ordered, shuffled: given('shuffled') };
}
