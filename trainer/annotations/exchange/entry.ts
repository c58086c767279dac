/** Lines of label files, as far as an exchange has to know them. */
import { z } from 'zod';
import { verdict } from '../../protocol/records.ts';

export const author = z.strictObject({ name: z.string().min(1), email: z.string().nullable() });
export type Author = z.infer<typeof author>;

export const itemReference = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('row'), dataset: z.string(), row: z.string().nullable(), hash: z.string() }),
  z.strictObject({ kind: z.literal('rollout'), run: z.string(), rollout: z.string(), hash: z.string() }),
]);
export type ItemReference = z.infer<typeof itemReference>;

/** In code points of the text. */
export const anchor = z.strictObject({
  start: z.number().int(),
  end: z.number().int(),
  quote: z.string(),
  before: z.string(),
  after: z.string(),
});

const line = z.strictObject({ v: z.literal(1), id: z.string().min(1), at: z.iso.datetime({ offset: true }), author });

export const itemContent = z.strictObject({
  question: z.string(),
  options: z.array(z.string()),
  text: z.string(),
  solution: z.string(),
  answer: z.string(),
  media: z.array(z.string()),
});
export type ItemContent = z.infer<typeof itemContent>;

export const entry = z.discriminatedUnion('kind', [
  line.extend({ kind: z.literal('item'), item: itemReference, ...itemContent.shape }),
  line.extend({
    kind: z.literal('flag'),
    item: itemReference,
    category: z.string(),
    severity: z.enum(['minor', 'major']),
    note: z.string(),
    span: anchor.nullable(),
    from: z.string().nullable(),
  }),
  line.extend({ kind: z.literal('verdict'), item: itemReference, verdict, fixed: z.string().nullable() }),
  line.extend({
    kind: z.literal('answer'),
    item: itemReference,
    detector: z.string(),
    span: anchor.nullable(),
    accepted: z.boolean(),
  }),
  line.extend({ kind: z.literal('settlement'), item: itemReference, verdict }),
  line.extend({ kind: z.literal('retraction'), of: z.string() }),
]);
export type Entry = z.infer<typeof entry>;
