/** When a condition holds, by steps and answers that are made up; each ready-made one hits on a run that has the trouble, and on none that has not. */
import { describe, expect, it } from 'vitest';
import { readCondition } from '../../trainer/protocol/breakpoints/parse-condition.ts';
import { type ReadyMadeName, readyMadeNames, readyMades } from '../../trainer/protocol/breakpoints/ready-made.ts';
import type { StepNumbers } from '../../trainer/protocol/breakpoints/step-numbers.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { conditionHolds, type Moment } from '../../trainer/runs/condition-holds.ts';
import { subjectOf } from '../protocol/query/subjects.ts';

const run = { id: 'r-1', name: 'r' };
const series = (
  of: Exclude<keyof StepNumbers, 'step' | 'durations'>,
  values: readonly (number | null)[],
): StepNumbers[] => values.map((value, i) => ({ step: i + 1, [of]: value }));

function groupOf(id: string, rollouts: readonly Partial<Rollout>[]): GroupWithRollouts {
  const { group, rollout } = subjectOf();
  return {
    ...group,
    id,
    rollouts: rollouts.map((one, index) => ({ ...rollout, id: `${id}-o${index}`, groupId: id, index, ...one })),
  };
}

function ask(line: string, moment: Partial<Moment>) {
  const read = readCondition(line);
  if ('fault' in read) throw new Error(read.fault);
  return conditionHolds(read.condition, { run, steps: [{ step: 1 }], groups: [], ...moment });
}
const holds = (line: string, moment: Partial<Moment>) => ask(line, moment).holds;

describe('a function over steps', () => {
  const kl = series('kl', [4, 1, 2, 3]);

  it('goes over the last steps and no others', () => {
    expect(holds('mean(kl, 3) = 2', { steps: kl })).toBe(true);
    expect(holds('min(kl, 3) = 1 and max(kl, 3) = 3 and slope(kl, 3) = 1', { steps: kl })).toBe(true);
    expect(holds('max(kl, 4) = 4', { steps: kl })).toBe(true);
    expect(holds('kl > mean(kl, 4)', { steps: kl })).toBe(true);
  });

  it('passes over steps without the number, but holds in none that has none itself', () => {
    expect(holds('mean(kl, 2) = 2', { steps: series('kl', [9, 1, null, 3]) })).toBe(true);
    expect(holds('mean(kl, 2) < 9', { steps: series('kl', [1, 1, null]) })).toBeNull();
  });

  it('is neither true nor false with fewer steps, and so is its opposite', () => {
    for (const line of [
      'mean(kl, 5) < 9',
      'not mean(kl, 5) < 9',
      'stalled(kl, 5)',
      'not stalled(kl, 5)',
      'slope(kl, 5) > -9',
    ])
      expect(holds(line, { steps: kl }), line).toBeNull();
    expect(holds('mean(kl, 5) < 9 or kl = 3', { steps: kl })).toBe(true);
    expect(holds('mean(kl, 5) < 9 and kl = 2', { steps: kl })).toBe(false);
  });

  it('is stalled where the interval of the slope holds 0: noise without a trend is, a trend in the same noise is not', () => {
    const noise = Array.from({ length: 50 }, (_, x) => ((x * x * 7 + 3 * x) % 11) / 10);
    expect(holds('stalled(accuracy, 50)', { steps: series('accuracy', noise) })).toBe(true);
    const rising = noise.map((value, x) => value / 2 + x / 100);
    expect(holds('stalled(accuracy, 50)', { steps: series('accuracy', rising) })).toBe(false);
    expect(ask('stalled(accuracy, 50)', { steps: series('accuracy', noise) }).sentence).toBe(
      'the slope of accuracy over 50 steps is −0.0002161 a step, with 95 % between −0.007153 and 0.006721',
    );
  });

  it('says of a number whether it is finite, where there is one', () => {
    expect(holds('nan(loss)', { steps: series('loss', [1, Number.NaN]) })).toBe(true);
    expect(holds('nan(loss)', { steps: series('loss', [Number.NaN, 1]) })).toBe(false);
    expect(holds('nan(loss)', { steps: series('loss', [null]) })).toBeNull();
    expect(holds('loss > 1 or loss <= 1', { steps: series('loss', [Number.NaN]) })).toBeNull();
  });
});

describe('a function over answers', () => {
  const tier = (of: 0 | 4 | 5) =>
    ({ aha: of === 0 ? [] : [{ span: { start: 0, end: 1 }, tier: of, rule: '', evidence: '' }] }) as const;
  const groups = [
    groupOf('g1', [tier(0), { ...tier(4), correct: false }]),
    groupOf('g2', [tier(0), { ...tier(5), order: 'shuffled' }]),
  ];

  it('holds for one, for each, for so many of them', () => {
    expect(holds('any(aha >= 4)', { groups })).toBe(true);
    expect(holds('any(aha >= 4 half:ordered correct:true)', { groups })).toBe(false);
    expect(holds('all(aha >= 0)', { groups })).toBe(true);
    expect(holds('all(aha >= 4)', { groups })).toBe(false);
    expect(holds('count(aha >= 4) = 2 and share(aha >= 4) = 0.5', { groups })).toBe(true);
  });

  it('holds for none where there are none', () => {
    expect(holds('any(aha >= 0)', {})).toBe(false);
    expect(holds('all(aha >= 0)', {})).toBe(false);
    expect(holds('count(aha >= 0) = 0', {})).toBe(true);
    expect(holds('share(aha >= 0) < 1', {})).toBeNull();
  });

  it('names the first answer that it holds for, with what was asked of it', () => {
    expect(ask('kl > 1 or any(aha >= 4)', { groups })).toMatchObject({
      sentence: 'answer 2 of question 1: aha 4, and 1 more',
      rolloutId: 'g1-o1',
      groupId: 'g1',
    });
    expect(ask('any(aha = 5)', { groups }).sentence).toBe('shuffled answer 2 of question 2: aha 5');
    expect(ask('count(correct:false) >= 1', { groups })).toMatchObject({
      sentence: '1 of 4 answers, the first answer 2 of question 1: correct:false',
      values: [{ name: 'count(correct:false)', value: 1 }],
    });
    expect(ask('not any(aha > 5)', { groups })).toMatchObject({ holds: true, rolloutId: null });
  });

  it('writes what a model wrote as one plain line', () => {
    const hostile = [groupOf('g1', [{ answer: `A\u202e\n${'x'.repeat(99)}` }])];
    const { sentence } = ask('any(not answer:B)', { groups: hostile });
    expect(sentence).toContain('A\\u202e');
    expect(sentence).not.toMatch(/[\n\u202e]/);
    expect(sentence.length).toBeLessThan(120);
  });
});

describe('what is offered ready-made', () => {
  const steps = (count: number, of: (i: number) => Partial<StepNumbers>): StepNumbers[] =>
    Array.from({ length: count }, (_, i) => ({ step: i + 1, ...of(i) }));
  const cut = (stopReason: Rollout['stopReason']) => ({ stopReason });
  const form = (broken: boolean): Partial<Rollout> => ({ patterns: broken ? ['broken format'] : [] });
  const cases: Readonly<Record<ReadyMadeName, { hits: Partial<Moment>; not: Partial<Moment> }>> = {
    'not-finite': {
      hits: { steps: [{ step: 1, loss: Number.POSITIVE_INFINITY, gradNorm: 1 }] },
      not: { steps: [{ step: 1, loss: 1e9, gradNorm: 1e9 }] },
    },
    'kl-runaway': {
      hits: { steps: series('kl', [0.1, 0.6, 0.7, 0.9, 1.4, 2]) },
      not: { steps: series('kl', [0.9, 0.8, 0.7, 0.6, 0.55, 0.52]) },
    },
    'reward-collapsed': {
      hits: { steps: steps(10, () => ({ reward: 0.1 + 0.2, flatGroups: 1 })) },
      not: { steps: steps(10, (i) => ({ reward: 0.3, flatGroups: i === 4 ? 0.5 : 1 })) },
    },
    'length-limit': {
      hits: { groups: [groupOf('g', [cut('length'), cut('length'), cut('stop')])] },
      not: { groups: [groupOf('g', [cut('length'), cut('stop')])] },
    },
    'format-lost': {
      hits: { groups: [groupOf('g', [form(true), form(true), form(false)])] },
      not: { groups: [groupOf('g', [form(true), form(false), form(false)])] },
    },
    'zero-spread': {
      hits: { steps: steps(5, () => ({ flatGroups: 1 })) },
      not: { steps: steps(5, (i) => ({ flatGroups: i === 0 ? 0.9 : 1 })) },
    },
    'disk-low': {
      hits: { steps: [{ step: 1, diskFree: 4.9 }] },
      not: { steps: [{ step: 1, diskFree: 5 }] },
    },
  };

  it.each(readyMadeNames)('%s hits on a run that has the trouble, and not on one that has not', (name) => {
    const { condition } = readyMades[name];
    expect(holds(condition, cases[name].hits)).toBe(true);
    expect(holds(condition, cases[name].not)).toBe(false);
  });
});
