/** Labels come back from each form that can be imported as they were, and what a file holds is told without being asked. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { importArgilla, importLabelStudio } from '../../../trainer/annotations/exchange/exchange.ts';
import { readImportFile } from '../../../trainer/annotations/exchange/import-file.ts';
import { authorMeant } from '../../../trainer/annotations/export/choose-items.ts';
import { exportLabels, type LabelForm } from '../../../trainer/annotations/export/export-labels.ts';
import { LabelFolder } from '../../../trainer/annotations/label-folder.ts';
import { type ItemEntry, itemKey, type VerdictEntry } from '../../../trainer/protocol/annotations/entries.ts';
import type { LabelFilter } from '../../../trainer/protocol/annotations/label-filter.ts';
import { refusal } from '../../data/editable/dataset-files.ts';
import { ann, ben, flag, itemEntry, retraction, verdictOf } from '../../protocol/annotations/made-entries.ts';
import { vocabulary } from '../exchange/project.ts';
import { itemOf, label, labels } from '../labelled-project.ts';
import { linesOf, signal, temporaryProject, textOf, writeLabelFile } from '../projects.ts';

async function labelled(entries = labels()) {
  const project = temporaryProject();
  await label(project, entries);
  return { project, entries, folder: await LabelFolder.open(project, { signal }) };
}

async function exported(folder: LabelFolder, form: LabelForm, filter: LabelFilter = {}) {
  const file = path.join(temporaryProject(), 'labels');
  const told = await exportLabels(folder, filter, form, file, { signal, onProgress: () => {} });
  return { file, told };
}

const byId = <One extends { readonly id: string }>(list: readonly One[]) =>
  list.toSorted((a, b) => (a.id < b.id ? -1 : 1));

describe('exported labels', () => {
  it('as lines come back with their history, each entry as it was', async () => {
    const given = labels();
    const { folder, entries } = await labelled([...given, retraction(ann, 90, given.at(-1) as (typeof given)[0])]);
    const { file, told } = await exported(folder, 'jsonl');
    expect(told).toMatchObject({ items: 6, written: entries.length, notices: [] });
    const read = await readImportFile(file, signal);
    expect(read.form).toBe('labels');
    expect(byId(read.form === 'labels' ? read.entries : [])).toEqual(byId(entries));
  });

  it.each(['label-studio', 'argilla'] as const)('for %s come back the same', async (form) => {
    const { folder, entries } = await labelled();
    const { file } = await exported(folder, form);
    const read = await readImportFile(file, signal);
    expect(read.form).toBe(form);
    const from = form === 'argilla' ? importArgilla : importLabelStudio;
    const context = { authors: new Map(), said: () => undefined, now: '2026-02-01T00:00:00Z', itemsWith: () => [] };
    const json = read.form === 'labels' ? null : read.json;
    const back = await from(json, { vocabulary, textField: null }, context);
    expect(byId(back.entries)).toEqual(byId(entries));
  });

  it('as Parquet have a row for each flag and verdict that stands', async () => {
    const { folder } = await labelled();
    const { file, told } = await exported(folder, 'parquet');
    const table = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    expect(told.written).toBe(13);
    expect(table).toHaveLength(13);
    expect(table.filter(({ kind, problem_id }) => kind === 'flag' && problem_id === '1')).toMatchObject([
      {
        author: 'Ann',
        author_email: 'ann@example.org',
        item: itemKey(itemOf(1)),
        dataset: 'data/cot.json',
        category: 'wrong-order',
        severity: 'major',
        quote: 'It is',
        span_start: 7n,
        span_end: 12n,
        verdict: null,
        outcome: 'keep',
        text: '<think>It is 1: é</think><answer>A</answer>',
        answer: 'A',
      },
      { author: 'Ben', author_email: null, severity: 'minor' },
    ]);
    expect(table.find(({ fixed_text }) => fixed_text !== null)).toMatchObject({
      verdict: 'fix',
      fixed_text: '<think>Fünf</think>',
      outcome: 'fix',
    });
  });

  it('are those that an author, a category and a verdict choose', async () => {
    const { folder } = await labelled();
    const lines = async (filter: LabelFilter) => {
      const { file } = await exported(folder, 'jsonl', filter);
      return textOf(file)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { kind: string; author: { name: string } });
    };
    const bens = await lines({ author: ben });
    expect([bens.length, new Set(bens.map(({ author }) => author.name))]).toEqual([9, new Set(['Ben'])]);
    expect((await lines({ category: 'repetition' })).map(({ kind }) => kind).sort()).toEqual([
      'flag',
      'item',
      'item',
      'verdict',
      'verdict',
    ]);
    expect((await lines({ verdict: 'disputed' })).filter(({ kind }) => kind === 'verdict')).toHaveLength(2);
    expect(await lines({ category: 'harmful' })).toEqual([]);
  });

  it('of an author who never said what an item was go with who did', async () => {
    const { item, ...rest } = itemEntry(ann, 1);
    const { folder } = await labelled([
      { item: itemOf(1), ...rest, text: '<think>It is 1: é</think><answer>A</answer>' },
      verdictOf(ben, 2, 'keep', { item: itemOf(1) }),
    ]);
    const { file } = await exported(folder, 'jsonl', { author: ben });
    expect(textOf(file)).toContain('"kind":"item"');
  });

  it('leave nothing behind when they are stopped, or the folder is not there', async () => {
    const { folder, project } = await labelled();
    const stopped = AbortSignal.abort(new Error('stopped'));
    const file = path.join(project, 'stopped.jsonl');
    const work = { onProgress: () => {} };
    await expect(exportLabels(folder, {}, 'jsonl', file, { ...work, signal: stopped })).rejects.toThrow('stopped');
    expect(existsSync(file)).toBe(false);
    const nowhere = path.join(project, 'nowhere', 'a.jsonl');
    expect((await refusal(exportLabels(folder, {}, 'jsonl', nowhere, { ...work, signal }))).kind).toBe('not-found');
  });

  it('are of the author that is meant by name or e-mail address, and of none that is not there', async () => {
    const other = { name: 'Ann', email: 'ann@example.com' };
    const { folder } = await labelled([...labels(), flag(other, 5, { item: itemOf(2) })]);
    expect(authorMeant(folder.book, 'ann@example.com')).toEqual(other);
    expect(authorMeant(folder.book, 'Ann <ann@example.org>')).toEqual(ann);
    expect(authorMeant(folder.book, 'Ben')).toEqual(ben);
    expect(() => authorMeant(folder.book, 'Ann')).toThrow(/Several authors are called Ann/);
    expect(() => authorMeant(folder.book, 'Bem')).toThrow(/No label is by Bem/);
  });
});

describe('a file to import', () => {
  const fixture = (name: string) => path.resolve(import.meta.dirname, `../../fixtures/exchange/${name}.json`);

  it.each([
    ['label-studio', 'label-studio'],
    ['argilla-records', 'argilla'],
    ['argilla-server', 'argilla'],
  ])('%s is one of %s', async (name, form) => {
    expect(await readImportFile(fixture(name), signal)).toMatchObject({ form });
  });

  it('may be a folder as Argilla writes it, or JSON lines', async () => {
    const folder = temporaryProject();
    mkdirSync(path.join(folder, 'disk'));
    const records = readFileSync(fixture('argilla-records'), 'utf8');
    writeFileSync(path.join(folder, 'disk', 'records.json'), records);
    expect(await readImportFile(path.join(folder, 'disk'), signal)).toMatchObject({ form: 'argilla' });
    const list = JSON.parse(readFileSync(fixture('label-studio'), 'utf8')) as object[];
    writeFileSync(path.join(folder, 'tasks.jsonl'), linesOf(...list));
    expect(await readImportFile(path.join(folder, 'tasks.jsonl'), signal)).toEqual({
      form: 'label-studio',
      json: list,
    });
  });

  it('of ours loses no whole line to a broken one, and no text that is not the one that was judged', async () => {
    const [item, verdict] = labels();
    const forged = { ...itemEntry(ann, 1), text: 'Another.' };
    const file = writeLabelFile(
      temporaryProject(),
      'x.jsonl',
      `{"v":1,"id":"br\n${linesOf(item as object, forged, verdict as object)}`,
    );
    const read = await readImportFile(file, signal);
    expect(read).toMatchObject({ form: 'labels', entries: [{ id: item?.id }, { id: verdict?.id }] });
    const notices = read.form === 'labels' ? read.notices : [];
    expect(notices.map(({ places }) => places)).toEqual([['line 1'], ['line 3']]);
  });

  it('of ours with an id that another label has, there or in the project, leaves that line out and tells it', async () => {
    const { folder, entries } = await labelled();
    const [said, other] = entries.filter((entry) => entry.kind === 'verdict') as [VerdictEntry, VerdictEntry];
    const item = entries.find((entry) => entry.kind === 'item') as ItemEntry;
    const fresh = verdictOf(ann, 95, 'keep');
    const lines = linesOf(
      ...[said, { ...other, verdict: other.verdict === 'drop' ? 'keep' : 'drop' }, fresh],
      ...[{ ...fresh, verdict: 'drop' }, fresh, item, { ...item, author: { name: 'Eve', email: null } }],
      { ...fresh, id: item.id },
    );
    const file = writeLabelFile(temporaryProject(), 'x.jsonl', lines);
    const read = await readImportFile(file, signal, (entry) => folder.hasOther(entry));
    expect(read).toMatchObject({ entries: [said, fresh, item] });
    expect(read.form === 'labels' ? read.notices : []).toEqual([
      {
        message: expect.stringContaining('another label has its id'),
        count: 4,
        places: ['2', '4', '7', '8'].map((at) => `line ${at}`),
      },
    ]);
  });

  it('that is none of them is refused with what would be', async () => {
    const folder = temporaryProject();
    for (const [name, text] of [
      ['a', 'no JSON'],
      ['b', '{"a": 1}\n{"a"'],
      ['c', '[{"a": 1}, 2]'],
      ['d', '7'],
    ] as const) {
      writeFileSync(path.join(folder, name), text);
      const { kind, remedy } = await refusal(readImportFile(path.join(folder, name), signal));
      expect([kind, remedy]).toEqual(['bad-input', expect.stringContaining('Label Studio')]);
    }
    expect((await refusal(readImportFile(path.join(folder, 'gone'), signal))).kind).toBe('not-found');
  });
});
