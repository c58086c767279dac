/** A question as Video-R1's dataset files hold it, and the text of a fault in one. */
import { z } from 'zod';

export const problemTypes = ['multiple choice', 'numerical', 'OCR', 'free-form', 'regression'] as const;
export const problemType = z.enum(problemTypes);
export type ProblemType = z.infer<typeof problemType>;

export const dataType = z.enum(['image', 'video']);
export type DataType = z.infer<typeof dataType>;

/**
 * One row of a dataset file. `path` is relative to the file's folder; `process` is there in chain-of-thought rows only.
 * Keys that are not named here are kept by the reader and ignored by training.
 */
export const datasetRow = z.object({
  problem_id: z.union([z.number(), z.string()]),
  problem: z.string().min(1, 'must not be empty'),
  data_type: dataType,
  problem_type: problemType,
  options: z.array(z.string()).default([]),
  solution: z.string().min(1, 'must not be empty'),
  path: z.string().min(1, 'must not be empty'),
  data_source: z.string().default(''),
  process: z.string().optional(),
  /** What the sample project adds: the family of the question, whether its answer needs the order of frames, and whether a cue gives a wrong one. */
  family: z.string().optional(),
  needs_order: z.boolean().optional(),
  cue_conflicts: z.boolean().optional(),
  /** The solution of the same question about the same video shown backwards, with its tags; absent where it stays the same or is not known. */
  reversed_solution: z.string().min(1, 'must not be empty').optional(),
});
export type DatasetRow = z.infer<typeof datasetRow>;
