/** What detectors find in an answer is suggested to people, and becomes a label only by what they say to it. */
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { builtInCategories } from '../../trainer/protocol/annotations/categories.ts';
import { suggestedFlags } from '../../trainer/protocol/annotations/suggested-flags.ts';
import type { Rollout } from '../../trainer/protocol/records.ts';
import { type LabelledRun, RunLabels } from '../../trainer/runs/run-labels.ts';
import { RunSuggestions } from '../../trainer/runs/run-suggestions.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { signal, temporaryProject } from '../annotations/projects.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aGroup, aRollout, aRun } from '../store/records.ts';

const runId = 'tgrpo-1';
const rolloutId = 's1-g0-o0';
const think = '🎬 Frame 9 shows it. So it must be A.';
const text = `<think>${think}</think><answer>B</answer>`;
const placeOf = (words: string) => ({ start: text.indexOf(words), end: text.indexOf(words) + words.length });

function suggesting(given: Partial<Rollout> = {}) {
  const store = RunStore.create(path.join(temporaryFolder(), 'run'), aRun());
  onTestFinished(() => store.dispose());
  const rollout = aRollout({
    ...{ id: rolloutId, groupId: 's1-g0', text, patterns: ['wrong way', 'paid without order', 'missing frame'] },
    parsed: { think: { start: 7, end: 7 + think.length }, answer: null, problems: [] },
    commitments: [{ span: placeOf('So it must be A.'), answer: 'A', right: false }],
    ...given,
  });
  store.append({ type: 'group', group: aGroup(1, { rollouts: [rollout] }) });
  const run: LabelledRun = { id: runId, store, record: (body) => store.append(body) };
  const project = temporaryProject();
  const labels = new RunLabels({ projectFolder: project, runs: () => [run], run: () => run, log: () => undefined });
  onTestFinished(() => labels.dispose());
  return { project, store, labels, suggestions: new RunSuggestions(labels) };
}

const missing = { rolloutId, detector: 'missing frame', span: placeOf('Frame 9') };

describe('suggestions', () => {
  test('are what the patterns of the answer say, each with its place and category, and no label yet', async () => {
    const { suggestions, store, project } = suggesting();
    expect(await suggestions.list(runId, rolloutId, 'Ann')).toEqual([
      {
        ...{ detector: 'wrong way', category: 'unsupported-answer', span: placeOf('So it must be A.') },
        ...{ says: suggestedFlags['wrong way']?.says, answered: null, precision: null },
      },
      {
        ...{ detector: 'missing frame', category: 'not-in-frames', span: placeOf('Frame 9') },
        ...{ says: suggestedFlags['missing frame']?.says, answered: null, precision: null },
      },
    ]);
    expect(store.annotations()).toEqual([]);
    expect([...(await LabelFolder.open(project, { signal })).book.keys()]).toEqual([]);
  });

  test('have categories that the project has built in', () => {
    const known = builtInCategories.map(({ id }) => id);
    for (const flag of Object.values(suggestedFlags)) if (flag !== null) expect(known).toContain(flag.category);
  });

  test('accepted, one is an answer and a flag of its author that names the detector', async () => {
    const { suggestions, store, project } = suggesting();
    const { ids } = await suggestions.answer(runId, { ...missing, accepted: true }, 'Ann');
    expect(ids).toHaveLength(2);
    expect(store.annotations()).toMatchObject([
      { author: 'Ann', category: 'not-in-frames', span: missing.span, quote: 'Frame 9' },
    ]);
    const { book } = await LabelFolder.open(project, { signal });
    const [key = ''] = [...book.keys()];
    expect(book.get(key)).toMatchObject({
      flags: [{ from: 'missing frame', severity: 'major', span: { quote: 'Frame 9' } }],
      answers: [{ id: ids[0], detector: 'missing frame', accepted: true, span: { quote: 'Frame 9' } }],
    });
    expect(await suggestions.list(runId, rolloutId, 'Ann')).toMatchObject([
      { detector: 'wrong way', answered: null, precision: null },
      {
        detector: 'missing frame',
        answered: { accepted: true, id: ids[0] },
        precision: { accepted: 1, answered: 1 },
      },
    ]);
  });

  test('precision is over the standing answers of all, and each is shown the own answer', async () => {
    const { suggestions, labels } = suggesting();
    await suggestions.answer(runId, { ...missing, accepted: true }, 'Ann');
    const { ids } = await suggestions.answer(runId, { ...missing, accepted: false }, 'Bob');
    expect((await suggestions.list(runId, rolloutId, 'Bob'))[1]).toMatchObject({
      answered: { accepted: false, id: ids[0] },
      precision: { accepted: 1, answered: 2 },
    });
    await labels.retract(ids[0] ?? '', 'Bob');
    expect((await suggestions.list(runId, rolloutId, 'Bob'))[1]).toMatchObject({
      answered: null,
      precision: { accepted: 1, answered: 1 },
    });
  });

  test('rejected after it was accepted, it takes the flag back that came of it, and no other', async () => {
    const { suggestions, store, labels } = suggesting();
    const own = { span: null, category: 'not-in-frames', severity: 'minor' as const, note: '' };
    await labels.add(runId, { rolloutId, flag: own, verdict: null, fixed: null }, 'Ann');
    for (const by of ['Ann', 'Bob']) await suggestions.answer(runId, { ...missing, accepted: true }, by);
    await suggestions.answer(runId, { ...missing, accepted: false }, 'Ann');
    expect(store.annotations().map(({ author, span }) => [author, span])).toEqual([
      ['Ann', null],
      ['Bob', missing.span],
    ]);
  });

  test('a flag that its author gave there already keeps its note and severity, and one given afterwards is not taken back', async () => {
    const { suggestions, store, labels } = suggesting();
    const own = { span: missing.span, category: 'not-in-frames', severity: 'minor' as const, note: 'it has 2' };
    const flags = () => store.annotations().map(({ severity, note }) => [severity, note]);
    await labels.add(runId, { rolloutId, flag: own, verdict: null, fixed: null }, 'Ann');
    await suggestions.answer(runId, { ...missing, accepted: true }, 'Ann');
    expect(flags()).toEqual([['minor', 'it has 2']]);
    await labels.add(runId, { rolloutId, flag: { ...own, note: 'mine' }, verdict: null, fixed: null }, 'Ann');
    await suggestions.answer(runId, { ...missing, accepted: false }, 'Ann');
    expect(flags()).toEqual([['minor', 'mine']]);
  });

  test('what the detector does not suggest is refused, and nothing is written', async () => {
    const { suggestions, project } = suggesting();
    const refused = [
      { ...missing, span: null },
      { ...missing, detector: 'repetition' },
      { ...missing, detector: 'paid without order', span: null },
      { ...missing, rolloutId: 'none' },
    ];
    for (const one of refused)
      await expect(suggestions.answer(runId, { ...one, accepted: true }, 'Ann')).rejects.toMatchObject({
        kind: 'not-found',
      });
    expect([...(await LabelFolder.open(project, { signal })).book.keys()]).toEqual([]);
  });
});
