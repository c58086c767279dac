/** The breakpoints of a run as they are kept and sent, and what a hit of one says. They are part of the run's summary. */
import { z } from 'zod';
import { runPlace, safePoint } from '../safe-points.ts';

export const breakpoint = z.object({
  /** Given once in a run, from 1, and never again. */
  number: z.number().int().min(1),
  /** As it was typed. */
  condition: z.string(),
  /** Where it is asked. */
  at: safePoint,
  /** A hit is written down, and the run goes on. */
  logOnly: z.boolean(),
  enabled: z.boolean(),
  /** Since its condition is this one. */
  hits: z.number().int(),
  /** Where it was hit last; null for never. */
  lastHit: runPlace.nullable(),
});
export type Breakpoint = z.infer<typeof breakpoint>;

export const breakpointList = z.object({
  /** The highest number that was given. */
  given: z.number().int(),
  /** By number. */
  list: z.array(breakpoint),
});
export type BreakpointList = z.infer<typeof breakpointList>;

/** What made a condition hold. */
export const breakpointCause = z.object({
  /** For people, without a full stop: `answer 5 of question 1: aha 5`. */
  sentence: z.string(),
  /** The first answer for which it holds, and its group; null where it was none. */
  rolloutId: z.string().nullable(),
  groupId: z.string().nullable(),
  /** What the condition compares, as it is written there; a value that is not finite is null. */
  values: z.array(z.object({ name: z.string(), value: z.number().nullable() })),
});
export type BreakpointCause = z.infer<typeof breakpointCause>;

export const breakpointHit = z.object({
  number: z.number().int(),
  condition: z.string(),
  place: runPlace,
  logOnly: z.boolean(),
  /** This is so many hits with this one. */
  hits: z.number().int(),
  cause: breakpointCause,
});
export type BreakpointHit = z.infer<typeof breakpointHit>;
