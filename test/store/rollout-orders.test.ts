/**
 * A store keeps of a query what `matches` keeps in memory, in the order that `sort.ts` says, wherever a page begins; whatever the
 * rollouts and the query, and whether it is read at once or seen to grow and change.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analysisOf, analysisVersion } from '../../trainer/protocol/analysis.ts';
import type { Expression } from '../../trainer/protocol/query/expression.ts';
import { facetQueries } from '../../trainer/protocol/query/facets.ts';
import { fieldNames, fields, type Subject } from '../../trainer/protocol/query/fields.ts';
import { butForFindings } from '../../trainer/protocol/query/found-by-rules.ts';
import { matches } from '../../trainer/protocol/query/matches.ts';
import { compareSortValues, sortFields, sortValue } from '../../trainer/protocol/query/sort.ts';
import { butForEvidence } from '../../trainer/protocol/query/weighed-fields.ts';
import { wordsOf } from '../../trainer/protocol/query/words.ts';
import type { GroupWithRollouts, Rollout, RunEventBody } from '../../trainer/protocol/records.ts';
import type { ListAsked, RolloutPage } from '../../trainer/store/rollout-list.ts';
import type { RolloutOrders } from '../../trainer/store/rollout-orders.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { anyExpression, anySubject } from '../protocol/query/subjects.ts';
import { counted, freshOrders, listed } from './asking.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import { aRun } from './records.ts';

/** Rows that are read in one go: one by one, a few, and as the trainer does. */
const ways = [1, 3, undefined] as const;

/** More text than the few words of `anySubject`: every script, marks, joiners, what looks like a query, long words. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    '100% _sure_ "quoted" \'single\' * ^ NEAR(a b) text: -not',
    '图中有几只猫？三只。',
    '빨간 공이🎬 왼쪽으로 🤦🏼‍♂️',
    'สวัสดีครับ ฉันเห็นแมว',
    'ភាសាខ្មែរ ພາສາລາວ',
    'Éclair ﬁn ⅷ ＡＢＣ straße ΣΊΣΥΦΟΣ',
    '👩‍👩‍👧 left 🇩🇪 3️⃣',
    'a\u0000b \ud800 c',
    'x'.repeat(3000),
    'か゛が が',
  ),
);

/** Subjects of one run, some of them of one group. */
const someGroups = fc
  .tuple(
    fc.array(
      fc.tuple(anySubject, fc.array(fc.tuple(anySubject, fc.option(hostileText)), { minLength: 1, maxLength: 4 })),
      { minLength: 1, maxLength: 8 },
    ),
    hostileText,
  )
  .map(([groups, problem]) =>
    groups.map(([{ group, run }, rollouts], number): Subject[] => {
      const id = `s${group.step}-g${number}`;
      const question = number === 0 ? { ...group.question, problem } : group.question;
      const own = rollouts.map(([{ rollout }, text], place) => ({
        ...rollout,
        id: `${id}-o${place}`,
        groupId: id,
        step: group.step,
        text: text ?? rollout.text,
      }));
      return rollouts.map(([{ annotations }], place) => {
        const rollout = own[place] as (typeof own)[number];
        return {
          run,
          group: { ...group, id, question, rollouts: own },
          rollout,
          annotations: annotations.map((said) => ({ ...said, rolloutId: rollout.id })),
        };
      });
    }),
  );

/** Words and values that are there, so that many a query finds something. */
function knownExpression(subjects: readonly Subject[]): fc.Arbitrary<Expression> {
  const words = fc
    .tuple(fc.constantFrom(...subjects), fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 3 }), fc.boolean())
    .map(([{ rollout, group }, ofText, start, count, prefix]): Expression => {
      const held = wordsOf(ofText ? rollout.text : group.question.problem);
      const from = held.length === 0 ? 0 : start % held.length;
      const taken = held.slice(from, from + count);
      const [last = ''] = taken.slice(-1);
      const cut = prefix ? [...last].slice(0, Math.max(1, [...last].length - 1)).join('') : last;
      return { kind: 'words', words: [...taken.slice(0, -1), ...(last === '' ? [] : [cut])], prefix };
    });
  const values = fc
    .tuple(fc.constantFrom(...subjects), fc.constantFrom(...fieldNames), fc.constantFrom('=' as const, '!=' as const))
    .map(([subject, field, comparison]): Expression => {
      const held = fields[field].of(subject);
      const several = typeof held === 'object' && held !== null;
      const value = several ? held[0] : held;
      if (value === null || value === undefined) return { kind: 'not', of: { kind: 'any', of: [] } };
      return { kind: 'compare', field, comparison: several ? '=' : comparison, value };
    });
  const step = fc.constantFrom(...subjects).map(({ group }) => group.step);
  const steps = fc.oneof(
    fc
      .tuple(fc.constantFrom('=' as const, '<' as const, '<=' as const, '>' as const, '>=' as const), step)
      .map(([comparison, value]): Expression => ({ kind: 'compare', field: 'step', comparison, value })),
    fc.tuple(step, step).map(([from, to]): Expression => ({ kind: 'between', field: 'step', from, to })),
  );
  return fc
    .tuple(
      fc.constantFrom('all' as const, 'any' as const),
      fc.array(
        fc
          .tuple(fc.oneof(words, values, steps, anyExpression), fc.boolean())
          .map(([of, not]): Expression => (not ? { kind: 'not', of } : of)),
        { minLength: 1, maxLength: 3 },
      ),
    )
    .map(([kind, of]) => ({ kind, of }));
}

/**
 * A store of these groups. What reads it meanwhile sees it grow and change, which `look` does between two writings: half of the
 * groups, the rest, flags, a group of a later step that the run goes back over, a group that is written anew, twice.
 */
function written(folder: string, groups: readonly Subject[][], look: (store: RunStore) => void): RunStore {
  const run = groups[0]?.[0]?.run as Subject['run'];
  const store = RunStore.create(folder, aRun(run));
  databaseOf(store).exec('PRAGMA synchronous = OFF');
  const bodyOf = (subjects: readonly Subject[]): GroupWithRollouts => ({
    ...(subjects[0] as Subject).group,
    rollouts: subjects.map(({ rollout }) => rollout),
  });
  const append = (...bodies: RunEventBody[]) => {
    store.appendAll(bodies);
    look(store);
  };
  const bodies = groups.map((subjects): RunEventBody => ({ type: 'group', group: bodyOf(subjects) }));
  const half = Math.ceil(bodies.length / 2);
  append(...bodies.slice(0, half));
  append(...bodies.slice(half));
  let id = 0;
  const said = groups.flat().flatMap((subject) => subject.annotations);
  append(...said.map((one): RunEventBody => ({ type: 'annotation', annotation: { ...one, id: String(++id) } })));
  const [subjects] = groups as [Subject[]];
  const body = bodyOf(subjects);
  const later = {
    ...body,
    id: 'later',
    step: 1000,
    rollouts: body.rollouts.map((one) => ({ ...one, id: `later-${one.id}` })),
  };
  append({ type: 'group', group: later });
  append({ type: 'rewound', toStep: 999 });
  const rolloutId = body.rollouts[0]?.id as string;
  const flag = {
    id: String(++id),
    rolloutId,
    span: null,
    category: 'other',
    severity: 'major',
    verdict: null,
    note: '',
    at: 0,
    quote: '',
  } as const;
  append({ type: 'annotation', annotation: { ...flag, author: 'gone' } });
  append({ type: 'annotation-removed', id: String(id) });
  const otherwise = body.rollouts.map((one) => ({ ...one, correct: !one.correct, answer: 'x' }));
  const added = { ...(otherwise[0] as Rollout), id: `${rolloutId}-added` };
  append({ type: 'group', group: { ...body, at: 5, rollouts: [...otherwise, added] } });
  append({ type: 'group', group: body });
  return store;
}

/** A rollout of the later group that `written` goes back over. */
function supersededOf({ run, group, rollout }: Subject): Subject {
  return {
    run,
    group: { ...group, id: 'later~1', step: 1000, superseded: 1 },
    rollout: { ...rollout, id: `later-${rollout.id}~1` },
    annotations: [],
  };
}

describe('a query of a store', () => {
  test('keeps, orders and counts what the match in memory keeps', { timeout: 240_000 }, () => {
    const folder = temporaryFolder();
    let number = 0;
    const withQueries = someGroups.chain((groups) =>
      fc.tuple(
        fc.constant(groups),
        fc.array(fc.oneof(anyExpression, knownExpression(groups.flat())), { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        fc.option(fc.record({ by: fc.constantFrom(...sortFields), descending: fc.boolean() }), { freq: 5 }),
      ),
    );
    let hits = 0;
    let misses = 0;
    fc.assert(
      fc.property(withQueries, ([groups, expressions, limit, sort]) => {
        number += 1;
        let watching: RolloutOrders | null = null;
        const look = (store: RunStore) => {
          watching ??= freshOrders(store, 3);
          for (const expression of expressions.slice(0, 4)) counted(store, expression, { sort, orders: watching });
        };
        const store = written(join(folder, String(number)), groups, look);
        try {
          const standing = groups.flat().reverse();
          const superseded = (groups[0] ?? []).map(supersededOf).reverse();
          for (const expression of expressions) {
            const isAsked = JSON.stringify(expression).includes('superseded');
            const newestFirst = isAsked ? [...superseded, ...standing] : standing;
            const total = newestFirst.length;
            const keeps = (query: Expression) => newestFirst.filter((subject) => matches(query, subject));
            const kept = keeps(expression);
            const newest = kept.map(({ rollout }) => rollout.id);
            const expected =
              sort === null
                ? kept
                : kept.toSorted((a, b) =>
                    compareSortValues(sortValue(sort.by, a), sortValue(sort.by, b), sort.descending),
                  );
            const ids = expected.map(({ rollout }) => rollout.id);
            hits += ids.length;
            misses += total - ids.length;
            const facets = Object.entries(facetQueries(expression)).map(([term, query]) => [term, keeps(query).length]);
            const others = butForFindings(expression);
            const rest = JSON.stringify(others).includes('superseded') ? [...superseded, ...standing] : standing;
            const outdated = rest.filter(
              (one) =>
                others !== null &&
                matches({ kind: 'all', of: others }, one) &&
                analysisOf(one.rollout) < analysisVersion,
            ).length;
            const butWeighed = butForEvidence(expression);
            const restOfWeighed = JSON.stringify(butWeighed).includes('superseded')
              ? [...superseded, ...standing]
              : standing;
            // Of these runs nothing was weighed by the trainer.
            const weighed = butWeighed && {
              weighed: 0,
              of: restOfWeighed.filter((one) => matches({ kind: 'all', of: butWeighed }, one)).length,
            };
            for (const orders of [
              ...ways.map((rows) => freshOrders(store, rows)),
              watching as unknown as RolloutOrders,
            ]) {
              const list = (given: Partial<ListAsked>) => listed(store, expression, { limit, orders, ...given });
              const idsOf = ({ rows }: RolloutPage) => rows.map(({ id }) => id);
              expect(idsOf(list({}))).toEqual(newest.slice(0, limit));
              const pages = (turn: 'after' | 'before', from: RolloutPage): string[] => {
                const seen = idsOf(from);
                for (let page = from, turns = 0; turns <= total; turns++) {
                  const cursor = turn === 'after' ? page.last : page.first;
                  if (cursor === null) break;
                  page = list({ sort, at: turn === 'after' ? { after: cursor } : { before: cursor } });
                  expect(page).toMatchObject({ exact: true, total });
                  if (page.rows.length === 0) break;
                  expect(ids[page.index]).toBe(page.rows[0]?.id);
                  expect(page.more).toBe(page.index + page.rows.length < ids.length);
                  if (turn === 'after') seen.push(...idsOf(page));
                  else seen.unshift(...idsOf(page));
                }
                return seen;
              };
              expect(pages('after', list({ sort }))).toEqual(ids);
              const back = list({ sort, at: { index: Math.max(0, ids.length - 1) } });
              expect(pages('before', back)).toEqual(ids);
              const middle = Math.floor(ids.length / 2);
              expect(idsOf(list({ sort, at: { index: middle } }))).toEqual(ids.slice(middle, middle + limit));
              const sought = newestFirst[middle] as Subject;
              const at = list({ sort, at: { rollout: sought.rollout.id } });
              expect(at.index).toBe(
                sort === null
                  ? newest.filter((id) => newestFirst.findIndex(({ rollout }) => rollout.id === id) < middle).length
                  : expected.filter((one) => {
                      const compared = compareSortValues(
                        sortValue(sort.by, one),
                        sortValue(sort.by, sought),
                        sort.descending,
                      );
                      return compared < 0 || (compared === 0 && newestFirst.indexOf(one) < middle);
                    }).length,
              );
              const { step } = sought.group;
              const ofStep = list({ sort, at: { step } });
              // Of two that are as far the earlier one.
              const [nearest] = expected
                .map(({ group }) => group.step)
                .sort((one, other) => Math.abs(one - step) - Math.abs(other - step) || one - other);
              expect(ofStep.index).toBe(
                Math.max(
                  0,
                  expected.findIndex(({ group }) => group.step === nearest),
                ),
              );
              expect(counted(store, expression, { sort, orders })).toEqual({
                matching: ids.length,
                total,
                outdated,
                weighed,
                filled: 1,
                facets: Object.fromEntries(facets),
              });
            }
          }
        } finally {
          store.dispose();
        }
      }),
      { numRuns: 40 },
    );
    // Both answers come about often, or the property says little.
    expect(hits).toBeGreaterThan(500);
    expect(misses).toBeGreaterThan(500);
  });
});
