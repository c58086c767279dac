/**
 * The numbers of a step that a condition can name, one entry each: what they are, their range, and from which safe point of the
 * step on they are known. Reader, completion, evaluation and guide all follow from this table.
 */
import { plainName } from '../query/fields.ts';
import type { StepMetrics } from '../records.ts';
import type { SafePoint } from '../safe-points.ts';

/** Of a step that may not be over: what it does not have yet is absent, what it never has is null. */
export type StepNumbers = Readonly<Partial<Omit<StepMetrics, 'durations'>>> & {
  readonly step: number;
  /** GB (1e9 bytes) that are free on the disk of the run. */
  readonly diskFree?: number | null;
  readonly durations?: StepMetrics['durations'];
};

export interface StepNumber {
  /** Other names for it, in lower case. */
  readonly synonyms: readonly string[];
  /** What it is, in a few words, with its unit. */
  readonly help: string;
  /** Both ends included; null is unbounded. */
  readonly least: number | null;
  readonly most: number | null;
  /** The first safe point of a step at which it is known. */
  readonly from: SafePoint;
  /** SFT has none. */
  readonly notOfSft?: true;
  of(numbers: StepNumbers): number | null | undefined;
}

type Measured = Exclude<keyof StepMetrics, 'durations' | 'at' | 'step' | 'mismatch' | 'rankBytes'>;

const sampled = 'after-sampling';
const updated = 'after-update';

const entry = (
  of: StepNumber['of'],
  help: string,
  from: SafePoint,
  [least, most]: readonly [number | null, number | null] = [0, null],
  synonyms: readonly string[] = [],
): StepNumber => ({ synonyms, help, least, most, from, of });

const measured = (
  name: Measured,
  help: string,
  from: SafePoint,
  range?: readonly [number | null, number | null],
  synonyms?: readonly string[],
) => entry((numbers) => numbers[name], help, from, range, synonyms);

const share = [0, 1] as const;
const any = [null, null] as const;

const table = {
  step: entry(({ step }) => step, 'number of the step, from 1', 'before-step', [1, null]),
  diskFree: entry(({ diskFree }) => diskFree, 'free space on the disk of the run, in GB', 'before-step', undefined, [
    'disk',
  ]),
  accuracy: measured('accuracy', 'mean accuracy reward on ordered frames', sampled, share, ['acc']),
  accuracyShuffled: measured('accuracyShuffled', 'mean accuracy reward on shuffled frames', sampled, share),
  temporal: measured('temporal', 'share of video questions whose temporal test passed', sampled, share),
  reward: measured('reward', 'mean reward of the ordered answers', sampled, any, ['total']),
  format: measured('format', 'mean format reward of the ordered answers', sampled, any),
  length: measured('length', 'mean length of the ordered answers, in tokens', sampled, undefined, ['len', 'tokens']),
  entropy: measured('entropy', 'mean entropy at the tokens of the ordered answers, in nats', sampled),
  mismatch: {
    ...entry(
      ({ mismatch }) => mismatch?.difference,
      'mean difference of the log-probabilities of trainer and sampler over the ordered answers’ tokens, in nats; none where both are one program',
      sampled,
    ),
    notOfSft: true,
  },
  importance: {
    ...entry(
      ({ mismatch }) => mismatch?.weight,
      'largest importance weight of a token; none where sampler and trainer are one program',
      sampled,
    ),
    notOfSft: true,
  },
  flatGroups: measured('flatGroups', 'share of groups whose rewards are all equal', sampled, share, ['flat']),
  loss: measured('loss', 'loss of the update', updated, any),
  kl: {
    ...measured('kl', 'mean KL against the reference over the tokens of the update, in nats', updated, any),
    notOfSft: true,
  },
  gradNorm: measured('gradNorm', 'norm of the gradient before it is clipped', updated, undefined, ['gradientnorm']),
  clipped: { ...measured('clipped', 'share of tokens whose ratio was clipped', updated, share), notOfSft: true },
  learningRate: measured('learningRate', 'learning rate of the update', updated, undefined, ['lr']),
  questions: measured('questions', 'questions of the step', updated),
  skipped: measured('skipped', 'questions that were left out because their media could not be read', updated),
  trainedTokens: measured('trainedTokens', 'tokens in the update', updated),
  sampledTokens: measured('sampledTokens', 'tokens that were sampled', updated),
  seconds: entry(
    ({ durations }) => (durations === undefined ? undefined : durations.total / 1000),
    'what the step took, in seconds, pauses left out',
    updated,
  ),
} as const satisfies Record<string, StepNumber>;

export type StepNumberName = keyof typeof table;
export const stepNumbers: Readonly<Record<StepNumberName, StepNumber>> = table;
export const stepNumberNames = Object.keys(table) as StepNumberName[];

const named: ReadonlyMap<string, StepNumberName> = new Map(
  stepNumberNames.flatMap((name) => [name, ...stepNumbers[name].synonyms].map((word) => [plainName(word), name])),
);

/** The number of a typed name or synonym; null when there is none. */
export function stepNumberNamed(typed: string): StepNumberName | null {
  return named.get(plainName(typed)) ?? null;
}
