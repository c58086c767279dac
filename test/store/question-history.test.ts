/** Questions by their content: which came up, what became of one over the steps, and pairs of two runs and two evaluations. */
import { describe, expect, it } from 'vitest';
import { listQuestions, questionHistory } from '../../trainer/store/question-history.ts';
import { questionKeyOf } from '../../trainer/store/question-key.ts';
import { evaluationPairs, type SharedAsked, sharedQuestions } from '../../trainer/store/question-pairs.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { finished } from './asking.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import { aGroup, aQuestion, aRollout, aRun } from './records.ts';

const newStore = () => RunStore.create(temporaryFolder(), aRun());
const list = (store: RunStore, search = '', after: string | null = null, limit = 10) =>
  finished(listQuestions(databaseOf(store), { search, after, limit })).value;
const history = (store: RunStore, groupId: string) => finished(questionHistory(databaseOf(store), { groupId })).value;
const shared = (a: RunStore, b: RunStore, asked: Partial<SharedAsked> = {}) =>
  finished(
    sharedQuestions(databaseOf(a), databaseOf(b), { purpose: 'train', by: 'right', from: 0, limit: 10, ...asked }),
  ).value;

/** A group with as many right and wrong ordered answers. */
function answered(
  step: number,
  number: number,
  right: number,
  wrong: number,
  given: Parameters<typeof aGroup>[1] = {},
) {
  const id = given.id ?? `s${step}-g${number}`;
  const question = aQuestion({ row: number, problem: `Question ${number}?` });
  return aGroup(step, {
    question,
    ...given,
    id,
    rollouts: Array.from({ length: right + wrong }, (_, index) =>
      aRollout({
        id: `${id}-o${index}`,
        groupId: id,
        step,
        index,
        correct: index < right,
        accuracy: index < right ? 1 : 0,
        reward: { parts: [], total: index < right ? 2 : 1 },
        tokenCount: 10 * (index + 1),
      }),
    ),
  });
}

function storeOf(...groups: ReturnType<typeof aGroup>[]): RunStore {
  const store = newStore();
  store.appendAll(groups.map((group) => ({ type: 'group', group })));
  return store;
}

describe('the key of a question', () => {
  it('is that of its content, wherever its dataset lies and whatever its row is', () => {
    const key = questionKeyOf(aQuestion());
    expect(questionKeyOf(aQuestion({ dataset: 'copies/rl.json', row: 9, fileRow: 12, problemId: 'x' }))).toBe(key);
    expect(questionKeyOf(aQuestion({ path: '.\\clips\\17.mp4' }))).toBe(key);
    for (const other of [
      { problem: 'Which way?' },
      { solution: 'A' },
      { options: ['A. left'] },
      { path: 'clips/18.mp4' },
    ])
      expect(questionKeyOf(aQuestion(other)), JSON.stringify(other)).not.toBe(key);
  });
});

describe('the list of questions', () => {
  it('has the most frequent first, then those of lower rows, in pages that miss none', () => {
    const store = storeOf(
      answered(1, 5, 1, 3),
      answered(2, 2, 1, 1),
      answered(3, 2, 2, 0),
      answered(3, 4, 0, 1),
      answered(4, 2, 0, 1, { id: 'probe', purpose: 'probe' }),
    );
    const all = list(store);
    expect(
      all.questions.map(({ row, times, firstStep, lastStep, firstAccuracy, lastAccuracy }) => [
        row,
        times,
        firstStep,
        lastStep,
        firstAccuracy,
        lastAccuracy,
      ]),
    ).toEqual([
      [2, { train: 2, probe: 1, evaluation: 0 }, 2, 4, 0.5, 0],
      [4, { train: 1, probe: 0, evaluation: 0 }, 3, 3, 0, 0],
      [5, { train: 1, probe: 0, evaluation: 0 }, 1, 1, 0.25, 0.25],
    ]);
    expect(all).toMatchObject({ total: 3, next: null, filled: 1 });
    const first = list(store, '', null, 2);
    const rest = list(store, '', first.next, 2);
    expect([...first.questions, ...rest.questions]).toEqual(all.questions);
    expect(rest.next).toBeNull();
  });

  it('is searched by words of the question in any case and order', () => {
    const store = storeOf(answered(1, 5, 1, 0), answered(1, 6, 1, 0));
    expect(list(store, '6? QUESTION').questions.map(({ row }) => row)).toEqual([6]);
    expect(list(store, "%' OR 1").total).toBe(0);
  });

  it('refuses a page that none gave', () => {
    expect(() => list(newStore(), '', 'x')).toThrow('no page');
  });
});

describe('the history of a question', () => {
  it('has every group by step with its answers, and marks what was superseded', () => {
    const store = storeOf(answered(1, 3, 1, 1), answered(2, 3, 2, 0), answered(2, 4, 1, 1));
    store.append({ type: 'rewound', toStep: 1 });
    store.append({ type: 'group', group: answered(2, 3, 0, 2) });
    const found = history(store, 's1-g3');
    expect(found.question.row).toBe(3);
    expect(found.groups.map(({ groupId, step, superseded }) => [groupId, step, superseded])).toEqual([
      ['s1-g3', 1, null],
      ['s2-g3~1', 2, 1],
      ['s2-g3', 2, null],
    ]);
    expect(found.groups[0]?.temporal).toEqual({
      p: 0.5,
      pShuffled: 0,
      mu: 0.8,
      comparison: '>=',
      passed: true,
      paid: 0.3,
    });
    expect(found.groups[0]?.answers).toEqual([
      {
        rolloutId: 's1-g3-o0',
        order: 'ordered',
        index: 0,
        answer: 'B',
        accuracy: 1,
        correct: true,
        reward: 2,
        advantage: 0.5,
        tokenCount: 10,
        tier: 0,
      },
      {
        rolloutId: 's1-g3-o1',
        order: 'ordered',
        index: 1,
        answer: 'B',
        accuracy: 0,
        correct: false,
        reward: 1,
        advantage: 0.5,
        tokenCount: 20,
        tier: 0,
      },
    ]);
    expect(list(store).questions.map(({ row, times }) => [row, times.train])).toEqual([[3, 2]]);
  });

  it('says that a group is not there', () => {
    expect(() => history(newStore(), 'g')).toThrow('no group g');
  });
});

describe('questions of two runs', () => {
  it('are paired at the same steps, those that differ most first, with sums of their means', () => {
    // Question 1 at steps 1 and 3 of both, question 2 at step 2 of both, question 3 and 4 in one each.
    const a = storeOf(
      answered(1, 1, 1, 3),
      answered(2, 2, 2, 0),
      answered(3, 1, 2, 2),
      answered(4, 1, 4, 0),
      answered(4, 3, 1, 1),
    );
    const b = storeOf(answered(1, 1, 2, 2), answered(2, 2, 1, 1), answered(3, 1, 2, 2), answered(5, 4, 1, 1));
    const found = shared(a, b);
    expect(
      found.questions.map(({ problem, sharedSteps, newest, right }) => [
        problem,
        sharedSteps,
        newest.first.step,
        right,
      ]),
    ).toEqual([
      ['Question 2?', 1, 2, { first: 1, second: 0.5 }],
      ['Question 1?', 2, 3, { first: 0.375, second: 0.5 }],
    ]);
    expect(found).toMatchObject({ total: 2, atSameSteps: 2, onlyIn: { first: 1, second: 1 } });
    // Differences 0.125 and -0.5: mean -0.1875, each 0.3125 away from it.
    expect(found.sums?.right).toEqual({
      count: 2,
      first: 0.6875,
      second: 0.5,
      difference: -0.1875,
      squares: 2 * 0.3125 ** 2,
    });
    expect(shared(a, b, { from: 1 }).questions.map(({ problem }) => problem)).toEqual(['Question 1?']);
    expect(shared(a, b, { purpose: 'evaluation' })).toMatchObject({ total: 0, sums: null });
  });

  it('are paired at their nearest steps where no step is shared', () => {
    const a = storeOf(answered(1, 1, 1, 3), answered(10, 1, 4, 0));
    const b = storeOf(answered(3, 1, 0, 4), answered(9, 1, 2, 2), answered(20, 1, 4, 0));
    const { questions, atSameSteps } = shared(a, b);
    expect(atSameSteps).toBe(0);
    expect(questions[0]).toMatchObject({
      sharedSteps: 0,
      newest: { first: { step: 10 }, second: { step: 9 } },
      right: { first: 1, second: 0.5 },
    });
  });
});

describe('two evaluations', () => {
  it('are paired question by question on ordered frames, and what has no partner is counted', () => {
    const of = (evaluation: string, number: number, right: boolean, prompt = 'p') =>
      answered(4, number, right ? 1 : 0, right ? 0 : 1, {
        id: `${evaluation}-0-g${number}`,
        purpose: 'evaluation',
        prompt,
        question: aQuestion({ row: number, problem: `Question ${number}?` }),
      });
    const store = storeOf(
      of('e1', 1, true),
      of('e1', 2, false),
      of('e1', 3, true),
      of('e2', 2, true),
      of('e2', 1, true, 'q'),
      of('e10', 9, true),
    );
    const database = databaseOf(store);
    const { pairs, ...rest } = finished(
      evaluationPairs({ database, evaluationId: 'e1' }, { database, evaluationId: 'e2' }),
    ).value;
    expect(pairs.map(({ problem, first, second }) => [problem, first.correct, second.correct])).toEqual([
      ['Question 1?', true, true],
      ['Question 2?', false, true],
    ]);
    expect(rest).toEqual({ leftOut: { first: 1, second: 0 }, otherFrames: 0, otherPrompts: 1 });
  });
});
