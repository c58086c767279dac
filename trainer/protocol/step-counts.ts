/**
 * What is counted of every group, one entry each: the store keeps the sums by step and purpose, and pages add the groups that
 * arrive. To count something more: an entry in `table`, and a higher `countsVersion`, so that what is stored is counted anew.
 */
import { z } from 'zod';
import { analysisOf, analysisVersion, type Change, changeOf } from './analysis.ts';
import { pointOf, pointSize } from './curves.ts';
import { type FlatReason, flatReasonOf } from './flat-reason.ts';
import { type PaidAndFelt, paidAndFelt, rightWithoutOrder } from './paid-and-felt.ts';
import { type PatternName, patternShown } from './patterns.ts';
import { type GroupPurpose, type GroupWithRollouts, groupPurpose, type Rollout } from './records.ts';

/** Of the rules below (thousands) and of the analysis: sums of another version are made anew from the groups. */
export const countsVersion = 4000 + analysisVersion;

interface Counter {
  /** Of what it is a count: a share is it over the sum of this one. Answers are those on frames in order, `analysed` those of them that
   * the present rules have read, `tested` those that were trained on and could be paid for order, `credited` those whose credit was measured: right, and on videos. */
  readonly of: 'groups' | 'answers' | 'analysed' | 'tested' | 'credited';
  /** For people: what a group or an answer has that is counted. */
  readonly what: string;
  count(group: GroupWithRollouts): number;
}

const answers = ({ rollouts }: GroupWithRollouts): Rollout[] => rollouts.filter(({ order }) => order === 'ordered');

const flat = (reason: FlatReason, what: string): Counter => ({
  of: 'groups',
  what,
  count: (group) => Number(flatReasonOf(group) === reason),
});

/** Answers whose reasoning was analysed by the present rules, and of them those that hold. */
const analysed = (what: string, holds: (answer: Rollout) => boolean): Counter => ({
  of: 'analysed',
  what,
  count: (group) => answers(group).filter((answer) => analysisOf(answer) === analysisVersion && holds(answer)).length,
});

const hasTier = (tier: number) => (answer: Rollout) => answer.aha.some((moment) => moment.tier === tier);
const became = (change: Change) =>
  analysed(`first to final answer: ${change}`, (answer) => changeOf(answer) === change);

const hasPattern = (name: PatternName) =>
  analysed(`answers with the pattern: ${patternShown(name)}`, ({ patterns }) => patterns?.includes(name) ?? false);

const tested = (what: string, holds: (one: PaidAndFelt) => boolean): Counter => ({
  of: 'tested',
  what,
  count: (group) => (paidAndFelt(group) ?? []).filter(holds).length,
});

const credited = (what: string, holds: (without: boolean) => boolean): Counter => ({
  of: 'credited',
  what,
  count: (group) =>
    answers(group).filter((answer) => {
      const without = rightWithoutOrder(group, answer);
      return without !== null && holds(without);
    }).length,
});

const table = {
  groups: { of: 'groups', what: 'groups', count: () => 1 },
  answers: { of: 'answers', what: 'answers on frames in order', count: (group) => answers(group).length },
  analysed: analysed('answers analysed by the present rules', () => true),
  aha1: analysed('answers with a cue (T1)', hasTier(1)),
  aha2: analysed('answers with an aha moment of tier 2', hasTier(2)),
  aha3: analysed('answers with an aha moment of tier 3', hasTier(3)),
  aha4: analysed('answers with an aha moment of tier 4', hasTier(4)),
  aha5: analysed('answers with an aha moment of tier 5', hasTier(5)),
  namesTime: analysed('answers that name a frame or a time', ({ namesTime }) => namesTime === true),
  wrongToRight: became('wrong to right'),
  rightToWrong: became('right to wrong'),
  staysRight: became('stays right'),
  staysWrong: became('stays wrong'),
  noFirstAnswer: became('no first answer'),
  notComparable: became('not comparable'),
  wrongWay: hasPattern('wrong way'),
  paidWithoutOrder: hasPattern('paid without order'),
  repetition: hasPattern('repetition'),
  cutAtLimit: hasPattern('cut at limit'),
  noReasoning: hasPattern('no reasoning'),
  languageSwitch: hasPattern('language switch'),
  brokenFormat: hasPattern('broken format'),
  missingFrame: hasPattern('missing frame'),
  sameText: hasPattern('same text'),
  flagged: {
    of: 'answers',
    what: 'answers with words that people flagged in answers to the same question',
    count: (group) => answers(group).filter(({ flagged = [] }) => flagged.length > 0).length,
  },
  tested: tested('answers on frames in order that were trained on, of groups in which order could be paid', () => true),
  paid: tested('answers that got the temporal reward', ({ paid }) => paid > 0),
  felt: tested('answers that got it and whose advantage it changed', ({ paid, felt }) => paid > 0 && felt),
  credited: credited('right answers on videos whose credit was measured', () => true),
  rightWithoutOrder: credited('right answers to which order is worth less than credit begins at', (without) => without),
  flatAllRight: flat('all right', 'flat: all right'),
  flatAllWrong: flat('all wrong', 'flat: all wrong'),
  flatAlike: flat('alike', 'flat: all alike in other ways'),
} as const satisfies Record<string, Counter>;

export type CountName = keyof typeof table;

export const counters: Readonly<Record<CountName, Counter>> = table;
export const countNames = Object.keys(table) as CountName[];

/** What one group adds to the sums of its step and purpose. */
export function countsOf(group: GroupWithRollouts): Record<CountName, number> {
  return Object.fromEntries(countNames.map((name) => [name, counters[name].count(group)])) as Record<CountName, number>;
}

/** Sums of one purpose, as columns by step, or by as many steps as are put together. */
export const stepCounts = z.object({
  purpose: groupPurpose,
  /** Those that have groups of this purpose, ascending; the first step of each point where several are put together. */
  steps: z.array(z.number().int()),
  /** Steps that are put together, as points of curves are; 1 where it is not said. */
  size: z.number().int().min(1).optional(),
  /** By name of what is counted, one number for each of `steps`; a name that is not there was counted nowhere. */
  sums: z.record(z.string(), z.array(z.number().int())),
});
export type StepCounts = z.infer<typeof stepCounts>;

/** The column of one count, a number for each of `steps`. */
export function sumsOf({ steps, sums }: StepCounts, name: CountName): readonly number[] {
  return sums[name] ?? steps.map(() => 0);
}

/** With points that stand for several steps, where there are more steps than so many points have room for. */
export function countsInPoints(counts: StepCounts, points: number): StepCounts {
  const { purpose, steps, sums } = counts;
  const size = pointSize((steps.at(-1) ?? 0) - (steps[0] ?? 0) + 1, points);
  if (size === 1) return counts;
  const labels = [...new Set(steps.map((step) => pointOf(step, size)))];
  const places = new Map(labels.map((label, place) => [label, place]));
  const together = (column: readonly number[]) => {
    const made = labels.map(() => 0);
    for (const [at, step] of steps.entries()) {
      const place = places.get(pointOf(step, size)) as number;
      made[place] = (made[place] as number) + (column[at] ?? 0);
    }
    return made;
  };
  const columns = Object.entries(sums).map(([name, column]) => [name, together(column)] as const);
  return { purpose, steps: labels, size, sums: Object.fromEntries(columns) };
}

const noCounts = (purpose: GroupPurpose): StepCounts => ({ purpose, steps: [], sums: {} });

/** Adds groups to the sums of their steps and purposes; nothing is changed in place. */
export function withGroups(known: readonly StepCounts[], groups: readonly GroupWithRollouts[]): StepCounts[] {
  const byPurpose = new Map(known.map((counts) => [counts.purpose, counts]));
  for (const purpose of new Set(groups.map((group) => group.purpose))) {
    const held = byPurpose.get(purpose) ?? noCounts(purpose);
    const { steps: before, sums: sumsBefore, size = 1 } = held;
    const steps = [...before];
    const sums = Object.fromEntries(
      [...new Set([...Object.keys(sumsBefore), ...countNames])].map((name) => [
        name,
        [...(sumsBefore[name] ?? before.map(() => 0))],
      ]),
    );
    for (const group of groups.filter((one) => one.purpose === purpose)) {
      const step = pointOf(group.step, size);
      let at = steps.length;
      while (at > 0 && (steps[at - 1] as number) >= step) at--;
      if (steps[at] !== step) {
        steps.splice(at, 0, step);
        for (const column of Object.values(sums)) column.splice(at, 0, 0);
      }
      for (const [name, count] of Object.entries(countsOf(group))) {
        const column = sums[name] as number[];
        column[at] = (column[at] as number) + count;
      }
    }
    byPurpose.set(purpose, { ...held, steps, sums });
  }
  return [...byPurpose.values()];
}

/** Takes away what was counted of steps after `toStep`, and of those that are put together with them. */
export function countsUpTo(held: readonly StepCounts[], toStep: number): StepCounts[] {
  return held.map(({ steps, sums, ...rest }) => {
    const kept = steps.filter((step) => step + (rest.size ?? 1) - 1 <= toStep).length;
    return {
      ...rest,
      steps: steps.slice(0, kept),
      sums: Object.fromEntries(Object.entries(sums).map(([name, column]) => [name, column.slice(0, kept)])),
    };
  });
}
