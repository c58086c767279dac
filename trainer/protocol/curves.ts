/**
 * Numbers of steps as curves are drawn from them: one point a step, or, where there are more steps than room, one point for
 * as many steps as are put together, with the least and the most of them.
 */
import { z } from 'zod';
import { type StepMetrics, stepMetrics } from './records.ts';

/** What curves are of; the others are fields of a step's record. */
const derived = {
  /** Tokens that were sampled and trained on, a second of work. */
  tokensPerSecond: ({ sampledTokens, trainedTokens, durations }: StepMetrics) =>
    durations.total > 0 ? ((sampledTokens + trainedTokens) * 1000) / durations.total : null,
  memory: ({ memoryBytes }: StepMetrics) => memoryBytes ?? null,
  /** Of the rank that takes most. */
  rankMemory: ({ rankBytes = [] }: StepMetrics) => (rankBytes.length === 0 ? null : Math.max(...rankBytes)),
  mismatch: ({ mismatch }: StepMetrics) => mismatch?.difference ?? null,
  mismatchK3: ({ mismatch }: StepMetrics) => mismatch?.k3 ?? null,
  importance: ({ mismatch }: StepMetrics) => mismatch?.weight ?? null,
} as const;

const fields = [
  'loss',
  'gradNorm',
  'learningRate',
  'kl',
  'entropy',
  'accuracy',
  'accuracyShuffled',
  'format',
  'temporal',
  'reward',
  'length',
  'flatGroups',
  'clipped',
] as const satisfies readonly (keyof StepMetrics)[];

export type CurveName = (typeof fields)[number] | keyof typeof derived;
export const curveNames: readonly CurveName[] = [...fields, ...(Object.keys(derived) as (keyof typeof derived)[])];

/** Null where a step has none, or not a finite one. */
export function curveValue(metrics: StepMetrics, name: CurveName): number | null {
  const value = name in derived ? derived[name as keyof typeof derived](metrics) : metrics[name as keyof StepMetrics];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Each step has a point of its own where a range has at most so many times the points that are asked for. */
export const ownPoints = 4;

/**
 * Steps that a point stands for, a power of two: 1, or so many that `span` steps have at most `points` points. Step s is in
 * the point that begins at the multiple of the size that is not above s.
 */
export function pointSize(span: number, points: number): number {
  if (span <= ownPoints * points) return 1;
  let size = 2;
  /* A range that begins inside a point has one more. */
  while (Math.ceil(span / size) + 1 > points) size *= 2;
  return size;
}

/** First step of the point that a step is in. */
export const pointOf = (step: number, size: number) => step - (step % size);

/** One number by point. Without `low`, `high` and `count` each point is one step, and `mean` is its value. */
export const curveColumn = z.object({
  /** Null where none of the point's steps has a value. */
  mean: z.array(z.number().nullable()),
  low: z.array(z.number().nullable()).optional(),
  high: z.array(z.number().nullable()).optional(),
  /** Of the steps that have a value. */
  count: z.array(z.number().int()).optional(),
});
export type CurveColumn = z.infer<typeof curveColumn>;

const attempt = z.object({ attempt: z.number().int(), from: z.number().int(), to: z.number().int() });

export const curvesAsked = {
  fromStep: z.number().int().min(0).optional(),
  /** With this one. */
  toStep: z.number().int().min(0).optional(),
  /** As many as there is room for. */
  points: z.number().int().min(16).max(4096).default(1024),
  /** As it was before this going back, by its number; without it as it stands. */
  before: z.number().int().min(1).optional(),
};
export interface CurvesAsked {
  readonly fromStep: number | null;
  readonly toStep: number | null;
  readonly points: number;
  readonly before: number | null;
}

export const curves = z.object({
  /** Steps that a point stands for. */
  size: z.number().int().min(1),
  /** First step of each point, ascending; those without a record are left out. */
  steps: z.array(z.number().int()),
  /** By name of the curve; all as long as `steps`. */
  columns: z.record(z.string(), curveColumn),
  /** Of the whole run, whatever was asked for: steps with a record, the first and the last of them. */
  total: z.number().int(),
  firstStep: z.number().int().nullable(),
  lastStep: z.number().int().nullable(),
  /** Whole records of the last steps of the run, at most twenty, the newest last. */
  recent: z.array(stepMetrics),
  /** Times that the run went back, with the first and the last step that it went back over. */
  attempts: z.array(attempt),
});
export type CurvesAnswer = z.infer<typeof curves>;
export type Attempt = z.infer<typeof attempt>;

export const recentSteps = 20;
