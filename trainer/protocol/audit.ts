/**
 * What an audit of a dataset finds: which questions a model answers right when the video, its order or the question's text is taken
 * away, by family, and so which questions do not ask what they seem to ask. The rule is in `trainer/audit/verdict.ts`.
 */
import { z } from 'zod';
import { keptQuestion, skippedQuestion } from './kept-question.ts';
import { mediaView } from './records.ts';

/** What is taken away before a question is asked again, the most first. */
export const auditCues = ['no video', 'blind', 'one frame', 'any order', 'reversed', 'no question'] as const;
export const auditCue = z.enum(auditCues);
export type AuditCue = z.infer<typeof auditCue>;
/** Those that take the whole video or image away: leaving it out, and blank frames, which keep the prompt's form. */
export const cuesWithoutVideo: readonly AuditCue[] = ['no video', 'blind'];

const share = z.number().min(0).max(1);

const seenAnswer = z.strictObject({
  text: z.string(),
  /** What was taken for the answer. */
  answer: z.string(),
  correct: z.boolean(),
  /**
   * What the order of the frames is worth to it, in nats: mean Δ over shuffles and its standard error, null with a single shuffle.
   * Null for a wrong answer, and where there is no order.
   */
  order: z.strictObject({ worth: z.number(), error: z.number().nullable() }).nullable(),
});
const changedAnswer = z.strictObject({ answer: z.string(), correct: z.boolean() });
export type ChangedAnswer = z.infer<typeof changedAnswer>;

/** A question with its answers: as many of each as were asked for. */
export const auditedLine = z.strictObject({
  outcome: z.literal('audited'),
  ...keptQuestion,
  /** Options of a choice; 0 for another type. */
  options: z.number().int().min(0),
  seen: z.array(seenAnswer).min(1),
  /** Cues that make no sense for it are left out, as the order of an image. */
  changed: z.partialRecord(auditCue.exclude(['any order']), z.array(changedAnswer)),
  /** By shuffle; empty where there is no order. */
  shuffled: z.array(z.array(changedAnswer)),
});
export type AuditedLine = z.infer<typeof auditedLine>;

export const auditLine = z.discriminatedUnion('outcome', [auditedLine, skippedQuestion]);
export type AuditLine = z.infer<typeof auditLine>;

/** A share with the bounds between which it lies with 95 % confidence. */
const proportion = z.strictObject({ share, low: share, high: share });
/** Bounds are null for a single value, which says nothing of the spread. */
const interval = z.strictObject({ mean: z.number(), low: z.number().nullable(), high: z.number().nullable() });

/** How far answers stand without something. */
export const cueStrength = z.enum([
  /** As many are right as were with it, and more than by guessing. */
  'enough',
  /** Fewer are right, and still more than by guessing. */
  'helps',
  /** No more are right than by guessing. */
  'none',
]);
export type CueStrength = z.infer<typeof cueStrength>;

export const cueResult = z.strictObject({
  cue: auditCue,
  /** Questions that were asked so. */
  count: z.number().int(),
  right: proportion,
  /** Right so minus right as seen, paired by question. */
  difference: interval,
  strength: cueStrength,
});
export type CueResult = z.infer<typeof cueResult>;

export const auditVerdict = z.discriminatedUnion('kind', [
  /** Too few questions, or the model answers them no better than by guessing: nothing follows. */
  z.strictObject({ kind: z.literal('unknown'), why: z.enum(['few', 'guessing']) }),
  /** Right without what the questions say they need; by no cue where a part of the right answers alone does not use the order. */
  z.strictObject({ kind: z.literal('shortcut'), cues: z.array(auditCue) }),
  /** Nothing is said of these questions, and one frame is enough for them, or the frames in any order. */
  z.strictObject({ kind: z.literal('needs no order'), cues: z.array(auditCue).min(1) }),
  z.strictObject({ kind: z.literal('needs order') }),
  /** Wrong without the video or image; of its order nothing follows. */
  z.strictObject({ kind: z.literal('needs the video') }),
]);
export type AuditVerdict = z.infer<typeof auditVerdict>;

export const auditSlice = z.strictObject({
  name: z.string(),
  count: z.number().int(),
  skipped: z.number().int(),
  /** Of them, questions about videos. */
  videos: z.number().int(),
  /** Of them, questions of which the dataset says that they need the order of the frames. */
  needsOrder: z.number().int(),
  /** Right by a guess that knows nothing: any option of a choice; of other questions the solution that most of them have. */
  guess: share,
  /** Null where no question was asked. */
  seen: proportion.nullable(),
  cues: z.array(cueResult),
  /** Of right answers about videos. */
  order: z
    .strictObject({
      count: z.number().int(),
      /** Mean of what order is worth to them, in nats. */
      worth: interval,
      /** Whether the mean is that of answers that use order, by the rule of `order-rule.ts` with its error over questions. */
      uses: z.boolean(),
      /** Share of them that do not use order, each by itself; null where none was shown in two other orders, which it takes to judge. */
      unused: proportion.nullable(),
    })
    .nullable(),
  verdict: auditVerdict.nullable(),
});
export type AuditSlice = z.infer<typeof auditSlice>;

export const auditedDataset = z.strictObject({
  name: z.string(),
  file: z.string(),
  rows: z.number().int(),
  all: auditSlice,
  byType: z.array(auditSlice),
  /** By family; by source where the dataset names none. */
  byFamily: z.array(auditSlice),
  /** Rows in the dataset's file, from 1, by what follows from their own answers; see `rowNeeds`. */
  rowsThat: z.strictObject({
    'needs video': z.number().int(),
    'without video': z.number().int(),
    'needs order': z.number().int(),
  }),
});
export type AuditedDataset = z.infer<typeof auditedDataset>;

export const auditResults = z.strictObject({
  version: z.literal(1),
  /** Of the model that answered. */
  label: z.strictObject({ model: z.string(), run: z.string().nullable(), step: z.number().int().nullable() }),
  temperature: z.number(),
  seed: z.number().int(),
  /** Answers of each kind to a question. */
  samples: z.number().int(),
  shuffles: z.number().int(),
  maxFrames: z.number(),
  datasets: z.array(auditedDataset).min(1),
});
export type AuditResults = z.infer<typeof auditResults>;

/** What lies in the folder of an audit. */
export const auditFiles = { results: 'results.json', answers: 'answers.jsonl', page: 'audit.html' } as const;
/** Folder of a project's audits, inside the trainer's. */
export const auditsFolder = 'audits';

/** An audit of the project, as it is listed. */
export const auditEntry = z.strictObject({
  /** Of its folder. */
  name: z.string(),
  /** When its results were written. */
  at: z.number(),
  /** Null where they can't be read; `fault` says why. */
  model: z.string().nullable(),
  fault: z.string().nullable(),
  datasets: z.array(z.string()),
  questions: z.number().int(),
  /** Families that have a shortcut. */
  shortcuts: z.number().int(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditName = z.object({ name: z.string().max(255) });
/** Questions of a family: those that are answered right without use of the order first, each part in the order of the dataset. */
export const auditRowsAsked = auditName.extend({
  dataset: z.string(),
  family: z.string(),
  from: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(200).default(100),
});
/** A question of an audit, by its place among those that can be asked. */
export const auditQuestionAsked = auditName.extend({ dataset: z.string(), row: z.number().int().min(0) });
/** What an audit does not keep of a question. */
export const auditQuestion = z.object({
  options: z.array(z.string()),
  /** Its frames come by their key; null where they can't be had. */
  media: mediaView.omit({ shuffledOrder: true, visionTokens: true }).nullable(),
  /** Why something is not there, as a sentence. */
  without: z.string().nullable(),
});
export type AuditQuestion = z.infer<typeof auditQuestion>;

/** What auditing the dataset of a run would take. */
export const auditCost = z.object({
  /** Name of its file. */
  dataset: z.string(),
  questions: z.number().int(),
  /** To be sampled, one of each kind: at most. */
  answers: z.number().int(),
  /** Questions whose right answers are scored again in other orders: at most. */
  scored: z.number().int(),
  /** By the speed of the run's own sampling; null where it has not sampled. */
  ms: z.number().nullable(),
});
export type AuditCost = z.infer<typeof auditCost>;

export const auditRows = z.object({
  rows: z.array(auditLine),
  total: z.number().int(),
  /** Of them, asked and not skipped. */
  asked: z.number().int(),
  /** Of those, right as seen. */
  right: z.number().int(),
  /** Of those, without use of the order: the first of all rows. Null where there is no order. */
  unused: z.number().int().nullable(),
});
