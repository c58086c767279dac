/** What an evaluation keeps of each question, and what all its answers have in common. */
import { z } from 'zod';
import { keptQuestion, type SkippedQuestion, skippedQuestion } from '../protocol/kept-question.ts';
import { stopReason } from '../protocol/records.ts';
import { promptTemplate } from '../reasoning/template.ts';
import { KeptLines, type LineForm, readLines } from './kept-lines.ts';

/** What answers of any kind have in common. With another value of any of these but `label`, they do not belong together. */
export const commonHeader = {
  version: z.literal(1),
  /** For people; the same weights may be called otherwise the next time. */
  label: z.strictObject({ model: z.string(), run: z.string().nullable(), step: z.number().int().nullable() }),
  model: z.strictObject({ sha256: z.string() }),
  datasets: z.array(z.strictObject({ name: z.string(), sha256: z.string(), rows: z.number().int() })).min(1),
  /** Limits of frames and pixels, by parameter name. */
  frames: z.record(z.string(), z.union([z.string(), z.number()])),
  sampling: z.strictObject({
    temperature: z.number(),
    topP: z.number(),
    maxTokens: z.number().int(),
    seed: z.number().int(),
  }),
  template: promptTemplate,
} as const;

const answersHeader = z.strictObject({
  kind: z.literal('video-r1 evaluation'),
  ...commonHeader,
  /** Whether videos are also answered with their frames shuffled. */
  shuffled: z.boolean(),
  /** The training reward's one switch. */
  nanRegressionPays: z.boolean(),
  /** Longer prompts are skipped; 0 for no limit. Older files of answers have none, and skipped none. */
  maxPromptTokens: z.number().int().optional(),
});
export type AnswersHeader = z.infer<typeof answersHeader>;

export const given = z.strictObject({
  text: z.string(),
  tokens: z.number().int(),
  stop: stopReason,
  /** What was taken for the answer. */
  answer: z.string(),
  /** By the benchmark's rule, 0..1. */
  accuracy: z.number().min(0).max(1),
  correct: z.boolean(),
  /** The accuracy reward that training would pay, 0..1. */
  reward: z.number().min(0).max(1),
});
export type GivenAnswer = z.infer<typeof given>;

const answeredLine = z.strictObject({
  outcome: z.literal('answered'),
  ...keptQuestion,
  ordered: given,
  /** Null for an image, or where no shuffled answer was wanted. */
  shuffled: given.nullable(),
});
const anyLine = z.discriminatedUnion('outcome', [answeredLine, skippedQuestion]);

export type AnsweredLine = z.infer<typeof answeredLine>;
export type SkippedLine = SkippedQuestion;
export type AnswersLine = z.infer<typeof anyLine>;

const answersForm: LineForm<AnswersHeader, AnswersLine> = {
  header: answersHeader,
  line: anyLine,
  pinned: ({ label: _label, maxPromptTokens, ...settings }, other) => ({
    ...settings,
    ...(other.maxPromptTokens === undefined ? {} : { maxPromptTokens }),
  }),
  words: { work: 'an evaluation', command: 'video-r1 eval' },
};

export type AnswersFile = KeptLines<AnswersHeader, AnswersLine>;

/** @throws StudioError as `KeptLines.open` does */
export const openAnswers = (file: string, header: AnswersHeader): AnswersFile =>
  KeptLines.open(answersForm, file, header);

/** @throws StudioError as `readLines` does */
export const readAnswers = (file: string) => readLines(answersForm, file);
