/**
 * Argilla's records as JSON: what `Dataset.to_disk` and `records.to_json`, `to_list`, `to_dict` write (nested or flattened, by
 * record, by column or by id), and what its server and `FeedbackRecord` write, where a user's answers stand together. Keys that
 * are not named here pass. Its documentation: "Importing and exporting datasets and records" and "rg.Record".
 */
import { z } from 'zod';

/** Of a span question. */
export const spanValue = z.looseObject({
  start: z.number().int(),
  end: z.number().int(),
  label: z.string(),
  text: z.string().nullish(),
});

const user = z.string().nullish();
const status = z.string().nullish();

/** By question, each user's answer. */
const byQuestion = z.record(
  z.string(),
  z.array(z.looseObject({ value: z.unknown(), user_id: user, status })).nullable(),
);
/** By user, the answers to all questions; `values` is null where it was discarded. */
const byUser = z.array(
  z.looseObject({
    user_id: user,
    status,
    values: z.record(z.string(), z.looseObject({ value: z.unknown() })).nullish(),
  }),
);

export const record = z.looseObject({
  id: z.union([z.string(), z.number()]).nullish(),
  external_id: z.union([z.string(), z.number()]).nullish(),
  fields: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  responses: z.union([byQuestion, byUser]).nullish(),
  suggestions: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).nullish(),
});
export type ArgillaRecord = z.infer<typeof record>;

/** The names of field, questions and metadata in what is written here. */
export const questions = { flags: 'flags', itemFlags: 'item_flags', verdict: 'verdict', fixed: 'fixed_text' } as const;
export const textField = 'text';
/** In `metadata`, as JSON: what no question of Argilla holds. */
export const ownKey = 'video_r1';
