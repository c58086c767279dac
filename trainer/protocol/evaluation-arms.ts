/** What an evaluation may ask besides: answers without reasoning, and videos shown backwards; and what it says of them. */
import { z } from 'zod';

export const evaluationArms = ['direct', 'reversed'] as const;
export const evaluationArm = z.enum(evaluationArms);
export type EvaluationArm = z.infer<typeof evaluationArm>;

/** For people: what each asks besides. */
export const armWords: Readonly<Record<EvaluationArm, string>> = {
  direct: 'answers without reasoning',
  reversed: 'videos shown backwards',
};

/** How a model is kept from reasoning: it goes on from an empty chain of thought, or is asked without the instruction to reason. */
export const directBy = z.enum(['prefix', 'hint']);
export type DirectBy = z.infer<typeof directBy>;

export const directByWords: Readonly<Record<DirectBy, string>> = {
  prefix: 'it goes on from an empty chain of thought, as tokens that are given',
  hint: 'the engine can’t go on from given tokens, so it is asked by the template’s hint alone, without the instruction to reason',
};

/** A mean of shares, 0..1, with the bounds between which it lies with 95 % confidence: the bootstrap over questions. */
const interval = z.object({ mean: z.number(), low: z.number(), high: z.number() });

const slice = {
  kind: z.enum(['all', 'needs order', 'type', 'family', 'regression']),
  name: z.string(),
  /** Questions that were asked both ways. */
  count: z.number().int(),
};

/** The same questions with reasoning and without, frames in order. */
export const directSlice = z.object({
  ...slice,
  reasoning: interval,
  direct: interval,
  /** Reasoning minus direct, paired by question. */
  difference: interval,
  onlyReasoning: z.number().int(),
  onlyDirect: z.number().int(),
  /** Of McNemar's exact test on these two, two-sided. */
  p: z.number(),
});
export type DirectSlice = z.infer<typeof directSlice>;

export const directArm = z.object({
  by: directBy,
  /** Answers that have reasoning all the same. */
  reasoned: z.number().int(),
  /** Answers that are not of the form think, then answer; older records do not say. */
  broken: z.number().int().optional(),
  slices: z.array(directSlice),
});
export type DirectArm = z.infer<typeof directArm>;

/** For people, a sentence each: what makes the difference another one than that of reasoning. */
export function directCautions({ reasoned, broken = 0, slices }: DirectArm): string[] {
  const asked = slices
    .filter(({ kind }) => kind === 'all' || kind === 'regression')
    .reduce((sum, { count }) => sum + count, 0);
  return [
    ...(reasoned > 0 ? [`${reasoned} of ${asked} direct answers have reasoning all the same.`] : []),
    ...(broken > 0
      ? [
          `${broken} of ${asked} direct answers are not of the form <think>…</think><answer>…</answer>: the difference is that of form too, not of reasoning alone.`,
        ]
      : []),
  ];
}

/** Videos as they are and backwards, where another answer is right then: shares of right answers. */
export const reversedSlice = z.object({
  ...slice,
  clip: interval,
  reversed: interval,
  /** Right on both. */
  pair: interval,
});
export type ReversedSlice = z.infer<typeof reversedSlice>;

export const reversedArm = z.object({
  /** Questions of which the dataset does not say what is right backwards. */
  leftOut: z.number().int(),
  slices: z.array(reversedSlice),
});
export type ReversedArm = z.infer<typeof reversedArm>;

/** An answer that an arm was given. */
const armAnswer = {
  text: z.string(),
  tokenCount: z.number().int(),
  /** The text between the answer tags, stripped; empty when there is none. */
  answer: z.string(),
  /** The accuracy reward, 0..1. */
  accuracy: z.number(),
  correct: z.boolean(),
};

/** Of one question, besides its rollouts. */
export const armAnswers = z.object({
  direct: z.object({ ...armAnswer, by: directBy }).optional(),
  reversed: z.object({ ...armAnswer, solution: z.string() }).optional(),
});
export type ArmAnswers = z.infer<typeof armAnswers>;
