/** The SQL of a query keeps what `matches` keeps in memory, whatever the rollouts, the query, and the way that it is looked up. */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Expression } from '../../trainer/protocol/query/expression.ts';
import { facetQueries } from '../../trainer/protocol/query/facets.ts';
import { fieldNames, fields, type Subject } from '../../trainer/protocol/query/fields.ts';
import { matches } from '../../trainer/protocol/query/matches.ts';
import { wordsOf } from '../../trainer/protocol/query/words.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { type Portions, portions } from '../../trainer/store/rollout-search.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { anyExpression, anySubject } from '../protocol/query/subjects.ts';
import { counted, listed } from './asking.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import { aRun } from './records.ts';

/** Ways to look rollouts up: one by one, a few at a time, and as the trainer does. */
const ways: readonly Portions[] = [
  { fewKeys: 0, firstWordKeys: 1, wordKeys: 1, rangeKeys: 1, sliceMs: 0 },
  { fewKeys: 4, firstWordKeys: 1, wordKeys: 3, rangeKeys: 2, sliceMs: 15 },
  portions,
];

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
      return rollouts.map(([{ rollout, flags }, text], place) => {
        const rolloutId = `${id}-o${place}`;
        return {
          run,
          group: { ...group, id, question },
          rollout: { ...rollout, id: rolloutId, groupId: id, step: group.step, text: text ?? rollout.text },
          flags: flags.map((flag) => ({ ...flag, rolloutId })),
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

function written(folder: string, groups: readonly Subject[][]): RunStore {
  const run = groups[0]?.[0]?.run as Subject['run'];
  const store = RunStore.create(folder, aRun(run));
  databaseOf(store).exec('PRAGMA synchronous = OFF');
  const bodyOf = (subjects: readonly Subject[]): GroupWithRollouts => ({
    ...(subjects[0] as Subject).group,
    rollouts: subjects.map(({ rollout }) => rollout),
  });
  store.appendAll(groups.map((subjects) => ({ type: 'group', group: bodyOf(subjects) })));
  let id = 0;
  for (const { flags } of groups.flat()) {
    for (const flag of flags) store.append({ type: 'annotation', annotation: { ...flag, id: ++id } });
  }
  // Written and void again: a group of a later step, which is kept, a first version of a group, and a flag.
  const [subjects] = groups as [Subject[]];
  const body = bodyOf(subjects);
  const later = {
    ...body,
    id: 'later',
    step: 1000,
    rollouts: body.rollouts.map((one) => ({ ...one, id: `later-${one.id}` })),
  };
  store.append({ type: 'group', group: later });
  store.append({ type: 'rewound', toStep: 999 });
  const rolloutId = body.rollouts[0]?.id as string;
  const flag = {
    id: ++id,
    rolloutId,
    span: null,
    category: 'other',
    verdict: null,
    note: '',
    at: 0,
    quote: '',
  } as const;
  store.append({ type: 'annotation', annotation: { ...flag, author: 'gone' } });
  store.append({ type: 'annotation-removed', id });
  store.append({
    type: 'group',
    group: { ...body, at: 5, rollouts: body.rollouts.map((one) => ({ ...one, correct: !one.correct, answer: 'x' })) },
  });
  store.append({ type: 'group', group: body });
  return store;
}

/** A rollout of the later group that `written` goes back over. */
function supersededOf({ run, group, rollout }: Subject): Subject {
  return {
    run,
    group: { ...group, id: 'later~1', step: 1000, superseded: 1 },
    rollout: { ...rollout, id: `later-${rollout.id}~1` },
    flags: [],
  };
}

describe('a query in SQL', () => {
  test('keeps, lists newest first and counts what the match in memory keeps', { timeout: 240_000 }, () => {
    const folder = temporaryFolder();
    let number = 0;
    const withQueries = someGroups.chain((groups) =>
      fc.tuple(
        fc.constant(groups),
        fc.array(fc.oneof(anyExpression, knownExpression(groups.flat())), { minLength: 15, maxLength: 15 }),
        fc.integer({ min: 1, max: 7 }),
      ),
    );
    let hits = 0;
    let misses = 0;
    fc.assert(
      fc.property(withQueries, ([groups, expressions, limit]) => {
        number += 1;
        const store = written(join(folder, String(number)), groups);
        try {
          const standing = groups.flat().reverse();
          const superseded = (groups[0] ?? []).map(supersededOf).reverse();
          for (const expression of expressions) {
            const isAsked = JSON.stringify(expression).includes('"field":"superseded"');
            const newestFirst = isAsked ? [...superseded, ...standing] : standing;
            const total = newestFirst.length;
            const keeps = (query: Expression) => newestFirst.filter((subject) => matches(query, subject));
            const expected = keeps(expression).map(({ rollout }) => rollout.id);
            hits += expected.length;
            misses += total - expected.length;
            const facets = Object.entries(facetQueries(expression)).map(([term, query]) => [term, keeps(query).length]);
            for (const parts of ways) {
              const seen: string[] = [];
              let after: string | null = null;
              for (let pages = 0; pages <= total; pages++) {
                const { rows, last, more } = listed(store, expression, {
                  limit,
                  parts,
                  at: after === null ? null : { after },
                });
                seen.push(...rows.map(({ id }) => id));
                after = last;
                if (!more) break;
              }
              expect(seen).toEqual(expected);
              expect(counted(store, expression, parts)).toEqual({
                matching: expected.length,
                total,
                filled: 1,
                facets: Object.fromEntries(facets),
              });
            }
          }
        } finally {
          store.dispose();
        }
      }),
      { numRuns: 60 },
    );
    // Both answers come about often, or the property says little.
    expect(hits).toBeGreaterThan(500);
    expect(misses).toBeGreaterThan(500);
  });
});
