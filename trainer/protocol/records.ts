/**
 * What a run is made of, as it is stored and sent: groups, rollouts, rewards, steps, checkpoints, evaluations, annotations, events. Commands and states are in files of their own.
 * Offsets into text are UTF-16 code units, end exclusive. Times are milliseconds since 1970 unless the name says otherwise.
 */
import { z } from 'zod';
import { advisory } from './advisories.ts';
import { categoryId, severity } from './annotations/categories.ts';
import { breakpointHit, breakpointList } from './breakpoints/breakpoint.ts';
import { commandRecord, pinNote } from './commands.ts';
import { correction, rescoredAnswer } from './corrections.ts';
import { dataType, problemType } from './dataset.ts';
import { armAnswers, directArm, reversedArm } from './evaluation-arms.ts';
import { heldOrderWorth, weighedAnswers } from './evidence.ts';
import { maskedAnswer, maskedAnswers } from './masked-answers.ts';
import { rolloutMismatch } from './mismatch.ts';
import { normalisation } from './normalise.ts';
import { obeyedLabels } from './obeyed-labels.ts';
import { patternName } from './patterns.ts';
import { runSummary } from './run-state.ts';

/** UTF-16 code units of a text, the end exclusive; `text-spans.ts` says how they leave the program. */
export const span = z.object({ start: z.number().int().min(0), end: z.number().int().min(0) });
export type Span = z.infer<typeof span>;

// ---- rollouts -------------------------------------------------------------------------------------------------------

export const frameOrder = z.enum(['ordered', 'shuffled']);
export type FrameOrder = z.infer<typeof frameOrder>;

/** One part of a reward. `value` is what is added to the total (weight included), so the parts add up. */
export const rewardPart = z.object({
  name: z.enum(['accuracy', 'format', 'temporal', 'credit', 'length', 'overlong', 'flagged']),
  value: z.number(),
  /** The most that this part can pay in this run, 0 where it can only take; a part that was not paid is value 0. */
  possible: z.number(),
  explanation: z.string(),
});
export type RewardPart = z.infer<typeof rewardPart>;

/** An aha moment. T0 none is not stored; T1 is a prompted cue and never counted as one. */
export const ahaMoment = z.object({
  span,
  tier: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]),
  rule: z.string(),
  evidence: z.string(),
});
export type AhaMoment = z.infer<typeof ahaMoment>;

/** The reasoning says that the answer is this one. */
export const commitment = z.object({
  /** The sentence. */
  span,
  /** As it is shown: an option's letter, a number with its unit, a text. */
  answer: z.string(),
  /** Whether it is the solution; null where that can't be told from its form. */
  right: z.boolean().nullable(),
});
export type Commitment = z.infer<typeof commitment>;

/** Where the parts of a completion stand in its text, and what is wrong with its form. */
export const parsedCompletion = z.object({
  think: span.nullable(),
  answer: span.nullable(),
  problems: z.array(z.string()),
});
export type ParsedCompletion = z.infer<typeof parsedCompletion>;

export const stopReason = z.enum(['stop', 'length', 'aborted']);
export type StopReason = z.infer<typeof stopReason>;
/** Why an answer ended, for people. */
export const stopWords: Readonly<Record<StopReason, string>> = {
  stop: 'ended by itself',
  length: 'cut at the limit',
  aborted: 'aborted',
};

export const rollout = z.object({
  id: z.string(),
  groupId: z.string(),
  step: z.number().int(),
  order: frameOrder,
  /** Number of the answer inside its ordered or shuffled half, from 0. */
  index: z.number().int(),
  text: z.string(),
  /** Length with the end token. */
  tokenCount: z.number().int(),
  stopReason,
  parsed: parsedCompletion,
  /** The text between the answer tags, stripped; empty when there is none. */
  answer: z.string(),
  accuracy: z.number(),
  correct: z.boolean(),
  reward: z.object({ parts: z.array(rewardPart), total: z.number() }),
  /** Null for shuffled answers and for groups that are not trained on. */
  advantage: z.number().nullable(),
  aha: z.array(ahaMoment),
  /** Places where the reasoning settles on an answer, in the order of the text; absent in records of rules before them. */
  commitments: z.array(commitment).optional(),
  /** What a person would want to look at it for, by the rules of `patterns.ts`; absent in records of rules before them. */
  patterns: z.array(patternName).optional(),
  /** The reasoning names a frame of the video or a time in it; absent in records of rules before it. */
  namesTime: z.boolean().optional(),
  /** Words that it holds and that people flagged in answers to the same question; absent where it holds none. */
  flagged: z.array(z.string()).optional(),
  /** It was left out of the update; absent where it was not. */
  masked: maskedAnswer.optional(),
  /** Scores that a person gave it in place of those above; absent where nobody did. */
  rescored: rescoredAnswer.optional(),
  /** Reward and advantage in the update, where they are others than above because answers of its group were left out or scored anew. */
  updatedReward: z.number().optional(),
  updatedAdvantage: z.number().optional(),
  /** Version of the rules that found aha moments, commitments and patterns; absent where it was not kept yet. */
  analysis: z.number().int().optional(),
  /** By the sampler. */
  meanLogprob: z.number(),
  /** Null where the engine tells none, and the answer was not scored. */
  meanEntropy: z.number().nullable(),
  /** Mean over its tokens of the KL against the reference (k3), in nats; null where no reference was asked, absent where it was not kept yet. */
  kl: z.number().nullable().optional(),
  /** By the trainer, and what is between both; absent where they are one program, and of answers that are not trained on. */
  trainerLogprob: z.number().optional(),
  mismatch: rolloutMismatch.optional(),
  /** What the order of the frames is worth to it; absent where it was not weighed, or has no order. */
  orderWorth: heldOrderWorth.optional(),
  /** c, in nats, that its temporal credit followed from; absent where none was measured. */
  credit: z.number().optional(),
});
export type Rollout = z.infer<typeof rollout>;

/** A token that could have stood in the place of the one that was drawn, with its natural log-probability. */
export const tokenAlternative = z.object({ id: z.number().int(), piece: z.string(), logprob: z.number() });
export type TokenAlternative = z.infer<typeof tokenAlternative>;

/**
 * Token by token: pieces concatenate to the text (special tokens included, so the text may be shorter). Arrays have one entry
 * per token, the end token included; one that is not there has its reason in `missing`.
 */
export const rolloutTokens = z.object({
  pieces: z.array(z.string()),
  /** As the sampler told them. */
  logprobs: z.array(z.number()),
  /** Told by the sampler or, where it tells none, by a forward pass. */
  entropy: z.array(z.number()).optional(),
  ids: z.array(z.number().int()).optional(),
  /** By a forward pass before the update, where sampler and trainer are different programs: the old ones of the policy loss. */
  trainerLogprobs: z.array(z.number()).optional(),
  /** Of the KL's reference model. */
  referenceLogprobs: z.array(z.number()).optional(),
  /** The likeliest tokens at each place, the likeliest first. */
  alternatives: z.array(z.array(tokenAlternative)).optional(),
  /** For people: why one of the above is not there. */
  missing: z
    .partialRecord(z.enum(['ids', 'entropy', 'trainerLogprobs', 'referenceLogprobs', 'alternatives']), z.string())
    .optional(),
});
export type RolloutTokens = z.infer<typeof rolloutTokens>;

/** A group's prompt on ordered frames, token by token: one entry per token, those of media too. */
export const promptTokens = z.object({
  /** As the group has it. */
  text: z.string(),
  ids: z.array(z.number().int()).nullable(),
  /** They concatenate to `text`; special tokens by name. */
  pieces: z.array(z.string()).nullable(),
  /** For people: why `ids` and `pieces` are not there; null where they are. */
  missing: z.string().nullable(),
});
export type PromptTokens = z.infer<typeof promptTokens>;

export const question = z.object({
  /** Number of the question among those of its dataset that can be trained on, from 0. */
  row: z.number().int(),
  /** Number of the row in the dataset's file, from 1; records that were written before it was kept have none. */
  fileRow: z.number().int().positive().optional(),
  dataset: z.string(),
  problemId: z.string(),
  problem: z.string(),
  problemType,
  dataType,
  options: z.array(z.string()),
  /** The solution's answer, without tags. */
  solution: z.string(),
  path: z.string(),
  source: z.string(),
  family: z.string().nullable(),
  needsOrder: z.boolean().nullable(),
});
export type Question = z.infer<typeof question>;

export { shownRow } from './shown-row.ts';

/** The frames that the model saw. `key` fetches their pixels; times in seconds. */
export const mediaView = z.object({
  key: z.string(),
  kind: dataType,
  width: z.number().int(),
  height: z.number().int(),
  /** Size of the source as shown, rotation applied. */
  sourceWidth: z.number().int(),
  sourceHeight: z.number().int(),
  durationSeconds: z.number(),
  indices: z.array(z.number().int()),
  times: z.array(z.number()),
  /** Place i of the shuffled strip shows frame `shuffledOrder[i]`; null when no shuffled group was drawn. */
  shuffledOrder: z.array(z.number().int()).nullable(),
  visionTokens: z.number().int(),
});
export type MediaView = z.infer<typeof mediaView>;

/** Why the temporal reward was paid or not (Video-R1 eq. 1). */
export const temporalTest = z.object({
  p: z.number(),
  pShuffled: z.number(),
  mu: z.number(),
  comparison: z.enum(['>', '>=']),
  passed: z.boolean(),
  /** What each correct ordered answer received. */
  paid: z.number(),
});
export type TemporalTest = z.infer<typeof temporalTest>;

/** How credit was paid in a group, by the parameters of these names. */
export const creditTerms = z.object({
  /** `both`: beside the temporal test. */
  by: z.enum(['answer', 'both']),
  shuffles: z.number().int(),
  low: z.number(),
  high: z.number(),
  weight: z.number(),
  /** Why the medium has no order to be worth anything, as a clause; null where it has. */
  without: z.string().nullable(),
});
export type CreditTerms = z.infer<typeof creditTerms>;

/** `train`: an update follows. `probe`: a look during SFT. `evaluation`: questions of the evaluation's dataset. */
export const groupPurpose = z.enum(['train', 'probe', 'evaluation']);
export type GroupPurpose = z.infer<typeof groupPurpose>;

export const group = z.object({
  id: z.string(),
  step: z.number().int(),
  purpose: groupPurpose,
  question,
  /** The exact prompt, media shown as their placeholder. */
  prompt: z.string(),
  media: mediaView,
  temporal: temporalTest.nullable(),
  /** Absent where order was paid by the test alone, or not at all. */
  credit: creditTerms.optional(),
  stats: z.object({
    mean: z.number(),
    std: z.number(),
    count: z.number().int(),
    /** How rewards were made advantages; absent where it was not kept yet. */
    normalised: normalisation.optional(),
  }),
  /** It is no part of the update: it was flat, and another question was asked in its place (fillFlatGroups). Absent elsewhere. */
  leftOut: z.literal('flat').optional(),
  /** Sentences that say how rewards and advantages came about. */
  explanation: z.array(z.string()),
  at: z.number(),
  /** Of an evaluation: how the question was answered besides; absent where it was asked no other way. */
  arms: armAnswers.optional(),
  /** The run went back over it: the number of that going back, from 1. Absent where it stands. */
  superseded: z.number().int().optional(),
});
export type Group = z.infer<typeof group>;

export const groupWithRollouts = group.extend({ rollouts: z.array(rollout) });
export type GroupWithRollouts = z.infer<typeof groupWithRollouts>;

// ---- steps, checkpoints, evaluations --------------------------------------------------------------------------------

/** Numbers of one step; null where the method or the step has none. Durations in milliseconds. */
export const stepMetrics = z.object({
  step: z.number().int(),
  at: z.number(),
  loss: z.number().nullable(),
  gradNorm: z.number().nullable(),
  learningRate: z.number(),
  kl: z.number().nullable(),
  entropy: z.number().nullable(),
  /** Mean accuracy reward on ordered frames, and on shuffled ones. */
  accuracy: z.number().nullable(),
  accuracyShuffled: z.number().nullable(),
  format: z.number().nullable(),
  /** Share of video questions whose temporal test passed, 0..1 (the paper's scaled curve). */
  temporal: z.number().nullable(),
  reward: z.number().nullable(),
  /** Mean response length in tokens. */
  length: z.number().nullable(),
  flatGroups: z.number().nullable(),
  clipped: z.number().nullable(),
  /** Over the tokens of the ordered answers; absent where sampler and trainer are one program, and in older records. */
  mismatch: rolloutMismatch.optional(),
  questions: z.number().int(),
  skipped: z.number().int(),
  trainedTokens: z.number().int(),
  sampledTokens: z.number().int(),
  durations: z.object({
    decode: z.number(),
    sample: z.number(),
    score: z.number(),
    /** Scoring answers on shuffled frames, for `temporalCredit`. */
    credit: z.number().default(0),
    /** Scoring answers by the trainer's weights, where the sampler is another program. */
    oldLogprobs: z.number().default(0),
    update: z.number(),
    store: z.number(),
    /** Stood still at safe points, because somebody paused the run: no work, and no part of `total`. */
    held: z.number().default(0),
    total: z.number(),
  }),
  /** Resident memory of the trainer's process when the step was over; older records do not say. */
  memoryBytes: z.number().optional(),
  /** Memory that each of the engine's processes took then, by rank; absent where it has none of its own. */
  rankBytes: z.array(z.number()).optional(),
});
export type StepMetrics = z.infer<typeof stepMetrics>;

/** What a step computed, without what it took: the same again where it is done again. */
export function computedOf({
  at: _at,
  durations: _durations,
  memoryBytes: _memory,
  rankBytes: _ranks,
  ...numbers
}: StepMetrics) {
  return numbers;
}

/** Steps that a run went back over, by the number of that going back, from 1. */
export const supersededSteps = z.object({ attempt: z.number().int(), steps: z.array(stepMetrics) });
export type SupersededSteps = z.infer<typeof supersededSteps>;

export const checkpointReason = z.enum(['schedule', 'command', 'pause', 'stop', 'end', 'start']);
export type CheckpointReason = z.infer<typeof checkpointReason>;

/** A person's word that a checkpoint stays: why, who, and when. */
export const checkpointPin = z.object({ note: pinNote, by: z.string(), at: z.number() });
export type CheckpointPin = z.infer<typeof checkpointPin>;

export const checkpoint = z.object({
  id: z.string(),
  step: z.number().int(),
  at: z.number(),
  folder: z.string(),
  sizeBytes: z.number(),
  reason: checkpointReason,
  /** Absent where nobody pinned it. */
  pin: checkpointPin.optional(),
});
export type Checkpoint = z.infer<typeof checkpoint>;

/** The checkpoint with another pin, or with none. */
export function pinned({ pin: _, ...kept }: Checkpoint, pin: CheckpointPin | null): Checkpoint {
  return pin === null ? kept : { ...kept, pin };
}

/** Accuracy of one slice of an evaluation: mean accuracy reward of `count` answers. */
export const evaluationSlice = z.object({
  name: z.string(),
  count: z.number().int(),
  ordered: z.number(),
  shuffled: z.number().nullable(),
  /**
   * Of the questions that were also answered on shuffled frames, which images are not: how many, and the mean on ordered frames.
   * Null where there are none; older records do not say.
   */
  alsoShuffled: z.object({ count: z.number().int(), ordered: z.number() }).nullable().optional(),
});
export type EvaluationSlice = z.infer<typeof evaluationSlice>;

export const evaluation = z.object({
  id: z.string(),
  step: z.number().int(),
  at: z.number(),
  dataset: z.string(),
  /** All questions; those that need the order of frames; then by problem type and by family. */
  all: evaluationSlice,
  needsOrder: evaluationSlice.nullable(),
  byType: z.array(evaluationSlice),
  byFamily: z.array(evaluationSlice),
  skipped: z.number().int(),
  /**
   * Of the dataset's questions, how many show a video or image that the run trains on, and how many of these are the very
   * questions; older records do not say.
   */
  trainedOn: z.object({ count: z.number().int(), media: z.number().int(), questions: z.number().int() }).optional(),
  /** The same questions without reasoning, and videos shown backwards; absent where they were not asked so. */
  direct: directArm.optional(),
  reversed: reversedArm.optional(),
  durationMs: z.number(),
});
export type Evaluation = z.infer<typeof evaluation>;

/** What order is worth in a slice: ordered minus shuffled, over the same questions where the record says which. */
export function gapOf({ ordered, shuffled, alsoShuffled }: EvaluationSlice): number | null {
  return shuffled === null ? null : (alsoShuffled?.ordered ?? ordered) - shuffled;
}

/** Whether figures of two evaluations are over the same questions, as far as their records say. */
export function askedTheSame(a: Evaluation, b: Evaluation): boolean {
  return (
    a.dataset === b.dataset &&
    a.skipped === b.skipped &&
    a.all.count === b.all.count &&
    a.needsOrder?.count === b.needsOrder?.count &&
    a.byFamily.every(({ name, count }) => b.byFamily.find((slice) => slice.name === name)?.count === count)
  );
}

/** What an evaluation's questions are to the run: `unseen questions` only where it is known that they are. */
export function questionsOf({ trainedOn }: Pick<Evaluation, 'trainedOn'>): string {
  if (trainedOn === undefined) return 'questions';
  const { count, media, questions } = trainedOn;
  if (media === 0 && questions === 0) return 'unseen questions';
  if (questions === count) return 'questions of the training set';
  return `questions (of the dataset’s ${count}, ${Math.max(media, questions)} are trained on or show what is)`;
}

// ---- annotations ----------------------------------------------------------------------------------------------------

/** The annotator's word on the whole sample. */
export const verdict = z.enum(['keep', 'fix', 'drop']);
export type Verdict = z.infer<typeof verdict>;

export const flagInput = z.object({
  /** Null flags the whole rollout. */
  span: span.nullable(),
  category: categoryId,
  severity,
  note: z.string().max(10_000),
});
export type FlagInput = z.infer<typeof flagInput>;

/** The text that is to stand in place of the one that is judged; null where none was written. With the verdict `fix` alone. */
export const fixedText = z.string().nullable();

/** What a person says of a rollout at a time: a flag, a verdict on the whole, or both. */
export const annotationInput = z
  .object({
    rolloutId: z.string(),
    flag: flagInput.nullable(),
    verdict: verdict.nullable(),
    fixed: fixedText.default(null),
  })
  .refine(({ flag: said, verdict: given }) => said !== null || given !== null, {
    error: 'needs a flag or a verdict',
  });
export type AnnotationInput = z.infer<typeof annotationInput>;
/** The same without of what. */
export type Saying = Omit<AnnotationInput, 'rolloutId'>;

/**
 * A flag or a verdict of an author, as pages show it and a run's index of the label files has it. A verdict has no category; only
 * what versions before label files wrote has both.
 */
export const label = z.object({
  /** Of the entry in its author's label file. */
  id: z.string(),
  /** Null is the whole. */
  span: span.nullable(),
  category: z.string().nullable(),
  severity,
  verdict: verdict.nullable(),
  note: z.string(),
  /** A name, or a name and an e-mail address: `Ann Example <ann@example.org>`. */
  author: z.string(),
  at: z.number(),
  /** The flagged text, so that an export stands on its own. */
  quote: z.string(),
  /** Of the verdict `fix`: the text that its author wrote; absent where there is none. */
  fixed: z.string().optional(),
});
export type Label = z.infer<typeof label>;

/** One on a rollout. */
export const annotation = label.extend({ rolloutId: z.string() });
export type Annotation = z.infer<typeof annotation>;

// ---- events ---------------------------------------------------------------------------------------------------------

/** A run's events: numbered without gaps, stored before they are sent. */
export const runEventBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), run: runSummary }),
  z.object({ type: z.literal('step'), metrics: stepMetrics }),
  z.object({ type: z.literal('group'), group: groupWithRollouts }),
  /**
   * The update of a step is made, and what is known of its answers by that: `kl` of each by the rollout's id. Groups that are
   * read from then on have it; token by token it is asked for anew.
   */
  z.object({
    type: z.literal('references'),
    step: z.number().int(),
    kl: z.record(z.string(), z.number().nullable()),
  }),
  z.object({ type: z.literal('command'), command: commandRecord }),
  z.object({ type: z.literal('checkpoint'), checkpoint }),
  z.object({ type: z.literal('checkpoint-removed'), id: z.string() }),
  /** A checkpoint was pinned, or (null) is pinned no longer. */
  z.object({ type: z.literal('checkpoint-pinned'), id: z.string(), pin: checkpointPin.nullable() }),
  z.object({ type: z.literal('evaluation'), evaluation }),
  z.object({ type: z.literal('skipped'), step: z.number().int(), question, kind: z.string(), message: z.string() }),
  /** What people say of its rows was read, and this is obeyed from a step on. */
  z.object({ type: z.literal('labels'), labels: obeyedLabels }),
  /** A rule left answers out of the update of a step. */
  z.object({ type: z.literal('masked'), masked: maskedAnswers }),
  /** A person changed what the update of a step is made of. */
  z.object({ type: z.literal('corrected'), correction }),
  /** Answers were scored again under other frames; all that was found of one is asked for anew. */
  z.object({ type: z.literal('weighed'), answers: weighedAnswers }),
  /** The answers of a step were scored again after its update; what moved is asked for. */
  z.object({ type: z.literal('receipt'), step: z.number().int() }),
  z.object({ type: z.literal('warning'), message: z.string() }),
  /** Something needs a person, from this step on (`since`); a key that stands already is said anew. */
  z.object({ type: z.literal('advisory'), advisory }),
  /** After this step it does no longer. */
  z.object({ type: z.literal('advisory-ended'), key: z.string(), step: z.number().int() }),
  /** A person wants to hear no more of it in this run, or again. */
  z.object({ type: z.literal('advisory-muted'), key: z.string(), muted: z.boolean(), by: z.string() }),
  /** The run went back to a checkpoint: what was recorded of later steps is superseded, kept aside, and will be made again. */
  z.object({ type: z.literal('rewound'), toStep: z.number().int() }),
  /** These are the breakpoints of the run now. */
  z.object({ type: z.literal('breakpoints'), breakpoints: breakpointList }),
  z.object({ type: z.literal('breakpoint-hit'), hit: breakpointHit }),
  z.object({ type: z.literal('annotation'), annotation }),
  z.object({ type: z.literal('annotation-removed'), id: z.string() }),
  /** So many rollouts were analysed anew, by this version of the rules: groups that are read from then on say what it found. */
  z.object({ type: z.literal('analysed'), version: z.number().int(), rollouts: z.number().int() }),
]);
export type RunEventBody = z.infer<typeof runEventBody>;

export const runEvent = z.object({ runId: z.string(), seq: z.number().int(), at: z.number(), body: runEventBody });
export type RunEvent = z.infer<typeof runEvent>;

/** An event as it is sent. */
export interface EventText {
  readonly seq: number;
  /** The whole event as JSON. */
  readonly json: string;
}

/** The text of an event that many may be told of: made once, when the first is. */
export function textOf(event: RunEvent): EventText {
  let made: string | null = null;
  return {
    seq: event.seq,
    get json() {
      made ??= JSON.stringify(event);
      return made;
    },
  };
}
