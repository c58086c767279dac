/** A question as evaluations and audits keep it beside what was answered. */
import { z } from 'zod';
import { dataType, problemType } from './dataset.ts';

export const keptQuestion = {
  /** Name of the dataset. */
  dataset: z.string(),
  /** Among the questions that can be asked, from 0. */
  row: z.number().int().min(0),
  /** In the dataset's file, from 1; older files of answers have none. */
  fileRow: z.number().int().positive().optional(),
  /** Hash of what is asked: the same in any file that holds the question. */
  key: z.string(),
  problemId: z.string(),
  problem: z.string(),
  problemType,
  dataType,
  solution: z.string(),
  path: z.string(),
  source: z.string(),
  family: z.string().nullable(),
  needsOrder: z.boolean().nullable(),
} as const;

/** The medium could not be read, or the prompt was too long, so nothing was asked. */
export const skippedQuestion = z.strictObject({
  outcome: z.literal('skipped'),
  ...keptQuestion,
  message: z.string(),
});
export type SkippedQuestion = z.infer<typeof skippedQuestion>;
