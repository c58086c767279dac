/** What a person is given to review comes in the order asked for, and not again once that person has judged it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { PatternName } from '../../trainer/protocol/patterns.ts';
import { everything } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import type { AnnotationInput, GroupWithRollouts, Rollout, TemporalTest } from '../../trainer/protocol/records.ts';
import { informativeRules, ReviewQueue } from '../../trainer/runs/review-queue.ts';
import { type LabelledRun, RunLabels } from '../../trainer/runs/run-labels.ts';
import type { DealAsked, QueueAsked } from '../../trainer/runs/service.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { RolloutReader } from '../../trainer/store/rollout-reader.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { temporaryProject } from '../annotations/projects.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aGroup, aQuestion, aRollout, aRun } from '../store/records.ts';

const runId = 'tgrpo-1';

interface Reviewed {
  readonly store: RunStore;
  readonly labels: RunLabels;
  readonly queue: ReviewQueue;
  draw(asked?: Partial<Omit<QueueAsked, 'expression'>> & { query?: string; by?: string }): Promise<string[]>;
  /** By Ann. */
  deal(asked: Pick<DealAsked, 'annotators' | 'limit' | 'overlap'>): ReturnType<ReviewQueue['deal']>;
  drawn(asked?: Parameters<Reviewed['draw']>[0]): ReturnType<ReviewQueue['draw']>;
}

function reviewed(groups: readonly GroupWithRollouts[]): Reviewed {
  const folder = path.join(temporaryFolder(), 'run');
  const store = RunStore.create(folder, aRun());
  onTestFinished(() => store.dispose());
  store.appendAll(groups.map((group) => ({ type: 'group', group })));
  const run: LabelledRun = { id: runId, store, record: (body) => store.append(body) };
  const projectFolder = temporaryProject();
  const labels = new RunLabels({ projectFolder, runs: () => [run], run: () => run, log: () => undefined });
  onTestFinished(() => labels.dispose());
  const reader = new RolloutReader();
  onTestFinished(() => reader.dispose());
  const queue = new ReviewQueue({
    labels,
    store: () => store,
    draw: (_, asked, attention) => reader.draw(folder, asked, attention),
  });
  const drawn: Reviewed['drawn'] = ({ query = '', by = 'Ann', ...asked } = {}) => {
    const { expression } = parseQuery(query);
    if (expression === null) throw new Error(query);
    return queue.draw(runId, { order: 'newest', seed: 1, limit: 500, ...asked, expression }, by, {});
  };
  const deal: Reviewed['deal'] = (asked) => {
    const order = { order: 'newest' as const, expression: everything, seed: 1 };
    return queue.deal(runId, { ...order, ...asked }, 'Ann', {});
  };
  const draw: Reviewed['draw'] = async (asked) => (await drawn(asked)).items.map(({ rolloutId }) => rolloutId);
  return { store, labels, queue, draw, drawn, deal };
}

const verdict = (rolloutId: string, given: AnnotationInput['verdict']): AnnotationInput => ({
  rolloutId,
  flag: null,
  verdict: given,
  fixed: null,
});

/** A group of one answer for each that is given, on ordered frames. Rewards differ. */
function group(step: number, answers: readonly Partial<Rollout>[], given: Partial<GroupWithRollouts> = {}) {
  const id = `s${step}-g0`;
  return aGroup(step, {
    rollouts: answers.map((answer, index) =>
      aRollout({ id: `${id}-o${index}`, groupId: id, step, index, patterns: [], analysis: 2, ...answer }),
    ),
    question: aQuestion({ problemId: `q${step}`, problem: `Question ${step}?` }),
    temporal: null,
    ...given,
  });
}

const temporal = (passed: boolean): TemporalTest => ({
  ...{ p: 0.5, pShuffled: passed ? 0 : 0.5, mu: 0.8, comparison: '>=' as const, passed, paid: 0.3 },
});

describe('a review queue', () => {
  test('newest: the order of the list, of what the query keeps', async () => {
    const { draw, drawn } = reviewed([group(1, [{}, { correct: false }]), group(2, [{}])]);
    expect(await draw()).toEqual(['s2-g0-o0', 's1-g0-o1', 's1-g0-o0']);
    expect(await draw({ query: 'correct:true' })).toEqual(['s2-g0-o0', 's1-g0-o0']);
    expect(await drawn({ limit: 1 })).toEqual({
      items: [
        {
          ...{
            groupId: 's2-g0',
            rolloutId: 's2-g0-o0',
            step: 2,
            index: 0,
            half: 'ordered',
            answer: 'B',
            correct: true,
          },
          ...{ problem: 'Question 2?', why: expect.any(String) },
        },
      ],
      matching: 3,
    });
  });

  test('a question is cut at 160 characters, and no character is cut in two', async () => {
    const question = aQuestion({ problem: '🎬'.repeat(200) });
    const { drawn } = reviewed([group(1, [{}], { question })]);
    expect((await drawn()).items[0]?.problem).toBe('🎬'.repeat(160));
  });

  test('what one judged is left out for that one alone, until the verdict is taken back or the text is another', async () => {
    const { draw, drawn, labels, store } = reviewed([group(1, [{}, {}])]);
    const { ids } = await labels.add(runId, verdict('s1-g0-o0', 'keep'), 'Ann');
    for (const order of ['newest', 'random'] as const) {
      expect(await drawn({ order })).toMatchObject({ items: [{ rolloutId: 's1-g0-o1' }], matching: 1 });
      expect(await draw({ order, by: 'Ann <ann@example.org>' })).toHaveLength(2);
    }
    await labels.retract(ids[0] ?? '', 'Ann');
    expect(await draw()).toHaveLength(2);
    await labels.add(runId, verdict('s1-g0-o0', 'keep'), 'Ann');
    store.append({ type: 'group', group: group(1, [{ text: 'another' }, {}]) });
    expect(await draw()).toHaveLength(2);
  });

  test('a flag without a verdict does not take an answer out', async () => {
    const { draw, labels } = reviewed([group(1, [{}])]);
    const flag = { span: null, category: 'format', severity: 'minor' as const, note: '' };
    await labels.add(runId, { rolloutId: 's1-g0-o0', flag, verdict: null, fixed: null }, 'Ann');
    expect(await draw()).toEqual(['s1-g0-o0']);
  });

  test('random: each once, the same for a seed, others for another, and none more likely than others', async () => {
    const { draw } = reviewed([
      group(
        1,
        Array.from({ length: 6 }, () => ({})),
      ),
    ]);
    const all = await draw({ order: 'random', seed: 3 });
    expect(new Set(all).size).toBe(6);
    expect(await draw({ order: 'random', seed: 3 })).toEqual(all);
    expect(await draw({ order: 'random', seed: 3, limit: 2 })).toEqual(all.slice(0, 2));
    const times = new Map<string, number>();
    for (let seed = 0; seed < 300; seed++)
      for (const id of await draw({ order: 'random', seed, limit: 2 })) times.set(id, (times.get(id) ?? 0) + 1);
    // 100 of each are expected, with a standard deviation of 8.2.
    expect(times.size).toBe(6);
    for (const count of times.values()) expect(Math.abs(count - 100)).toBeLessThan(35);
  });

  test('random: who judges the first is given the rest of the same order', async () => {
    const { draw, labels } = reviewed([
      group(
        1,
        Array.from({ length: 6 }, () => ({})),
      ),
    ]);
    const all = await draw({ order: 'random', seed: 3 });
    await labels.add(runId, verdict(all[0] ?? '', 'keep'), 'Ann');
    expect(await draw({ order: 'random', seed: 3, limit: 2 })).toEqual(all.slice(1, 3));
  });

  test('disagreed: verdicts that differ first, then flags; not what is agreed, and only of texts that are here', async () => {
    const { drawn, labels, store } = reviewed([group(1, [{}, {}, {}]), group(2, [{}])]);
    const flag = { span: null, category: 'repetition', severity: 'minor' as const, note: '' };
    await labels.add(runId, { rolloutId: 's1-g0-o0', flag, verdict: 'keep', fixed: null }, 'Bob');
    await labels.add(runId, verdict('s1-g0-o0', 'keep'), 'Cid');
    await labels.add(runId, verdict('s1-g0-o1', 'drop'), 'Bob');
    await labels.add(runId, verdict('s1-g0-o1', 'keep'), 'Cid');
    for (const by of ['Bob', 'Cid']) await labels.add(runId, verdict('s1-g0-o2', 'keep'), by);
    await labels.add(runId, verdict('s2-g0-o0', 'drop'), 'Bob');
    await labels.add(runId, verdict('s2-g0-o0', 'keep'), 'Cid');
    store.append({ type: 'group', group: group(2, [{ text: 'another' }]) });
    expect(await drawn({ order: 'disagreed' })).toMatchObject({
      items: [
        { rolloutId: 's1-g0-o1', why: 'the verdicts of 2 people differ' },
        { rolloutId: 's1-g0-o0', why: 'the flags of people differ in one category' },
      ],
      matching: 2,
    });
    expect(await drawn({ order: 'disagreed', by: 'Bob' })).toEqual({ items: [], matching: 0 });
    expect(await drawn({ order: 'disagreed', query: 'correct:false' })).toEqual({ items: [], matching: 0 });
  });

  test('settle: what differs is there for those who differ too, until somebody settles it, and again when that is taken back', async () => {
    const { draw, labels } = reviewed([group(1, [{}, {}])]);
    await labels.add(runId, verdict('s1-g0-o1', 'drop'), 'Bob');
    await labels.add(runId, verdict('s1-g0-o1', 'keep'), 'Cid');
    for (const by of ['Ann', 'Bob']) expect(await draw({ order: 'settle', by })).toEqual(['s1-g0-o1']);
    const settled = { rolloutId: 's1-g0-o1', verdict: 'fix' as const, fixed: 'better' };
    const { ids } = await labels.settle(runId, settled, 'Bob');
    expect(await draw({ order: 'settle' })).toEqual([]);
    const { book } = await labels.read();
    expect(Array.from(book.keys(), (key) => book.get(key)?.outcome)).toEqual([
      { state: 'settled', verdict: 'fix', fixed: 'better' },
    ]);
    await labels.retract(ids[0] ?? '', 'Bob');
    expect(await draw({ order: 'settle' })).toEqual(['s1-g0-o1']);
    await expect(labels.settle(runId, { ...settled, verdict: 'keep' }, 'Bob')).rejects.toThrow(
      'goes with the verdict fix',
    );
  });

  test('dealt out: each has own items and a share is for two, in the order of the queue; what was given stays given', async () => {
    const { draw, drawn, deal, labels, queue } = reviewed([
      group(
        1,
        Array.from({ length: 12 }, () => ({})),
      ),
    ]);
    await labels.add(runId, verdict('s1-g0-o11', 'keep'), 'Eve');
    const first = await deal({ annotators: ['Bob', 'Cid'], limit: 10, overlap: 0.4 });
    expect(first).toMatchObject({ items: 10, shared: 4 });
    expect(first.waiting.map(({ items }) => items)).toEqual([7, 7]);
    const [bob, cid] = [await draw({ order: 'assigned', by: 'Bob' }), await draw({ order: 'assigned', by: 'Cid' })];
    expect(bob.filter((id) => cid.includes(id))).toHaveLength(4);
    expect(new Set([...bob, ...cid])).toHaveLength(10);
    expect(new Set([...bob, ...cid])).not.toContain('s1-g0-o11');
    expect(bob).toEqual((await draw({ by: 'Zoe' })).filter((id) => bob.includes(id)));
    expect(await draw({ order: 'assigned' })).toEqual([]);

    await labels.add(runId, verdict(bob[0] ?? '', 'keep'), 'Bob');
    expect(await draw({ order: 'assigned', by: 'Bob' })).toEqual(bob.slice(1));
    const second = await deal({ annotators: ['Ann'], limit: 10, overlap: 0.4 });
    expect(second).toMatchObject({ items: 1, shared: 0 });
    expect(await draw({ order: 'assigned', by: 'Bob' })).toEqual(bob.slice(1));
    const { items } = await drawn({ order: 'assigned', by: 'Bob' });
    expect(items[0]?.why).toMatch(/^Ann gave it to you/);

    await expect(deal({ annotators: ['Bob, Cid'], limit: 1, overlap: 0 })).rejects.toThrow('A name with a comma');

    // What Bob judged stays given; all else is taken back.
    expect(await queue.dealt(runId, 'Ann')).toMatchObject({ own: 10 });
    expect(await queue.dealt(runId, 'Bob')).toMatchObject({ own: 0 });
    expect((await queue.takeBack(runId, 'Ann')).items).toBe(10);
    expect(await draw({ order: 'assigned', by: 'Cid' })).toEqual(cid.filter((id) => id === bob[0]));
    expect(await queue.dealt(runId, 'Ann')).toMatchObject({ own: 0 });
  });

  test('an answer of which one is still to say something is not in that one’s list to settle', async () => {
    const { draw, deal, labels } = reviewed([group(1, [{}])]);
    await deal({ annotators: ['Bob', 'Cid', 'Dan'], limit: 1, overlap: 1 });
    const { book } = await labels.read();
    const [given] = Array.from(
      book.keys(),
      (key) => book.get(key)?.assignment?.annotators.map(({ name }) => name) ?? [],
    );
    const [one = '', other = ''] = given ?? [];
    await labels.add(runId, verdict('s1-g0-o0', 'drop'), one);
    await labels.add(runId, verdict('s1-g0-o0', 'keep'), 'Eve');
    expect(await draw({ order: 'settle', by: other })).toEqual([]);
    expect(await draw({ order: 'settle', by: one })).toEqual(['s1-g0-o0']);
    await labels.add(runId, verdict('s1-g0-o0', 'keep'), other);
    expect(await draw({ order: 'settle', by: other })).toEqual(['s1-g0-o0']);
  });

  test('different fixed texts are settled by one, also where the clock of who said something before is ahead', async () => {
    const { draw, drawn, labels } = reviewed([group(1, [{}])]);
    const fix = (fixed: string | null) => ({ ...verdict('s1-g0-o0', 'fix'), fixed });
    await labels.add(runId, fix('A'), 'Bob');
    await labels.add(runId, fix('B'), 'Cid');
    expect((await drawn({ order: 'settle' })).items).toMatchObject([{ why: 'people wrote different texts to fix it' }]);
    const settled = { rolloutId: 's1-g0-o0', verdict: 'fix' as const };
    await expect(labels.settle(runId, { ...settled, fixed: null }, 'Ann')).rejects.toThrow('2 different texts');
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    await labels.settle(runId, { ...settled, fixed: 'A' }, 'Bob');
    vi.useRealTimers();
    await labels.settle(runId, { ...settled, fixed: 'C' }, 'Ann');
    const { book } = await labels.read();
    expect(Array.from(book.keys(), (key) => book.get(key)?.outcome)).toMatchObject([{ state: 'settled', fixed: 'C' }]);
    expect(await draw({ order: 'settle' })).toEqual([]);
  });

  test('that others differ is not told to whom it was dealt out, until that one has judged it', async () => {
    const { draw, deal, labels } = reviewed([group(1, [{}])]);
    await deal({ annotators: ['Zoe'], limit: 1, overlap: 0 });
    await labels.add(runId, verdict('s1-g0-o0', 'drop'), 'Bob');
    await labels.add(runId, verdict('s1-g0-o0', 'keep'), 'Cid');
    expect(await draw({ order: 'disagreed', by: 'Zoe' })).toEqual([]);
    expect(await draw({ order: 'disagreed', by: 'Eve' })).toEqual(['s1-g0-o0']);
  });

  test('an answer that was made anew with another text is dealt to nobody', async () => {
    const { draw, deal, store } = reviewed([group(1, [{}])]);
    await deal({ annotators: ['Bob'], limit: 1, overlap: 0 });
    store.append({ type: 'group', group: group(1, [{ text: 'another' }]) });
    expect(await draw({ order: 'assigned', by: 'Bob' })).toEqual([]);
  });

  test('informative: right answers that their reasoning contradicts first, then other patterns, each once', async () => {
    const has = (...patterns: PatternName[]) => ({ patterns });
    const { drawn } = reviewed([
      group(1, [{ ...has('wrong way', 'repetition') }, { ...has('no reasoning'), correct: false }]),
      group(2, [has('repetition'), {}, has('missing frame'), has('wrong way')]),
    ]);
    const { items, matching } = await drawn({ order: 'informative' });
    expect(items.map(({ rolloutId, why }) => [rolloutId, why])).toEqual([
      ['s2-g0-o3', 'right answer, contradicting reasoning'],
      ['s1-g0-o0', 'right answer, contradicting reasoning'],
      ['s2-g0-o2', 'right answer, names what is not in the video'],
      ['s1-g0-o1', 'an answer without a reason'],
      ['s2-g0-o0', 'the reasoning repeats itself'],
    ]);
    expect(matching).toBe(5);
    expect(await drawn({ order: 'informative', limit: 2, query: 'step:1' })).toMatchObject({
      items: [{ rolloutId: 's1-g0-o0' }, { rolloutId: 's1-g0-o1' }],
      matching: 2,
    });
  });

  test('informative: ordered answers of training come before evaluations and shuffled ones', async () => {
    const wrong = { patterns: ['wrong way' as const] };
    const { draw } = reviewed([
      group(1, [wrong, { ...wrong, order: 'shuffled' }, { patterns: ['repetition'] }]),
      group(2, [wrong], { purpose: 'evaluation' }),
    ]);
    expect(await draw({ order: 'informative' })).toEqual(['s1-g0-o0', 's1-g0-o2', 's2-g0-o0', 's1-g0-o1']);
  });

  test('informative: each rule is a line of the query language', () => {
    for (const { query } of informativeRules) expect(parseQuery(query), query).toMatchObject({ faults: [] });
  });

  test('training: flat groups, tests that flip, jumps of the KL and flagged words, one answer a group, the newest first', async () => {
    const steady = Array.from({ length: 30 }, () => ({ kl: 0.02 }));
    const flat = { stats: { mean: 1, std: 0, count: 2 } };
    const again = { question: aQuestion({ problemId: 'twice' }) };
    const { drawn } = reviewed([
      group(1, [{}, {}], flat),
      group(2, steady),
      group(3, [{}, {}], { ...again, temporal: temporal(true) }),
      group(4, [{}, {}], { ...again, temporal: temporal(true) }),
      group(5, [{}, {}], { ...again, temporal: temporal(false) }),
      group(6, [{ kl: 0.3 }, { kl: 0.512 }, { kl: 0.3 }]),
      group(7, [{}, { flagged: ['goes left'] }]),
      group(8, [{}, {}], { ...flat, purpose: 'evaluation' }),
      group(9, [{}, {}]),
    ]);
    const { items, matching } = await drawn({ order: 'training' });
    expect(items.map(({ rolloutId, why }) => [rolloutId, why])).toEqual([
      ['s7-g0-o1', 'flagged words came back: “goes left”'],
      ['s6-g0-o1', 'the KL jumps here: 0.51'],
      ['s5-g0-o0', 'the temporal test fails, and held the time before, at step 4'],
      ['s1-g0-o0', 'all answers of the group right: nothing is learned'],
    ]);
    expect(matching).toBe(4);
    expect(await drawn({ order: 'training', query: 'step<6', limit: 1 })).toMatchObject({
      items: [{ rolloutId: 's5-g0-o0' }],
      matching: 2,
    });
  });

  test('training: a group of which one answer was judged does not come again with another', async () => {
    const { draw, labels } = reviewed([group(1, [{}, {}], { stats: { mean: 1, std: 0, count: 2 } })]);
    expect(await draw({ order: 'training' })).toEqual(['s1-g0-o0']);
    await labels.add(runId, verdict('s1-g0-o0', 'keep'), 'Ann');
    expect(await draw({ order: 'training' })).toEqual([]);
    expect(await draw({ order: 'training', by: 'Bob' })).toEqual(['s1-g0-o0']);
  });

  test('who gives up is told so', async () => {
    const { queue } = reviewed([group(1, [{}])]);
    const { expression } = parseQuery('');
    if (expression === null) throw new Error('');
    const asked: QueueAsked = { order: 'random', seed: 1, limit: 5, expression };
    await expect(queue.draw(runId, asked, 'Ann', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });
});

test('a trainer draws from its runs, and takes answers to suggestions', async () => {
  const projectFolder = temporaryProject();
  const row = {
    ...{ problem_id: 1, problem: 'Where?', data_type: 'video', problem_type: 'multiple choice', path: 'a.mp4' },
    ...{ options: ['A. left', 'B. right'], solution: '<answer>B</answer>', process: '<think>ab</think>' },
  };
  mkdirSync(path.join(projectFolder, 'start'));
  writeFileSync(path.join(projectFolder, 'a.mp4'), '');
  writeFileSync(path.join(projectFolder, 'start/config.json'), '{}');
  writeFileSync(path.join(projectFolder, 'data.json'), JSON.stringify([row]));
  const file = { version: 1, name: 'sft', method: 'sft', dataset: 'data.json', model: { checkpoint: 'start' } };
  writeFileSync(path.join(projectFolder, 'sft.run.json'), JSON.stringify(file));
  const noEngine = () => Promise.reject(new Error('No run is started.'));
  const options = { projectFolder, version: '1.0.0', createEngine: noEngine, log: () => undefined };
  const trainer = await Trainer.open(options);
  onTestFinished(() => trainer.shutdown());
  const { id } = await trainer.create({ runFile: 'sft.run.json', start: false }, 'Ann');
  trainer.store(id).append({ type: 'group', group: group(1, [{ patterns: ['broken format'] }]) });
  const { expression } = parseQuery('');
  const asked = { order: 'informative' as const, seed: 1, limit: 5, expression: expression ?? everything };
  expect(await trainer.review.draw(id, asked, 'Ann', {})).toMatchObject({ items: [{ rolloutId: 's1-g0-o0' }] });
  const said = { rolloutId: 's1-g0-o0', detector: 'broken format', span: null, accepted: true };
  await trainer.suggestions.answer(id, said, 'Ann');
  expect(trainer.store(id).annotations()).toMatchObject([{ category: 'format', author: 'Ann' }]);
});
