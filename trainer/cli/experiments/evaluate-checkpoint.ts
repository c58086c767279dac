/** One evaluation from its settings to its files: answers, results as JSON, and the tables. Taken up again where it stopped. */

import { mkdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Dataset, openDataset } from '../../data/dataset.ts';
import { modelFiles } from '../../engines/model-folder.ts';
import { AnswersFile, type AnswersHeader } from '../../evaluation/answers-file.ts';
import type { BenchmarkFile } from '../../evaluation/benchmark-files.ts';
import { evaluationReport } from '../../evaluation/report.ts';
import { type EvaluationResults, resultsOf } from '../../evaluation/results.ts';
import { openRows, type SamplingProgress, sampleBenchmarks } from '../../evaluation/sample-benchmarks.ts';
import { plain, reportMarkdown } from '../../evaluation/table.ts';
import { sha256OfFiles } from '../../journal/file-hash.ts';
import { setAside } from '../../journal/json-lines.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { ParameterValues } from '../../protocol/parameters.ts';
import type { PromptTemplate } from '../../reasoning/template.ts';
import type { FoundCheckpoint } from '../../runs/find-checkpoint.ts';
import { holdFile } from '../../store/process-lock.ts';
import { frameLimits } from '../../video/choose.ts';
import { callable } from '../terminal/callable.ts';
import { duration, type LiveLine } from '../terminal/progress.ts';
import { type ModelPlace, withModel } from './loaded-model.ts';

export const answersName = 'answers.jsonl';

export interface EvaluationWanted extends ModelPlace {
  readonly files: readonly BenchmarkFile[];
  readonly parameters: ParameterValues;
  readonly template: PromptTemplate;
  readonly seed: number;
  /** Questions of each dataset; null for all. */
  readonly limit: number | null;
  readonly shuffled: boolean;
  /** Folder that the evaluation is written to. */
  readonly out: string;
  /** Keeps answers that are there aside, and asks anew. */
  readonly fresh: boolean;
}

export function evaluationsFolder(project: string): string {
  return path.join(project, trainerFolder, 'evaluations');
}

/** A name for the folder of an evaluation: what someone would look for, in characters that any file system takes. */
export function evaluationName(
  { state, folder }: FoundCheckpoint,
  files: readonly BenchmarkFile[],
  frames: number,
  shuffled: boolean,
): string {
  const model = state ? `${state.run}-step-${state.step}` : path.basename(folder);
  const names = files.map(({ name }) => name).join('-');
  const text = `${model}-${names}-${frames}-frames${shuffled ? '-shuffled' : ''}`;
  return text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 120);
}

/** Two that write one file of answers would spoil it. @throws StudioError `conflict` */
function lock(folder: string): { dispose(): void } {
  mkdirSync(folder, { recursive: true });
  return holdFile(
    path.join(folder, '.lock'),
    (cause) =>
      new StudioError('conflict', 'Another process writes this evaluation now.', {
        place: folder,
        remedy: 'Wait for its end, or choose another --out.',
        cause,
      }),
  );
}

async function headerOf(
  w: EvaluationWanted,
  datasets: readonly { name: string; dataset: Dataset }[],
): Promise<AnswersHeader> {
  const { state, folder } = w.model;
  const p = w.parameters;
  return {
    kind: 'video-r1 evaluation',
    version: 1,
    label: { model: state?.run ?? path.basename(folder), run: state?.run ?? null, step: state?.step ?? null },
    model: { sha256: await sha256OfFiles(await modelFiles(folder)) },
    datasets: await Promise.all(
      datasets.map(async ({ name, dataset }) => ({
        name,
        sha256: await sha256OfFiles(dataset.files),
        rows: dataset.count,
      })),
    ),
    frames: { ...frameLimits(p) },
    sampling: {
      temperature: p.evaluationTemperature,
      topP: p.evaluationTopP,
      maxTokens: p.maxNewTokens,
      seed: w.seed,
    },
    shuffled: w.shuffled,
    nanRegressionPays: p.nanRegressionPays,
    maxPromptTokens: p.maxPromptTokens,
    template: w.template,
  };
}

function progressText(progress: SamplingProgress, elapsedMs: number): string {
  const { dataset, done, total, now } = progress;
  const left = now > 0 && done < total ? ` | ${duration((elapsedMs / now) * (total - done))} left` : '';
  return `${plain(dataset, 30)} ${done}/${total} questions${left}`;
}

/** In one piece: what reads it meanwhile sees the old or the new. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/**
 * Asks what has no answer yet, then writes `results.json` and `results.md` over all answers in the file.
 * @throws Interrupted when the signal ends it: the same call goes on. StudioError `conflict` for other settings than those
 *   of the answers that are there
 */
export async function evaluateCheckpoint(
  w: EvaluationWanted,
  signal: AbortSignal,
  line: LiveLine,
): Promise<EvaluationResults> {
  const open: { dispose(): unknown }[] = [];
  const hold = <T extends { dispose(): unknown }>(resource: T): T => {
    open.push(resource);
    return resource;
  };
  try {
    const datasets: { name: string; dataset: Dataset }[] = [];
    for (const { name, file } of w.files)
      datasets.push({ name, dataset: hold(await openDataset(file, signal, { allowedRoots: w.allowedRoots })) });
    // What can't be read leaves no folder behind.
    hold(lock(w.out));
    for (const { dataset } of datasets) sayFaults(dataset, line);
    const header = await headerOf(w, datasets);
    const file = path.join(w.out, answersName);
    const aside = w.fresh ? setAside(file) : null;
    if (aside) line.say(`The answers that were there are kept as ${path.basename(aside)}.`);
    const answers = hold(AnswersFile.open(file, header));
    if (answers.lines.length > 0) line.say(`Going on: ${answers.lines.length} questions have been asked already.`);
    if (openRows(datasets, answers, w.limit).some(({ rows }) => rows.length > 0))
      await answer(w, datasets, answers, signal, line);
    line.clear();
    const results = resultsOf(answers.header, answers.lines);
    await replaceFile(path.join(w.out, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
    await replaceFile(path.join(w.out, 'results.md'), reportMarkdown(evaluationReport(results)));
    return results;
  } finally {
    line.clear();
    for (const resource of open.reverse()) await resource.dispose();
  }
}

/** Loads the model and samples what is open. */
function answer(
  w: EvaluationWanted,
  datasets: readonly { name: string; dataset: Dataset }[],
  answers: AnswersFile,
  signal: AbortSignal,
  line: LiveLine,
): Promise<void> {
  const chunks = [...new Set(datasets.flatMap(({ dataset }) => dataset.dataTypes()))];
  return withModel(w, chunks, signal, line, (loaded) => {
    const started = performance.now();
    return sampleBenchmarks({
      ...loaded,
      limits: frameLimits(w.parameters),
      datasets,
      answers,
      parameters: w.parameters,
      limit: w.limit,
      signal,
      onProgress: (progress) => line.show(progressText(progress, performance.now() - started)),
      onSkipped: (skipped) => line.say(`left out: ${plain(skipped.path, 100)}: ${plain(skipped.message, 200)}`),
    });
  });
}

function sayFaults({ file, faults }: Dataset, line: LiveLine): void {
  if (faults.length === 0) return;
  for (const fault of faults.slice(0, 3)) line.say(plain(fault.message, 300));
  line.say(`${faults.length} bad rows are left out of ${file}; ${callable('video-r1 check')} names them all.`);
}
