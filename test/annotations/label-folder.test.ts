import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelFileName, labelFolderOf, textHash } from '../../trainer/annotations/label-files.ts';
import { type LabelChanges, LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { LabelReader } from '../../trainer/annotations/label-reader.ts';
import { assignmentOf } from '../../trainer/annotations/say.ts';
import { type Entry, itemKey } from '../../trainer/protocol/annotations/entries.ts';
import type { Statement } from '../../trainer/protocol/annotations/label-book.ts';
import { ann, ben, flag, itemEntry, retraction, row, verdictOf } from '../protocol/annotations/made-entries.ts';
import { linesOf, signal, temporaryProject, textOf, writeLabelFile } from './projects.ts';

const key = itemKey(row('a'));
const openFolder = (project: string) => LabelFolder.open(project, { signal });
const historyOf = (folder: LabelFolder) => folder.book.get(key)?.history.map(({ entry }) => entry) ?? [];
const troublesOf = (folder: LabelFolder) => folder.troubles.map(({ kind, line }) => `${kind} ${line}`);

/** A file with what is given between two whole lines. */
async function between(middle: string): Promise<{ folder: LabelFolder; file: string; whole: Statement[] }> {
  const project = temporaryProject();
  const [first, last] = [flag(ann, 1), verdictOf(ann, 2, 'drop')];
  const file = writeLabelFile(project, 'ann.jsonl', linesOf(first) + middle + linesOf(last));
  return { folder: await openFolder(project), file, whole: [first, last] };
}

describe('label files', () => {
  test('are none in a project without labels', async () => {
    const folder = await openFolder(temporaryProject());
    expect([...folder.book.keys()]).toEqual([]);
    expect(folder.troubles).toEqual([]);
    expect(folder.categories.offered).toHaveLength(9);
  });

  test('are read as one, each entry once, in whatever order the lines stand', async () => {
    const project = temporaryProject();
    const anns = [flag(ann, 1), verdictOf(ann, 2, 'drop'), verdictOf(ann, 5, 'keep')];
    const bens = [verdictOf(ben, 3, 'keep')];
    writeLabelFile(project, 'ann.jsonl', linesOf(...anns.toReversed(), ...anns));
    writeLabelFile(project, 'ben.jsonl', linesOf(...bens, anns[0] as Entry).replaceAll('\n', '\r\n'));
    const folder = await openFolder(project);
    expect(historyOf(folder)).toEqual([anns[0], anns[1], bens[0], anns[2]]);
    expect(folder.book.get(key)?.outcome).toMatchObject({ state: 'agreed', verdict: 'keep' });
    expect(folder.troubles).toEqual([]);
  });

  test('with a broken line in the middle lose that line alone, and say which', async () => {
    const { folder, file, whole } = await between(`${linesOf(flag(ann, 9)).slice(0, 60)}\n`);
    expect(historyOf(folder)).toEqual(whole);
    expect(folder.troubles).toEqual([
      {
        kind: 'broken',
        file,
        line: 2,
        message: expect.stringContaining('not whole'),
        remedy: expect.stringContaining('Delete the line'),
      },
    ]);
  });

  test('lose nothing of a whole entry that stands behind half a line, or behind another without a line break', async () => {
    const [a, b] = [flag(ben, 3, { note: 'says {"v":1} and "{' }), flag(ann, 4, { category: 'format' })];
    const half = linesOf(flag(ann, 9)).slice(0, 60);
    const { folder, whole } = await between(half + linesOf(a).trim() + linesOf(b));
    expect(historyOf(folder)).toEqual([...whole, a, b]);
    expect(troublesOf(folder)).toEqual(['broken 2']);
  });

  test('are read on both sides of conflict markers, which are told', async () => {
    const [ours, theirs] = [flag(ann, 3, { category: 'format' }), flag(ann, 4, { category: 'other' })];
    const { folder, whole } = await between(
      `<<<<<<< HEAD\n${linesOf(ours)}||||||| base\n=======\n${linesOf(theirs)}>>>>>>> main\n`,
    );
    expect(historyOf(folder)).toEqual([...whole, ours, theirs]);
    expect(troublesOf(folder)).toEqual([2, 4, 5, 7].map((line) => `conflict-marker ${line}`));
    expect(folder.troubles[0]?.remedy).toContain('merge=union');
  });

  test('with what is not a label, or a newer one, say so, and leave the line as it is', async () => {
    const drop = verdictOf(ann, 3, 'drop');
    const newer = { ...verdictOf(ann, 4, 'keep'), v: 2, mood: 'glad' };
    const middle = linesOf({ name: 'foreign' }, { ...drop, kind: 'vote' }, newer, { ...drop, verdict: 'x' });
    const { folder, file, whole } = await between(`\n[]\n\u0000\u0000\n${middle}`);
    expect(historyOf(folder)).toEqual([...whole, newer]);
    expect(troublesOf(folder)).toEqual(['fault 3', 'broken 4', 'fault 5', 'newer 6', 'newer 7', 'fault 8']);
    expect(textOf(file)).toContain(middle);
  });

  test('in which an id is given to two labels count the same one everywhere, and say so', async () => {
    const drop = verdictOf(ann, 1, 'drop');
    const changed = { ...drop, verdict: 'keep' as const };
    const histories: unknown[] = [];
    for (const order of [
      [drop, changed],
      [changed, drop],
    ]) {
      const project = temporaryProject();
      writeLabelFile(project, 'ann.jsonl', linesOf(...order));
      const folder = await openFolder(project);
      histories.push(historyOf(folder));
      expect(folder.troubles).toMatchObject([{ kind: 'clash', message: expect.stringContaining(drop.id) }]);
    }
    expect(histories[0]).toHaveLength(1);
    expect(histories[0]).toEqual(histories[1]);
  });

  test('with an entry that is dated more than a day ahead say so, and it dates nothing else', async () => {
    const forged = verdictOf(ann, 3, 'keep', { at: '9999-12-31T23:59:59.999Z' });
    const { folder, file, whole } = await between(linesOf(forged));
    expect(folder.troubles).toEqual([
      {
        kind: 'ahead',
        file,
        line: 2,
        message: expect.stringContaining('9999-12-31'),
        remedy: expect.stringContaining('mend "at"'),
      },
    ]);
    expect(historyOf(folder)).toEqual([...whole, forged]);
    const { item, question, options, problemType, text, solution, answer, media } = itemEntry(ann, 4);
    const content = { question, options, problemType, text, solution, answer, media };
    const { entries } = assignmentOf({ annotators: [ben], shared: false }, { item, content }, ann, folder);
    for (const { at } of entries) expect(Date.parse(at)).toBeLessThan(Date.now() + 60_000);
  });

  test('with an entry that is nested without end say so, twice where it is there twice, and the others are read', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const line = linesOf({ ...verdictOf(ann, 3, 'keep'), mood: 0 }).replace('"mood":0', `"mood":${deep}`);
    const { folder, whole } = await between(`${line}${line}${deep}\n`);
    expect(historyOf(folder)).toEqual(whole);
    expect(troublesOf(folder)).toEqual(['fault 2', 'fault 3', 'fault 4']);
  });

  test('that are links, folders or too long in a line are told, and the others read', async () => {
    const project = temporaryProject();
    const first = flag(ann, 1);
    writeLabelFile(project, 'ann.jsonl', linesOf(first));
    symlinkSync('/dev/zero', path.join(labelFolderOf(project), 'link.jsonl'));
    mkdirSync(path.join(labelFolderOf(project), 'folder.jsonl'));
    const folder = await openFolder(project);
    expect(historyOf(folder)).toEqual([first]);
    expect(folder.troubles.map(({ kind, file }) => `${kind} ${path.basename(file)}`)).toEqual([
      'unreadable folder.jsonl',
      'unreadable link.jsonl',
    ]);
  });

  test('are the same labels however lines are shuffled, repeated and spread over files', async () => {
    const drop = verdictOf(ann, 3, 'drop');
    const all: Statement[] = [drop, flag(ann, 1), verdictOf(ben, 2, 'keep'), retraction(ann, 0, drop), flag(ben, 1)];
    const expected = all.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1));
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
        fc.nat({ max: 10 }),
        async (lines, cut) => {
          const project = temporaryProject();
          writeLabelFile(project, 'a.jsonl', linesOf(...lines.slice(0, cut)));
          writeLabelFile(project, 'b.jsonl', linesOf(...lines.slice(cut)).trimEnd());
          const folder = await openFolder(project);
          expect(historyOf(folder)).toEqual(expected);
          expect(folder.troubles).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('give up with the reason when reading is no longer wanted, and are read whole the next time', async () => {
    const project = temporaryProject();
    writeLabelFile(
      project,
      'ann.jsonl',
      linesOf(...Array.from({ length: 2000 }, (_, i) => flag(ann, i, { category: `c${i}` }))),
    );
    const folder = await openFolder(project);
    const more = verdictOf(ann, 1, 'drop');
    appendFileSync(path.join(labelFolderOf(project), 'ann.jsonl'), linesOf(more));
    const aborted = new AbortController();
    const enough = () => {
      aborted.abort(new Error('enough'));
      aborted.signal.throwIfAborted();
    };
    const read = folder.refresh({ signal: aborted.signal, onBytes: enough });
    await expect(read).rejects.toThrow('enough');
    await folder.refresh({ signal });
    expect(historyOf(folder)).toHaveLength(2001);
    const progress: number[] = [];
    await LabelFolder.open(project, { signal, onProgress: (bytes) => progress.push(bytes) });
    expect(progress.at(-1)).toBe(textOf(path.join(labelFolderOf(project), 'ann.jsonl')).length);
  });
});

test('a label file that can not be read is told once, until it can', async () => {
  const file = path.join(temporaryProject(), 'ann.jsonl');
  const reader = new LabelReader(file);
  expect(await reader.refresh({ signal })).toBe('rewritten');
  expect(reader.troubles).toMatchObject([
    { kind: 'unreadable', file, message: expect.stringContaining('no such file') },
  ]);
  expect(await reader.refresh({ signal })).toBe('same');
  writeFileSync(file, linesOf(flag(ann, 1)));
  expect(await reader.refresh({ signal })).toBe('rewritten');
  expect([reader.troubles.length, reader.statements.length]).toEqual([0, 1]);
});

describe('items', () => {
  test('are read from the file when asked for, and told where their text is not the one that was judged', async () => {
    const project = temporaryProject();
    const text = 'First red. 🎬';
    const said = itemEntry(ann, 1, { text, item: { ...row('a'), hash: textHash(text) } });
    const folder = await openFolder(project);
    await folder.append([flag(ann, 0), said, itemEntry(ann, 2, { item: row('forged') })], signal);
    const saidKey = itemKey(said.item);
    expect(await folder.readItem(saidKey)).toEqual(said);
    expect([folder.hasItem(ann, saidKey), folder.hasItem(ben, saidKey)]).toEqual([true, false]);
    await expect(folder.readItem(itemKey(row('forged')))).rejects.toThrow(/hash differs/);
    await expect(folder.readItem('none')).rejects.toMatchObject({ kind: 'not-found' });
    const file = path.join(labelFolderOf(project), labelFileName(ann));
    writeFileSync(file, linesOf(flag(ann, 1)));
    await expect(folder.readItem(saidKey)).rejects.toThrow(/changed since/);
  });
});

test('an item is read from another file where one was forged', async () => {
  const project = temporaryProject();
  const sound = itemEntry(ben, 1, { text: 'red', item: { ...row('a'), hash: textHash('red') } });
  writeLabelFile(project, 'a.jsonl', linesOf({ ...sound, id: 'forged', text: 'blue' }));
  writeLabelFile(project, 'b.jsonl', linesOf(sound));
  expect(await (await openFolder(project)).readItem(itemKey(sound.item))).toEqual(sound);
});

describe('a change from outside', () => {
  test('is read: what was added, what was made anew, what is gone', async () => {
    const project = temporaryProject();
    const [first, second, third] = [flag(ann, 1), flag(ben, 2), verdictOf(ben, 3, 'drop', { item: row('b') })];
    const file = writeLabelFile(project, 'ann.jsonl', linesOf(first));
    const folder = await openFolder(project);
    const changes = () => folder.refresh({ signal });
    expect(await changes()).toEqual({ files: [], items: new Set(), categories: false });

    appendFileSync(file, linesOf(second));
    expect(await changes()).toMatchObject({ files: [{ file, how: 'grown' }], items: new Set([key]) });
    const other = writeLabelFile(project, 'ben.jsonl', linesOf(third));
    expect(await changes()).toMatchObject({
      files: [{ file: other, how: 'added' }],
      items: new Set([itemKey(row('b'))]),
    });

    writeFileSync(`${file}.new`, linesOf(second, flag(ann, 4), flag(ann, 5)));
    renameSync(`${file}.new`, file);
    expect(await changes()).toMatchObject({ files: [{ file, how: 'rewritten' }], items: 'all' });
    expect(historyOf(folder)).not.toContainEqual(first);
    rmSync(file);
    expect(await changes()).toMatchObject({ files: [{ file, how: 'removed' }], items: 'all' });
    expect(historyOf(folder)).toEqual([]);
    writeLabelFile(project, 'labels.json', JSON.stringify({ version: 1, labels: [{ id: 'x', name: 'x' }] }));
    expect(await changes()).toMatchObject({ files: [], categories: true });
  });

  test('in the same file is no growth where what was there is other', async () => {
    const project = temporaryProject();
    const file = writeLabelFile(project, 'ann.jsonl', linesOf(flag(ann, 1)));
    const folder = await openFolder(project);
    const others = [flag(ann, 2), flag(ann, 3, { category: 'format' })];
    writeFileSync(file, linesOf(...others));
    expect(await folder.refresh({ signal })).toMatchObject({ files: [{ how: 'rewritten' }] });
    expect(historyOf(folder)).toEqual(others);
  });

  test('of one word for another of the same length, in the same file, is read', async () => {
    const project = temporaryProject();
    const many = Array.from({ length: 4 }, (_, k) => verdictOf(ann, k, 'drop', { item: row(`${k}`) }));
    const file = writeLabelFile(project, 'ann.jsonl', linesOf(...many));
    const folder = await openFolder(project);
    writeFileSync(file, textOf(file).replace('"drop"', '"keep"'));
    expect(await folder.refresh({ signal })).toMatchObject({ files: [{ file, how: 'rewritten' }], items: 'all' });
    expect(folder.book.get(itemKey(row('0')))?.outcome).toMatchObject({ verdict: 'keep' });
  });

  test('to a line that was half there is told once it is whole', async () => {
    const project = temporaryProject();
    const [first, line] = [flag(ann, 1), linesOf(verdictOf(ann, 2, 'keep'))];
    const file = writeLabelFile(project, 'ann.jsonl', linesOf(first) + line.slice(0, 50));
    const folder = await openFolder(project);
    expect(troublesOf(folder)).toEqual(['broken 2']);
    appendFileSync(file, line.slice(50, -1));
    await folder.refresh({ signal });
    expect(folder.troubles).toEqual([]);
    expect(historyOf(folder)).toHaveLength(2);
    appendFileSync(file, '\n');
    await folder.refresh({ signal });
    expect(historyOf(folder)).toHaveLength(2);
  });

  test('is told to who watches, and own entries are not', async () => {
    const project = temporaryProject();
    const folder = await openFolder(project);
    await folder.append([flag(ann, 1)], signal);
    const other = await openFolder(project);
    const seen = new Promise<LabelChanges>((resolve, reject) => {
      const watch = folder.watch(
        5,
        (changes) => {
          watch.dispose();
          resolve(changes);
        },
        reject,
      );
    });
    await folder.append([flag(ann, 2)], signal);
    await other.append([flag(ben, 3, { item: row('c') })], signal);
    const file = path.join(labelFolderOf(project), labelFileName(ben));
    expect(await seen).toMatchObject({ files: [{ file, how: 'added' }], items: new Set([itemKey(row('c'))]) });
  });
});

describe('the categories', () => {
  test('are told to be a folder, by its place, where they are one', async () => {
    const project = temporaryProject();
    const place = path.join(labelFolderOf(project), 'labels.json');
    mkdirSync(place, { recursive: true });
    const folder = await openFolder(project);
    expect(() => folder.categories).toThrow(
      expect.objectContaining({ message: expect.stringContaining('is a folder'), place, remedy: expect.any(String) }),
    );
  });

  test.each([
    ['{"version": 1,', /not JSON/],
    ['{"version": 1, "labels": [{"id": "x"}]}', /labels\[0\].name is missing/],
  ])('with a fault are told with their file, and no others are taken: %s', async (text, fault) => {
    const project = temporaryProject();
    const place = writeLabelFile(project, 'labels.json', text);
    const folder = await openFolder(project);
    expect(() => folder.categories).toThrow(fault);
    expect(() => folder.categories).toThrow(
      expect.objectContaining({ place, remedy: expect.stringContaining('Mend') }),
    );
    writeLabelFile(project, 'labels.json', '\ufeff{"version": 1, "labels": [{"id": "x", "name": "y"}]}');
    await folder.refresh({ signal });
    expect(folder.categories.offered).toMatchObject([{ id: 'x', name: 'y', key: '1' }]);
  });
});
