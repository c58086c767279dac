/** Flags of a run's database become labels, once, with all that they say. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { labelFileName, labelFolderOf, textHash } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { moveFlags } from '../../trainer/annotations/move-flags.ts';
import { entriesOfFlags } from '../../trainer/annotations/moved-flags.ts';
import { spanInSameText } from '../../trainer/protocol/annotations/anchors.ts';
import { itemKey, readEntry } from '../../trainer/protocol/annotations/entries.ts';
import type { ExportedAnnotation } from '../../trainer/store/annotation-table.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aGroup, anAnnotation, aRollout, aRun } from '../store/records.ts';
import { signal, temporaryProject, textOf } from './projects.ts';

const text = '<think>🎬 It goes left.\nIt goes left.</think><answer>A</answer>';
const span = { start: text.lastIndexOf('goes'), end: text.lastIndexOf('goes') + 'goes left'.length };

function exported(): ExportedAnnotation[] {
  const store = RunStore.create(path.join(temporaryFolder(), 'run'), aRun());
  const rollout = aRollout({ id: 'r1', groupId: 'g1', text, answer: 'A' });
  store.append({ type: 'group', group: aGroup(1, { id: 'g1', rollouts: [rollout] }) });
  const at = (second: number) => Date.UTC(2026, 0, 1, 0, 0, second);
  const flags = [
    anAnnotation(1, 'r1', {
      at: at(1),
      author: 'browser',
      span,
      quote: 'goes left',
      category: 'made-up detail',
      verdict: 'drop',
    }),
    anAnnotation(2, 'r1', {
      at: at(2),
      author: 'browser',
      span: null,
      quote: '',
      category: 'right by luck',
      verdict: null,
    }),
    anAnnotation(3, 'r1', {
      at: at(3),
      author: 'Ann\nExample',
      span: null,
      quote: '',
      category: 'format',
      verdict: 'keep',
    }),
  ];
  for (const annotation of flags) store.append({ type: 'annotation', annotation });
  const { jsonl } = store.exportAnnotations();
  store.dispose();
  return jsonl
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ExportedAnnotation);
}

const item = { kind: 'rollout', run: 'tgrpo-1', rollout: 'r1', hash: textHash(text) } as const;

describe('flags that are moved', () => {
  test('keep author, time, place, note and verdict, and what their category was', () => {
    const entries = entriesOfFlags(exported());
    expect(entries.map(({ kind, author, at }) => `${at.slice(17, 19)} ${author.name} ${kind}`)).toEqual([
      '01 browser item',
      '01 browser flag',
      '01 browser verdict',
      '02 browser flag',
      '03 Ann Example item',
      '03 Ann Example flag',
      '03 Ann Example verdict',
    ]);
    const [described, flag, verdict] = entries;
    expect(described).toMatchObject({
      item,
      text,
      question: 'Which way does the red square move?',
      options: ['A. left', 'B. right'],
      solution: 'B',
      answer: 'A',
      media: ['clips/17.mp4'],
    });
    expect(flag).toMatchObject({
      item,
      category: 'not-in-frames',
      note: 'the frames show the opposite',
      from: null,
      moved: { annotation: 1, category: 'made-up detail' },
    });
    expect(flag?.kind === 'flag' && flag.span && spanInSameText(text, flag.span)).toEqual(span);
    expect(verdict).toMatchObject({ item, verdict: 'drop', fixed: null, author: { name: 'browser', email: null } });
    for (const entry of entries) expect(readEntry(JSON.parse(JSON.stringify(entry)))).toMatchObject({ unknown: null });
  });

  test('are there once, however often they are moved, and later ones beside them', async () => {
    const project = temporaryProject();
    const folder = await LabelFolder.open(project, { signal });
    const flags = exported();
    expect(await folder.append(entriesOfFlags(flags.slice(0, 2)), signal)).toMatchObject({ added: 4 });
    expect(await folder.append(entriesOfFlags(flags), signal)).toMatchObject({ added: 3 });
    const file = path.join(labelFolderOf(project), labelFileName({ name: 'browser', email: null }));
    const before = textOf(file);
    const again = await LabelFolder.open(project, { signal });
    expect(await again.append(entriesOfFlags(exported()), signal)).toMatchObject({ added: 0 });
    expect(textOf(file)).toBe(before);
    const labels = again.book.get(itemKey(item));
    expect(labels?.flags.map(({ category }) => category)).toEqual(['not-in-frames', 'leaked-or-guessed', 'format']);
    expect(labels?.outcome).toEqual({ state: 'disputed', over: 'verdict' });
    expect((await again.readItem(itemKey(item))).text).toBe(text);
    expect(again.troubles).toEqual([]);
  });
});

describe('moving the flags of a database', () => {
  test('says how many went into which files, and a second time says and adds nothing', async () => {
    const labels = await LabelFolder.open(temporaryProject(), { signal });
    const first = await moveFlags(exported(), labels, signal);
    expect(first.notice).toMatch(/^3 flags are now in label files, moved from the run's database: /);
    for (const name of ['browser', 'Ann Example'])
      expect(first.notice).toContain(`.video-r1/annotations/${labelFileName({ name, email: null })}`);
    expect(labels.book.get(itemKey(item))?.flags).toHaveLength(3);
    expect(await moveFlags(exported(), labels, signal)).toMatchObject({ added: 0, notice: null });
  });

  test('does not bring back a flag that was taken back since', async () => {
    const labels = await LabelFolder.open(temporaryProject(), { signal });
    await moveFlags(exported(), labels, signal);
    const [flag] = labels.book.get(itemKey(item))?.flags ?? [];
    if (flag === undefined) throw new Error('no flag was moved');
    const at = labels.book.timeFor(flag.author, Date.parse(flag.at));
    await labels.append([labels.book.retract(flag.id, { id: 'undo-1', at, author: flag.author })], signal);
    await moveFlags(exported(), labels, signal);
    expect(labels.book.get(itemKey(item))?.flags.map(({ id }) => id)).not.toContain(flag.id);
  });
});
