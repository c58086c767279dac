/** A step's time in parts that add up to the whole. */
import type { StepMetrics } from '../../trainer/protocol/records.ts';

type Durations = StepMetrics['durations'];

const measured = [
  'decode',
  'sample',
  'score',
  'credit',
  'oldLogprobs',
  'update',
  'store',
] as const satisfies (keyof Durations)[];
/** In the order in which they come; `other` is what none of them measured. */
export const partNames = [...measured, 'other'] as const;

/** What a part is called. */
export const partWords = (name: (typeof partNames)[number]): string => (name === 'oldLogprobs' ? 'old log p' : name);

export interface TimeParts {
  readonly of: Readonly<Record<(typeof partNames)[number], number>>;
  /** Milliseconds; more than 0, so that shares can be taken of it. */
  readonly whole: number;
}

export function timeParts(durations: Durations): TimeParts {
  const named = measured.reduce((sum, part) => sum + durations[part], 0);
  const of = Object.fromEntries(measured.map((part) => [part, durations[part]])) as Record<
    (typeof measured)[number],
    number
  >;
  return { of: { ...of, other: Math.max(0, durations.total - named) }, whole: Math.max(durations.total, named, 1) };
}

/** Part by part. @throws RangeError without any */
export function meanOf(steps: readonly TimeParts[]): TimeParts {
  if (steps.length === 0) throw new RangeError('a mean is of one step at least');
  const mean = (of: (step: TimeParts) => number) => steps.reduce((sum, step) => sum + of(step), 0) / steps.length;
  const of = Object.fromEntries(partNames.map((part) => [part, mean((step) => step.of[part])]));
  return { of: of as TimeParts['of'], whole: mean(({ whole }) => whole) };
}
