/** A project with a small dataset and labels of two authors, whose agreement is worked out by hand in the tests. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import { anchorOf } from '../../trainer/protocol/annotations/anchors.ts';
import type { Author, Entry, Item } from '../../trainer/protocol/annotations/entries.ts';
import { ann, ben, flag, itemEntry, settlement, verdictOf } from '../protocol/annotations/made-entries.ts';
import { signal } from './projects.ts';

export const datasetPath = 'data/cot.json';

export const rows = [1, 2, 3, 4, 5, 6].map((n) => ({
  problem_id: n,
  problem: `Which way does ${n} go?`,
  data_type: 'video',
  problem_type: 'multiple choice',
  options: ['A. Left', 'B. Right'],
  process: `<think>It is ${n}: é</think><answer>A</answer>`,
  solution: '<answer>A</answer>',
  path: `videos/${n}.mp4`,
}));

const known = (n: number) => {
  const found = itemOfRow(datasetPath, rows[n - 1]);
  if (found === null) throw new Error('A row without a text.');
  return found;
};
export const itemOf = (n: number): Item => known(n).item;

const described = (author: Author, n: number): Entry => {
  const { item, content } = known(n);
  return itemEntry(author, n, { item, ...content });
};

/**
 * Both judge rows 1 to 4: Ann keep, keep, drop, drop; Ben keep, drop, drop, drop; so kappa is (3/4 - 1/2) / (1 - 1/2) = 1/2. Ann
 * alone has row 5 fixed, and row 6 flagged without a verdict.
 */
export function labels(): Entry[] {
  const span = anchorOf(known(1).content.text, { start: 7, end: 12 });
  const verdicts = (author: Author, given: readonly ('keep' | 'drop')[]) =>
    given.flatMap((verdict, at): Entry[] => [
      described(author, at + 1),
      verdictOf(author, 10 + at, verdict, { item: itemOf(at + 1) }),
    ]);
  return [
    ...verdicts(ann, ['keep', 'keep', 'drop', 'drop']),
    ...verdicts(ben, ['keep', 'drop', 'drop', 'drop']),
    described(ann, 5),
    verdictOf(ann, 86_400, 'fix', { item: itemOf(5), fixed: '<think>Fünf</think>' }),
    flag(ann, 20, { item: itemOf(1), span, note: '<b>no</b>' }),
    flag(ben, 21, { item: itemOf(1), span, severity: 'minor' }),
    flag(ann, 22, { item: itemOf(3), category: 'repetition', from: 'repetition' }),
    described(ann, 6),
    flag(ann, 23, { item: itemOf(6), category: 'format' }),
  ];
}

export const settledRow2 = (): Entry => settlement(ben, 30, 'keep', { item: itemOf(2) });

export function writeDataset(project: string, name = datasetPath): string {
  const file = path.join(project, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(rows, null, 2));
  return file;
}

/** @returns what was written */
export async function label(project: string, entries: readonly Entry[] = labels()): Promise<readonly Entry[]> {
  await appendEntries(project, entries, signal);
  return entries;
}
