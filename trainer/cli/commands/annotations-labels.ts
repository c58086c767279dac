/** What the parts of `video-r1 annotations` share: the labels of a project, and what is told of them. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Notice } from '../../annotations/exchange/notices.ts';
import { LabelFolder } from '../../annotations/label-folder.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import { usage } from '../terminal/command.ts';
import type { LiveLine } from '../terminal/progress.ts';

/** Lines of label files that are told one by one. */
const mostTroubles = 5;

/** The folder, absolute. @throws StudioError `not-found` where there is none */
export function projectOf(folder: string): string {
  const project = path.resolve(folder);
  if (statSync(project, { throwIfNoEntry: false })?.isDirectory()) return project;
  throw new StudioError('not-found', 'There is no such folder.', {
    place: project,
    remedy: "Name the project's folder with --folder.",
  });
}

/**
 * The same for what writes into the project: no folder becomes one unless it is named.
 * @param folder undefined takes the current one
 * @throws StudioError `bad-request` where none is named and the current one is no project yet
 */
export function projectToWrite(folder: string | undefined): string {
  const project = projectOf(folder ?? '.');
  if (folder !== undefined || existsSync(path.join(project, trainerFolder))) return project;
  throw new StudioError('bad-request', `This folder is no project yet: it has no ${trainerFolder}.`, {
    place: project,
    remedy: "Name the project's folder with --folder. To make this one a project, name it too: --folder .",
  });
}

/** Reads all labels; lines that do not count are told in the terminal. */
export async function openLabels(project: string, signal: AbortSignal, line: LiveLine): Promise<LabelFolder> {
  const labels = await LabelFolder.open(project, {
    signal,
    onProgress: (bytes) => {
      // It takes seconds at most: a log needs no line about it.
      if (process.stderr.isTTY) line.show(`${(bytes / 1e6).toFixed(1)} MB of labels read`);
    },
  });
  line.clear();
  const { troubles } = labels;
  for (const { file, line: at, message, remedy } of troubles.slice(0, mostTroubles))
    process.stderr.write(`${at === null ? file : `${file}:${at}`}: ${message} ${remedy}\n`);
  if (troubles.length > mostTroubles)
    process.stderr.write(`and ${count(troubles.length - mostTroubles, 'more such line')}; stats --json has them all\n`);
  return labels;
}

/** Of a project in which nothing was labelled, or of a folder that is another one than was meant. */
export const noLabels = 'The project has no labels. Another one is named with --folder.';

export const number = (value: number): string => value.toLocaleString('en-US');

export const count = (value: number, noun: string, nouns = `${noun}s`): string =>
  `${number(value)} ${value === 1 ? noun : nouns}`;

/** What did not come along, one line each, with the first places. */
export function noticeLines(notices: readonly Notice[]): string[] {
  const shown = 3;
  return notices.map(({ message, count: times, places }) => {
    const more = times > shown ? ', …' : '';
    return `  ${message} (${number(times)}: ${places.slice(0, shown).join(', ')}${more})`;
  });
}

export const noChains = (dataset: string) =>
  new StudioError('bad-request', 'None of these rows has a chain of thought, so there is nothing to judge.', {
    place: dataset,
    remedy: 'Name rows with a text under "process".',
  });

/** `1-20,33`: numbers of rows, from 1, in their order. @throws StudioError `bad-request`, also for a stretch of more than `most` */
export function rowNumbers(list: string, most: number): number[] {
  const numbers = new Set<number>();
  for (const part of list.split(',')) {
    const [, from = '', to = from] = /^\s*(\d{1,9})(?:-(\d{1,9}))?\s*$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (first < 1 || last < first) throw usage(`--rows is as 1-20,33 with rows counted from 1, not ${list}.`);
    if (last - first >= most) throw usage(`--rows ${part} is more than the ${number(most)} that can be named at once.`);
    for (let row = first; row <= last; row++) numbers.add(row);
  }
  return [...numbers].sort((a, b) => a - b);
}
