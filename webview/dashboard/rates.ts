/** Shares by step of what is counted of groups and answers: of each step, and pooled over the steps before it with an interval. */
import { pointOf } from '../../trainer/protocol/curves.ts';
import { proportion } from '../../trainer/protocol/proportion.ts';
import { type CountName, counters, type StepCounts, sumsOf } from '../../trainer/protocol/step-counts.ts';

export interface Rate {
  /** Of each step alone, and the counts that it is made of; null where nothing was counted at a step. */
  readonly raw: readonly (number | null)[];
  readonly counts: readonly (readonly [count: number, of: number] | null)[];
  /** Over the step and those before it that were counted, `width` of them in all, with its 95 % interval. */
  readonly pooled: readonly (number | null)[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** @param points of the charts: their first steps, ascending, and how many steps each stands for; what was counted at others is left out */
export function rateOf(
  counts: StepCounts | undefined,
  name: CountName,
  { steps, size }: { readonly steps: readonly number[]; readonly size: number },
  width: number,
): Rate {
  const sums = counts ? sumsOf(counts, name) : [];
  const wholes = counts ? sumsOf(counts, counters[name].of) : [];
  const places = new Map(steps.map((step, at) => [step, at]));
  const found: ([number, number] | null)[] = steps.map(() => null);
  for (const [at, step] of (counts?.steps ?? []).entries()) {
    const place = places.get(pointOf(step, size));
    const of = wholes[at] ?? 0;
    if (place === undefined || of === 0) continue;
    const [count, whole] = found[place] ?? [0, 0];
    found[place] = [count + (sums[at] ?? 0), whole + of];
  }
  const window: (readonly [number, number])[] = [];
  const mostPooled = Math.max(1, Math.ceil(width / Math.max(size, counts?.size ?? 1)));
  const pooled = found.map((one) => {
    if (one === null) return null;
    window.push(one);
    if (window.length > mostPooled) window.shift();
    const [count, of] = window.reduce(([a, b], [c, d]) => [a + c, b + d] as const, [0, 0] as const);
    return proportion(count, of);
  });
  return {
    counts: found,
    raw: found.map((one) => one && one[0] / one[1]),
    pooled: pooled.map((one) => one?.share ?? null),
    low: pooled.map((one) => one?.low ?? null),
    high: pooled.map((one) => one?.high ?? null),
  };
}

/** The counts of training; of probes where a run trains on no groups, as SFT; undefined without either. */
export function ofTraining(counts: readonly StepCounts[]): StepCounts | undefined {
  const of = (purpose: StepCounts['purpose']) => counts.find((one) => one.purpose === purpose && one.steps.length > 0);
  return of('train') ?? of('probe');
}
