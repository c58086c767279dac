/** The editor of datasets, in the stand-in for VS Code, on files that are there. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LabelFolder } from '../../../trainer/annotations/label-folder.ts';
import { judgedRows } from '../../../trainer/annotations/rows/judged-rows.ts';
import { anyLabel, type LabelChoice } from '../../../trainer/protocol/dataset-editor.ts';
import { editor } from '../fake-vscode.ts';
import { arrayOf, folderWith, openDataset, rowOf } from './open-dataset.ts';

const three = arrayOf([rowOf(1), rowOf(2), rowOf(3)]);

describe('a page', () => {
  test('is told of the file, its rows, and of one row what rules find in it and what its answer earns', async () => {
    const { webview, send, next, read } = await openDataset(folderWith('rows.json', three));
    expect(webview.html).toContain('data-page="dataset"');
    expect(webview.html).toContain("default-src 'none'");
    send({ type: 'ready' });
    const file = await next('file', ({ indexed }) => indexed === 1);
    expect(file).toMatchObject({ name: 'rows.json', rowCount: 3, changedRows: [], fault: null, outside: null });
    send({ type: 'heads', rows: [0, 2] });
    const { heads } = await next('heads');
    expect(heads.map(({ row, id, problem }) => [row, id, problem])).toEqual([
      [0, '1', 'Which shape of clip 1 moves first?'],
      [2, '3', 'Which shape of clip 3 moves first?'],
    ]);
    const reading = await read(1);
    expect(reading).toMatchObject({
      line: 3,
      faults: [],
      options: ['A. the circle', 'B. the square'],
      reward: { accuracy: 1, format: 1, answer: 'B' },
    });
    expect(reading.text.slice(reading.think?.start, reading.think?.end)).toMatch(/^The circle.*is B\.$/);
    expect(reading.aha.map(({ tier }) => tier)).toEqual([5]);
    expect(reading.commitments.map(({ answer, right }) => [answer, right])).toEqual([
      ['A', false],
      ['B', true],
    ]);
  });

  test('sees rows that are no JSON or no question, with what is wrong in words', async () => {
    const file = folderWith(
      'rows.jsonl',
      `${JSON.stringify(rowOf(1))}\n{"problem": "half\n${JSON.stringify({ problem: 'x' })}\n`,
    );
    const { read, edit } = await openDataset(file);
    const broken = await read(1);
    expect(broken).toMatchObject({ text: '{"problem": "half', reward: null, fields: { problem: null } });
    expect(broken.faults.join()).toContain('2');
    const other = await read(2);
    expect(other.fields.problem).toBe('x');
    expect(other.faults.join()).toContain('does not fit');
    expect((await edit(1, 'problem', 'whole')).fault).not.toBeNull();
  });

  test('is answered nothing where a message does not fit, and words where what it asks for can not be', async () => {
    const { send, next, messages } = await openDataset(folderWith('rows.json', three));
    send({ type: 'nonsense' });
    send({ type: 'row', row: 7 });
    expect((await next('failed')).words).toContain('There is no row 8');
    expect(messages.filter(({ type }) => type !== 'file')).toHaveLength(1);
  });

  test('finds rows by a text, and those that are changed', async () => {
    const { send, next, edit } = await openDataset(folderWith('rows.json', three));
    send({ type: 'search', search: 1, text: 'SQUARE OF 2', isChanged: false, label: null });
    expect(await next('found', ({ rows }) => rows.length > 0)).toMatchObject({ search: 1, rows: [1], fault: null });
    expect(await next('found', ({ isDone }) => isDone)).toMatchObject({ search: 1, fault: null });
    await edit(2, 'problem', 'Who?');
    send({ type: 'search', search: 2, text: '', isChanged: true, label: null });
    expect(await next('found', ({ search, rows }) => search === 2 && rows.length > 0)).toMatchObject({ rows: [2] });
  });
});

describe('an edit', () => {
  test('enters the stack of undo, is undone and done again, and a save changes the bytes of its row alone', async () => {
    const { edit, edits, read, save, text, document } = await openDataset(folderWith('rows.json', three));
    expect((await edit(1, 'solution', '<answer>A</answer>')).fault).toBeNull();
    expect(edits.map(({ label }) => label)).toEqual(['Edit “solution” of row 2']);
    expect(await read(1)).toMatchObject({ isChanged: true, fields: { solution: '<answer>A</answer>' } });
    await edits[0]?.undo();
    expect(await read(1)).toMatchObject({ isChanged: false, fields: { solution: '<answer>B</answer>' } });
    expect(document.dataset.isDirty).toBe(false);
    await edits[0]?.redo();
    expect(text()).toBe(three);
    await save();
    const lines = three.split('\n');
    lines[2] = (lines[2] as string).replace('<answer>B', '<answer>A');
    expect(text()).toBe(lines.join('\n'));
    expect(await read(1)).toMatchObject({ isChanged: false });
  });

  test('to the same text is none', async () => {
    const { edit, edits } = await openDataset(folderWith('rows.json', three));
    await edit(0, 'solution', '<answer>B</answer>');
    expect(edits).toEqual([]);
  });

  test('is saved by the editor when the page asks for that', async () => {
    const { send, next } = await openDataset(folderWith('rows.json', three));
    send({ type: 'edit', edit: 1, row: 0, field: 'problem', value: 'Who?', save: true });
    await next('edited');
    expect(editor.executed).toEqual([['workbench.action.files.save']]);
  });

  test('that is unsaved when the window closes is kept by itself, and is there again', async () => {
    const file = folderWith('rows.json', three);
    const kept = path.join(path.dirname(file), 'backup');
    const before = await openDataset(file);
    await before.edit(2, 'problem', 'Who is last?');
    const backup = await before.backup(kept);
    expect(readFileSync(kept, 'utf8')).not.toContain('clip 1');
    const after = await openDataset(file, kept);
    expect(await after.read(2)).toMatchObject({ isChanged: true, fields: { problem: 'Who is last?' } });
    expect(after.text()).toBe(three);
    await backup.delete();
    await expect.poll(() => existsSync(kept)).toBe(false);
  });

  test('goes with a revert', async () => {
    const { edit, revert, read } = await openDataset(folderWith('rows.json', three));
    await edit(0, 'problem', 'Who?');
    await revert();
    expect(await read(0)).toMatchObject({
      isChanged: false,
      fields: { problem: 'Which shape of clip 1 moves first?' },
    });
  });

  test('is saved under another name, and stays unsaved in its own file', async () => {
    const file = folderWith('rows.json', three);
    const { edit, saveAs, text } = await openDataset(file);
    await edit(0, 'problem', 'Who?');
    const other = path.join(path.dirname(file), 'other.json');
    await saveAs(other);
    expect(readFileSync(other, 'utf8')).toBe(three.replace('Which shape of clip 1 moves first?', 'Who?'));
    expect(text()).toBe(three);
  });
});

describe('labels', () => {
  const process = rowOf(2).process;
  const span = { start: process.indexOf('the square'), end: process.indexOf('the square') + 10 };

  test('of a row are written into the label file of their author, and there when the file is opened again', async () => {
    const file = folderWith('rows.json', three);
    const { send, next, read } = await openDataset(file);
    const { labelling } = await next('file', ({ labelling }) => 'author' in labelling);
    expect(labelling).toMatchObject({ author: 'Ann <ann@example.org>' });
    const flag = { span, category: 'wrong-order', severity: 'minor', note: 'no' } as const;
    send({ type: 'say', said: 1, row: 1, text: process, flag, verdict: 'drop', fixed: null });
    const { ids } = await next('said');
    expect(ids).toHaveLength(2);
    expect((await read(1)).labels).toMatchObject([
      { category: 'wrong-order', quote: 'the square', span, author: 'Ann <ann@example.org>' },
      { verdict: 'drop', category: null },
    ]);
    send({ type: 'heads', rows: [0, 1] });
    expect((await next('heads')).heads.map(({ mark }) => mark)).toEqual([null, 'drop']);
    const again = await openDataset(file);
    await again.next('file', ({ labelling }) => 'author' in labelling);
    expect((await again.read(1)).labels).toHaveLength(2);
    expect(readFileSync(file, 'utf8')).toBe(three);
  });

  test('are suggested by detectors that read the text alone, and accepted or dismissed like any other', async () => {
    const again = 'The square is at the left side of the table. ';
    const row = rowOf(2, { process: `<think>${again.repeat(6)}The answer is B.</think>`, path: './gone.mp4' });
    const file = folderWith('rows.json', arrayOf([rowOf(1), row]));
    const { send, next, read } = await openDataset(file);
    await next('file', ({ labelling }) => 'author' in labelling);
    expect((await read(0)).suggestions).toEqual([]);
    const [one, ...others] = (await read(1)).suggestions;
    expect(others).toEqual([]);
    expect(one).toMatchObject({ detector: 'repetition', category: 'repetition', answered: null, precision: null });
    expect(row.process.slice(one?.span?.start, one?.span?.end)).toContain(again.trim());
    const said = { row: 1, text: row.process, detector: 'repetition', span: one?.span ?? null } as const;
    const answer = async (number: number, accepted: boolean, more: { text?: string; detector?: string } = {}) => {
      send({ type: 'answer', said: number, ...said, accepted, ...more });
      return next('said', (message) => message.said === number);
    };
    expect((await answer(1, true)).ids).toHaveLength(2);
    const accepted = await read(1);
    expect(accepted.suggestions).toMatchObject([
      { answered: { accepted: true }, precision: { accepted: 1, answered: 1 } },
    ]);
    expect(accepted.labels).toMatchObject([
      { category: 'repetition', span: one?.span, author: 'Ann <ann@example.org>' },
    ]);
    await answer(2, false);
    const dismissed = await read(1);
    expect(dismissed.suggestions).toMatchObject([
      { answered: { accepted: false }, precision: { accepted: 0, answered: 1 } },
    ]);
    expect(dismissed.labels).toEqual([]);
    expect((await answer(3, true, { text: 'another' })).fault).toContain('was changed since it was read');
    expect((await answer(4, true, { detector: 'no reasoning' })).fault).toContain('suggests nothing there');
    expect(readFileSync(file, 'utf8')).toBe(arrayOf([rowOf(1), row]));
    writeFileSync(path.join(path.dirname(file), '.video-r1/annotations/labels.json'), '{');
    await next('file', ({ labelling }) => 'refused' in labelling);
    expect((await read(1)).suggestions).toEqual([]);
  });

  test('are taken back, found by what they amount to, and gone where the text is another', async () => {
    const { send, next, read, edit } = await openDataset(folderWith('rows.json', three));
    await next('file', ({ labelling }) => 'author' in labelling);
    send({ type: 'say', said: 1, row: 2, text: rowOf(3).process, flag: null, verdict: 'drop', fixed: null });
    const [id = ''] = (await next('said')).ids;
    const found = async (search: number, choice: Partial<LabelChoice>) => {
      send({ type: 'search', search, text: '', isChanged: false, label: { ...anyLabel, ...choice } });
      const rows: number[] = [];
      await next('found', (message) => {
        if (message.search === search) rows.push(...message.rows);
        return message.search === search && message.isDone;
      });
      return rows;
    };
    const author = 'Ann <ann@example.org>';
    expect([await found(1, { verdict: 'drop' }), await found(2, {}), await found(3, { verdict: 'keep' })]).toEqual([
      [2],
      [2],
      [],
    ]);
    expect([
      await found(4, { author }),
      await found(5, { author: 'Bob' }),
      await found(6, { category: 'format' }),
    ]).toEqual([[2], [], []]);
    send({ type: 'say', said: 9, row: 2, text: 'as it was before', flag: null, verdict: 'keep', fixed: null });
    expect((await next('said', ({ said }) => said === 9)).fault).toContain('was changed since it was read');
    await edit(2, 'process', '<think>Another.</think>');
    expect((await read(2)).labels).toEqual([]);
    await edit(2, 'process', rowOf(3).process);
    expect((await read(2)).labels).toHaveLength(1);
    send({ type: 'retract', said: 2, id });
    expect((await next('said', ({ said }) => said === 2)).fault).toBeNull();
    expect((await read(2)).labels).toEqual([]);
    expect(await found(7, {})).toEqual([]);
    send({ type: 'retract', said: 3, id });
    expect((await next('said', ({ said }) => said === 3)).fault).toContain('taken back already');
  });

  test('of an earlier text are told as such, listed, and flags carried over to the present one', async () => {
    const { send, next, read, edit } = await openDataset(folderWith('rows.json', three));
    await next('file', ({ labelling }) => 'author' in labelling);
    const text = rowOf(3).process;
    const span = { start: 7, end: 14 };
    const flag = { span, category: 'format', severity: 'minor', note: '' } as const;
    send({ type: 'say', said: 1, row: 2, text, flag, verdict: 'drop', fixed: null });
    await next('said');
    const edited = text.replace('</think>', ' Yes.</think>');
    await edit(2, 'process', edited);
    expect(await read(2)).toMatchObject({
      ...{ mark: 'earlier', labels: [] },
      earlier: [{ quote: text.slice(7, 14), span }, { verdict: 'drop' }],
    });
    send({ type: 'heads', rows: [1, 2] });
    expect((await next('heads')).heads.map(({ mark }) => mark)).toEqual([null, 'earlier']);
    const label = { ...anyLabel, verdict: 'earlier' } as const;
    send({ type: 'search', search: 1, text: '', isChanged: false, label });
    const rows: number[] = [];
    await next('found', (message) => {
      rows.push(...message.rows);
      return message.isDone;
    });
    expect(rows).toEqual([2]);
    send({ type: 'carry-over', said: 2, row: 2, text });
    expect((await next('said', ({ said }) => said === 2)).fault).toContain('was changed since it was read');
    send({ type: 'carry-over', said: 3, row: 2, text: edited });
    expect((await next('said', ({ said }) => said === 3)).ids).toHaveLength(1);
    expect(await read(2)).toMatchObject({
      ...{ mark: 'flagged', labels: [{ span, category: 'format', severity: 'minor' }] },
      earlier: [{ verdict: 'drop' }],
    });
  });

  test('have the text of a fix, which is what cleaned datasets have in place of the row’s; the dataset stays', async () => {
    const file = folderWith('rows.json', three);
    const { send, next, read } = await openDataset(file);
    await next('file', ({ labelling }) => 'author' in labelling);
    const fixed = '<think>The square is first.</think>';
    send({ type: 'say', said: 1, row: 1, text: process, flag: null, verdict: 'fix', fixed });
    await next('said');
    expect((await read(1)).labels).toMatchObject([{ verdict: 'fix', fixed }]);
    send({ type: 'say', said: 2, row: 1, text: process, flag: null, verdict: 'keep', fixed });
    expect((await next('said', ({ said }) => said === 2)).fault).toContain('the verdict fix alone');
    expect(readFileSync(file, 'utf8')).toBe(three);
    const project = path.dirname(file);
    const { book } = await LabelFolder.open(project, { signal: new AbortController().signal });
    const judged = judgedRows(book, new Set(['rows.json']));
    expect([...(judged.get('2')?.values() ?? [])].map(({ outcome }) => outcome)).toEqual([
      { state: 'agreed', verdict: 'fix', fixed },
    ]);
  });

  test('of a row without a chain of thought, or outside of any project, are refused in words', async () => {
    const { send, next } = await openDataset(folderWith('rows.json', arrayOf([rowOf(1, { process: undefined })])));
    await next('file', ({ labelling }) => 'author' in labelling);
    send({ type: 'say', said: 1, row: 0, text: '', flag: null, verdict: 'drop', fixed: null });
    expect((await next('said')).fault).toContain('no chain of thought');
    const outside = await openDataset(folderWith('rows.json', three), undefined, false);
    outside.send({ type: 'ready' });
    const { labelling } = await outside.next(
      'file',
      ({ labelling }) => 'refused' in labelling && !labelling.refused.includes('being read'),
    );
    expect(labelling).toMatchObject({ refused: expect.stringContaining('open the folder') });
  });
});

describe('what changed since the last commit', () => {
  const git = (folder: string, ...args: readonly string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=Ann', '-c', 'user.email=a@example.org', ...args]);

  test('is listed with what is not saved yet, what was there is told, and how many rows are gone', async () => {
    const file = folderWith('rows.json', three);
    git(path.dirname(file), 'init', '--quiet');
    git(path.dirname(file), 'add', 'rows.json');
    git(path.dirname(file), 'commit', '--quiet', '-m', 'rows');
    writeFileSync(file, arrayOf([rowOf(1), rowOf(3, { problem: 'Another?' }), rowOf(4)]));
    const { send, next, edit } = await openDataset(file);
    editor.trusted = true;
    await edit(0, 'problem', 'Who?');
    send({ type: 'compare-head' });
    const found = await next('since-head', ({ isDone }) => isDone);
    expect(found).toMatchObject({ rows: [0, 1, 2], gone: 1, fault: null });
    send({ type: 'before', row: 1 });
    expect(await next('before')).toMatchObject({ row: 1, fields: { problem: rowOf(3).problem } });
    send({ type: 'before', row: 2 });
    expect(await next('before')).toMatchObject({ fields: null, words: expect.stringContaining('new since HEAD') });
  });

  test('is not known without a commit, and git is not started in a folder that is not trusted: words say so', async () => {
    const file = folderWith('rows.json', three);
    const { send, next } = await openDataset(file);
    editor.trusted = false;
    send({ type: 'compare-head' });
    expect((await next('since-head')).fault).toContain('not trusted');
    editor.trusted = true;
    send({ type: 'compare-head' });
    const { fault } = await next('since-head', ({ isDone }) => isDone);
    expect(fault).toContain('git has no such file at HEAD');
    expect(fault).toContain('Commit the file once');
  });
});

describe('a change from outside', () => {
  const more = arrayOf([rowOf(0), rowOf(1), rowOf(2), rowOf(3)]);

  test('of a file without edits is taken as it is', async () => {
    const file = folderWith('rows.json', three);
    const { next } = await openDataset(file);
    writeFileSync(file, more);
    editor.watched.at(-1)?.fire(undefined);
    expect(await next('file', ({ rowCount }) => rowCount === 4)).toMatchObject({ outside: null });
  });

  test('of a file with edits is told of, refuses a save, and loaded again the edits are on their rows', async () => {
    const file = folderWith('rows.json', three);
    const { edit, next, send, save, read, text, edits } = await openDataset(file);
    await edit(0, 'problem', 'Who?');
    writeFileSync(file, more);
    editor.watched.at(-1)?.fire(undefined);
    expect((await next('file', ({ outside }) => outside !== null)).outside).toContain('Another program');
    await expect(save()).rejects.toThrow(/changed outside.*Load the file again/s);
    expect(text()).toBe(more);
    send({ type: 'load-again' });
    await next('file', ({ outside, rowCount }) => outside === null && rowCount === 4);
    expect(await read(1)).toMatchObject({ isChanged: true, fields: { problem: 'Who?' } });
    await edits[0]?.undo();
    expect(await read(1)).toMatchObject({ isChanged: false });
  });

  test('of an edited row itself keeps what is there, and says so', async () => {
    const file = folderWith('rows.json', three);
    const { edit, send, next, document } = await openDataset(file);
    await edit(0, 'problem', 'Who?');
    writeFileSync(file, three.replace('clip 1', 'clip one'));
    send({ type: 'load-again' });
    expect((await next('failed')).words).toContain('row 1');
    expect(document.dataset.changedRows).toEqual([0]);
  });
});

describe('frames', () => {
  test('of a folder that is not trusted are absent, and words say why', async () => {
    const { send, next } = await openDataset(folderWith('rows.json', three));
    editor.trusted = false;
    send({ type: 'frames', row: 0 });
    const { picture, words } = await next('frames');
    expect(picture).toBeNull();
    expect(words).toContain('not trusted');
    editor.trusted = true;
    editor.trustGranted.fire();
    expect((await next('frames')).words).toContain('there is no file ./clips/1.mp4');
  });

  test('of a file that is not below the dataset are not read', async () => {
    const rows = arrayOf([rowOf(1, { path: '../../../../etc/passwd' }), rowOf(2, { data_type: 'sound' })]);
    const { send, next } = await openDataset(folderWith('rows.json', rows));
    send({ type: 'frames', row: 0 });
    expect((await next('frames')).words).toContain('there is no file');
    send({ type: 'frames', row: 1 });
    expect((await next('frames')).words).toContain('image or a video');
  });
});

test('a file that is no dataset is not opened, and words say what is wrong and what to do', async () => {
  await expect(openDataset(folderWith('rows.json', 'These are no rows.'))).rejects.toThrow(/rows\.json/);
});
