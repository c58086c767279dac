/** A cleaned dataset is the dataset but for what its labels say of it. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeCleaned } from '../../../trainer/annotations/rows/cleaned-dataset.ts';
import { datasetName, itemNameOf, itemOfRow } from '../../../trainer/annotations/rows/row-item.ts';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { type Entry, itemLine } from '../../../trainer/protocol/annotations/entries.ts';
import { LabelBook } from '../../../trainer/protocol/annotations/label-book.ts';
import { ann, verdictOf } from '../../protocol/annotations/made-entries.ts';
import { datasetPath, itemOf, labels, rows, settledRow2, writeDataset } from '../labelled-project.ts';
import { signal, temporaryProject } from '../projects.ts';

async function cleaned(entries: readonly Entry[], change: (text: string) => string = (text) => text) {
  const project = temporaryProject();
  const file = writeDataset(project);
  const before = change(readFileSync(file, 'utf8'));
  writeFileSync(file, before);
  const dataset = await EditableDataset.open(file);
  onTestFinished(() => dataset.dispose());
  const target = path.join(project, 'clean.json');
  const book = new LabelBook(entries.filter((entry) => entry.kind !== 'item'));
  const counts = await writeCleaned(dataset, datasetPath, book, target, { signal, onProgress: () => {} });
  expect(readFileSync(file, 'utf8')).toBe(before);
  return { counts, text: readFileSync(target, 'utf8') };
}

const whole = { dropped: 0, fixed: 0, kept: 0, unfixed: 0, disputed: 0, unjudged: 0, faulty: 0, elsewhere: 0 };

describe('a cleaned dataset', () => {
  it('lacks what is to be dropped, has the fixed texts, and keeps what is disputed', async () => {
    const { counts, text } = await cleaned(labels());
    expect(counts).toEqual({ ...whole, dropped: 2, fixed: 1, kept: 1, disputed: 1, unjudged: 1 });
    const [one, two, , , five, six] = rows;
    expect(text).toBe(JSON.stringify([one, two, { ...five, process: '<think>Fünf</think>' }, six], null, 2));
  });

  it('obeys a settlement in place of those who differ', async () => {
    const { counts } = await cleaned([...labels(), settledRow2()]);
    expect(counts).toMatchObject({ kept: 2, disputed: 0 });
  });

  it('is the very same file without labels, and counts verdicts on texts that are gone', async () => {
    expect(await cleaned([])).toEqual({
      counts: { ...whole, unjudged: 6 },
      text: JSON.stringify(rows, null, 2),
    });
    const changed = await cleaned(labels(), (text) => text.replace('It is 3', 'It was 3'));
    expect(changed.counts).toMatchObject({ dropped: 1, elsewhere: 1, unjudged: 2 });
  });

  it('tells rows without problem_id apart by what they ask of what, though all have one text', async () => {
    const [first] = rows.map(({ problem_id, ...row }) => row);
    const alike = [
      first,
      { ...first, problem: 'And which way does it come from?' },
      { ...first, options: ['A. Up', 'B. Down'] },
      { ...first, path: 'videos/9.mp4' },
      { ...first, solution: '<answer>B</answer>' },
    ];
    const item = itemNameOf(datasetPath, alike[0]);
    if (item === null) throw new Error('A row without a text.');
    // What `printf %s JSON | sha256sum` begins with, of problem, options and path as a list.
    expect(item.row).toBe('~0ce57a8689ac2978');
    const { counts, text } = await cleaned([verdictOf(ann, 1, 'drop', { item })], () => JSON.stringify(alike));
    expect(counts).toEqual({ ...whole, dropped: 2, unjudged: 3 });
    expect(JSON.parse(text)).toEqual(alike.slice(1, 4));
    const older = { ...item, row: null };
    const { counts: ofOlder } = await cleaned([verdictOf(ann, 1, 'drop', { item: older })], () =>
      JSON.stringify(alike),
    );
    expect(ofOlder).toEqual({ ...whole, unjudged: 5, elsewhere: 1 });
    for (const each of [item, older]) expect(itemLine(each)).toBe('data/cot.json, a row without problem_id');
  });

  it('keeps a row that is to be fixed and has no text yet, and one that is no JSON', async () => {
    const unfixed = verdictOf(ann, 1, 'fix', { item: itemOf(1) });
    const { counts, text } = await cleaned([unfixed], (before) =>
      before.replace('"problem_id": 6,', '"problem_id": x,'),
    );
    expect(counts).toMatchObject({ unfixed: 1, faulty: 1, unjudged: 4 });
    expect(text).toContain('"problem_id": x,');
  });
});

describe('the item of a row', () => {
  it('is its chain of thought, by dataset, id and hash', () => {
    expect(itemOfRow('a.json', { problem_id: 7, process: 'abc <answer> B </answer>', path: 'v.mp4' })).toEqual({
      // The first 32 digits of what `printf 'abc <answer> B </answer>' | sha256sum` prints.
      item: { kind: 'row', dataset: 'a.json', row: '7', hash: '276e02148b7c52511bc59f1396e021ae' },
      content: {
        question: '',
        options: [],
        problemType: null,
        text: 'abc <answer> B </answer>',
        solution: '',
        answer: 'B',
        media: ['v.mp4'],
      },
    });
    for (const value of [null, 1, [], {}, { process: '' }, { process: 3 }])
      expect(itemOfRow('a.json', value)).toBeNull();
  });

  it('names its dataset by its path in the project, and none outside', () => {
    const project = temporaryProject();
    const file = writeDataset(project);
    expect(datasetName(project, file)).toBe('data/cot.json');
    expect(datasetName(path.relative(process.cwd(), project), file)).toBe('data/cot.json');
    expect(() => datasetName(path.join(project, 'data'), path.join(project, 'x.json'))).toThrow(
      /outside of the project/,
    );
  });

  it('names a dataset by its real file, by whatever link it is called, and by the link where that leads outside', () => {
    const [project, elsewhere] = [temporaryProject(), temporaryProject()];
    const file = writeDataset(project);
    const link = (to: string, place: string) => {
      symlinkSync(to, place);
      return place;
    };
    expect(datasetName(project, link(file, path.join(project, 'data/link.json')))).toBe('data/cot.json');
    expect(datasetName(project, link('data/link.json', path.join(project, 'again.json')))).toBe('data/cot.json');
    expect(datasetName(project, link(file, path.join(elsewhere, 'here.json')))).toBe('data/cot.json');
    const outside = writeDataset(elsewhere);
    expect(datasetName(project, link(outside, path.join(project, 'data/far.json')))).toBe('data/far.json');
  });
});
