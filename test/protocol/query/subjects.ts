/** A rollout to hold queries against, whole, with what a test says about it; and queries and rollouts at random. */
import fc from 'fast-check';
import { analysisVersion } from '../../../trainer/protocol/analysis.ts';
import { builtInCategories } from '../../../trainer/protocol/annotations/categories.ts';
import { dataType, problemType } from '../../../trainer/protocol/dataset.ts';
import type { Expression } from '../../../trainer/protocol/query/expression.ts';
import { fieldNames, fields, type Subject } from '../../../trainer/protocol/query/fields.ts';
import { wordsOf } from '../../../trainer/protocol/query/words.ts';
import {
  type Annotation,
  frameOrder,
  type Group,
  groupPurpose,
  type Question,
  type Rollout,
  stopReason,
  verdict,
} from '../../../trainer/protocol/records.ts';

export interface SubjectParts {
  readonly run?: Partial<Subject['run']>;
  readonly question?: Partial<Question>;
  readonly group?: Partial<Group>;
  readonly rollout?: Partial<Rollout>;
  readonly annotations?: readonly Partial<Annotation>[];
}

export function subjectOf({ run, question, group, rollout, annotations }: SubjectParts = {}): Subject {
  const subject: Rollout = {
    id: 'o1',
    groupId: 'g1',
    step: 21,
    order: 'ordered',
    index: 1,
    text: '<think>It rolls left, wait, right.</think><answer>A</answer>',
    tokenCount: 40,
    stopReason: 'stop',
    parsed: { think: null, answer: null, problems: [] },
    answer: 'A',
    accuracy: 1,
    correct: true,
    reward: {
      parts: [
        { name: 'accuracy', value: 1, possible: 1, explanation: '' },
        { name: 'format', value: 0.1, possible: 0.1, explanation: '' },
        { name: 'temporal', value: 0.2, possible: 0.2, explanation: '' },
        { name: 'length', value: 0, possible: 0.2, explanation: '' },
      ],
      total: 1 + 0.1 + 0.2,
    },
    advantage: 0.1 + 0.2,
    aha: [
      { span: { start: 0, end: 1 }, tier: 1, rule: '', evidence: '' },
      { span: { start: 2, end: 3 }, tier: 3, rule: '', evidence: '' },
    ],
    commitments: [{ span: { start: 2, end: 3 }, answer: 'B', right: false }],
    namesTime: true,
    analysis: analysisVersion,
    meanLogprob: -0.4,
    meanEntropy: 0.7,
    kl: 0.0125,
    orderWorth: { worth: 6.8, error: 0.3, uses: true, step: 20, same: true },
    ...rollout,
  };
  return {
    run: { id: 'r1', name: 'First try', ...run },
    group: {
      id: 'g1',
      step: 21,
      purpose: 'train',
      question: {
        row: 4,
        dataset: 'train.json',
        problemId: '17',
        problem: 'Where does the Ball go?',
        problemType: 'multiple choice',
        dataType: 'video',
        options: ['A. left', 'B. right'],
        solution: 'A',
        path: 'clips/1.mp4',
        source: 'CLEVRER',
        family: 'bounces',
        needsOrder: true,
        ...question,
      },
      prompt: '',
      media: {
        key: 'm',
        kind: 'video',
        width: 56,
        height: 56,
        sourceWidth: 112,
        sourceHeight: 112,
        durationSeconds: 4,
        indices: [0, 1, 2, 3],
        times: [0, 1, 2, 3],
        shuffledOrder: [2, 0, 3, 1],
        visionTokens: 8,
      },
      temporal: { p: 0.75, pShuffled: 0.5, mu: 0.8, comparison: '>', passed: true, paid: 0.3 },
      stats: { mean: 1.2, std: 0.5, count: 4 },
      explanation: [],
      at: Date.UTC(2025, 10, 28, 14, 5, 30),
      rollouts: [subject],
      ...group,
    },
    rollout: subject,
    annotations: (annotations ?? []).map((said, index) => ({
      id: String(index),
      rolloutId: 'o1',
      span: null,
      category: 'other',
      severity: 'major' as const,
      verdict: null,
      note: '',
      author: 'ann',
      at: 0,
      quote: '',
      ...said,
    })),
  };
}

/** Few words of several scripts, so that queries often hit. */
const someWords = fc.constantFrom(
  'left',
  'LEFT',
  'ball',
  'bal',
  'é',
  '红',
  '色',
  'กิ',
  'हिन्दी',
  'or',
  '12',
  '공',
  '왼쪽',
  '🎬',
  '🤦',
);
const someText = fc.array(someWords, { maxLength: 6 }).map((words) => words.join(' '));
const shortText = fc.oneof(
  fc.constantFrom('', 'a', 'A', 'b', 'made up', 'x"y', '(', 'é', '1..2', 'a,b', 'a\u0000b', '\ud800'),
  fc.string({ maxLength: 3 }),
);
/** Numbers that are often equal, some of them sums that are not quite what they seem. */
const someNumber = fc.oneof(
  fc.constantFrom(0, 1, 0.5, 0.3, 0.1 + 0.2, 1 / 3, -1, 20, 21, 1e-12),
  // Sums of a few of them stay finite, as the contract wants them.
  fc.double({ min: -1e300, max: 1e300, noNaN: true }),
);
const share = fc.constantFrom(0, 0.25, 1 / 3, 0.5, 1);
const count = fc.integer({ min: 0, max: 40 });

export const anySubject: fc.Arbitrary<Subject> = fc
  .record({
    question: fc.record({
      row: count,
      problemId: shortText,
      problem: someText,
      problemType: fc.constantFrom(...problemType.options),
      dataType: fc.constantFrom(...dataType.options),
      solution: shortText,
      source: shortText,
      family: fc.option(shortText),
      needsOrder: fc.option(fc.boolean()),
    }),
    group: fc.record({
      step: count,
      purpose: fc.constantFrom(...groupPurpose.options),
      temporal: fc.option(
        fc.record({
          p: share,
          pShuffled: share,
          mu: fc.constant(0.8),
          comparison: fc.constant('>' as const),
          passed: fc.boolean(),
          paid: fc.constantFrom(0, 0.3),
        }),
      ),
      stats: fc.record({ mean: someNumber, std: fc.constantFrom(0, 0.5), count }),
      at: fc.integer({ min: 0, max: 4e12 }),
    }),
    rollout: fc.record({
      order: fc.constantFrom(...frameOrder.options),
      index: count,
      text: someText,
      tokenCount: count,
      stopReason: fc.constantFrom(...stopReason.options),
      answer: shortText,
      accuracy: share,
      correct: fc.boolean(),
      reward: fc
        .tuple(share, someNumber, someNumber, fc.boolean())
        .map(([accuracy, temporal, length, shuffled]): Rollout['reward'] => {
          const parts = (
            shuffled
              ? [['accuracy', accuracy]]
              : [
                  ['accuracy', accuracy],
                  ['temporal', temporal],
                  ['length', length],
                ]
          ) as [Rollout['reward']['parts'][number]['name'], number][];
          return {
            parts: parts.map(([name, value]) => ({ name, value, possible: 1, explanation: '' })),
            total: parts.reduce((sum, [, value]) => sum + value, 0),
          };
        }),
      advantage: fc.option(someNumber),
      aha: fc.array(
        fc.record({
          span: fc.constant({ start: 0, end: 1 }),
          tier: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const, 5 as const),
          rule: fc.constant(''),
          evidence: fc.constant(''),
        }),
        { maxLength: 2 },
      ),
      commitments: fc.constantFrom(
        undefined,
        [],
        ...[true, false, null].map((right) => [{ span: { start: 0, end: 1 }, answer: 'a', right }]),
      ),
      namesTime: fc.constantFrom(undefined, true, false),
      analysis: fc.constantFrom(undefined, 1, 2),
      flagged: fc.option(fc.uniqueArray(fc.constantFrom('a', 'A', 'made up', 'é')), { nil: undefined }),
      masked: fc.option(fc.record({ words: fc.constant<string[]>([]), advantage: share }), { nil: undefined }),
      meanLogprob: someNumber,
      meanEntropy: someNumber,
    }),
    annotations: fc.array(
      fc.oneof(
        fc.record({ category: fc.constantFrom(...builtInCategories.map(({ id }) => id)), author: shortText }),
        fc.record({ category: fc.constant(null), verdict: fc.constantFrom(...verdict.options), author: shortText }),
      ),
      { maxLength: 2 },
    ),
  })
  .map(subjectOf);

const comparison = fc.constantFrom(
  '=' as const,
  '!=' as const,
  '<' as const,
  '<=' as const,
  '>' as const,
  '>=' as const,
);
const equality = fc.constantFrom('=' as const, '!=' as const);

const anyComparison: fc.Arbitrary<Expression> = fc
  .constantFrom(...fieldNames)
  .chain((name): fc.Arbitrary<Expression> => {
    const field = fields[name];
    const made = (
      how: fc.Arbitrary<'=' | '!=' | '<' | '<=' | '>' | '>='>,
      value: fc.Arbitrary<number | string | boolean>,
    ) => fc.record({ kind: fc.constant('compare' as const), field: fc.constant(name), comparison: how, value });
    switch (field.kind) {
      case 'truth':
        return made(equality, fc.boolean());
      case 'choice':
        return made(equality, fc.constantFrom(...Object.keys(field.values)));
      case 'text':
        return made(
          equality,
          shortText.map((text) => text.toWellFormed()),
        );
      case 'texts':
        return made(
          fc.constant('=' as const),
          field.values === null
            ? shortText.map((text) => text.toWellFormed())
            : fc.constantFrom(...Object.keys(field.values)),
        );
      case 'number':
      case 'time': {
        const least = field.kind === 'time' ? 0 : (field.least ?? -1e9);
        const most = field.kind === 'time' ? 4e12 : (field.most ?? 1e9);
        const value =
          field.kind === 'time' || field.whole
            ? fc.integer({ min: least, max: field.kind === 'time' ? most : Math.min(most, 40) })
            : fc.oneof(share, someNumber).map((drawn) => Number(Math.min(most, Math.max(least, drawn)).toFixed(9)) + 0);
        return fc.oneof(
          made(comparison, value),
          fc
            .tuple(value, value)
            .map(([a, b]): Expression => ({ kind: 'between', field: name, from: Math.min(a, b), to: Math.max(a, b) })),
        );
      }
    }
  });

/** Two fields of numbers; there is one time alone. */
const anyTwoFields: fc.Arbitrary<Expression> = fc
  .constant('number' as const)
  .chain((kind) => {
    const name = fc.constantFrom(...fieldNames.filter((one) => fields[one].kind === kind));
    return fc.record({ kind: fc.constant('compareFields' as const), field: name, comparison, other: name });
  })
  .filter(({ field, other }) => field !== other);

const anyWords: fc.Arbitrary<Expression> = fc
  .tuple(fc.array(someWords, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([words, prefix]): Expression => ({ kind: 'words', words: wordsOf(words.join(' ')), prefix }));

/** A query as the parser makes them. */
export const anyExpression: fc.Arbitrary<Expression> = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'query' },
    fc.oneof(anyComparison, anyWords, anyTwoFields),
    fc
      .tuple(
        fc.constantFrom('all' as const, 'any' as const),
        fc.array(tie('expression'), { minLength: 2, maxLength: 4, depthIdentifier: 'query' }),
      )
      .map(([kind, of]): Expression => ({ kind, of })),
    tie('expression').map((of): Expression => ({ kind: 'not', of })),
  ),
})).expression;
