import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { everything } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import type { ListSort } from '../../trainer/protocol/query/sort.ts';
import type { AhaMoment, GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { countRollouts, listRollouts } from '../../trainer/store/rollout-list.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { counted, finished, found, freshOrders, listed } from './asking.ts';
import { databaseOf } from './folders.ts';
import { aGroup, anAnnotation, aQuestion, aRollout, aRun } from './records.ts';

const purposes = ['train', 'probe', 'evaluation'] as const;
const problemTypes = ['multiple choice', 'numerical', 'OCR', 'free-form', 'regression'] as const;
const words = ['left', 'right', 'wait', 'bounce', 'Frame', 'éclair', 'red-square', 'C3'];

/** Groups in which every property comes about in every mixture, by numbers that share no factor. */
function groups(count: number, rollouts: number): GroupWithRollouts[] {
  let serial = 0;
  return Array.from({ length: count }, (_, number) => {
    const step = 1 + Math.floor(number / 7);
    const id = `s${step}-g${number}`;
    const aha = (tier: number): AhaMoment[] =>
      tier === 0 ? [] : [{ span: { start: 0, end: 1 }, tier: tier as AhaMoment['tier'], rule: 'r', evidence: 'e' }];
    return aGroup(step, {
      id,
      purpose: purposes[number % 3] ?? 'train',
      question: aQuestion({
        row: number,
        dataType: number % 2 === 0 ? 'video' : 'image',
        problemType: problemTypes[number % 5] ?? 'OCR',
        problem: `Question ${words[number % words.length]}?`,
      }),
      rollouts: Array.from({ length: rollouts }, (_unused, index) => {
        serial += 1;
        return aRollout({
          id: `${id}-o${index}`,
          groupId: id,
          step,
          order: serial % 3 === 0 ? 'shuffled' : 'ordered',
          correct: serial % 5 < 2,
          aha: aha(serial % 11 < 6 ? 0 : (serial % 11) - 5),
          text: `<think>${words[serial % words.length]} then ${words[(serial * 3) % words.length]}</think>`,
        });
      }),
    });
  });
}

describe('twenty-eight thousand rollouts', () => {
  const many = groups(1750, 16);
  const total = 28_000;
  const rare = many[0]?.rollouts[0]?.id ?? '';
  let folder: string;
  let store: RunStore;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'video-r1-many-'));
    store = RunStore.create(folder, aRun());
    store.appendAll(many.map((group) => ({ type: 'group', group })));
    store.append({ type: 'annotation', annotation: anAnnotation(1, rare, { span: null }) });
  });
  afterAll(() => {
    store.dispose();
    rmSync(folder, { recursive: true });
  });

  const sortsOf = (names: readonly ListSort['by'][]): ListSort[] =>
    names.flatMap((by) => [true, false].map((descending) => ({ by, descending })));
  type Keeps = (group: GroupWithRollouts, rollout: GroupWithRollouts['rollouts'][number]) => boolean;
  const bySight = (keeps: Keeps) =>
    many.flatMap((group) => group.rollouts.filter((rollout) => keeps(group, rollout)).map(({ id }) => id)).reverse();
  const bounces: Keeps = (group, { text }) => `${text} ${group.question.problem}`.includes('bounce');

  test.each<[string, Keeps]>([
    ['', () => true],
    ['half:shuffled purpose:probe', (group, { order }) => order === 'shuffled' && group.purpose === 'probe'],
    ['flagged', (_, { id }) => id === rare],
    ['step:77', ({ step }) => step === 77],
    ['step<=3', ({ step }) => step <= 3],
    ['step:10..240', ({ step }) => step >= 10 && step <= 240],
    ['step>5 step<245 nth:1', ({ step }, { index }) => step > 5 && step < 245 && index === 0],
    ['row:17', ({ question }) => question.row === 16],
    ['bounce', bounces],
    ['bounc flagged:false', (group, rollout) => bounces(group, rollout) && rollout.id !== rare],
    ['bounce flagged', (group, rollout) => bounces(group, rollout) && rollout.id === rare],
    [
      'bounce step:77 correct:true',
      (group, rollout) => bounces(group, rollout) && group.step === 77 && rollout.correct,
    ],
    ['bounce row>100', (group, rollout) => bounces(group, rollout) && group.question.row >= 100],
    ['bounce or correct:true', (group, rollout) => bounces(group, rollout) || rollout.correct],
    ['not bounce', (group, rollout) => !bounces(group, rollout)],
    [
      'type:ocr media:video aha>=3',
      ({ question }, { aha }) =>
        question.problemType === 'OCR' && question.dataType === 'video' && aha.some(({ tier }) => tier >= 3),
    ],
  ])('%s: pages and the count are those of looking at every rollout', (line, keeps) => {
    const expected = bySight(keeps);
    expect(counted(store, line)).toMatchObject({ matching: expected.length, total });
    const first = listed(store, line, { limit: 100 });
    expect(first.total).toBe(total);
    expect(first.rows.map(({ id }) => id)).toEqual(expected.slice(0, 100));
    const next = listed(store, line, { limit: 100, at: { after: first.last ?? '' } });
    expect(next.rows.map(({ id }) => id)).toEqual(expected.slice(100, 200));
  });

  test('a row shows its question and leaves out the text', () => {
    const [row] = listed(store, 'flagged').rows;
    expect(row).toMatchObject({
      id: rare,
      problem: 'Question left?',
      problemType: 'multiple choice',
      dataType: 'video',
      purpose: 'train',
      answer: 'B',
      flags: 1,
    });
    expect(row).not.toHaveProperty('text');
    expect(row).not.toHaveProperty('parsed');
  });

  test('a chip counts with the other conditions on its field given way', () => {
    const { facets, matching } = counted(store, 'half:shuffled aha>=3 row<500');
    const count = (keeps: Keeps) =>
      bySight((group, rollout) => group.question.row < 499 && keeps(group, rollout)).length;
    const tier = (rollout: GroupWithRollouts['rollouts'][number]) => rollout.aha[0]?.tier ?? 0;
    expect(matching).toBe(count((_, rollout) => rollout.order === 'shuffled' && tier(rollout) >= 3));
    expect(facets['half:ordered']).toBe(count((_, rollout) => rollout.order === 'ordered' && tier(rollout) >= 3));
    expect(facets['aha>=5']).toBe(count((_, rollout) => rollout.order === 'shuffled' && tier(rollout) >= 5));
    expect(facets['correct:true']).toBe(
      count((_, rollout) => rollout.order === 'shuffled' && tier(rollout) >= 3 && rollout.correct),
    );
    expect(facets.flagged).toBe(0);
  });

  test('little is done in few slices, and much in several, between which others are answered', () => {
    const orders = freshOrders(store, 5000);
    const slices = (line: string) => {
      const expression = parseQuery(line).expression ?? everything;
      return finished(countRollouts(orders, { expression, sort: null, facets: false })).slices;
    };
    expect(slices('reward>0')).toBeGreaterThan(10);
    expect(slices('reward>0')).toBe(0);
    expect(slices('correct:true aha>=2 or flagged')).toBeLessThan(10);
  });

  test('the first rows of a run are listed before its columns are read, by an index', () => {
    const orders = freshOrders(store);
    expect(listed(store, 'half:shuffled purpose:probe', { limit: 5, orders }).rows.map(({ id }) => id)).toEqual(
      bySight((group, { order }) => order === 'shuffled' && group.purpose === 'probe').slice(0, 5),
    );
    expect(listed(store, '', { limit: 5, orders })).toMatchObject({ index: 0, total, more: true });
    expect(orders.columns.isRead).toBe(false);
  });

  test('a step that is not there is sought at the nearest that is, in every order', () => {
    const at = (line: string, step: number, sort: ListSort | null) =>
      listed(store, line, { at: { step }, limit: 1, sort }).rows[0]?.step;
    for (const sort of [null, ...sortsOf(['step', 'reward'])]) {
      for (const below of [0, 5, 19]) expect(at('step:20..40', below, sort)).toBe(20);
      expect(at('step:20..40', 99, sort)).toBe(40);
      expect(at('step:20..40', 30, sort)).toBe(30);
      const gap = 'step:1..20 or step:100..120';
      expect([0, 59, 60, 61, 999].map((step) => at(gap, step, sort))).toEqual([1, 20, 20, 100, 120]);
    }
  });

  test('a list that is given up between two slices leaves nothing open', () => {
    const database = databaseOf(store);
    for (const line of ['reward>9', 'bounce reward>9', 'bounce or reward>9']) {
      const expression = parseQuery(line).expression ?? everything;
      const slices = listRollouts(freshOrders(store, 1000), { expression, sort: null, at: null, limit: 10 });
      expect(slices.next().done).toBe(false);
      slices.return(undefined as never);
      // A statement that still reads would keep the table from being dropped.
      database.exec('CREATE TABLE probe (a); DROP TABLE probe');
    }
    expect(found(store, 'bounce flagged')).toEqual(
      bySight((group, rollout) => bounces(group, rollout) && rollout.id === rare),
    );
  });
});
