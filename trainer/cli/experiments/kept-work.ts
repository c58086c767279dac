/** Work on the questions of some datasets from its settings to its files: taken up again where it stopped, and written by one process at a time. */
import { mkdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openDataset } from '../../data/dataset.ts';
import { modelFiles } from '../../engines/model-folder.ts';
import type { BenchmarkFile } from '../../evaluation/benchmark-files.ts';
import type { KeptLines, LinePlace } from '../../evaluation/kept-lines.ts';
import { type NamedDataset, openRows, type QuestionWalk, type WalkProgress } from '../../evaluation/question-walk.ts';
import { plain } from '../../evaluation/table.ts';
import { sha256OfFiles } from '../../journal/file-hash.ts';
import { setAside } from '../../journal/json-lines.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { SkippedQuestion } from '../../protocol/kept-question.ts';
import type { ParameterValues } from '../../protocol/parameters.ts';
import type { PromptTemplate } from '../../reasoning/template.ts';
import type { FoundCheckpoint } from '../../runs/find-checkpoint.ts';
import { holdFile } from '../../store/process-lock.ts';
import { frameLimits } from '../../video/choose.ts';
import { callable } from '../terminal/callable.ts';
import { duration, type LiveLine } from '../terminal/progress.ts';
import { type ModelPlace, withModel } from './loaded-model.ts';

export const answersName = 'answers.jsonl';

export interface WorkWanted extends ModelPlace {
  readonly files: readonly BenchmarkFile[];
  readonly parameters: ParameterValues;
  readonly template: PromptTemplate;
  readonly seed: number;
  /** Questions of each dataset; null for all. */
  readonly limit: number | null;
  /** Folder that it is written to. */
  readonly out: string;
  /** Keeps answers that are there aside, and asks anew. */
  readonly fresh: boolean;
  /** Told besides the line that a person reads. */
  readonly onProgress?: (progress: WalkProgress) => void;
}

/** A name for the folder of some work: what someone would look for, in characters that any file system takes. */
export function workName(
  { state, folder }: FoundCheckpoint,
  files: readonly BenchmarkFile[],
  frames: number,
  ending = '',
): string {
  const model = state ? `${state.run}-step-${state.step}` : path.basename(folder);
  const names = files.map(({ name }) => name).join('-');
  const text = `${model}-${names}-${frames}-frames${ending}`;
  return text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 120);
}

/** In one piece: what reads it meanwhile sees the old or the new. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** What headers of any kind say of the model, the datasets and how answers are sampled. */
export async function headerOf(w: WorkWanted, datasets: readonly NamedDataset[]) {
  const { state, folder } = w.model;
  const p = w.parameters;
  return {
    version: 1 as const,
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
    maxPromptTokens: p.maxPromptTokens,
    template: w.template,
  };
}

/** What is asked besides, of the same model, and kept in a file of its own. */
export interface BesideWork {
  /** Name of the file. */
  readonly file: string;
  /** Null where it is not wanted this time. @throws StudioError where the datasets do not have what it asks */
  readonly open: ((datasets: readonly NamedDataset[]) => Promise<OpenBeside>) | null;
}

export interface OpenBeside {
  isOpen(datasets: readonly NamedDataset[], limit: number | null): boolean;
  ask(walk: Omit<QuestionWalk<never>, 'kept'>): Promise<void>;
  dispose(): void;
}

/** What a kind of work does with its questions. */
export interface Work<H extends QuestionWalk<never>['kept']['header'], L extends LinePlace, R> {
  /** As in `evaluation`. */
  readonly name: string;
  /** Opens the lines that are kept, or begins them. */
  open(file: string, datasets: readonly NamedDataset[]): Promise<KeptLines<H, L | SkippedQuestion>>;
  /** Asks what has no line. */
  ask(walk: QuestionWalk<L> & { readonly kept: KeptLines<H, L | SkippedQuestion> }): Promise<void>;
  /** In the order in which it is asked, after the work's own questions. */
  readonly beside?: readonly BesideWork[];
  /** What the datasets must have. @throws StudioError where they do not */
  require?(datasets: readonly NamedDataset[]): void;
  /** Writes what follows from all lines that are kept. */
  finish(kept: KeptLines<H, L | SkippedQuestion>, datasets: readonly NamedDataset[]): Promise<R>;
}

/**
 * Asks what has no answer yet, and has written what follows from all answers in the file.
 * @throws Interrupted when the signal ends it: the same call goes on. StudioError `conflict` for other settings than those
 *   of the answers that are there, and while another process writes them
 */
export async function keepWorking<H extends QuestionWalk<never>['kept']['header'], L extends LinePlace, R>(
  w: WorkWanted,
  work: Work<H, L, R>,
  signal: AbortSignal,
  line: LiveLine,
): Promise<R> {
  const open: { dispose(): unknown }[] = [];
  const hold = <T extends { dispose(): unknown }>(resource: T): T => {
    open.push(resource);
    return resource;
  };
  try {
    const datasets: NamedDataset[] = [];
    for (const { name, file } of w.files)
      datasets.push({ name, dataset: hold(await openDataset(file, signal, { allowedRoots: w.allowedRoots })) });
    work.require?.(datasets);
    // What can't be read leaves no folder behind.
    hold(lock(w.out, work.name));
    for (const { dataset } of datasets) sayFaults(dataset, line);
    const file = path.join(w.out, answersName);
    const aside = w.fresh ? setAside(file) : null;
    if (aside) line.say(`The answers that were there are kept as ${path.basename(aside)}.`);
    const kept = hold(await work.open(file, datasets));
    if (kept.lines.length > 0) line.say(`Going on: ${kept.lines.length} questions have been asked already.`);
    const beside: OpenBeside[] = [];
    for (const { file: name, open: begin } of work.beside ?? []) {
      if (w.fresh) setAside(path.join(w.out, name));
      if (begin !== null) beside.push(hold(await begin(datasets)));
    }
    const isOpen = openRows(datasets, kept, w.limit).some(({ rows }) => rows.length > 0);
    if (isOpen || beside.some((one) => one.isOpen(datasets, w.limit))) {
      const chunks = [...new Set(datasets.flatMap(({ dataset }) => dataset.dataTypes()))];
      await withModel(w, chunks, signal, line, async (loaded) => {
        const walk = () => {
          const started = performance.now();
          return {
            ...loaded,
            limits: frameLimits(w.parameters),
            datasets,
            parameters: w.parameters,
            limit: w.limit,
            signal,
            onProgress: (progress: WalkProgress) => {
              line.show(progressText(progress, performance.now() - started));
              w.onProgress?.(progress);
            },
            onSkipped: (skipped: SkippedQuestion) =>
              line.say(`left out: ${plain(skipped.path, 100)}: ${plain(skipped.message, 200)}`),
          };
        };
        await work.ask({ ...walk(), kept });
        for (const one of beside) await one.ask(walk());
      });
    }
    line.clear();
    return await work.finish(kept, datasets);
  } finally {
    line.clear();
    for (const resource of open.reverse()) await resource.dispose();
  }
}

/** Two that write one file of answers would spoil it. @throws StudioError `conflict` */
function lock(folder: string, name: string): { dispose(): void } {
  mkdirSync(folder, { recursive: true });
  return holdFile(
    path.join(folder, '.lock'),
    (cause) =>
      new StudioError('conflict', `Another process writes this ${name} now.`, {
        place: folder,
        remedy: 'Wait for its end, or choose another --out.',
        cause,
      }),
  );
}

function progressText({ dataset, done, total, now }: WalkProgress, elapsedMs: number): string {
  const left = now > 0 && done < total ? ` | ${duration((elapsedMs / now) * (total - done))} left` : '';
  return `${plain(dataset)} ${done}/${total} questions${left}`;
}

function sayFaults({ file, faults }: NamedDataset['dataset'], line: LiveLine): void {
  if (faults.length === 0) return;
  for (const fault of faults.slice(0, 3)) line.say(plain(fault.message, 300));
  line.say(`${faults.length} bad rows are left out of ${file}; ${callable('video-r1 check')} names them all.`);
}
