import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutFilter } from '../../trainer/protocol/messages.ts';
import type { AhaMoment, GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { listQueries, wordQuery } from '../../trainer/store/rollout-list.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
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

describe('the rollout list', () => {
  const all = groups(60, 5);
  let folder: string;
  let store: RunStore;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'video-r1-list-'));
    store = RunStore.create(folder, aRun());
    store.appendAll(all.map((group) => ({ type: 'group', group })));
    all.forEach((group, number) => {
      const rollout = group.rollouts[number % 5];
      if (number % 4 === 0 && rollout)
        store.append({ type: 'annotation', annotation: anAnnotation(number + 1, rollout.id, { span: null }) });
    });
  });
  afterAll(() => {
    store.dispose();
    rmSync(folder, { recursive: true });
  });

  /** The same by looking at every rollout. */
  function bySight(filter: RolloutFilter): string[] {
    return all
      .flatMap((group, number) =>
        group.rollouts.map((rollout, index) => ({ group, rollout, flagged: number % 4 === 0 && index === number % 5 })),
      )
      .filter(({ group, rollout, flagged }) => {
        const text = `${rollout.text} ${group.question.problem}`.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
        const asked = (filter.text ?? '')
          .toLowerCase()
          .normalize('NFD')
          .replace(/\p{M}/gu, '')
          .trim()
          .split(' ')
          .filter(Boolean);
        return (
          (filter.step === undefined || rollout.step === filter.step) &&
          (filter.fromStep === undefined || rollout.step >= filter.fromStep) &&
          (filter.purpose === undefined || group.purpose === filter.purpose) &&
          (filter.order === undefined || rollout.order === filter.order) &&
          (filter.correct === undefined || rollout.correct === filter.correct) &&
          (filter.dataType === undefined || group.question.dataType === filter.dataType) &&
          (filter.problemType === undefined || group.question.problemType === filter.problemType) &&
          (filter.minAha === undefined || rollout.aha.some((moment) => moment.tier >= (filter.minAha ?? 0))) &&
          (filter.flagged === undefined || flagged === filter.flagged) &&
          asked.every((word) => text.includes(word))
        );
      })
      .map(({ rollout }) => rollout.id)
      .reverse();
  }

  const filters: fc.Arbitrary<RolloutFilter> = fc.record(
    {
      step: fc.integer({ min: 0, max: 10 }),
      fromStep: fc.integer({ min: 0, max: 10 }),
      purpose: fc.constantFrom(...purposes),
      order: fc.constantFrom('ordered' as const, 'shuffled' as const),
      correct: fc.boolean(),
      dataType: fc.constantFrom('video' as const, 'image' as const),
      problemType: fc.constantFrom(...problemTypes, 'unheard of'),
      minAha: fc.integer({ min: 1, max: 5 }),
      flagged: fc.boolean(),
      text: fc.constantFrom(...words, 'left right', 'ECLAIR', 'question', 'nothing', ' ', 'boun'),
    },
    { requiredKeys: [] },
  );

  test('any filter keeps what looking at every rollout keeps, newest first, whatever the size of the pages', () => {
    fc.assert(
      fc.property(filters, fc.integer({ min: 1, max: 90 }), (filter, limit) => {
        const expected = bySight(filter);
        const seen: string[] = [];
        let before: number | undefined;
        for (;;) {
          const { rows, matching, total } = store.rolloutRows(filter, before, limit);
          expect({ matching, total }).toEqual({ matching: expected.length, total: 300 });
          seen.push(...rows.map((row) => row.id));
          before = rows.at(-1)?.key;
          if (rows.length < limit) break;
        }
        expect(seen).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('a row shows its question and leaves out the text', () => {
    const [row] = store.rolloutRows({ step: 1, flagged: true }, undefined, 1).rows;
    expect(row).toMatchObject({
      problem: 'Question Frame?',
      problemType: 'regression',
      dataType: 'video',
      purpose: 'probe',
      flags: 1,
    });
    expect(row).not.toHaveProperty('text');
    expect(row).not.toHaveProperty('parsed');
  });

  test('whatever a person types is words, never an operator or an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc.constantFrom('"', '""', 'a"b', 'NEAR(a b)', '-x', 'text:', '^a', '*', 'a OR b', "'; --"),
        ),
        (text) => {
          expect(() => store.rolloutRows({ text }, undefined, 5)).not.toThrow();
        },
      ),
    );
    expect(wordQuery('left AND "right" *')).toBe('"left" "AND" "right"*');
    expect(wordQuery(' ?! ')).toBeNull();
    expect(store.rolloutRows({ text: '?!' }, undefined, 5)).toEqual({ rows: [], matching: 0, total: 300 });
  });

  test('pages and counts are read from indices: no table is scanned and nothing is sorted', () => {
    for (const [name, sql] of Object.entries(listQueries)) {
      const parameters = Array.from({ length: (sql.match(/\?\d/g) ?? []).length }, () => 1).slice(
        0,
        new Set(sql.match(/\?\d/g)).size,
      );
      const plan = databaseOf(store)
        .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters)
        .map((row) => row.detail);
      for (const detail of plan) {
        expect(detail, name).not.toMatch(/TEMP B-TREE/);
        if (detail.startsWith('SCAN'))
          expect(detail, name).toMatch(
            /^SCAN (json_each VIRTUAL TABLE INDEX 1:|(w|rollout_words) VIRTUAL TABLE INDEX \d+:M2<?)$/,
          );
      }
    }
  });
});

describe('twenty thousand rollouts', () => {
  test('rare flags and common words are found by an index, and no page differs from looking at every rollout', () => {
    const folder = mkdtempSync(join(tmpdir(), 'video-r1-many-'));
    const store = RunStore.create(folder, aRun());
    try {
      const many = groups(1250, 16);
      const [oldest] = many;
      const [rare] = oldest?.rollouts ?? [];
      store.appendAll(many.map((group) => ({ type: 'group', group })));
      store.append({ type: 'annotation', annotation: anAnnotation(1, rare?.id ?? '', { span: null }) });
      expect(store.rolloutRows({ flagged: true }, undefined, 200)).toMatchObject({
        rows: [{ id: rare?.id }],
        matching: 1,
        total: 20_000,
      });
      const has = (group: GroupWithRollouts, text: string) =>
        `${text} ${group.question.problem}`.toLowerCase().includes('bounce');
      const bySight = (keeps: (group: GroupWithRollouts, rollout: GroupWithRollouts['rollouts'][number]) => boolean) =>
        many
          .flatMap((group) => group.rollouts.filter((rollout) => has(group, rollout.text) && keeps(group, rollout)))
          .map((rollout) => rollout.id)
          .reverse();
      for (const [filter, expected] of [
        [
          { text: 'bounce', flagged: false, fromStep: 90 },
          bySight((group, rollout) => group.step >= 90 && rollout.id !== rare?.id),
        ],
        [
          { text: 'bounce', correct: true, step: 77 },
          bySight((group, rollout) => group.step === 77 && rollout.correct),
        ],
        [{ text: 'bounce', dataType: 'video' as const }, bySight((group) => group.question.dataType === 'video')],
      ] as const) {
        const { rows, matching } = store.rolloutRows(filter, undefined, 100);
        expect(matching).toBe(expected.length);
        expect(rows.map((row) => row.id)).toEqual(expected.slice(0, 100));
        const next = store.rolloutRows(filter, rows.at(-1)?.key, 100);
        expect(next.rows.map((row) => row.id)).toEqual(expected.slice(100, 200));
      }
      const plan = databaseOf(store).all<{ detail: string }>(
        `EXPLAIN QUERY PLAN ${listQueries.newestOfFacet}`,
        1,
        1,
        1,
      );
      expect(plan.map((row) => row.detail)).toEqual([
        'SEARCH rollouts USING COVERING INDEX rollouts_facet (facet=? AND key<?)',
      ]);
    } finally {
      store.dispose();
      rmSync(folder, { recursive: true });
    }
  });
});
