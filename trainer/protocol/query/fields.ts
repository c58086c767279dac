/**
 * The fields of the query language, one entry each: parser, completion, the match in memory and the store's columns all follow
 * from this table. A later analysis adds its field with one entry.
 */
import { analysisOf, type Change, changeOf } from '../analysis.ts';
import type { DataType, ProblemType } from '../dataset.ts';
import { type FlatReason, flatReasonOf, isFlat } from '../flat-reason.ts';
import { feltOf, paidOf } from '../paid-and-felt.ts';
import type { PatternName } from '../patterns.ts';
import type {
  Annotation,
  FrameOrder,
  GroupPurpose,
  GroupWithRollouts,
  Rollout,
  StopReason,
  Verdict,
} from '../records.ts';
import { shownRow } from '../shown-row.ts';

/** What a query is held against: a rollout with everything that is known about it. */
export interface Subject {
  readonly run: { readonly id: string; readonly name: string };
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
  /** Flags and verdicts that stand now. */
  readonly annotations: readonly Annotation[];
}

/** Values as they are compared, each with other words for it; a value is typed with spaces, hyphens or underscores. */
export type KnownValues<Value extends string = string> = Readonly<Record<Value, readonly string[]>>;

interface Described {
  /** Other names for it, in lower case. */
  readonly synonyms: readonly string[];
  /** What it is, in a few words: unit, range, and when a rollout does not have it. */
  readonly help: string;
}

export interface NumberField extends Described {
  readonly kind: 'number';
  readonly whole: boolean;
  /** What can be typed, both ends included; null is unbounded. */
  readonly least: number | null;
  readonly most: number | null;
  /** Rounded to `decimals`, so that 0.1 + 0.2 is 0.3; null where it is missing or not finite. */
  of(subject: Subject): number | null;
}

export interface TruthField extends Described {
  readonly kind: 'truth';
  /** The name alone is a term and means true. */
  readonly bare: boolean;
  of(subject: Subject): boolean | null;
}

export interface ChoiceField extends Described {
  readonly kind: 'choice';
  readonly values: KnownValues;
  of(subject: Subject): string | null;
}

/** Any text. Two texts are equal when their `foldedText` is. */
export interface TextField extends Described {
  readonly kind: 'text';
  of(subject: Subject): string | null;
}

/** Several texts: equal to a value when one of them is. `values` where they are known beforehand. */
export interface TextsField extends Described {
  readonly kind: 'texts';
  readonly values: KnownValues | null;
  /** A project may have more than those. */
  readonly takesOthers?: true;
  of(subject: Subject): readonly string[];
}

/** Milliseconds since 1970. */
export interface TimeField extends Described {
  readonly kind: 'time';
  of(subject: Subject): number | null;
}

export type Field = NumberField | TruthField | ChoiceField | TextField | TextsField | TimeField;
export type FieldKind = Field['kind'];

/** Decimals that numbers are compared by. */
export const decimals = 9;

/** A number as fields hold it and as a typed one is read. Null where it is not finite. */
export function roundedNumber(value: number): number | null {
  // The sum makes 0 of -0.
  return Number.isFinite(value) ? Number(value.toFixed(decimals)) + 0 : null;
}

/**
 * A text as texts are compared: without the case of the 26 letters (as SQLite's `lower`), every other character as it is.
 * Halves of surrogate pairs become U+FFFD, as they do on the way into the store.
 */
export function foldedText(text: string): string {
  return text.toWellFormed().replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const number = (
  of: (subject: Subject) => number | null | undefined,
  help: string,
  least: number | null = null,
  most: number | null = null,
  synonyms: readonly string[] = [],
): NumberField => ({
  kind: 'number',
  whole: false,
  least,
  most,
  synonyms,
  help,
  of: (subject) => {
    const value = of(subject);
    return value === null || value === undefined ? null : roundedNumber(value);
  },
});

const whole = (
  of: (subject: Subject) => number,
  help: string,
  least: number,
  most: number | null = null,
  synonyms: readonly string[] = [],
): NumberField => ({ ...number(of, help, least, most, synonyms), whole: true });

const truth = (
  of: (subject: Subject) => boolean | null,
  help: string,
  synonyms: readonly string[] = [],
): TruthField => ({ kind: 'truth', bare: false, synonyms, help, of });

const choice = <Value extends string>(
  values: KnownValues<Value>,
  of: (subject: Subject) => Value | null,
  help: string,
  synonyms: readonly string[] = [],
): ChoiceField => ({ kind: 'choice', values, synonyms, help, of });

const text = (of: (subject: Subject) => string | null, help: string, synonyms: readonly string[] = []): TextField => ({
  kind: 'text',
  synonyms,
  help,
  of,
});

/** What a reward part added to the total; null where the answer cannot earn it (shuffled answers: temporal, length). */
const part = (name: Rollout['reward']['parts'][number]['name']) => (subject: Subject) =>
  subject.rollout.reward.parts.find((held) => held.name === name)?.value;

const purposes: KnownValues<GroupPurpose> = { train: ['training'], probe: [], evaluation: ['eval'] };
const halves: KnownValues<FrameOrder> = { ordered: [], shuffled: [] };
const media: KnownValues<DataType> = { video: [], image: ['picture'] };
const stops: KnownValues<StopReason> = { stop: ['end'], length: ['limit'], aborted: [] };
const changeValues: KnownValues<Change> = {
  'wrong to right': ['corrected'],
  'right to wrong': ['spoiled'],
  'stays right': [],
  'stays wrong': [],
  'no first answer': ['none'],
  'not comparable': [],
};
const types: KnownValues<ProblemType> = {
  'multiple choice': ['choice'],
  numerical: ['number'],
  OCR: [],
  'free-form': ['free'],
  regression: [],
};
const flatReasons: KnownValues<FlatReason> = {
  'all right': ['right', 'correct'],
  'all wrong': ['wrong'],
  alike: ['equal'],
};
const patterns: KnownValues<PatternName> = {
  'wrong way': ['right by a wrong way', 'right answer wrong way'],
  'paid without order': ['without order', 'shuffled right too', 'paid, shuffled right too'],
  repetition: ['loop'],
  'cut at limit': ['cut'],
  'no reasoning': [],
  'language switch': ['language'],
  'broken format': ['broken'],
  'missing frame': [],
  'same text': [],
};
/** Those built in; a project may have others. Other words: what they are shown as, what they were called before, short ones. */
const categories: KnownValues = {
  'not-in-frames': ['wrong perception', 'perception', 'made-up detail', 'made up'],
  'wrong-order': ['wrong order of events', 'order'],
  'unsupported-answer': [
    'reasoning does not support the answer',
    'answer not supported',
    'not supported',
    'unsupported',
    'wrong logic',
    'logic',
  ],
  'leaked-or-guessed': ['answer leaked or guessed', 'leaked', 'guessed', 'right by luck', 'luck'],
  repetition: [],
  'other-language': ['language'],
  format: [],
  harmful: [],
  other: [],
};
const verdicts: KnownValues<Verdict> = { keep: [], fix: [], drop: [] };

/** Without verdicts. */
const flagsOf = ({ annotations }: Subject) => annotations.filter(({ category }) => category !== null);

const table = {
  // ---- which rollout ----
  step: whole(({ group }) => group.step, 'training step', 0),
  half: choice(halves, ({ rollout }) => rollout.order, 'frames in order or shuffled', ['order']),
  nth: whole(({ rollout }) => rollout.index + 1, 'number of the answer inside its half, from 1', 1),
  purpose: choice(purposes, ({ group }) => group.purpose, 'why it was sampled'),
  time: {
    kind: 'time',
    synonyms: ['at'],
    help: 'when its group was made, UTC: 2025-11-28 or 2025-11-28T14:05',
    of: ({ group }) => group.at,
  },
  run: {
    kind: 'texts',
    values: null,
    synonyms: [],
    help: 'name or id of the run',
    of: ({ run }) => [run.name, run.id],
  },
  superseded: {
    ...truth(({ group }) => group.superseded !== undefined, 'the run went back over it; left out unless asked for'),
    bare: true,
  },
  id: text(({ rollout }) => rollout.id, 'id of the rollout', ['rollout']),
  group: text(({ group }) => group.id, 'id of the group'),

  // ---- question and media ----
  question: text(({ group }) => group.question.problemId, 'the problem_id that its dataset gives the question', [
    'problemid',
  ]),
  row: whole(({ group }) => shownRow(group.question), 'row of the question in its dataset, from 1', 1),
  dataset: text(({ group }) => group.question.dataset, 'dataset of the question'),
  source: text(({ group }) => group.question.source, 'data_source of the question', ['datasource']),
  family: text(({ group }) => group.question.family, 'family of the question, where the dataset has families'),
  type: choice(types, ({ group }) => group.question.problemType, 'kind of the question', ['problemtype']),
  needsOrder: truth(
    ({ group }) => group.question.needsOrder,
    'the dataset says that the question needs the order of frames',
  ),
  solution: text(({ group }) => group.question.solution, 'the right answer, case aside'),
  media: choice(media, ({ group }) => group.question.dataType, 'video or image', ['datatype']),
  file: text(({ group }) => group.question.path, 'path of the video or image', ['path']),
  frames: whole(({ group }) => group.media.indices.length, 'frames that the model saw', 0),
  duration: number(({ group }) => group.media.durationSeconds, 'length of the video in seconds', 0, null, ['seconds']),
  visionTokens: whole(({ group }) => group.media.visionTokens, 'tokens of the frames in the prompt', 0),

  // ---- answer ----
  answer: text(({ rollout }) => rollout.answer, 'text between the answer tags, case aside; "" where there is none'),
  length: whole(({ rollout }) => rollout.tokenCount, 'tokens of the completion', 0, null, ['len', 'tokens']),
  stop: choice(stops, ({ rollout }) => rollout.stopReason, 'why it ended: end token, length limit or aborted'),
  aha: whole(
    ({ rollout }) => rollout.aha.reduce((highest, { tier }) => Math.max(highest, tier), 0),
    'highest tier of its aha moments, 0 for none',
    0,
    5,
  ),
  change: choice(
    changeValues,
    ({ rollout }) => changeOf(rollout),
    'from the first answer in its reasoning to its final one; none of older analyses',
  ),
  namesTime: truth(
    ({ rollout }) => rollout.namesTime ?? null,
    'its reasoning names a frame or a time of the video; none of older analyses',
  ),
  analysis: whole(({ rollout }) => analysisOf(rollout), 'version of the rules that found its aha moments', 1),
  pattern: {
    kind: 'texts',
    values: patterns,
    synonyms: [],
    help: 'one of its patterns; none where rules before them read it',
    of: ({ rollout }) => rollout.patterns ?? [],
  },
  logprob: number(({ rollout }) => rollout.meanLogprob, 'mean log-probability of its tokens, nats', null, 0),
  entropy: number(({ rollout }) => rollout.meanEntropy, 'mean entropy at its tokens, nats', 0),
  kl: number(
    ({ rollout }) => rollout.kl,
    'mean KL of its tokens against the reference (k3), nats; none before the update and where no reference was asked',
    0,
  ),
  mismatch: number(
    ({ rollout }) => rollout.mismatch?.difference,
    'mean difference of the log-probabilities that sampler and trainer give its tokens, nats; none where both are one program',
    0,
  ),
  mismatchK3: number(
    ({ rollout }) => rollout.mismatch?.k3,
    'mean KL of its sampler against its trainer (k3), nats; none where both are one program',
    0,
  ),
  importance: number(
    ({ rollout }) => rollout.mismatch?.weight,
    'largest importance weight of its tokens; none where sampler and trainer are one program',
    0,
  ),

  // ---- reward ----
  correct: truth(
    ({ rollout }) => rollout.correct,
    'accuracy reward 1, or above the run’s correctThreshold (0.1, as the released code counts) where it is a fraction',
  ),
  accuracy: number(({ rollout }) => rollout.accuracy, 'accuracy reward, 0 to 1', 0, 1, ['acc']),
  reward: number(({ rollout }) => rollout.reward.total, 'sum of the reward parts', null, null, ['total']),
  format: number(part('format'), 'format reward'),
  temporal: number(part('temporal'), 'temporal reward; none for shuffled answers'),
  credit: number(
    part('credit'),
    'credit for what order is worth to it; none for shuffled answers, and where none is paid',
  ),
  creditWorth: number(
    ({ rollout }) => rollout.credit,
    'c: what order was worth to it when its credit was measured, in nats; none for wrong answers, and without an order',
  ),
  lengthBonus: number(part('length'), 'length reward; none for shuffled answers', null, null, ['bonus']),
  advantage: number(
    ({ rollout }) => rollout.advantage,
    'advantage; none for shuffled answers and groups without an update',
    null,
    null,
    ['adv'],
  ),
  paid: truth(
    ({ group, rollout }) => paidOf(group, rollout),
    'this answer got the temporal reward, by the test of its group or as credit; none where there was neither',
  ),
  felt: truth(
    ({ group, rollout }) => feltOf(group, rollout),
    'its advantage would be another one without the temporal reward; none for shuffled answers and where there was no test or no update',
  ),
  passed: truth(
    ({ group }) => group.temporal?.passed ?? null,
    'the temporal test of its group held; none where there was no test',
  ),
  p: number(({ group }) => group.temporal?.p, 'p of the temporal test: ordered answers that are right, 0 to 1', 0, 1),
  pShuffled: number(
    ({ group }) => group.temporal?.pShuffled,
    'p̃ of the temporal test: shuffled answers that are right, 0 to 1',
    0,
    1,
    ['p~', 'p\u0303'],
  ),
  flat: truth(({ group }) => isFlat(group), 'all rewards of its group are equal'),
  flatBecause: {
    kind: 'choice',
    values: flatReasons,
    synonyms: ['flatReason'],
    help: 'why its group is flat: all right, all wrong, or alike in other ways; none where rewards differ',
    of: ({ group }) => flatReasonOf(group),
  },
  groupMean: number(({ group }) => group.stats.mean, 'mean reward of its group'),
  groupStd: number(({ group }) => group.stats.std, 'standard deviation of the rewards of its group', 0),

  // ---- evidence ----
  orderWorth: number(
    ({ rollout }) => rollout.orderWorth?.worth,
    'what the order of the frames is worth to it, in nats: mean over shuffles; none where it was not weighed',
    null,
    null,
    ['worth'],
  ),
  orderError: number(({ rollout }) => rollout.orderWorth?.error, 'standard error of orderWorth, in nats', 0),
  usesOrder: truth(
    ({ rollout }) => rollout.orderWorth?.uses ?? null,
    'orderWorth is at least 0.5 nats and twice its error; none where it was not weighed, or with a single shuffle',
  ),

  masked: {
    ...truth(
      ({ rollout }) => rollout.masked !== undefined,
      'it was left out of the update, for flagged words or a flag (maskFlagged)',
    ),
    bare: true,
  },

  // ---- flags ----
  flagged: { ...truth((subject) => flagsOf(subject).length > 0, 'someone flagged it'), bare: true },
  flags: whole((subject) => flagsOf(subject).length, 'number of its flags', 0),
  flag: {
    kind: 'texts',
    values: categories,
    takesOthers: true,
    synonyms: ['category'],
    help: 'category of one of its flags',
    of: (subject) => flagsOf(subject).map(({ category }) => category ?? ''),
  },
  flagBy: {
    kind: 'texts',
    values: null,
    synonyms: ['author', 'by'],
    help: 'author of one of its flags or verdicts',
    of: ({ annotations }) => annotations.map(({ author }) => author),
  },
  cameBack: {
    ...truth(
      ({ rollout }) => (rollout.flagged ?? []).length > 0,
      'it holds words that people had flagged in answers to its question',
    ),
    bare: true,
  },
  flaggedWords: {
    kind: 'texts',
    values: null,
    synonyms: ['words'],
    help: 'words that it holds and that people had flagged in answers to its question, as they were flagged',
    of: ({ rollout }) => rollout.flagged ?? [],
  },
  verdict: {
    kind: 'texts',
    values: verdicts,
    synonyms: [],
    help: 'verdict of one of its authors',
    of: ({ annotations }) => annotations.flatMap(({ verdict }) => verdict ?? []),
  },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof table;

export const fields: Readonly<Record<FieldName, Field>> = table;

export const fieldNames = Object.keys(table) as FieldName[];

/** A name without what one may type otherwise: case, `_` and `-`. */
export const plainName = (name: string) => name.normalize('NFD').toLowerCase().replace(/[_-]/g, '');

const named: ReadonlyMap<string, FieldName> = new Map(
  fieldNames.flatMap((name) => [name, ...fields[name].synonyms].map((word) => [plainName(word), name] as const)),
);

/** The field of a typed name or synonym; null when there is none. */
export function fieldNamed(typed: string): FieldName | null {
  return named.get(plainName(typed)) ?? null;
}

/** The words by which a typed value is known, as `knownValue` compares them. */
const plainValue = (value: string) => foldedText(value).replace(/[\s_-]+/g, ' ');

/** The value that a typed word stands for; null when it is not known. */
export function knownValue(values: KnownValues, typed: string): string | null {
  const wanted = plainValue(typed);
  for (const [value, words] of Object.entries(values)) {
    if (plainValue(value) === wanted || words.some((word) => plainValue(word) === wanted)) return value;
  }
  return null;
}

/** The handiest word for a known value: itself, or where it has spaces its first synonym if that is shorter. */
export function shortValue(values: KnownValues, value: string): string {
  if (!value.includes(' ')) return value.toLowerCase();
  const [short = value] = values[value] ?? [];
  return short.length < value.length ? short : value;
}

/** A value as it is typed into a line: in quotes where it has to be. */
export function valueText(value: string): string {
  return /^[^\s,()"]+$/.test(value) ? value : `"${value.replaceAll('"', '""')}"`;
}
