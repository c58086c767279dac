/**
 * Asking again: a question of a run is put to a model once more with something changed, beside a rollout or for a whole group. What
 * comes of it is an experiment: it is kept in a table of its own, and no training, curve, list, evaluation or export counts it.
 */
import { z } from 'zod';
import { parameters } from './parameters.ts';
import { ahaMoment, commitment, parsedCompletion, question, rolloutTokens, span, stopReason } from './records.ts';

/** Of how it is asked and what is kept: it grows when the same ask may give other answers. */
export const askVersion = 1;

export const mostAnswers = 64;
/** Other weights that one ask may be put to, besides its first. */
export const mostAlso = 8;
const longestText = 100_000;
const mostFrames = 4096;

const whole = z.number().int().min(0);

/** Which frames the model is shown. Of an image there are `as seen` and `none` alone. */
export const askedFrames = z.union([
  /** `shuffled` as the group's own shuffled half, else drawn from the seed; `one`: the middle frame in every place; `none`: no medium. */
  z.enum(['as seen', 'reversed', 'shuffled', 'one', 'none']),
  /** Place i shows frame `order[i]` of those that were chosen from the clip; fewer of them where some are dropped. */
  z.strictObject({ order: z.array(whole).min(1).max(mostFrames) }),
  /** So many chosen from the clip anew; it must be even, as frames are taken in pairs. */
  z.strictObject({ count: z.number().int().min(2).max(mostFrames).multipleOf(2) }),
]);
export type AskedFrames = z.infer<typeof askedFrames>;

/** Updates that weights of a run hold: 0 are those before its training. */
export const weightsNamed = z.strictObject({ run: z.string().min(1).max(255), step: whole });
export type WeightsNamed = z.infer<typeof weightsNamed>;

/** The wording of the prompt: a file of the project, or its content. */
export const askedTemplate = z.union([
  z.strictObject({ file: z.string().min(1).max(4096) }),
  z.strictObject({ text: z.string().max(longestText) }),
]);

/** What is changed. Null leaves a thing as it was when the rollout was sampled, and for settings of sampling as they are in the run now. */
export const ask = z.strictObject({
  /** Tokens of the original answer that are kept; sampling goes on behind them. Null: none. */
  keep: whole.nullable().default(null),
  /** Text of the answer behind what is kept, written by a person. What looks like a special token in it stays text. */
  typed: z.string().max(longestText).default(''),
  frames: askedFrames.default('as seen'),
  problem: z.string().max(longestText).nullable().default(null),
  /** With their labels, as they are to stand. */
  options: z.array(z.string().max(longestText)).max(26).nullable().default(null),
  /** What counts as right, without tags. Null: the question's own; where options have moved, the letter that its option has now. */
  solution: z.string().max(longestText).nullable().default(null),
  template: askedTemplate.nullable().default(null),
  /** Null: those that answered, or the nearest that can be had. */
  checkpoint: weightsNamed.nullable().default(null),
  /** The same is asked of these too. */
  also: z.array(weightsNamed).max(mostAlso).default([]),
  temperature: parameters.temperature.schema.nullable().default(null),
  topP: parameters.topP.schema.nullable().default(null),
  /** Most tokens of an answer, those that are kept counted. */
  maxTokens: parameters.maxNewTokens.schema.nullable().default(null),
  /** The same seed gives the same answers. Null: one that is drawn from the ask's id. */
  seed: z.number().int().min(0).max(0xffff_ffff).nullable().default(null),
  n: z.number().int().min(1).max(mostAnswers).default(4),
});
export type Ask = z.infer<typeof ask>;

/** Nothing is changed. */
export const theSameAgain: Ask = ask.parse({});

/** Whose weights answered. */
export const askedOf = weightsNamed.extend({
  /** They are those that gave the original answer. */
  same: z.boolean(),
});
export type AskedOf = z.infer<typeof askedOf>;

/** One answer of an experiment: no reward parts, no advantage, no place in any list. */
export const experimentAnswer = z.object({
  index: whole,
  /** The whole completion: what was kept, what was typed, and what the model wrote. */
  text: z.string(),
  /** Where in the text the model's own begins, in code units. */
  from: whole,
  parsed: parsedCompletion,
  /** The text between the answer tags, stripped; empty when there is none. */
  answer: z.string(),
  accuracy: z.number(),
  correct: z.boolean(),
  aha: z.array(ahaMoment),
  commitments: z.array(commitment),
  stopReason,
  /** That the model wrote, the end token included. */
  newTokens: whole,
  /** Mean over them, in nats; null where there are none. */
  meanLogprob: z.number().nullable(),
  /** What the order of the frames is worth to them, in nats, by the rule of `trainer/evidence/order-rule.ts`; null until it is weighed. */
  order: z
    .object({
      ...{ worth: z.number(), error: z.number().nullable(), uses: z.boolean().nullable() },
      /** What it is worth to each word that the model wrote, in nats; null where that was not kept when it was weighed. */
      words: z
        .array(z.object({ span, worth: z.number() }))
        .nullable()
        .default(null),
    })
    .nullable()
    .default(null),
});
export type ExperimentAnswer = z.infer<typeof experimentAnswer>;

/** What one set of weights made of an ask. */
export const experimentPart = z.object({
  weights: askedOf,
  answers: z.array(experimentAnswer),
  /** Why there are none, or fewer than were asked for, as a sentence; null where all are there. */
  without: z.string().nullable(),
});
export type ExperimentPart = z.infer<typeof experimentPart>;

/** Stands on its own: it stays what it is when the run goes back over the rollout. */
export const experiment = z.object({
  id: z.uuid(),
  version: z.number().int(),
  /** Of the asks beside one rollout, or of one group, from 1; a number is not given again. */
  number: z.number().int().positive(),
  at: z.number(),
  durationMs: z.number(),
  runId: z.string(),
  groupId: z.string(),
  /** Null where it was asked for a group as a whole. */
  rolloutId: z.string().nullable(),
  ask,
  seed: z.number().int(),
  /** As it was asked, with what of it was changed. */
  question,
  /** Frames as they were shown: place i showed frame `order[i]` of the media `key`; null without a medium. An image has one. */
  shown: z.object({ key: z.string(), order: z.array(whole) }).nullable(),
  sampling: z.object({ temperature: z.number(), topP: z.number(), maxTokens: z.number().int() }),
  /** Text that was given: kept, then typed. */
  given: z.string(),
  /** The answer that is asked again; null with `rolloutId`. */
  original: z.object({ text: z.string(), answer: z.string(), correct: z.boolean() }).nullable(),
  parts: z.array(experimentPart),
});
export type Experiment = z.infer<typeof experiment>;

/** Of the tokens that the model wrote, answer by answer and part by part: pieces, ids, log-probabilities and entropies. */
export const experimentTokens = z.array(z.array(rolloutTokens));
export type ExperimentTokens = z.infer<typeof experimentTokens>;

/** Beside which answer it is asked, or for which group. */
export const askAbout = z.union([z.strictObject({ rolloutId: z.string() }), z.strictObject({ groupId: z.string() })]);
export type AskAbout = z.infer<typeof askAbout>;

/** What an ask would take, before it is asked. */
export const askCost = z.object({
  /** One for each set of weights that is asked, the first first; null in the place of those that can't be had. */
  weights: z.array(askedOf.nullable()),
  answers: z.number().int(),
  /** By the speed of what was sampled last; null where nothing was yet. */
  ms: z.number().nullable(),
  /** The engine samples for training meanwhile: the ask has its turn at a safe point. */
  waits: z.boolean(),
  /** Whether it goes on from a token; null while no engine of this run was started. */
  prefix: z.boolean().nullable(),
  /** Whether ids of the original's tokens are kept, so that some of them can be; a sentence says why not. */
  cut: z.string().nullable(),
  /** Why it can't be asked now, as a sentence with a way on; null where it can. */
  refusal: z.string().nullable(),
});
export type AskCost = z.infer<typeof askCost>;

/** How far an ask is. What was missed is in the next one: texts are told from their beginning. */
export const askProgress = z.object({
  id: z.uuid(),
  /** What is under way besides sampling, for people; null while answers are written. */
  doing: z.string().nullable(),
  done: z.number().int(),
  total: z.number().int(),
  leftMs: z.number().nullable(),
  /** Answers that are being written, as far as they are: the model's own text. */
  writing: z.array(z.object({ part: whole, index: whole, text: z.string(), tokens: whole })),
});
export type AskProgress = z.infer<typeof askProgress>;

/** A whole answer of an ask that is under way. */
export const askAnswered = z.object({ id: z.uuid(), part: whole, answer: experimentAnswer });
export type AskAnswered = z.infer<typeof askAnswered>;

// ---- right with -----------------------------------------------------------------------------------------------------

/** How often a question is answered right with less than the video: three asks of a group, by the weights that answered. */
export const rightWithFrames = ['none', 'one', 'reversed'] as const;
export type RightWithFrames = (typeof rightWithFrames)[number];
/** Answers to each. */
export const rightWithAnswers = 8;

export const rightOf = z.object({ right: whole, total: whole });
export type RightOf = z.infer<typeof rightOf>;

export const rightWith = z.object({
  /** The group's own answers: on ordered frames, and on shuffled ones where it has some. */
  asSeen: rightOf,
  shuffled: rightOf.nullable(),
  /** Of the newest ask of each kind; null where it was not asked yet, and where it makes no sense (an image has `none` alone). */
  none: rightOf.nullable(),
  one: rightOf.nullable(),
  reversed: rightOf.nullable(),
  /** Those of the three that make sense for this medium. */
  kinds: z.array(z.enum(rightWithFrames)),
  /** Whose weights the three were asked of; null where none was. */
  weights: askedOf.nullable(),
  /** Share right by guessing: one in so many options; null where there are none to choose from. */
  chance: z.number().nullable(),
});
export type RightWith = z.infer<typeof rightWith>;
