/** What can be asked of a run's breakpoints, and what of the list is against it; `changed-list.ts` reads conditions, and makes the change. */
import { z } from 'zod';
import type { Method } from '../parameters.ts';
import { safePoint } from '../safe-points.ts';
import type { Breakpoint, BreakpointHit, BreakpointList } from './breakpoint.ts';

/** Longest condition, in characters. */
export const longestCondition = 1000;
/** So many a run can have. */
export const mostBreakpoints = 50;

const number = z.number().int().min(1);
const condition = z.string().max(longestCondition);

export const breakpointChange = z.discriminatedUnion('do', [
  /** `at`: the safe point; absent: the one that follows from what the condition names. */
  z.strictObject({ do: z.literal('add'), condition, at: safePoint.optional(), logOnly: z.boolean().default(false) }),
  /** What is absent stays as it is, but for the point of another condition, which follows from it. */
  z.strictObject({
    do: z.literal('edit'),
    number,
    condition: condition.optional(),
    at: safePoint.optional(),
    logOnly: z.boolean().optional(),
  }),
  z.strictObject({ do: z.literal('enable'), number }),
  z.strictObject({ do: z.literal('disable'), number }),
  z.strictObject({ do: z.literal('remove'), number }),
]);
export type BreakpointChange = z.infer<typeof breakpointChange>;

/** A run that has breakpoints, or never had. */
export interface HasBreakpoints {
  readonly method: Method;
  readonly breakpoints?: BreakpointList | undefined;
}

export const breakpointsOf = ({ breakpoints }: Pick<HasBreakpoints, 'breakpoints'>): readonly Breakpoint[] =>
  breakpoints?.list ?? [];

/** Why a change can't be made, as a clause, whatever its condition says; null where it can. */
export function breakRefusal(change: BreakpointChange, run: HasBreakpoints): string | null {
  const list = breakpointsOf(run);
  if (change.do === 'add')
    return list.length >= mostBreakpoints ? `a run has at most ${mostBreakpoints} breakpoints` : null;
  if (list.some((one) => one.number === change.number)) return null;
  const numbers = list.map((one) => one.number).join(', ');
  return `there is no breakpoint ${change.number}; ${numbers === '' ? 'the run has none' : `there are ${numbers}`}`;
}

/** The list for another run, which did not hit any of it yet. */
export function neverHit({ given, list }: BreakpointList): BreakpointList {
  return { given, list: list.map((held) => ({ ...held, hits: 0, lastHit: null })) };
}

/** The list when one of it was hit. */
export function listAfterHit(
  { given, list }: BreakpointList,
  { number: of, hits, place }: BreakpointHit,
): BreakpointList {
  return { given, list: list.map((held) => (held.number === of ? { ...held, hits, lastHit: place } : held)) };
}
