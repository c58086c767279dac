/**
 * What an update did to the answers that it was made of: the same answers scored before and after it, in nats. And an update that is
 * made for a look alone, and taken back. What follows from the numbers is in `trainer/evidence/receipts.ts`.
 */
import { z } from 'zod';
import { type ParameterName, type ParameterValues, parameters } from './parameters.ts';

/** An ordered answer of a group that the update was made of; log-probabilities with one entry per token. */
export const movedAnswer = z.object({
  rolloutId: z.string(),
  /** In the update; null where the answer was left out of it. */
  advantage: z.number().nullable(),
  before: z.array(z.number()),
  after: z.array(z.number()),
});
export type MovedAnswer = z.infer<typeof movedAnswer>;

export const receipt = z.object({
  /** Of the update. */
  step: z.number().int(),
  at: z.number(),
  answers: z.array(movedAnswer),
});
export type Receipt = z.infer<typeof receipt>;

/** Why something can't be done now, as a sentence with a way on; null where it can. */
const refusal = z.string().nullable();

/** What is known of an update, and what can be found out now. */
export const receiptState = z.object({
  /** Null where none was made. */
  receipt: receipt.nullable(),
  make: refusal,
  attempt: refusal,
  /** Of that attempt: the answers were trained on already, and it would be one more update on them. */
  again: z.boolean(),
});
export type ReceiptState = z.infer<typeof receiptState>;

/** Parameters that an update can be tried with: all that it is made by once its answers are there. */
export const triedNames = [
  'learningRate',
  'weightDecay',
  'gradClipNorm',
  'beta',
  'klEstimator',
  'clipLow',
  'clipHigh',
  'ratio',
  'updatesPerSampling',
  'lossMean',
  'skipFlatGroups',
  'formatWeight',
  'alpha',
  'mu',
  'temporalTest',
  'temporalShare',
  'creditLow',
  'creditHigh',
  'creditWeight',
  'correctThreshold',
  'omega',
  'flagPenalty',
  'overlongPenalty',
  'overlongCache',
  'lengthMin',
  'lengthMax',
  'lengthNeedsMoreThanOne',
  'lengthAdaptation',
  'stdDegrees',
  'stdEpsilon',
  'advantageScale',
] as const satisfies readonly ParameterName[];
export type TriedName = (typeof triedNames)[number];

type TriedShape = { [N in TriedName]: z.ZodOptional<(typeof parameters)[N]['schema']> };
export const triedParameters = z.strictObject(
  Object.fromEntries(triedNames.map((name) => [name, parameters[name].schema.optional()])) as TriedShape,
);
export type TriedParameters = { readonly [N in TriedName]?: ParameterValues[N] | undefined };

/** An update as it would be made, and one with something changed, from the same weights. */
export const triedUpdate = z.object({
  step: z.number().int(),
  /** The answers were trained on already: both are one more update on them. */
  again: z.boolean(),
  /** Of their optimizer steps, as the schedule has it. */
  learningRate: z.object({ plain: z.number(), tried: z.number() }),
  plain: receipt,
  tried: receipt,
});
export type TriedUpdate = z.infer<typeof triedUpdate>;
