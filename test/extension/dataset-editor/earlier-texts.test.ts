/** Labels of a text that a row had before it was edited are shown as such, found, and carried over where they still stand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { presentItems } from '../../../extension/dataset-editor/present-items.ts';
import { RowLabels } from '../../../extension/dataset-editor/row-labels.ts';
import { appendEntries } from '../../../trainer/annotations/label-writer.ts';
import { itemNameOf } from '../../../trainer/annotations/rows/row-item.ts';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { searchRows } from '../../../trainer/data/editable/search-rows.ts';
import type { LabelChoice } from '../../../trainer/protocol/dataset-editor.ts';
import type { Saying } from '../../../trainer/protocol/records.ts';
import { signal } from '../../annotations/projects.ts';
import { ben } from '../../protocol/annotations/made-entries.ts';

type Row = Readonly<Record<string, unknown>> & { readonly process: string };

const before = 'At first the red car stands at the top, and then it moves on to the left, where it stays.';
const after = before.replace('At first', 'First');
const row = (process: string, id: number | null = 1): Row => ({
  ...{ ...(id !== null && { problem_id: id }), problem: 'Where to?', process },
});

async function opened(rows: readonly Row[], author = 'Ann') {
  const project = mkdtempSync(path.join(tmpdir(), 'video-r1-labels-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  const file = path.join(project, 'rows.json');
  writeFileSync(file, JSON.stringify(rows));
  const as = async (name: string) => {
    const labels = await RowLabels.open(project, file, name, () => undefined);
    onTestFinished(() => labels.dispose());
    return labels;
  };
  const dataset = await EditableDataset.open(file);
  onTestFinished(() => dataset.dispose());
  const labels = await as(author);
  const choice: LabelChoice = { author: null, category: null, verdict: 'earlier' };
  const found = async (change: Partial<LabelChoice> = {}) => {
    const present = await presentItems(dataset, labels, labels.ids, { signal, isThorough: true });
    return searchRows(dataset, { rule: labels.keeps({ ...choice, ...change }, present) });
  };
  return { project, labels, as, dataset, found };
}

const flagOf = (quote: string, category = 'format'): Saying => ({
  flag: {
    span: { start: before.indexOf(quote), end: before.indexOf(quote) + quote.length },
    ...{ category, severity: 'minor', note: 'n' },
  },
  ...{ verdict: null, fixed: null },
});
const verdict = (given: 'keep' | 'drop'): Saying => ({ flag: null, verdict: given, fixed: null });

test('flags and verdicts of an earlier text are shown where their words stand now, and marked in the list', async () => {
  const { labels } = await opened([row(after)]);
  for (const said of [flagOf('red car'), flagOf('At first', 'repetition'), verdict('drop')])
    await labels.add(row(before), before, said);
  expect(labels.of(row(before))).toMatchObject({ mark: 'drop', labels: [{}, {}, {}], earlier: [] });
  const at = after.indexOf('red car');
  expect(labels.of(row(after))).toMatchObject({
    ...{ mark: 'earlier', labels: [] },
    earlier: [
      { category: 'format', severity: 'minor', note: 'n', quote: 'red car', span: { start: at, end: at + 7 } },
      { category: 'repetition', quote: 'At first', span: null },
      { category: null, verdict: 'drop', span: null },
    ],
  });
  expect(labels.markOf(row(after))).toBe('earlier');
  expect(labels.markOf(row(after, 2))).toBeNull();
});

test('an author’s own flags that are found are carried over at once, and taken back; verdicts are not', async () => {
  const { labels, as } = await opened([row(after)]);
  for (const said of [flagOf('red car'), flagOf('the left', 'repetition'), flagOf('At first'), verdict('drop')])
    await labels.add(row(before), before, said);
  const ben = await as('Ben');
  await ben.add(row(before), before, flagOf('where it stays'));
  const ids = await labels.carryOver(row(after), after, new Set());
  expect(ids).toHaveLength(2);
  expect(labels.of(row(after))).toMatchObject({
    labels: [
      { category: 'format', author: 'Ann', severity: 'minor', note: 'n', quote: 'red car' },
      { category: 'repetition', author: 'Ann', quote: 'the left' },
    ],
    mark: 'flagged',
  });
  expect(labels.of(row(after)).earlier.map(({ quote, verdict: given }) => given ?? quote)).toEqual([
    'At first',
    'drop',
    'where it stays',
  ]);
  for (const id of ids) await labels.retract(id);
  expect(labels.of(row(after))).toMatchObject({ labels: [], mark: 'earlier', earlier: [{}, {}, {}, {}, {}] });
});

test('who judges the present text is done with the earlier one, and a settlement with all', async () => {
  const { labels, as } = await opened([row(after)]);
  const ben = await as('Ben');
  await labels.add(row(before), before, verdict('drop'));
  await ben.add(row(before), before, verdict('keep'));
  const again = await as('Ann');
  await again.add(row(after), after, verdict('keep'));
  const shown = (await as('Ann')).of(row(after));
  expect(shown).toMatchObject({ mark: 'keep', earlier: [{ author: 'Ben', verdict: 'keep' }] });
  await again.settle(row(after), after, { verdict: 'drop', fixed: null });
  expect((await as('Ann')).of(row(after))).toMatchObject({ mark: 'drop', earlier: [] });
});

test('the filter finds them, by author and category too, and takes no text that another row of that id has for an earlier one', async () => {
  const twin = 'It goes to the right.';
  const { labels, dataset, found } = await opened([row(after), row(twin, 2), row(before, 2), row('x', 3)]);
  await labels.add(row(before), before, flagOf('red car'));
  await labels.add(row(before, 2), before, verdict('drop'));
  expect(await found()).toEqual([0]);
  expect(await found({ author: 'Ann', category: 'format' })).toEqual([0]);
  expect(await found({ author: 'Ben' })).toEqual([]);
  expect(await found({ category: 'repetition' })).toEqual([]);
  const ids = labels.idsWithOthers([row(twin, 2), row('x', 3)]);
  expect(ids).toEqual(new Set(['2']));
  const present = await presentItems(dataset, labels, ids, { signal, isThorough: false });
  expect([labels.markOf(row(twin, 2), present), labels.of(row(twin, 2), present).earlier]).toEqual([null, []]);
  expect(labels.markOf(row(before, 2), present)).toBe('drop');
});

test('a row without an id has them too, unless another row that asks the same has that text', async () => {
  const { labels, found } = await opened([row(after, null)]);
  await labels.add(row(before, null), before, verdict('drop'));
  expect(labels.markOf(row(after, null))).toBe('earlier');
  expect(await found()).toEqual([0]);
  const twins = await opened([row(after, null), row(before, null)]);
  await twins.labels.add(row(before, null), before, verdict('drop'));
  expect(await twins.found()).toEqual([]);
});

test.each([before, after])(
  'what others said stays hidden from who is still to judge the row, dealt out as %j',
  async (dealt) => {
    const { as, project } = await opened([row(after)]);
    await (await as('Ben')).add(row(before), before, flagOf('red car'));
    const item = itemNameOf('rows.json', row(dealt));
    if (item === null) throw new Error('A row without a text.');
    const annotators = [{ name: 'Ann', email: null }];
    const given = { v: 1, id: 'given', at: '2026-02-13T10:00:00.000Z', author: ben, kind: 'assignment', item } as const;
    await appendEntries(project, [{ ...given, annotators, shared: false }], signal);
    expect((await as('Ann')).of(row(after))).toMatchObject({ mark: null, earlier: [] });
    expect((await as('Cy')).of(row(after))).toMatchObject({ mark: 'earlier', earlier: [{ author: 'Ben' }] });
  },
);
