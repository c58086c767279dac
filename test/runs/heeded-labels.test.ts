/** Training obeys what people say of its rows and questions, and a run that was resumed obeys what it obeyed before. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { textHash } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { anchorOf } from '../../trainer/protocol/annotations/anchors.ts';
import type { Author, Entry, Item } from '../../trainer/protocol/annotations/entries.ts';
import { labelsSentence } from '../../trainer/protocol/obeyed-labels.ts';
import type { Rollout, StepMetrics } from '../../trainer/protocol/records.ts';
import { signal } from '../annotations/projects.ts';
import { ann, ben, flag, itemEntry, settlement, verdictOf } from '../protocol/annotations/made-entries.ts';
import { type ScriptedRun, type ScriptedRunOptions, scriptedRun } from './scripted-run.ts';

const own = '<think>ab</think>';
const itemOf = (row: number, text = own): Item => ({
  ...{ kind: 'row', dataset: '.video-r1/runs/sft-1/train.json', row: String(row) },
  hash: textHash(text),
});
const said = (author: Author, row: number, verdict: 'keep' | 'fix' | 'drop', fixed: string | null = null): Entry =>
  verdictOf(author, row, verdict, { item: itemOf(row), fixed });

const label = (made: ScriptedRun, ...entries: Entry[]) => appendEntries(made.run.plan.paths.project, entries, signal);

/** The row and the trained text of everything that the run's engines were given to learn, a list a step. */
function watched(options: ScriptedRunOptions = {}) {
  const made = scriptedRun({
    ...{ method: 'sft', unseen: 0, questions: 6 },
    ...options,
    parameters: { steps: 6, questionsPerStep: 2, ...options.parameters },
  });
  return { made, trained: watch(made) };
}

function watch(made: ScriptedRun) {
  const trained: (readonly [row: number, text: string])[][] = [];
  made.onEngine = (engine) => {
    const learn = engine.forwardBackward.bind(engine);
    engine.forwardBackward = (model, loss) => {
      trained.push(
        loss.sequences.map(({ prompt, answer }) => [
          Number(/Question (\d+)\?/.exec(JSON.stringify(prompt))?.[1]),
          'text' in answer ? answer.text : '',
        ]),
      );
      return learn(model, loss);
    };
  };
  return trained;
}

async function toItsEnd(made: ScriptedRun): Promise<void> {
  made.send({ kind: made.summary.state === 'created' ? 'start' : 'resume' });
  await made.untilState('completed');
}

const rowsOf = (trained: readonly (readonly (readonly [number, string])[])[]) => trained.flat().map(([row]) => row);
const numbersOf = (steps: readonly StepMetrics[]) => steps.map(({ step, loss, gradNorm }) => [step, loss, gradNorm]);
const warningsOf = (made: ScriptedRun) => made.bodies('warning').map(({ message }) => message);

describe('SFT on rows that people judged', () => {
  it('leaves out those to drop, trains the fixed text, and trains what is disputed, unfixed or kept as it is', async () => {
    const { made, trained } = watched();
    await label(
      made,
      ...[said(ann, 0, 'drop'), said(ben, 0, 'drop'), said(ann, 1, 'fix', '<think>ba</think>')],
      ...[said(ann, 2, 'drop'), said(ben, 2, 'keep'), said(ann, 3, 'fix'), said(ann, 4, 'keep')],
      verdictOf(ann, 9, 'drop', { item: itemOf(5, 'another text') }),
    );
    await toItsEnd(made);
    expect(new Set(rowsOf(trained))).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(new Set(trained.flat().map(([row, text]) => `${row} ${text.split('\n')[0]}`))).toEqual(
      new Set(['1 <think>ba</think>', `2 ${own}`, `3 ${own}`, `4 ${own}`, `5 ${own}`]),
    );
    expect(trained.map((step) => step.length)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(made.bodies('labels').map(({ labels }) => labels)).toEqual([
      {
        ...{ hash: made.summary.labelsHash, step: 1 },
        ...{ leftOut: { count: 1, ids: ['0'] }, fixed: { count: 1, ids: ['1'] } },
        ...{ disputed: { count: 1, ids: ['2'] }, unfixed: { count: 1, ids: ['3'] } },
        ...{ flagged: { count: 0, ids: [] }, earlier: { count: 1, ids: ['5'] } },
      },
    ]);
    expect(made.run.store.notices().map(({ body }) => body.type)).toContain('labels');
  });

  it('tells rows that have labels of an earlier text alone, also where there are no others, and trains them', async () => {
    const { made, trained } = watched();
    await label(
      made,
      verdictOf(ann, 1, 'drop', { item: itemOf(1, 'an earlier text') }),
      flag(ann, 2, { item: itemOf(2, 'an earlier text') }),
      ...[verdictOf(ann, 3, 'drop', { item: itemOf(3, 'an earlier text') }), said(ann, 3, 'keep')],
      verdictOf(ann, 4, 'drop', { item: itemOf(99, 'of no row') }),
    );
    await toItsEnd(made);
    expect(new Set(rowsOf(trained))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    const [read] = made.bodies('labels').map(({ labels }) => labels);
    expect(read).toMatchObject({ leftOut: { count: 0 }, earlier: { count: 2, ids: ['1', '2'] } });
    expect(read && labelsSentence(read)).toBe(
      'Labels as of step 1: 2 rows have labels of an earlier text alone and are trained as they are (1, 2).',
    );
    const found = made.reopen();
    await found.untilState('completed');
    expect(warningsOf(found)).toEqual([]);
  });

  it('obeys a settlement in place of those who differ', async () => {
    const { made, trained } = watched();
    await label(made, said(ann, 2, 'drop'), said(ben, 2, 'keep'), settlement(ann, 9, 'drop', { item: itemOf(2) }));
    await toItsEnd(made);
    expect(rowsOf(trained)).not.toContain(2);
  });

  it('moves none of the other rows in the order of a round', async () => {
    const [all, fewer] = [watched({ questions: 6 }), watched({ questions: 6 })];
    await label(fewer.made, said(ann, 2, 'drop'));
    await toItsEnd(all.made);
    await toItsEnd(fewer.made);
    const without = rowsOf(all.trained).filter((row) => row !== 2);
    expect(rowsOf(fewer.trained).slice(0, without.length)).toEqual(without);
  });

  it('says nothing and does the same where there are no labels, and where it is told not to obey any', async () => {
    const [none, off] = [watched(), watched({ parameters: { obeyLabels: false } })];
    await label(off.made, said(ann, 0, 'drop'));
    await toItsEnd(none.made);
    await toItsEnd(off.made);
    for (const { made } of [none, off]) {
      expect([made.bodies('labels'), warningsOf(made), made.summary.labelsHash]).toEqual([[], [], undefined]);
      expect(readdirSync(made.run.folder).filter((name) => name.startsWith('labels'))).toEqual([]);
    }
    expect(rowsOf(none.trained)).toContain(0);
    expect(off.trained).toEqual(none.trained);
    expect(numbersOf(off.made.run.store.metrics())).toEqual(numbersOf(none.made.run.store.metrics()));
  });

  it('can’t go on from rows that are all dropped, and says what to do', async () => {
    const { made } = watched({ questions: 2 });
    await label(made, said(ann, 0, 'drop'), said(ann, 1, 'drop'));
    made.send({ kind: 'start' });
    const run = await made.untilState('failed');
    expect(run).toMatchObject({
      fault: { kind: 'bad-dataset', message: 'By their labels all 2 rows are left out.', remedy: expect.any(String) },
    });
    expect(made.engines).toEqual([]);
  });
});

describe('a run whose labels change while it goes on', () => {
  const heldAfter = async (made: ScriptedRun, step: number) => {
    made.send({ kind: 'step', count: step });
    await made.untilState('paused');
  };

  it('trains on the same rows after a kill as one that never stopped, and says that there are others by now', async () => {
    const [whole, killed] = [watched(), watched()];
    for (const { made } of [whole, killed]) await label(made, said(ann, 0, 'drop'), said(ann, 1, 'fix', 'b'));
    await toItsEnd(whole.made);
    await heldAfter(killed.made, 2);
    expect(await killed.made.command({ kind: 'save' })).toMatchObject({ state: 'applied' });
    await label(killed.made, said(ann, 3, 'drop'));
    const found = killed.made.reopen();
    const rest = watch(found);
    await toItsEnd(found);
    expect([...killed.trained, ...rest]).toEqual(whole.trained);
    expect(numbersOf(found.run.store.metrics())).toEqual(numbersOf(whole.made.run.store.metrics()));
    expect(found.bodies('labels')).toEqual([]);
    expect(warningsOf(found)).toEqual([
      'The labels of this dataset are others than those that the run obeys; it keeps to its own until it is told to read them again. By them 2 rows are left out (0, 3); 1 row is trained with its fixed text (1).',
    ]);
  });

  it('obeys the new ones from the next step on once it is told to read them, also after a kill', async () => {
    const { made, trained } = watched({ questions: 8, parameters: { steps: 12 } });
    await heldAfter(made, 2);
    await label(made, said(ann, 0, 'drop'), said(ann, 1, 'drop'));
    expect(await made.command({ kind: 'read-labels' })).toMatchObject({
      ...{ state: 'applied', note: '2 rows are left out (0, 1)' },
      at: { point: 'before-step', step: 3 },
    });
    expect(made.bodies('labels').map(({ labels }) => labels.step)).toEqual([3]);
    await made.command({ kind: 'save' });
    const found = made.reopen();
    const rest = watch(found);
    await toItsEnd(found);
    expect(trained).toHaveLength(2);
    expect(new Set(rowsOf(rest))).toEqual(new Set([2, 3, 4, 5, 6, 7]));
    expect(warningsOf(found)).toEqual([]);
  });

  it('keeps what it obeyed where the new ones leave no row', async () => {
    const { made } = watched({ questions: 2 });
    await heldAfter(made, 1);
    await label(made, said(ann, 0, 'drop'), said(ann, 1, 'drop'));
    expect(await made.command({ kind: 'read-labels' })).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('By their labels all 2 rows are left out.'),
    });
    await toItsEnd(made);
    expect(made.bodies('labels')).toEqual([]);
  });

  it('says so where those that it obeyed are gone, and obeys those that are there', async () => {
    const { made } = watched();
    await label(made, said(ann, 0, 'drop'));
    await heldAfter(made, 1);
    await made.command({ kind: 'save' });
    rmSync(path.join(made.run.folder, `labels-${made.summary.labelsHash}.json`));
    const found = made.reopen();
    const rest = watch(found);
    await toItsEnd(found);
    expect(warningsOf(found)).toEqual([expect.stringContaining('are not in its folder any more')]);
    expect(found.bodies('labels').map(({ labels }) => labels.step)).toEqual([2]);
    expect(rowsOf(rest)).not.toContain(0);
  });
});

describe('reinforcement learning on questions of which people said something', () => {
  /** An answer of another run to the question of a row, with what is said of it. */
  const answerTo = (row: number, text = 'It is red. Then it is blue.') => {
    const item: Item = { kind: 'rollout', run: 'other-1', rollout: `s1-${row}-o0`, hash: textHash(text) };
    const described = itemEntry(ann, row, {
      ...{ item, text, question: `Question ${row}?`, options: ['A. left', 'B. right'], media: [`train-${row}.mp4`] },
    });
    return { item, text, described };
  };
  const flagOf = (row: number, words: string, text?: string): Entry[] => {
    const { item, described, text: whole } = answerTo(row, text);
    const start = whole.indexOf(words);
    return [described, flag(ann, row, { item, span: anchorOf(whole, { start, end: start + words.length }) })];
  };
  const dropped = (row: number): Entry[] => {
    const { item, described } = answerTo(row);
    return [described, verdictOf(ann, row, 'drop', { item })];
  };
  const rl = (options: ScriptedRunOptions = {}) =>
    scriptedRun({
      ...{ method: 'tgrpo', unseen: 0, questions: 4 },
      ...options,
      parameters: { steps: 4, questionsPerStep: 2, ...options.parameters },
    });
  const sampled = (made: ScriptedRun) => made.bodies('group').map(({ group }) => group.question.problemId);

  it('samples no answers to those that are dropped where it is told to, and to all where it is not', async () => {
    const [obeys, others] = [rl({ parameters: { leaveOutDropped: true } }), rl()];
    for (const made of [obeys, others]) await label(made, ...dropped(2));
    await toItsEnd(obeys);
    await toItsEnd(others);
    expect(new Set(sampled(obeys))).toEqual(new Set(['0', '1', '3']));
    expect(obeys.bodies('labels').map(({ labels }) => labels.leftOut)).toEqual([{ count: 1, ids: ['2'] }]);
    expect(new Set(sampled(others))).toEqual(new Set(['0', '1', '2', '3']));
    expect(others.bodies('labels')).toEqual([]);
  });

  it('finds flagged words again in answers to the same question, as whole words whatever their case, and counts them', async () => {
    const script = ({ index }: { index: number }) =>
      index === 0
        ? '<think>It is  BLUE, isn’t it</think><answer>B</answer>'
        : '<think>It is blueish</think><answer>B</answer>';
    const made = rl({ script, questions: 2 });
    await label(made, ...flagOf(0, 'it is blue'));
    await toItsEnd(made);
    const answers = made
      .bodies('group')
      .flatMap(({ group }) =>
        group.rollouts
          .filter(({ order }) => order === 'ordered')
          .map(({ index, flagged }) => [group.question.problemId, index, flagged]),
      );
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(
        [
          ['0', 0, ['it is blue']],
          ['0', 1, undefined],
          ['1', 0, undefined],
          ['1', 1, undefined],
        ].map((answer) => JSON.stringify(answer)),
      ),
    );
    const counts = made.run.store.counts().counts.find(({ purpose }) => purpose === 'train');
    expect([counts?.sums.flagged, counts?.sums.answers]).toEqual([
      [1, 1, 1, 1],
      [4, 4, 4, 4],
    ]);
    expect(made.bodies('labels').map(({ labels }) => labels.flagged)).toEqual([{ count: 1, ids: ['0'] }]);
  });

  it('takes the penalty from an answer that holds them, where there is one, so that it is the worse of its group', async () => {
    const script = ({ index }: { index: number }) =>
      `<think>It is ${index === 0 ? 'red' : 'blue'}</think><answer>B</answer>`;
    const made = rl({ script, questions: 2, parameters: { flagPenalty: 0.5, omega: 0 } });
    await label(made, ...flagOf(0, 'red'));
    await toItsEnd(made);
    for (const { group } of made.bodies('group')) {
      const [first, second] = group.rollouts.filter(({ order }) => order === 'ordered');
      const isFlagged = group.question.problemId === '0';
      expect((first?.reward.total ?? 0) - (second?.reward.total ?? 0)).toBeCloseTo(isFlagged ? -0.5 : 0, 12);
      expect(Math.sign(first?.advantage ?? 0)).toBe(isFlagged ? -1 : 0);
    }
  });

  it('leaves out of an update what is flagged while the run stands still on it', async () => {
    const made = rl({ questions: 2, parameters: { steps: 1, groupSize: 4, maskFlagged: true } });
    made.onEngine = (engine) => {
      const gate = engine.holdNext('render');
      void gate.entered.then(() => {
        made.send({ kind: 'pause', release: false, at: 'after-sampling' });
        gate.open();
      });
    };
    made.send({ kind: 'start' });
    await made.untilState('paused');
    expect(made.summary).toMatchObject({ at: { point: 'after-sampling', step: 1 } });
    const first = made.bodies('group')[0]?.group.rollouts[1] as Rollout;
    const item: Item = { kind: 'rollout', run: 'tgrpo-1', rollout: first.id, hash: textHash(first.text) };
    await label(made, flag(ann, 1, { item }));
    await toItsEnd(made);
    const [masked] = made.bodies('masked').map((body) => body.masked);
    expect(masked?.rollouts).toEqual([{ id: first.id, words: [] }]);
    expect(masked?.advantages.filter(({ to }) => to === null).map(({ rolloutId }) => rolloutId)).toEqual([first.id]);
    expect(made.run.store.events(0, 1000).map(({ body }) => body.type)).toContain('masked');
  });

  it('ends at once where it is stopped while it reads what is flagged', async () => {
    const made = rl({ questions: 2, parameters: { maskFlagged: true } });
    await label(made, ...flagOf(0, 'red'));
    const refresh = vi.spyOn(LabelFolder.prototype, 'refresh');
    onTestFinished(() => refresh.mockRestore());
    made.onEngine = () =>
      refresh.mockImplementation(async ({ signal: ended }) => {
        made.send({ kind: 'stop', when: 'now' });
        ended.throwIfAborted();
        throw new Error('It was not stopped.');
      });
    made.send({ kind: 'start' });
    expect((await made.untilState('stopped')).step).toBe(0);
  });

  it('warns where something is asked of labels that are not read', async () => {
    const made = rl({ parameters: { flagPenalty: 0.5, obeyLabels: false } });
    await toItsEnd(made);
    const told = made.bodies('advisory').map(({ advisory }) => advisory.message);
    expect(told.join(' ')).toContain('flagPenalty is 0.5, but obeyLabels is off');
  });

  it('gives the numbers of a run without labels where words were flagged and nothing else is asked for', async () => {
    const [none, flagged] = [rl(), rl()];
    await label(flagged, ...flagOf(0, 'red'));
    await toItsEnd(none);
    await toItsEnd(flagged);
    expect(numbersOf(flagged.run.store.metrics())).toEqual(numbersOf(none.run.store.metrics()));
  });

  it('says how many labels it can’t heed because nobody wrote down what was asked', async () => {
    const made = rl();
    await label(made, ...flagOf(0, 'red').slice(1));
    await toItsEnd(made);
    expect(warningsOf(made)).toContain(
      'Labels of 1 answer or row are not heeded: no label file says soundly what was asked there.',
    );
  });
});
