/** What people say of rollouts goes into their label files, and the runs' indexes follow the files, whoever wrote them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { labelFolderOf } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import type { AnnotationInput, RunEventBody } from '../../trainer/protocol/records.ts';
import { type LabelledRun, RunLabels } from '../../trainer/runs/run-labels.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { signal, temporaryProject } from '../annotations/projects.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aGroup, anAnnotation, aRollout, aRun } from '../store/records.ts';

const text = '<think>🎬 It goes left.\nIt goes left.</think><answer>A</answer>';
const whole = (given: Partial<NonNullable<AnnotationInput['flag']>> = {}): AnnotationInput => ({
  rolloutId: 's1-g0-o0',
  flag: { span: null, category: 'wrong-order', severity: 'major', note: '', ...given },
  verdict: null,
  fixed: null,
});
const drop: AnnotationInput = { rolloutId: 's1-g0-o0', flag: null, verdict: 'drop', fixed: null };

function aLabelledRun(groups = 1): LabelledRun & { readonly bodies: RunEventBody[] } {
  const store = RunStore.create(path.join(temporaryFolder(), 'run'), aRun());
  onTestFinished(() => store.dispose());
  for (let step = 1; step <= groups; step++) {
    const rollouts = aGroup(step).rollouts.map((one) => aRollout({ ...one, text }));
    store.append({ type: 'group', group: aGroup(step, { rollouts }) });
  }
  const bodies: RunEventBody[] = [];
  return { id: 'tgrpo-1', store, bodies, record: (body) => bodies.push(body) && store.append(body) };
}

function labelsOf(projectFolder: string, run: LabelledRun): { labels: RunLabels; lines: string[] } {
  const lines: string[] = [];
  const labels = new RunLabels({ projectFolder, runs: () => [run], run: () => run, log: (line) => lines.push(line) });
  onTestFinished(() => labels.dispose());
  return { labels, lines };
}

const shown = ({ store }: LabelledRun) =>
  store.annotations().map(({ author, category, verdict, quote }) => [author, category ?? verdict, quote]);

describe('labels of rollouts', () => {
  test('a flag and a verdict are in the label file of their author, and in the index of the run', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const { labels } = labelsOf(project, run);
    const start = text.lastIndexOf('goes left');
    await labels.add('tgrpo-1', whole({ span: { start, end: start + 9 }, note: 'a note' }), 'Ann <ann@example.org>');
    await labels.add('tgrpo-1', drop, 'Ann <ann@example.org>');
    expect(shown(run)).toEqual([
      ['Ann <ann@example.org>', 'wrong-order', 'goes left'],
      ['Ann <ann@example.org>', 'drop', ''],
    ]);
    const { book } = await LabelFolder.open(project, { signal });
    const [key = ''] = [...book.keys()];
    expect(book.get(key)).toMatchObject({
      flags: [{ note: 'a note', span: { quote: 'goes left', start: [...text].indexOf('\n') + 4 } }],
      outcome: { state: 'agreed', verdict: 'drop' },
    });
    const opened = await LabelFolder.open(project, { signal });
    expect(await opened.readItem(key)).toMatchObject({ text, question: aGroup(1).question.problem });
  });

  test('a later verdict of an author takes the place of the first, which the history keeps', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const { labels } = labelsOf(project, run);
    await labels.add('tgrpo-1', drop, 'Ann');
    await labels.add('tgrpo-1', { ...drop, verdict: 'keep' }, 'Ann');
    await labels.add('tgrpo-1', { ...drop, verdict: 'fix' }, 'Bob');
    expect(shown(run)).toEqual([
      ['Ann', 'keep', ''],
      ['Bob', 'fix', ''],
    ]);
    const { book } = await LabelFolder.open(project, { signal });
    expect([...book.keys()].map((key) => book.get(key)?.history.length)).toEqual([3]);
  });

  test('a text goes with the verdict fix, and is shown with it', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const { labels } = labelsOf(project, run);
    await labels.add('tgrpo-1', { ...drop, verdict: 'fix', fixed: 'It goes right.' }, 'Ann');
    await labels.add('tgrpo-1', { ...drop, verdict: 'fix' }, 'Bob');
    expect(run.store.annotations().map(({ author, fixed }) => [author, fixed])).toEqual([
      ['Ann', 'It goes right.'],
      ['Bob', undefined],
    ]);
    const { book } = await LabelFolder.open(project, { signal });
    expect([...book.keys()].map((key) => book.get(key)?.outcome)).toEqual([
      { state: 'agreed', verdict: 'fix', fixed: 'It goes right.' },
    ]);
    for (const verdict of ['keep', null] as const)
      await expect(
        labels.add('tgrpo-1', { ...whole(), verdict, fixed: 'It goes right.' }, 'Cid'),
      ).rejects.toMatchObject({ kind: 'bad-request' });
    expect(book.authors).toHaveLength(2);
  });

  test('what is taken back leaves the index, and comes back when the taking back is taken back', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const { labels } = labelsOf(project, run);
    const { ids } = await labels.add('tgrpo-1', whole(), 'Ann');
    await expect(labels.retract(ids[0] ?? '', 'Bob')).rejects.toMatchObject({ kind: 'conflict' });
    const { id } = await labels.retract(ids[0] ?? '', 'Ann');
    expect(shown(run)).toEqual([]);
    await labels.retract(id, 'Ann');
    expect(shown(run)).toEqual([['Ann', 'wrong-order', '']]);
  });

  test('what cannot be said is refused, and nothing is written', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const { labels } = labelsOf(project, run);
    const beyond = whole({ span: { start: 0, end: 9999 } });
    await expect(labels.add('tgrpo-1', beyond, 'Ann')).rejects.toMatchObject({ kind: 'bad-request' });
    await expect(labels.add('tgrpo-1', { ...drop, rolloutId: 'none' }, 'Ann')).rejects.toMatchObject({
      kind: 'not-found',
    });
    await expect(labels.add('tgrpo-1', drop, ' \n ')).rejects.toMatchObject({ kind: 'bad-input' });
    expect([...(await LabelFolder.open(project, { signal })).book.keys()]).toEqual([]);
  });

  test('flags of before are moved into label files once, with a warning that says where they went', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const old = anAnnotation(1, 's1-g0-o0', { author: 'browser', category: 'right by luck', span: null, quote: '' });
    run.store.append({ type: 'annotation', annotation: old });
    await labelsOf(project, run).labels.categories();
    expect(shown(run)).toEqual([['browser', 'leaked-or-guessed', '']]);
    const warned = () => run.bodies.filter(({ type }) => type === 'warning');
    expect(warned()).toMatchObject([{ message: expect.stringMatching(/moved from the run's database.*browser-/) }]);
    await labelsOf(project, run).labels.categories();
    expect(shown(run)).toEqual([['browser', 'leaked-or-guessed', '']]);
    expect(warned()).toHaveLength(1);
  });

  test('the index follows what git brings and what is deleted', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const [elsewhere, theirs] = [temporaryProject(), aLabelledRun()];
    await labelsOf(elsewhere, theirs).labels.add('tgrpo-1', whole(), 'Bob');
    const there = await LabelFolder.open(elsewhere, { signal });
    const { labels } = labelsOf(project, run);
    await labels.categories();
    mkdirSync(labelFolderOf(project), { recursive: true });
    const [name = ''] = readdirSync(labelFolderOf(elsewhere)).filter((each) => each.endsWith('.jsonl'));
    expect([...there.book.keys()]).toHaveLength(1);
    const file = path.join(labelFolderOf(project), name);
    writeFileSync(file, readFileSync(path.join(labelFolderOf(elsewhere), name)));
    await expect.poll(() => shown(run), { timeout: 10_000 }).toEqual([['Bob', 'wrong-order', '']]);
    rmSync(file);
    await expect.poll(() => shown(run), { timeout: 10_000 }).toEqual([]);
  });

  test('labels of another text of the rollout are kept in their file, and not shown on this one', async () => {
    const [project, run] = [temporaryProject(), aLabelledRun()];
    const { labels } = labelsOf(project, run);
    await labels.add('tgrpo-1', whole(), 'Ann');
    const again = aGroup(1).rollouts.map((one) => aRollout({ ...one, text: 'another' }));
    run.store.append({ type: 'group', group: aGroup(1, { rollouts: again }) });
    expect(shown(run)).toEqual([]);
    await labels.add('tgrpo-1', drop, 'Ann');
    expect(shown(run)).toEqual([['Ann', 'drop', '']]);
    expect([...(await LabelFolder.open(project, { signal })).book.keys()]).toHaveLength(2);
  });
});

test('what was said of an answer is told in order, and what others said only after one’s own verdict', async () => {
  const [project, run] = [temporaryProject(), aLabelledRun()];
  const { labels } = labelsOf(project, run);
  const start = text.lastIndexOf('goes left');
  await labels.add('tgrpo-1', whole({ span: { start, end: start + 9 } }), 'Bob');
  const { ids } = await labels.add('tgrpo-1', drop, 'Bob');
  await labels.add('tgrpo-1', whole({ severity: 'minor' }), 'Ann');
  const asked = { rolloutId: 's1-g0-o0', settling: false };
  const told = async (by: string) => (await labels.history('tgrpo-1', asked, by)).lines.map(({ what }) => what);
  const own = ['flag, wrong order of events, minor'];
  expect(await told('Ann')).toEqual(own);
  expect(await labels.history('tgrpo-1', asked, 'Ann')).toMatchObject({
    hidden: expect.stringMatching(/^Hidden until/),
    annotators: null,
  });
  expect(await labels.history('tgrpo-1', { ...asked, settling: true }, 'Ann')).toMatchObject({ hidden: null });
  await labels.add('tgrpo-1', { ...drop, verdict: 'keep' }, 'Ann');
  const others = ['flag, wrong order of events, major: “goes left”', 'verdict drop'];
  expect((await told('Ann')).toSorted()).toEqual([...others, ...own, 'verdict keep'].toSorted());
  await labels.retract(ids[0] ?? '', 'Bob');
  await labels.settle('tgrpo-1', { rolloutId: 's1-g0-o0', verdict: 'drop', fixed: null }, 'Ann');
  const { lines, hidden } = await labels.history('tgrpo-1', asked, 'Ann');
  expect(hidden).toBeNull();
  expect(lines.slice(-2).map(({ what, author }) => [what, author])).toEqual([
    ['took back: verdict drop', 'Bob'],
    ['settled: drop', 'Ann'],
  ]);
  expect(lines.filter(({ stands }) => !stands).map(({ what }) => what)).toEqual(['verdict drop']);
});

test('how far people agree on the answers of a run is what is worked out by hand', async () => {
  const [project, run] = [temporaryProject(), aLabelledRun(4)];
  const { labels } = labelsOf(project, run);
  const given = { Ann: ['keep', 'keep', 'drop', 'drop'], Ben: ['keep', 'drop', 'drop', 'drop'] } as const;
  for (const [by, verdicts] of Object.entries(given))
    for (const [at, verdict] of verdicts.entries())
      await labels.add('tgrpo-1', { rolloutId: `s${at + 1}-g0-o0`, flag: null, verdict, fixed: null }, by);
  const shown = await labels.agreement('tgrpo-1');
  // 3 of 4 agree; by chance 2/4 · 1/4 + 2/4 · 3/4 = 1/2. Of 8 ratings 3 are keep: alpha is 1 - 7 · 2 / (2 · 3 · 5).
  expect(shown.subjects).toMatchObject([
    {
      category: null,
      alpha: { value: expect.closeTo(1 - 14 / 30, 12), items: 4 },
      pairs: [{ first: 'Ann', second: 'Ben', kappa: { value: 0.5, items: 4, why: null } }],
    },
  ]);
  expect(shown).toMatchObject({ authors: ['Ann', 'Ben'], toSettle: 1 });
  expect(await labels.agreement('another')).toMatchObject({ authors: [], toSettle: 0 });
  await labels.settle('tgrpo-1', { rolloutId: 's2-g0-o0', verdict: 'drop', fixed: null }, 'Ann');
  expect((await labels.agreement('tgrpo-1')).toSettle).toBe(0);
});
