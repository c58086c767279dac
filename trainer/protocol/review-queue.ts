/** What a person is given to review, one answer after the other, and what detectors suggest to flag in one. */
import { z } from 'zod';
import { mostAnnotators } from './annotations/entries.ts';
import { frameOrder, span, verdict } from './records.ts';

/**
 * `newest`: as the list. `random`: drawn by a seed, each that matches as likely as any other. `disagreed`: those on which people
 * differ, most disputed first. `informative`: right answers that their reasoning contradicts first, then other patterns.
 * `training`: what training gives back to people, newest first, one answer of each group. `assigned`: those that were dealt out to
 * who asks, in the order in which they were. `settle`: those on which people differ and which nobody settled, also where who asks
 * is one of them, but not those that were dealt out to who asks and wait for that verdict.
 */
export const queueOrders = ['newest', 'random', 'disagreed', 'informative', 'training', 'assigned', 'settle'] as const;
export const queueOrder = z.enum(queueOrders);
export type QueueOrder = z.infer<typeof queueOrder>;

export const mostDrawn = 500;
/** Characters of a question that an item carries. */
export const problemCharacters = 160;

export const queueItem = z.object({
  groupId: z.string(),
  rolloutId: z.string(),
  step: z.number().int(),
  /** Number of the answer in its half, from 0. */
  index: z.number().int(),
  half: frameOrder,
  /** The beginning of the question. */
  problem: z.string(),
  answer: z.string(),
  correct: z.boolean().nullable(),
  /** A sentence for people: why it is in the queue. */
  why: z.string(),
});
export type QueueItem = z.infer<typeof queueItem>;

export const drawnQueue = z.object({
  items: z.array(queueItem),
  /** All that are left in this order for who asks, those of `items` and others. */
  matching: z.number().int(),
});
export type DrawnQueue = z.infer<typeof drawnQueue>;

/** What a detector would flag. It is no flag before somebody accepts it. */
export const suggestion = z.object({
  detector: z.string(),
  category: z.string(),
  /** Null is the whole answer. */
  span: span.nullable(),
  says: z.string(),
  /** The standing answer of who asks. */
  answered: z.object({ accepted: z.boolean(), id: z.string() }).nullable(),
  /** Of all standing answers of people to this detector in the project; null while nobody answered. */
  precision: z.object({ accepted: z.number().int(), answered: z.number().int() }).nullable(),
});
export type Suggestion = z.infer<typeof suggestion>;

export const suggestionAnswer = z.object({
  rolloutId: z.string(),
  detector: z.string(),
  span: span.nullable(),
  accepted: z.boolean(),
});
export type SuggestionAnswerInput = z.infer<typeof suggestionAnswer>;

export const settlementInput = z.object({
  rolloutId: z.string(),
  verdict,
  /** The text to train on instead; only with the verdict `fix`. */
  fixed: z.string().nullable().default(null),
});
export type SettlementInput = z.output<typeof settlementInput>;

/** Items that can be dealt out, in the orders that are the same for everyone. */
export const dealtOrder = queueOrder.extract(['newest', 'random', 'informative', 'training']);

export type DealtOrder = z.infer<typeof dealtOrder>;

export const dealing = z.object({
  order: dealtOrder,
  seed: z.number().int(),
  /** Items to deal out; those that have a verdict or were dealt out before are passed over. */
  limit: z.number().int().min(1).max(mostDrawn),
  /** Each a name, or a name and an e-mail address. */
  annotators: z.array(z.string()).min(1).max(mostAnnotators),
  /** Of all items that were ever dealt out in the run, the share that two people judge. */
  overlap: z.number().min(0).max(1),
});

export const dealt = z.object({
  /** Items that are new, and how many of them two people judge. */
  items: z.number().int(),
  shared: z.number().int(),
  /** How many wait for each, those from before too. */
  waiting: z.array(z.object({ annotator: z.string(), items: z.number().int() })),
  /** Ids of the new entries, which can be taken back. */
  ids: z.array(z.string()),
});
export type Dealt = z.infer<typeof dealt>;

/** What of a run is dealt out and not judged. */
export const dealtOut = z.object({
  waiting: dealt.shape.waiting,
  /** Items that who asks dealt out, and that nobody has judged: they can be taken back. */
  own: z.number().int(),
});
export type DealtOut = z.infer<typeof dealtOut>;
