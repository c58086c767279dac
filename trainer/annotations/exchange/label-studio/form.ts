/**
 * Label Studio's JSON export ("JSON", not "JSON_MIN"), as far as text labelling goes: tasks with annotations of several
 * people, drafts and predictions. Keys that are not named here pass. Its documentation: "Label Studio JSON format of
 * annotated tasks" and the pages of the tags Text, Labels, Choices and TextArea.
 */
import { z } from 'zod';

const offset = z.union([z.number().int(), z.string().regex(/^\d+$/).transform(Number)]);

/** One control's word on one region or, without offsets, on the whole task. Results of one region share its id. */
export const result = z.looseObject({
  id: z.string().optional(),
  type: z.string(),
  from_name: z.string().optional(),
  /** The data's key, as `$text`; only in older exports. */
  source: z.string().optional(),
  /** `prediction` where a region of a model stands as it was, `prediction-changed`, `manual`. */
  origin: z.string().optional(),
  value: z
    .looseObject({
      start: offset.optional(),
      end: offset.optional(),
      /** Of a region the words in it, of a TextArea what was typed. */
      text: z.union([z.string(), z.array(z.string())]).optional(),
      labels: z.array(z.string()).optional(),
      choices: z.array(z.string()).optional(),
    })
    .optional(),
});
export type Result = z.infer<typeof result>;

export const person = z.union([
  z.number(),
  z.string(),
  z.looseObject({
    id: z.union([z.number(), z.string()]).nullish(),
    email: z.string().nullish(),
    first_name: z.string().nullish(),
    last_name: z.string().nullish(),
    username: z.string().nullish(),
  }),
]);

export const annotation = z.looseObject({
  id: z.union([z.number(), z.string()]).nullish(),
  completed_by: person.nullish(),
  created_at: z.string().nullish(),
  updated_at: z.string().nullish(),
  /** Skipped. */
  was_cancelled: z.boolean().nullish(),
  ground_truth: z.boolean().nullish(),
  result: z.array(z.unknown()),
  /** The prediction that it was made from. */
  parent_prediction: z.union([z.number(), z.string()]).nullish(),
  reviews: z.array(z.unknown()).nullish(),
});
export type Annotation = z.infer<typeof annotation>;

export const prediction = z.looseObject({
  id: z.union([z.number(), z.string()]).nullish(),
  model_version: z.string().nullish(),
});

export const task = z.looseObject({
  id: z.union([z.number(), z.string()]).nullish(),
  data: z.record(z.string(), z.unknown()),
  /** Anything that came with the task; Label Studio stores and exports it. */
  meta: z.record(z.string(), z.unknown()).nullish(),
  /** Numbers alone where the export was asked for ids only. */
  annotations: z.array(z.unknown()).nullish(),
  /** How many it has without those that were skipped, whichever of them were exported. */
  total_annotations: z.number().nullish(),
  drafts: z.array(z.unknown()).nullish(),
  predictions: z.array(z.unknown()).nullish(),
});
export type Task = z.infer<typeof task>;

/** The names of the controls in what is written here. */
export const controls = {
  text: 'text',
  flags: 'flags',
  severity: 'severity',
  note: 'note',
  itemFlags: 'item-flags',
  verdict: 'verdict',
  fixed: 'fixed-text',
} as const;

/** In `meta` of a task: what no control of Label Studio holds. */
export const ownKey = 'videoR1';
