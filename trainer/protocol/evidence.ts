/**
 * What an answer stood on: the same answer scored again under other frames or another text. Log-probabilities as they are kept and
 * sent, in nats; what follows from them is in `trainer/evidence`.
 */
import { z } from 'zod';

/** Of what is measured and how: it grows when the same weights and frames may give other numbers. */
export const evidenceVersion = 1;

/** Frames of a video that the model takes together: Qwen2.5-VL's temporal patch. */
export const framesPerPair = 2;

const place = z.number().int().min(0);

/** What is changed about the prompt, or of the answer, before it is scored again. */
export const intervention = z.discriminatedUnion('kind', [
  /** Place i of the video shows frame `order[i]`: one of several shuffles. */
  z.object({ kind: z.literal('order'), order: z.array(place) }),
  z.object({ kind: z.literal('reversed') }),
  /** The frames of this temporal patch, from 0, are replaced by those of the patch before it; of the first by those of the second. */
  z.object({ kind: z.literal('pair'), pair: place }),
  /** One frame in every place. */
  z.object({ kind: z.literal('one frame'), frame: z.enum(['first', 'middle', 'last']) }),
  /** Frames of the processor's mean colour: 0 after normalisation. */
  z.object({ kind: z.literal('blind') }),
  z.object({ kind: z.literal('no medium') }),
  /** The problem's text is left out; options and instruction stay. */
  z.object({ kind: z.literal('no question') }),
  /** Place i shows the text of option `order[i]`; the answer is the letter that its option now has. */
  z.object({ kind: z.literal('options permuted'), order: z.array(place) }),
  /** The answer straight after an empty think; scored over the answer's tokens alone. */
  z.object({ kind: z.literal('no reasoning') }),
]);
export type Intervention = z.infer<typeof intervention>;
export type InterventionKind = Intervention['kind'];

export const interventionKinds = [
  'order',
  'reversed',
  'pair',
  'one frame',
  'blind',
  'no medium',
  'no question',
  'options permuted',
  'no reasoning',
] as const satisfies readonly InterventionKind[];

/** What is weighed where nothing else is asked for. */
export const usualKinds: readonly InterventionKind[] = ['order', 'reversed', 'pair', 'blind', 'no reasoning'];

/** The same answer under one intervention. */
export const changedScore = z.object({
  intervention,
  /** Number of the token that the first value is of; the others follow. */
  first: place,
  /** Log-probability of each token under the change. */
  logprobs: z.array(z.number()),
});
export type ChangedScore = z.infer<typeof changedScore>;

/** The final answer, forced after a part of the reasoning. */
export const commitmentPoint = z.object({
  /** The reasoning is cut here, in UTF-16 code units of the completion: at its start, then at the end of each sentence. */
  end: place,
  /** Log-probability of the answer's tokens. */
  logprob: z.number(),
});
export type CommitmentPoint = z.infer<typeof commitmentPoint>;

/** Whose weights scored. */
export const weighedBy = z.object({
  /** Id of the run that made them; null for a model that no run of ours made. */
  run: z.string().nullable(),
  step: z.number().int(),
  /** They are those that answered. */
  same: z.boolean(),
});
export type WeighedBy = z.infer<typeof weighedBy>;

/** Updates that the weights held which gave the answers of a group: an update of a step comes after its answers. */
export function answeredBy({ purpose, step }: { readonly purpose: string; readonly step: number }): number {
  return purpose === 'train' ? step - 1 : step;
}

/** Everything that is known of what one answer stood on, by one set of weights. */
export const weighing = z.object({
  rolloutId: z.string(),
  version: z.number().int(),
  /** It was made by training, of the order alone, for the credit of the answer: one that is asked for takes its place. Absent for those. */
  forCredit: z.literal(true).optional(),
  at: z.number(),
  by: weighedBy,
  /** Log-probability of each token as it was seen, scored in the same batch as the changed ones; for a credit it may be as recorded. */
  seen: z.array(z.number()),
  /** Mean over the tokens of the difference between `seen` and what was recorded when they were sampled; above 0: less likely now. */
  lessLikely: z.number(),
  changes: z.array(changedScore),
  /** Null where the completion has no reasoning or no answer. */
  commitment: z.array(commitmentPoint).nullable(),
  /** Interventions that were asked for and make no sense for this answer, with the reason as a sentence. */
  without: z.array(z.object({ kind: z.enum(interventionKinds), why: z.string() })),
});
export type Weighing = z.infer<typeof weighing>;

/** What order is worth to an answer, as lists and groups have it. */
export const heldOrderWorth = z.object({
  /** Mean Δ over the shuffles, in nats. */
  worth: z.number(),
  /** Its standard error; null with a single shuffle. */
  error: z.number().nullable(),
  /** By the rule of `trainer/evidence/order-rule.ts`; null where there is no error to judge by. */
  uses: z.boolean().nullable(),
  /** Step of the weights that scored, and whether they are those that answered. */
  step: z.number().int(),
  same: z.boolean(),
});
export type HeldOrderWorth = z.infer<typeof heldOrderWorth>;

/** Answers were weighed: what order is worth to each, by id; null for one that has no order. */
export const weighedAnswers = z.record(z.string(), heldOrderWorth.nullable());
export type WeighedAnswers = z.infer<typeof weighedAnswers>;

/** Answers of which it is asked what they stood on. */
export const weighedOf = z.union([
  z.strictObject({ rolloutId: z.string() }),
  /** Its ordered answers. */
  z.strictObject({ groupId: z.string() }),
  /** Those of its rollouts that a query keeps. */
  z.strictObject({ query: z.string() }),
]);
export type WeighedOf = z.infer<typeof weighedOf>;

/** Whose weights would score, and what it would take. */
export const weighingCost = z.object({
  /** Null where there are none to be had. */
  by: weighedBy.nullable(),
  answers: z.number().int(),
  /** Of these, answers that the same weights have weighed. */
  weighed: z.number().int(),
  /** Forward passes for those that are left. */
  passes: z.number().int(),
  /** By the speed of the last ones; null where none were made yet. */
  ms: z.number().nullable(),
  /** Why they can't be weighed now, as a sentence with a way on; null where they can. */
  refusal: z.string().nullable(),
});
export type WeighingCost = z.infer<typeof weighingCost>;
