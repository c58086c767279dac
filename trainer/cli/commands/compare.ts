/** `video-r1 eval --compare`: finds two evaluations, and writes what differs between them. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readAnswers } from '../../evaluation/answers-file.ts';
import { compareEvaluations, comparisonReport } from '../../evaluation/compare.ts';
import { reportMarkdown, reportText } from '../../evaluation/table.ts';
import { StudioError } from '../../protocol/errors.ts';
import { answersName, evaluationsFolder } from '../experiments/evaluate-checkpoint.ts';
import { exitCodes, usage } from '../terminal/command.ts';

export async function compareCommand(
  named: readonly string[],
  values: { readonly folder?: string | undefined; readonly out?: string | undefined; readonly json: boolean },
): Promise<number> {
  const [nameA, nameB] = named;
  if (nameA === undefined || nameB === undefined || named.length > 2) throw usage('Name two evaluations to compare.');
  const [folderA, folderB] = [evaluationFolder(nameA, values.folder), evaluationFolder(nameB, values.folder)];
  const a = readAnswers(path.join(folderA, answersName));
  const b = readAnswers(path.join(folderB, answersName));
  const comparison = compareEvaluations(a, b);
  const report = comparisonReport(a, b, comparison);
  const between = `compare-${path.basename(folderA)}-with-${path.basename(folderB)}`;
  const out = path.resolve(values.out ?? path.join(path.dirname(folderA), between));
  await mkdir(out, { recursive: true });
  const { flips, ...rest } = comparison;
  await writeFile(path.join(out, 'flips.jsonl'), flips.map((flip) => `${JSON.stringify(flip)}\n`).join(''));
  await writeFile(path.join(out, 'comparison.json'), `${JSON.stringify(rest, null, 1)}\n`);
  await writeFile(path.join(out, 'comparison.md'), reportMarkdown(report));
  if (values.json) process.stdout.write(`${JSON.stringify(comparison, null, 1)}\n`);
  else process.stdout.write(`${reportText(report)}\n\n${path.join(out, 'flips.jsonl')}\n`);
  return exitCodes.done;
}

/** The folder itself, or the newest evaluation of a run by its id or name. @throws StudioError `not-found` */
function evaluationFolder(named: string, project: string | undefined): string {
  if (existsSync(path.join(named, answersName))) return path.resolve(named);
  const remedy = 'Name the folder of an evaluation, or with --folder a run that has one.';
  if (project === undefined)
    throw new StudioError('not-found', 'There are no answers of an evaluation.', { place: named, remedy });
  const parent = evaluationsFolder(path.resolve(project));
  const folders = existsSync(parent) ? readdirSync(parent).map((name) => path.join(parent, name)) : [];
  const own = folders
    .filter((folder) => existsSync(path.join(folder, answersName)))
    .map((folder) => ({ folder, run: runOf(folder), changedMs: statSync(path.join(folder, answersName)).mtimeMs }))
    .sort((x, y) => y.changedMs - x.changedMs);
  // An id is a name and a number.
  const newest = own.find(({ run }) => run === named) ?? own.find(({ run }) => run?.replace(/-\d+$/, '') === named);
  if (newest) return newest.folder;
  throw new StudioError('not-found', `No evaluation of a run called ${named} is there.`, { place: parent, remedy });
}

function runOf(folder: string): string | null {
  try {
    return readAnswers(path.join(folder, answersName)).header.label.run;
  } catch {
    // A damaged file is told of when it is named; it is no reason not to find another.
    return null;
  }
}
