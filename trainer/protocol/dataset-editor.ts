/** Messages between the editor of a dataset file and its page. Rows are numbered from 0, as in the file. */
import { z } from 'zod';
import { agreementShown, itemHistory } from './annotations/agreement.ts';
import { categoryId, sentCategory } from './annotations/categories.ts';
import { ahaMoment, commitment, fixedText, flagInput, label, span, verdict } from './records.ts';
import { suggestion, suggestionAnswer } from './review-queue.ts';

const rowNumber = z.number().int().min(0);

/** Texts of a row that can be edited. */
export const editableFields = ['process', 'solution', 'problem'] as const;
export const editableField = z.enum(editableFields);
export type EditableField = z.infer<typeof editableField>;

/** Most rows of a list that are asked for at once. */
export const mostHeads = 400;

/**
 * What people's labels of a row amount to: the verdict that counts, or that they differ, or flags alone; `earlier` where nothing is
 * said of its text but of one that it had earlier.
 */
export const labelMark = z.enum([...verdict.options, 'disputed', 'flagged', 'earlier']).nullable();
export type LabelMark = z.infer<typeof labelMark>;

/**
 * Which rows are listed by their labels; what is null lets all of those through. `none`: nobody gave a verdict. `waiting`: dealt out to
 * who signs here, who has not judged it. `unsettled`: people differ, in their verdicts or in what they flag, and nobody settled it.
 * `earlier`: something was said of a text that the row had earlier, by somebody who has not judged the one that it has now.
 */
export const labelChoice = z.strictObject({
  author: z.string().nullable(),
  category: categoryId.nullable(),
  verdict: z.enum([...verdict.options, 'disputed', 'none', 'waiting', 'unsettled', 'earlier']).nullable(),
});
export type LabelChoice = z.infer<typeof labelChoice>;

/** All of which anything was said. */
export const anyLabel: LabelChoice = { author: null, category: null, verdict: null };

/** A row as the list shows it. */
export const rowHead = z.object({
  row: rowNumber,
  id: z.string(),
  /** Beginning of the question; of a row that is no JSON, of the row. */
  problem: z.string(),
  problemType: z.string(),
  isChanged: z.boolean(),
  isFaulty: z.boolean(),
  mark: labelMark,
});
export type RowHead = z.infer<typeof rowHead>;

/** What training would pay the row's own answer, unweighted, and why. */
export const rowReward = z.object({
  accuracy: z.number(),
  format: z.number(),
  answer: z.string(),
  accuracyExplanation: z.string(),
  formatExplanation: z.string(),
});

/** A row for reading. */
export const rowReading = z.object({
  row: rowNumber,
  /** State of the edits that it was read in; `file` says the present one. */
  turn: z.number().int(),
  /** In the file, from 1. */
  line: z.number().int(),
  id: z.string(),
  isChanged: z.boolean(),
  /** What is wrong with the row, for people. */
  faults: z.array(z.string()),
  /** The texts that stand there; null where there is none, which then can't be edited here. */
  fields: z.record(editableField, z.string().nullable()),
  options: z.array(z.string()),
  problemType: z.string(),
  dataType: z.string(),
  path: z.string(),
  source: z.string(),
  /** The chain of thought and the solution as SFT trains them; of a row that is no JSON, the row as it is written. */
  text: z.string(),
  think: span.nullable(),
  aha: z.array(ahaMoment),
  commitments: z.array(commitment),
  /** Null where the row has no chain of thought, or does not fit. */
  reward: rowReward.nullable(),
  /** What people say of its chain of thought as it is, oldest first. */
  labels: z.array(label),
  /** The same of a text that it had earlier, which no longer counts. Spans are where flagged words stand now; null where they don't. */
  earlier: z.array(label),
  mark: labelMark,
  /** It is one of those that people differ in and nobody settled. */
  differs: z.boolean(),
  /** All that was ever said of it, and to whom it was dealt out. */
  history: itemHistory,
  /** What detectors would flag in it. */
  suggestions: z.array(suggestion),
});
export type RowReading = z.infer<typeof rowReading>;

export const datasetToPage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('file'),
    name: z.string(),
    rowCount: z.number().int(),
    /** How much of the file is indexed, 0..1. */
    indexed: z.number().min(0).max(1),
    /** Grows with every change of rows: what was read before is to be read again. */
    turn: z.number().int(),
    changedRows: z.array(rowNumber),
    /** Why the file is not rows to its end, or can't be read any more. */
    fault: z.string().nullable(),
    /** What another program did to the file since it was read. */
    outside: z.string().nullable(),
    /** Who signs labels, who said something already, and what can be said; why rows can't be labelled here, where they can't. */
    labelling: z.union([
      z.object({ author: z.string(), authors: z.array(z.string()), categories: z.array(sentCategory) }),
      z.object({ refused: z.string() }),
    ]),
  }),
  z.object({ type: z.literal('heads'), turn: z.number().int(), heads: z.array(rowHead) }),
  z.object({ type: z.literal('row'), reading: rowReading }),
  /** `rows` are those found since the last time; `share` of the file is searched. */
  z.object({
    type: z.literal('found'),
    search: z.number().int(),
    rows: z.array(rowNumber),
    share: z.number(),
    isDone: z.boolean(),
    fault: z.string().nullable(),
  }),
  /** The edit of this number was made, or why not. */
  z.object({ type: z.literal('edited'), edit: z.number().int(), fault: z.string().nullable() }),
  /** What was said under this number is written under these ids, or why not. */
  z.object({ type: z.literal('said'), said: z.number().int(), ids: z.array(z.string()), fault: z.string().nullable() }),
  /** How far people agree in what they say of this file's rows. */
  z.object({ type: z.literal('agreement'), agreement: agreementShown }),
  /** Rows that are other than at HEAD, or new since; `gone` rows of HEAD are no longer there. */
  z.object({
    type: z.literal('since-head'),
    share: z.number(),
    isDone: z.boolean(),
    rows: z.array(rowNumber),
    gone: z.number().int(),
    fault: z.string().nullable(),
  }),
  /** A row's texts at HEAD; else in words why there are none. */
  z.object({
    type: z.literal('before'),
    row: rowNumber,
    fields: z.record(editableField, z.string().nullable()).nullable(),
    words: z.string(),
  }),
  /** Frames of a row as one picture, as a `data:` address; else why there is none. */
  z.object({ type: z.literal('frames'), row: rowNumber, picture: z.string().nullable(), words: z.string() }),
  /** What was asked for could not be done. */
  z.object({ type: z.literal('failed'), words: z.string() }),
]);
export type DatasetToPage = z.infer<typeof datasetToPage>;

export const pageToDataset = z.discriminatedUnion('type', [
  /** The page listens; it is answered with `file`. */
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('heads'), rows: z.array(rowNumber).max(mostHeads) }),
  z.strictObject({ type: z.literal('row'), row: rowNumber }),
  z.strictObject({ type: z.literal('frames'), row: rowNumber }),
  /** Takes the place of the search before. */
  z.strictObject({
    type: z.literal('search'),
    search: z.number().int(),
    text: z.string(),
    isChanged: z.boolean(),
    label: labelChoice.nullable(),
  }),
  z.strictObject({ type: z.literal('stop-search') }),
  /** Answered with `since-head`, takes the place of the search before. */
  z.strictObject({ type: z.literal('compare-head') }),
  /** Of a row that `since-head` told. */
  z.strictObject({ type: z.literal('before'), row: rowNumber }),
  z.strictObject({
    type: z.literal('edit'),
    edit: z.number().int(),
    row: rowNumber,
    field: editableField,
    value: z.string(),
    /** The file is saved then. */
    save: z.boolean(),
  }),
  /** Of a row's chain of thought as it is; answered with `said`. */
  z.strictObject({
    type: z.literal('say'),
    said: z.number().int(),
    row: rowNumber,
    /** The chain of thought as it was read: of another one nothing is said. */
    text: z.string(),
    flag: flagInput.nullable(),
    verdict: verdict.nullable(),
    fixed: fixedText,
  }),
  /** To what a detector suggests of it; answered with `said`. */
  z.strictObject({
    type: z.literal('answer'),
    said: z.number().int(),
    row: rowNumber,
    text: z.string(),
    ...suggestionAnswer.omit({ rolloutId: true }).shape,
  }),
  /** Settles what people differ in, as `say` otherwise. */
  z.strictObject({
    type: z.literal('settle'),
    said: z.number().int(),
    row: rowNumber,
    text: z.string(),
    verdict,
    fixed: fixedText,
  }),
  /** Flags the passages that the author flagged in an earlier text where they stand now, as `say` otherwise. */
  z.strictObject({ type: z.literal('carry-over'), said: z.number().int(), row: rowNumber, text: z.string() }),
  /** Answered with `agreement`. */
  z.strictObject({ type: z.literal('agreement') }),
  /** Takes back what was said, or brings it back. */
  z.strictObject({ type: z.literal('retract'), said: z.number().int(), id: z.string() }),
  z.strictObject({ type: z.literal('load-again') }),
  z.strictObject({ type: z.literal('keep') }),
]);
export type PageToDataset = z.infer<typeof pageToDataset>;
