/**
 * From the journal to the dataset: filters every question's answers and writes what is kept as a dataset for SFT, what is
 * dropped with its reason, and a report. Asks nobody; the journal stays as it is.
 */
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset } from '../data/dataset.ts';
import { withText } from '../data/json/keys.ts';
import { pathRewriter } from '../data/media-place.ts';
import type { ProblemType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import { type DropReason, type FilterRules, judgeQuestion } from './filter.ts';
import type { Journal, JournalHeader } from './journal.ts';

export interface OutputFiles {
  readonly out: string;
  readonly journal: string;
  readonly dropped: string;
  readonly report: string;
}

export interface Tally {
  /** Questions with an answer. */
  rows: number;
  answers: number;
  kept: number;
  dropped: Partial<Record<DropReason, number>>;
}

export interface CotReport {
  readonly version: 1;
  readonly all: Tally;
  readonly byType: Partial<Record<ProblemType, Tally>>;
  /** Questions that have at least one row in the output. */
  readonly questionsKept: number;
  /** Rows that were not asked, since their media can't be read. */
  readonly unreadable: readonly {
    /** From 1. */
    readonly row: number;
    readonly place: string;
    readonly path: string;
    readonly message: string;
  }[];
  /** Rows that the dataset itself was opened without. */
  readonly datasetFaults: readonly string[];
  readonly tokens: { readonly in: number; readonly out: number };
  readonly rules: FilterRules;
  readonly settings: JournalHeader;
}

/**
 * The files of an output: `cot.json` has `cot.journal.jsonl`, `cot.dropped.jsonl` and `cot.report.json` beside it.
 * @throws StudioError `bad-request` where its name does not say which form of dataset it is to be
 */
export function outputFiles(out: string): OutputFiles {
  const full = path.resolve(out);
  const ending = path.extname(full);
  if (ending !== '.json' && ending !== '.jsonl')
    throw new StudioError('bad-request', `--out ${out} ends neither in .json nor in .jsonl.`, {
      remedy: 'See --help.',
    });
  const stem = full.slice(0, -ending.length);
  return {
    out: full,
    journal: `${stem}.journal.jsonl`,
    dropped: `${stem}.dropped.jsonl`,
    report: `${stem}.report.json`,
  };
}

/**
 * How the output names the media of the dataset, which must be files; null where it does as the dataset.
 * @throws StudioError `bad-request` when its folder is not there, or not the dataset's or one above it
 */
export function pathsOf(dataset: Dataset, files: OutputFiles): ((named: string) => string) | null {
  for (let row = 0; row < dataset.count; row++)
    if (dataset.isEmbedded(row))
      throw new StudioError('bad-request', 'The video or image of this row lies in the row itself, not in a file.', {
        place: dataset.place(row),
        remedy: 'video-r1 split writes such media as files: name one of the datasets that it makes.',
      });
  const folder = path.dirname(files.out);
  if (!existsSync(folder))
    throw new StudioError('bad-request', 'There is no such folder.', {
      place: folder,
      remedy: `Name the dataset's folder ${dataset.folder} or one above it.`,
    });
  return pathRewriter(dataset.folder, folder);
}

/** The row on one line as it was written, with another path where it must be and the reasoning. Keys that nobody knows stay. */
function rowWith(dataset: Dataset, row: number, rewrite: ((named: string) => string) | null, process: string): string {
  const text = dataset
    .text(row)
    .replace(/[\r\n]\s*/g, ' ')
    .trim();
  const moved = rewrite ? withText(text, 'path', rewrite(dataset.row(row).path)) : text;
  if (dataset.hasProcess(row)) return withText(moved, 'process', process);
  return `${moved.slice(0, -1).trimEnd()}, "process": ${JSON.stringify(process)}}`;
}

const flushBytes = 1024 * 1024;

/** A file that is written beside its place, and moved there when it is whole. */
class WholeFile {
  private readonly file: string;
  private readonly beside: string;
  private readonly handle: FileHandle;
  private waiting = '';

  private constructor(file: string, beside: string, handle: FileHandle) {
    this.file = file;
    this.beside = beside;
    this.handle = handle;
  }

  static async begin(file: string): Promise<WholeFile> {
    const beside = `${file}.${process.pid}.partial`;
    return new WholeFile(file, beside, await open(beside, 'w'));
  }

  async write(text: string): Promise<void> {
    this.waiting += text;
    if (this.waiting.length >= flushBytes) await this.flush();
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.handle.close();
    await rename(this.beside, this.file);
  }

  /** Leaves the place as it was. */
  async giveUp(): Promise<void> {
    await this.handle.close().catch(() => {}); // closed already where only the move failed
    await rm(this.beside, { force: true });
  }

  private async flush(): Promise<void> {
    const text = this.waiting;
    this.waiting = '';
    await this.handle.writeFile(text);
  }
}

const emptyTally = (): Tally => ({ rows: 0, answers: 0, kept: 0, dropped: {} });

/**
 * Filters all finished samples of a journal and writes the three files, whole or not at all.
 * @throws StudioError `disk-full`, or as the dataset and the journal do
 */
export async function writeOutput(
  dataset: Dataset,
  journal: Journal,
  rules: FilterRules,
  files: OutputFiles,
): Promise<CotReport> {
  const rewrite = pathsOf(dataset, files);
  const asLines = files.out.endsWith('.jsonl');
  const all = emptyTally();
  const byType: Partial<Record<ProblemType, Tally>> = {};
  let questionsKept = 0;
  const begun: WholeFile[] = [];
  const begin = async (file: string) => {
    const whole = await WholeFile.begin(file);
    begun.push(whole);
    return whole;
  };
  try {
    const out = await begin(files.out);
    const left = await begin(files.dropped);
    const rows = journal.rows();
    for (const row of rows) {
      const question = dataset.question(row);
      const entries = journal.entries(row);
      const verdicts = judgeQuestion(entries, question, rules);
      byType[question.problemType] ??= emptyTally();
      const tallies = [all, byType[question.problemType] as Tally];
      for (const tally of tallies) {
        tally.rows++;
        tally.answers += entries.length;
      }
      let keptHere = 0;
      for (const [i, verdict] of verdicts.entries()) {
        const sample = entries[i]?.sample;
        if (verdict.kind === 'dropped') {
          for (const { dropped } of tallies) dropped[verdict.reason] = (dropped[verdict.reason] ?? 0) + 1;
          const { reason, sentence } = verdict;
          await left.write(
            `${JSON.stringify({ row: dataset.fileRow(row), problem_id: question.problemId, sample, reason, sentence })}\n`,
          );
          continue;
        }
        const made = rowWith(dataset, row, rewrite, `<think>${verdict.think}</think>`);
        const before = asLines ? '' : all.kept === 0 ? '[\n' : ',\n';
        await out.write(`${before}${made}${asLines ? '\n' : ''}`);
        for (const tally of tallies) tally.kept++;
        keptHere++;
      }
      if (keptHere > 0) questionsKept++;
    }
    if (!asLines) await out.write(all.kept === 0 ? '[]\n' : '\n]\n');
    const asked = new Set(rows);
    // The dataset lies beside the output or below it, so that no place names what is above both.
    const fromHere = (text: string) => text.replaceAll(`${path.dirname(files.out)}${path.sep}`, '');
    const report: CotReport = {
      version: 1,
      all,
      byType,
      questionsKept,
      unreadable: [...journal.unreadable]
        .filter(([row]) => !asked.has(row))
        .sort(([a], [b]) => a - b)
        .map(([row, message]) => ({
          row: dataset.fileRow(row),
          place: fromHere(dataset.place(row)),
          path: dataset.row(row).path,
          message,
        })),
      datasetFaults: dataset.faults.map(({ message }) => fromHere(message)),
      tokens: { in: journal.tokensIn, out: journal.tokensOut },
      rules,
      settings: journal.header,
    };
    const told = await begin(files.report);
    await told.write(`${JSON.stringify(report, null, 2)}\n`);
    // The dataset comes last: when it is there, what explains it is there too.
    for (const file of [left, told, out]) await file.finish();
    return report;
  } catch (thrown) {
    for (const file of begun) await file.giveUp();
    throw thrown;
  }
}
