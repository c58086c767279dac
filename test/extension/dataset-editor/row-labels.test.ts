/** Which rows a filter by labels lists: what is found by ids is what asking of every row finds. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { RowLabels } from '../../../extension/dataset-editor/row-labels.ts';
import { appendEntries } from '../../../trainer/annotations/label-writer.ts';
import { itemNameOf } from '../../../trainer/annotations/rows/row-item.ts';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { searchRows } from '../../../trainer/data/editable/search-rows.ts';
import { type Entry, itemKey } from '../../../trainer/protocol/annotations/entries.ts';
import { LabelBook } from '../../../trainer/protocol/annotations/label-book.ts';
import { fits } from '../../../trainer/protocol/annotations/label-filter.ts';
import { type LabelChoice, labelChoice } from '../../../trainer/protocol/dataset-editor.ts';
import { signal } from '../../annotations/projects.ts';
import { ann, ben, flag, verdictOf } from '../../protocol/annotations/made-entries.ts';

const authors = [ann, ben];
const labels = { author: ['Ann <ann@example.org>', 'Ben'], category: ['format', 'repetition'] };

/** Ids as people have them: numbers, texts, several rows with one id, none; rows of one text ask different things. */
const rowsOf = (ids: readonly (number | string | null)[]) =>
  ids.map((id, n) => ({
    ...(id !== null && { problem_id: id }),
    problem: `Which is it of ${n % 2}?`,
    process: n % 4 === 3 ? '' : `It is ${n % 3}.`,
  }));

async function agrees(
  ids: readonly (number | string | null)[],
  said: readonly (readonly [row: number, author: number, what: string])[],
  choice: LabelChoice,
): Promise<void> {
  const project = mkdtempSync(path.join(tmpdir(), 'video-r1-labels-'));
  try {
    const file = path.join(project, 'rows.json');
    const rows = rowsOf(ids);
    writeFileSync(file, JSON.stringify(rows));
    const entries = said.flatMap(([row, by, what], second): Entry[] => {
      const item = itemNameOf('rows.json', rows[row % rows.length]);
      const author = authors[by] ?? ann;
      if (item === null) return [];
      if (what === 'keep' || what === 'drop') return [verdictOf(author, second, what, { item })];
      return [flag(author, second, { item, category: what })];
    });
    await appendEntries(project, entries, signal);
    const opened = await RowLabels.open(project, file, 'Ann', () => undefined);
    const dataset = await EditableDataset.open(file);
    const found = await searchRows(dataset, { rule: opened.keeps(choice) });
    for (const one of [opened, dataset]) one.dispose();
    const book = new LabelBook(entries as Exclude<Entry, { kind: 'item' }>[]);
    const [author] = authors.filter((_, n) => labels.author[n] === choice.author);
    const filter = {
      ...(author && { author }),
      ...(choice.category !== null && { category: choice.category }),
      ...(choice.verdict !== null &&
        choice.verdict !== 'waiting' &&
        choice.verdict !== 'earlier' &&
        choice.verdict !== 'unsettled' && { verdict: choice.verdict }),
    };
    const expected = rows.flatMap((row, n) => {
      const item = itemNameOf('rows.json', row);
      const known = item && book.get(itemKey(item));
      return known && fits(known, filter) ? [n] : [];
    });
    expect(found).toEqual(expected);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

test('a filter by labels finds what asking of every row finds', async () => {
  const orNull = (values: readonly string[]) => fc.constantFrom(null, ...values);
  const choices = fc.record({
    author: orNull(labels.author),
    category: orNull(labels.category),
    verdict: orNull(['keep', 'drop', 'disputed', 'none']),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(1, '1', 2, 'x', null), { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(11), fc.nat(1), fc.constantFrom('keep', 'drop', 'format', 'repetition'))),
      choices,
      (ids, said, choice) => agrees(ids, said, labelChoice.parse(choice)),
    ),
    { numRuns: 100 },
  );
});

test('rows without labels are not read to be filtered by them', async () => {
  const project = mkdtempSync(path.join(tmpdir(), 'video-r1-labels-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  mkdirSync(project, { recursive: true });
  const rows = rowsOf([1, 2, 3, 4, 5]);
  writeFileSync(path.join(project, 'rows.json'), JSON.stringify(rows));
  const item = itemNameOf('rows.json', rows[1]);
  if (item === null) throw new Error('A row without a text.');
  await appendEntries(project, [verdictOf(ann, 1, 'drop', { item })], signal);
  const opened = await RowLabels.open(project, path.join(project, 'rows.json'), 'Ann', () => undefined);
  onTestFinished(() => opened.dispose());
  const choice = { author: null, category: null, verdict: 'drop' } as const;
  expect([...(opened.keeps(choice).ids ?? [])]).toEqual(['2']);
});

test('a row without an id is found by its labels, and another that has its text and asks something else is not', async () => {
  const project = mkdtempSync(path.join(tmpdir(), 'video-r1-labels-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  const rows = ['Left?', 'Right?', 'Left?'].map((problem) => ({ problem, process: 'Yes.' }));
  writeFileSync(path.join(project, 'rows.json'), JSON.stringify(rows));
  const opened = await RowLabels.open(project, path.join(project, 'rows.json'), 'Ann', () => undefined);
  const dataset = await EditableDataset.open(path.join(project, 'rows.json'));
  for (const one of [opened, dataset]) onTestFinished(() => one.dispose());
  await opened.add(rows[0] ?? null, 'Yes.', { flag: null, verdict: 'drop', fixed: null });
  expect(rows.map((row) => opened.markOf(row))).toEqual(['drop', null, 'drop']);
  const rule = opened.keeps({ author: null, category: null, verdict: 'drop' });
  expect(await searchRows(dataset, { rule })).toEqual([0, 2]);
});

test('what differs is settled, rows that were dealt out wait unseen, and agreement is that of this file', async () => {
  const project = mkdtempSync(path.join(tmpdir(), 'video-r1-labels-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  const rows = rowsOf([1, 2, 3]);
  writeFileSync(path.join(project, 'rows.json'), JSON.stringify(rows));
  const [first, second] = rows;
  const itemOf = (row: unknown) => {
    const item = itemNameOf('rows.json', row);
    if (item === null) throw new Error('A row without a text.');
    return item;
  };
  const given: Entry = {
    ...{ v: 1, id: 'given', at: '2026-02-13T10:00:00.000Z', author: ben, kind: 'assignment', item: itemOf(second) },
    ...{ annotators: [ann], shared: false },
  };
  const said = [
    verdictOf(ann, 1, 'drop', { item: itemOf(first) }),
    verdictOf(ben, 2, 'keep', { item: itemOf(first) }),
    verdictOf(ben, 3, 'keep', { item: itemOf(second) }),
    verdictOf(ben, 4, 'keep', { item: { ...itemOf(first), dataset: 'another.json' } }),
    given,
  ];
  await appendEntries(project, said, signal);
  const author = labels.author[0] ?? '';
  const opened = await RowLabels.open(project, path.join(project, 'rows.json'), author, () => undefined);
  onTestFinished(() => opened.dispose());
  const waiting = () => opened.keeps({ author: null, category: null, verdict: 'waiting' }).ids;

  expect(opened.of(first ?? null)).toMatchObject({
    ...{ mark: 'disputed', differs: true, labels: [{}, {}], history: { hidden: null } },
  });
  expect(opened.of(second ?? null)).toMatchObject({
    mark: null,
    labels: [],
    history: { hidden: expect.stringContaining('until your verdict') },
  });
  expect(waiting()).toEqual(new Set(['2']));
  expect(opened.agreement()).toMatchObject({ toSettle: 1, subjects: [{ alpha: { items: 1 } }] });

  const unsettled = () => opened.keeps({ author: null, category: null, verdict: 'unsettled' }).ids;
  expect(unsettled()).toEqual(new Set(['1']));
  const text = first?.process ?? '';
  await opened.settle(first ?? null, text, { verdict: 'drop', fixed: null });
  expect(opened.of(first ?? null).mark).toBe('drop');
  expect(opened.agreement().toSettle).toBe(0);
  expect(unsettled()).toEqual(new Set());
  await opened.add(second ?? null, second?.process ?? '', { flag: null, verdict: 'drop', fixed: null });
  expect(opened.of(second ?? null)).toMatchObject({ mark: 'disputed', labels: [{}, {}], history: { hidden: null } });
  expect(waiting()).toEqual(new Set());
});

test('a row that waits for the verdict of who looks is found by their own labels alone until that is in', async () => {
  const project = mkdtempSync(path.join(tmpdir(), 'video-r1-labels-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  const [row = null] = rowsOf([1]);
  writeFileSync(path.join(project, 'rows.json'), JSON.stringify([row]));
  const item = itemNameOf('rows.json', row);
  if (item === null) throw new Error('A row without a text.');
  const given = {
    ...{ v: 1, id: 'given', at: '2026-02-13T10:00:00.000Z', author: ben, kind: 'assignment', item },
    ...{ annotators: [ann], shared: false },
  } satisfies Entry;
  const said = [verdictOf(ben, 1, 'drop', { item }), flag(ben, 2, { item, category: 'repetition' })];
  await appendEntries(project, [given, ...said, verdictOf({ name: 'Cy', email: null }, 3, 'keep', { item })], signal);
  const opened = await RowLabels.open(
    project,
    path.join(project, 'rows.json'),
    labels.author[0] ?? '',
    () => undefined,
  );
  onTestFinished(() => opened.dispose());
  const any = { author: null, category: null, verdict: null };
  const finds = (choice: Partial<LabelChoice>) => opened.keeps({ ...any, ...choice }).holds(row);
  const ofOthers: readonly Partial<LabelChoice>[] = [
    ...[{}, { verdict: 'disputed' }, { verdict: 'drop' }, { verdict: 'unsettled' }],
    ...[{ author: 'Ben' }, { category: 'repetition' }],
  ] as const;
  expect(ofOthers.map(finds)).toEqual(ofOthers.map(() => false));
  expect(finds({ verdict: 'waiting' })).toBe(true);

  const flagged = { category: 'format', severity: 'minor', note: '', span: null } as const;
  await opened.add(row, row?.process ?? '', { flag: flagged, verdict: null, fixed: null });
  expect(
    [{}, { category: 'format' }, { author: labels.author[0] ?? '' }, { verdict: 'none' as const }].map(finds),
  ).toEqual([true, true, true, true]);
  expect(finds({ author: 'Ben' })).toBe(false);
  expect(opened.markOf(row)).toBe('flagged');

  await opened.add(row, row?.process ?? '', { flag: null, verdict: 'drop', fixed: null });
  expect(ofOthers.map(finds)).toEqual(ofOthers.map(() => true));
});
