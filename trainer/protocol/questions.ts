/**
 * What is asked about questions beyond one group: which came up in a run, how the answers to one changed, and how two runs or
 * two evaluations compare on those that both were asked. A question is known by its content: its words, options and solution,
 * its type, and the name of its video or image inside the dataset; not by where the dataset's file lies, nor by its row.
 */
import { z } from 'zod';
import { dataType, problemType } from './dataset.ts';
import { frameOrder, groupPurpose, question, temporalTest } from './records.ts';

/** Of a question's content; the same in every run. */
export const questionKey = z.string().min(1);

/** A question that came up in a run, in groups that stand. */
export const askedQuestion = z.object({
  key: questionKey,
  dataset: z.string(),
  row: z.number().int(),
  fileRow: z.number().int().positive().optional(),
  problem: z.string(),
  problemType,
  dataType,
  family: z.string().nullable(),
  /** How often, by what for. */
  times: z.object({ train: z.number().int(), probe: z.number().int(), evaluation: z.number().int() }),
  firstStep: z.number().int(),
  lastStep: z.number().int(),
  /** Mean accuracy reward on ordered frames the first and the last time; null for a group without such answers. */
  firstAccuracy: z.number().nullable(),
  lastAccuracy: z.number().nullable(),
});
export type AskedQuestion = z.infer<typeof askedQuestion>;

/** An answer without its text. */
export const historyAnswer = z.object({
  rolloutId: z.string(),
  order: frameOrder,
  index: z.number().int(),
  answer: z.string(),
  accuracy: z.number(),
  correct: z.boolean(),
  reward: z.number(),
  advantage: z.number().nullable(),
  tokenCount: z.number().int(),
  /** Highest tier of aha; 0 for none. */
  tier: z.number().int().min(0).max(5),
});
export type HistoryAnswer = z.infer<typeof historyAnswer>;

export const historyGroup = z.object({
  groupId: z.string(),
  step: z.number().int(),
  purpose: groupPurpose,
  at: z.number(),
  /** The number of the going back that superseded it; null where it stands. */
  superseded: z.number().int().nullable(),
  temporal: temporalTest.nullable(),
  answers: z.array(historyAnswer),
});
export type HistoryGroup = z.infer<typeof historyGroup>;

export const questionHistory = z.object({
  key: questionKey,
  question,
  /** By step, then as they were recorded; what was superseded included. */
  groups: z.array(historyGroup),
  /** Share of the run's groups that were looked at: less than 1 while a run of an older version is indexed anew. */
  filled: z.number().min(0).max(1),
});
export type QuestionHistory = z.infer<typeof questionHistory>;

/** What pairs differ by: share of right answers, mean total reward, mean length in tokens; all of answers on ordered frames. */
export const pairMeasures = ['right', 'reward', 'length'] as const;
export const pairMeasure = z.enum(pairMeasures);
export type PairMeasure = z.infer<typeof pairMeasure>;

/** Difference of means, second minus first, with the 95 % interval of the paired t test; no bounds for a single pair. */
export const pairedMean = z.object({
  count: z.number().int(),
  first: z.number(),
  second: z.number(),
  difference: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});
export type PairedMean = z.infer<typeof pairedMean>;

const sides = <T extends z.ZodType>(of: T) => z.object({ first: of, second: of });

/** A question of two runs: each value is the mean over the groups that are paired, those of the same step. */
export const sharedQuestion = z.object({
  key: questionKey,
  problem: z.string(),
  problemType,
  /** Groups of the same step in both; 0 where the two nearest steps are taken instead. */
  sharedSteps: z.number().int(),
  /** The newest pair. */
  newest: sides(z.object({ groupId: z.string(), step: z.number().int() })),
  right: sides(z.number()),
  reward: sides(z.number()),
  length: sides(z.number()),
});
export type SharedQuestion = z.infer<typeof sharedQuestion>;

export const sharedQuestions = z.object({
  questions: z.array(sharedQuestion),
  /** Questions in both, those of the page and the others. */
  total: z.number().int(),
  /** Of these, how many came up at the same step in both. */
  atSameSteps: z.number().int(),
  onlyIn: sides(z.number().int()),
  /** Over questions at the same steps, or over all at their nearest steps where there is none; null without questions. */
  means: z.record(pairMeasure, pairedMean).nullable(),
  filled: z.number().min(0).max(1),
});
export type SharedQuestions = z.infer<typeof sharedQuestions>;

const evaluationAnswer = z.object({
  groupId: z.string(),
  rolloutId: z.string(),
  answer: z.string(),
  accuracy: z.number(),
  correct: z.boolean(),
});

const evaluationScore = z.object({ accuracy: z.number(), correct: z.boolean() });

/** The answers to one question on ordered frames in two evaluations. */
export const evaluationPair = z.object({
  key: questionKey,
  problem: z.string(),
  problemType,
  family: z.string(),
  needsOrder: z.boolean(),
  first: evaluationAnswer,
  second: evaluationAnswer,
  /** How both answered it without reasoning; absent where one was not asked so. */
  direct: sides(evaluationScore).optional(),
  /** Both clip and reversal right, of both; absent where one was not asked so. */
  reversal: sides(evaluationScore).optional(),
});
export type EvaluationPair = z.infer<typeof evaluationPair>;

export const comparedSlice = z.object({
  kind: z.enum(['all', 'needs order', 'type', 'family', 'direct', 'reversal']),
  name: z.string(),
  /** Of accuracy; of `reversal`, where a clip and its reversal are right together. */
  mean: pairedMean,
  /** Questions that only one of the two got right. */
  onlyFirst: z.number().int(),
  onlySecond: z.number().int(),
  /** Of McNemar's exact test on these, two-sided. */
  p: z.number(),
});
export type ComparedSlice = z.infer<typeof comparedSlice>;

export const comparedEvaluations = z.object({
  slices: z.array(comparedSlice),
  /** In the order of the dataset. */
  pairs: z.array(evaluationPair),
  /** Answers without a partner. */
  leftOut: sides(z.number().int()),
  /** Pairs that saw other frames, or were asked by another prompt. */
  otherFrames: z.number().int(),
  otherPrompts: z.number().int(),
});
export type ComparedEvaluations = z.infer<typeof comparedEvaluations>;

/** A setting in which two runs differ, as a person would write it; null where one does not have it. */
export const runDifference = z.object({
  name: z.string(),
  kind: z.enum(['parameter', 'data', 'seed', 'weights', 'other']),
  first: z.string().nullable(),
  second: z.string().nullable(),
});
export type RunDifference = z.infer<typeof runDifference>;
