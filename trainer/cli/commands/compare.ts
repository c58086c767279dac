/** `video-r1 eval --compare`: finds two evaluations, and writes what differs between them. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readAnswers } from '../../evaluation/answers-file.ts';
import { readArms } from '../../evaluation/arm-files.ts';
import { compareEvaluations, comparisonReport, type Side } from '../../evaluation/compare.ts';
import { type Report, reportMarkdown, reportText } from '../../evaluation/table.ts';
import { StudioError } from '../../protocol/errors.ts';
import { evaluationsFolder } from '../experiments/evaluate-checkpoint.ts';
import { answersName } from '../experiments/kept-work.ts';
import { exitCodes, usage } from '../terminal/command.ts';
import {
  compareRecorded,
  flipsOf,
  type RecordedEvaluation,
  recordedEvaluation,
  recordedReport,
} from './compare-records.ts';

export async function compareCommand(
  named: readonly string[],
  values: { readonly folder?: string | undefined; readonly out?: string | undefined; readonly json: boolean },
): Promise<number> {
  const [nameA, nameB] = named;
  if (nameA === undefined || nameB === undefined || named.length > 2) throw usage('Name two evaluations to compare.');
  const project = values.folder === undefined ? null : path.resolve(values.folder);
  const [folderA, folderB] = [evaluationFolder(nameA, project), evaluationFolder(nameB, project)];
  if (folderA !== null && folderB !== null) return compareFolders(folderA, folderB, values);
  const [a, b] = [nameA, nameB].map((name) => (project === null ? null : recordedEvaluation(name, project)));
  if (project !== null && a && b) return compareRecords(a, b, project, values);
  const remedy = 'Name the folder of an evaluation, or with --folder a run that has one.';
  for (const [name, folder, record] of [[nameA, folderA, a] as const, [nameB, folderB, b] as const])
    if (folder === null && !record)
      throw new StudioError('not-found', `No evaluation of ${name} is there.`, { place: project ?? name, remedy });
  const [evaluated, recorded] = folderA === null ? [nameB, nameA] : [nameA, nameB];
  throw new StudioError(
    'not-found',
    `Of ${evaluated} there is an evaluation of video-r1 eval, and of ${recorded} only one that the run made of itself.`,
    { place: project ?? evaluated, remedy: `Evaluate ${recorded} with video-r1 eval too.` },
  );
}

type Values = Parameters<typeof compareCommand>[1];

async function compareFolders(folderA: string, folderB: string, values: Values): Promise<number> {
  const [a, b] = [evaluationIn(folderA), evaluationIn(folderB)];
  const comparison = compareEvaluations(a, b);
  const { flips, ...rest } = comparison;
  const out = values.out ?? path.join(path.dirname(folderA), between(path.basename(folderA), path.basename(folderB)));
  return write({ report: comparisonReport(a, b, comparison), whole: comparison, rest, flips }, out, values.json);
}

function evaluationIn(folder: string): Side {
  const { header, lines } = readAnswers(path.join(folder, answersName));
  return { header, lines, arms: readArms(folder, header) };
}

async function compareRecords(
  a: RecordedEvaluation,
  b: RecordedEvaluation,
  project: string,
  values: Values,
): Promise<number> {
  const compared = await compareRecorded(a, b);
  if (compared.pairs.length === 0)
    throw new StudioError('conflict', 'No question was answered in both evaluations.', {
      remedy: `One asked ${a.dataset}, the other ${b.dataset}.`,
    });
  const { pairs, ...figures } = compared;
  const named = ({ run, id, step, dataset }: RecordedEvaluation) => ({ run, id, step, dataset });
  const rest = { a: named(a), b: named(b), ...figures, pairs: pairs.length };
  const flips = flipsOf(compared);
  const out = values.out ?? path.join(evaluationsFolder(project), between(`${a.run}-${a.id}`, `${b.run}-${b.id}`));
  return write({ report: recordedReport(a, b, compared), whole: { ...rest, flips }, rest, flips }, out, values.json);
}

const between = (a: string, b: string) => `compare-${a}-with-${b}`;

interface Compared {
  readonly report: Report;
  /** With the flips. */
  readonly whole: object;
  readonly rest: object;
  readonly flips: readonly object[];
}

async function write({ report, whole, rest, flips }: Compared, folder: string, json: boolean): Promise<number> {
  const out = path.resolve(folder);
  await mkdir(out, { recursive: true });
  await writeFile(path.join(out, 'flips.jsonl'), flips.map((flip) => `${JSON.stringify(flip)}\n`).join(''));
  await writeFile(path.join(out, 'comparison.json'), `${JSON.stringify(rest, null, 1)}\n`);
  await writeFile(path.join(out, 'comparison.md'), reportMarkdown(report));
  if (json) process.stdout.write(`${JSON.stringify(whole, null, 1)}\n`);
  else process.stdout.write(`${reportText(report)}\n\n${path.join(out, 'flips.jsonl')}\n`);
  return exitCodes.done;
}

/** The folder itself, or the newest evaluation of `video-r1 eval` of a run by its id or name; null where there is none. */
function evaluationFolder(named: string, project: string | null): string | null {
  if (existsSync(path.join(named, answersName))) return path.resolve(named);
  if (project === null) return null;
  const parent = evaluationsFolder(project);
  const folders = existsSync(parent) ? readdirSync(parent).map((name) => path.join(parent, name)) : [];
  const own = folders
    .filter((folder) => existsSync(path.join(folder, answersName)))
    .map((folder) => ({ folder, run: runOf(folder), changedMs: statSync(path.join(folder, answersName)).mtimeMs }))
    .sort((x, y) => y.changedMs - x.changedMs);
  // An id is a name and a number.
  const newest = own.find(({ run }) => run === named) ?? own.find(({ run }) => run?.replace(/-\d+$/, '') === named);
  return newest?.folder ?? null;
}

function runOf(folder: string): string | null {
  try {
    return readAnswers(path.join(folder, answersName)).header.label.run;
  } catch {
    // A damaged file is told of when it is named; it is no reason not to find another.
    return null;
  }
}
