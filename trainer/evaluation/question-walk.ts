/** Asks every question of some datasets that has no line yet, and keeps each line before it counts. What is asked is the caller's. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../data/dataset.ts';
import { type LoadedQuestion, QuestionLoader } from '../data/questions.ts';
import { permutation, randomFrom } from '../data/random.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import { longPrompt } from '../learning/long-prompt.ts';
import type { SkippedQuestion } from '../protocol/kept-question.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Question } from '../protocol/records.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import type { FrameLimits, MediaLoader } from '../video/load.ts';
import type { LinePlace } from './kept-lines.ts';

/** What has a line already, and how questions are asked. */
export interface Kept<L> {
  readonly header: { readonly template: PromptTemplate; readonly sampling: { readonly seed: number } };
  has(dataset: string, row: number): boolean;
  append(lines: readonly L[]): void;
}

export interface NamedDataset {
  readonly name: string;
  readonly dataset: Dataset;
}

export interface QuestionWalk<L extends LinePlace> {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly media: MediaLoader;
  readonly limits: FrameLimits;
  /** In the order and by the names of the header. */
  readonly datasets: readonly NamedDataset[];
  readonly kept: Kept<L | SkippedQuestion>;
  readonly parameters: ParameterValues;
  /** Questions of each dataset; null for all. */
  readonly limit: number | null;
  readonly signal: AbortSignal;
  /** Rows that are asked of those that the limit takes; absent for all. */
  readonly isAsked?: RowsAsked;
  onProgress(progress: WalkProgress): void;
  onSkipped(line: SkippedQuestion): void;
}

export type RowsAsked = (dataset: NamedDataset, row: number) => boolean;

export interface WalkProgress {
  readonly dataset: string;
  /** Questions that are finished, those of earlier sittings included, of all that are wanted. */
  readonly done: number;
  readonly total: number;
  /** Of them, finished in this sitting. */
  readonly now: number;
}

const batchQuestions = 32;

/**
 * The rows that are asked, in an order that is fixed by the seed: any beginning of it is a random sample of the dataset, so
 * a part of an evaluation says something of the whole, and a larger limit goes on from a smaller one.
 */
export function rowsToSample(count: number, limit: number | null, seed: number): number[] {
  return permutation(count, randomFrom(seed, 'evaluation order')).slice(0, limit ?? count);
}

/** The rows without a line, in the order in which they are asked, and how many are wanted with those that have one. */
export function openRows(
  datasets: readonly NamedDataset[],
  kept: Pick<Kept<never>, 'header' | 'has'>,
  limit: number | null,
  isAsked: RowsAsked = () => true,
): { name: string; dataset: Dataset; rows: number[]; wanted: number }[] {
  return datasets.map((named) => {
    const { name, dataset } = named;
    const all = rowsToSample(dataset.count, limit, kept.header.sampling.seed).filter((row) => isAsked(named, row));
    return { name, dataset, rows: all.filter((row) => !kept.has(name, row)), wanted: all.length };
  });
}

/** Stands for what a row asks and what is right, in whatever file and place it lies. */
function questionKey(question: Question): string {
  const { problem, problemType, dataType, options, solution, path } = question;
  const content = JSON.stringify([problem, problemType, dataType, options, solution, path]);
  return createHash('sha256').update(content).digest('hex').slice(0, 24);
}

/** What a line says of the question that it is about. */
export function questionFields(dataset: string, question: Question) {
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

/**
 * @param ask questions together, in the order in which they are kept; one line for each. What it says of a question may depend on
 *   weights, settings, seed and row alone, and on what else is in the batch only as far as the engine's `seeds` do. `onShare` is told the share that is done
 * @throws Interrupted as `ask` does when the signal ends it; what was finished is in the file.
 */
export async function walkQuestions<L extends LinePlace>(
  w: QuestionWalk<L>,
  ask: (dataset: string, questions: readonly LoadedQuestion[], onShare: (share: number) => void) => Promise<L[]>,
): Promise<void> {
  const open = openRows(w.datasets, w.kept, w.limit, w.isAsked);
  const total = open.reduce((sum, { wanted }) => sum + wanted, 0);
  const before = total - open.reduce((sum, { rows }) => sum + rows.length, 0);
  let now = 0;
  for (const { name, dataset, rows } of open) {
    const faults = new Map<number, string>();
    const questions = new QuestionLoader(
      dataset,
      w.media,
      w.limits,
      ({ row }, fault) => faults.set(row, fault.message),
      longPrompt(w.engine, w.model, w.kept.header.template, w.parameters.maxPromptTokens),
    );
    const told = (share: number, batch: number) => {
      const finished = now + Math.floor(share * batch);
      w.onProgress({ dataset: name, done: before + finished, total, now: finished });
    };
    for (let from = 0; from < rows.length; from += batchQuestions) {
      const batch = rows.slice(from, from + batchQuestions);
      told(0, 0);
      const readable = await questions.loadReadable(batch);
      for (const row of rows.slice(from + batchQuestions, from + 2 * batchQuestions)) questions.prefetch(row);
      const asked = readable.length === 0 ? [] : await ask(name, readable, (share) => told(share, batch.length));
      const answered = new Map(asked.map((line) => [line.row, line]));
      const lines = batch.map((row) => answered.get(row) ?? skipped(name, dataset.question(row), faults));
      w.kept.append(lines);
      for (const line of lines) if (isSkipped(line)) w.onSkipped(line);
      now += batch.length;
    }
    told(0, 0);
  }
}

const isSkipped = (line: LinePlace): line is SkippedQuestion => 'outcome' in line && line.outcome === 'skipped';

function skipped(dataset: string, question: Question, faults: ReadonlyMap<number, string>): SkippedQuestion {
  return { outcome: 'skipped', ...questionFields(dataset, question), message: faults.get(question.row) ?? '' };
}
