/**
 * A breakpoint's condition as data: comparisons of a step's numbers and of its answers, joined as the filter's terms are, and the
 * safe point at which it can be asked.
 */

import type { Method } from '../parameters.ts';
import type { Comparison, Expression, Joined } from '../query/expression.ts';
import { fieldsOf } from '../query/expression.ts';
import type { FieldName } from '../query/fields.ts';
import { type SafePoint, safePoint } from '../safe-points.ts';
import { type StepNumberName, stepNumbers } from './step-numbers.ts';

/** Functions over the last steps, with what they say of a number. */
export const overSteps = {
  mean: 'mean over the last N steps',
  min: 'least of the last N steps',
  max: 'greatest of the last N steps',
  slope: 'change a step over the last N steps, by least squares',
} as const;
export type OverSteps = keyof typeof overSteps;

/** Functions over the answers of the step that hold or do not. */
export const ofAnswers = {
  any: 'holds for an answer of the step',
  all: 'holds for every answer of the step',
} as const;
export type OfAnswers = keyof typeof ofAnswers;

/** Functions over the answers of the step that are a number. */
export const countOfAnswers = {
  count: 'answers of the step for which it holds',
  share: 'the same as a share of all, 0 to 1',
} as const;
export type CountOfAnswers = keyof typeof countOfAnswers;

/** Functions of a number of the step that hold or do not. */
export const ofNumber = {
  nan: 'it is not finite',
  stalled: 'its slope over the last N steps lies in its 95 % interval around 0',
} as const;

export const functionNames = [
  ...(Object.keys(ofAnswers) as OfAnswers[]),
  ...(Object.keys(countOfAnswers) as CountOfAnswers[]),
  ...(Object.keys(overSteps) as OverSteps[]),
  ...(Object.keys(ofNumber) as (keyof typeof ofNumber)[]),
];
export type FunctionName = (typeof functionNames)[number];

/** How each is written. */
export const functionForms: Readonly<Record<FunctionName, string>> = {
  any: 'any(aha >= 4)',
  all: 'all(correct:false)',
  count: 'count(aha >= 4) >= 3',
  share: 'share(correct:false) > 0.5',
  mean: 'mean(accuracy, 20) < 0.3',
  min: 'min(kl, 5) > 0.5',
  max: 'max(reward, 20) < 1',
  slope: 'slope(length, 50) > 2',
  nan: 'nan(loss)',
  stalled: 'stalled(accuracy, 50)',
};

/** Fewest steps that a slope has an interval of, and the most that are kept for a condition. */
export const stepsOver = { least: 1, leastOfSlope: 3, most: 1000 } as const;

export type Quantity =
  | { readonly kind: 'number'; readonly of: StepNumberName }
  | { readonly kind: 'over'; readonly by: OverSteps; readonly of: StepNumberName; readonly steps: number }
  /** `text` is the condition on answers as it was typed. */
  | { readonly kind: 'counted'; readonly by: CountOfAnswers; readonly of: Expression; readonly text: string };

export type StepTerm =
  | {
      readonly kind: 'compareStep';
      readonly left: Quantity;
      readonly comparison: Comparison;
      readonly right: Quantity | number;
    }
  | { readonly kind: 'answers'; readonly by: OfAnswers; readonly of: Expression; readonly text: string }
  | { readonly kind: 'nan'; readonly of: StepNumberName }
  | { readonly kind: 'stalled'; readonly of: StepNumberName; readonly steps: number };

export type Condition = Joined<StepTerm>;

/** The terms of a condition, in their order. */
export function termsOf(condition: Condition): StepTerm[] {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.flatMap(termsOf);
    case 'not':
      return termsOf(condition.of);
    default:
      return [condition];
  }
}

function quantitiesOf(term: StepTerm): Quantity[] {
  if (term.kind !== 'compareStep') return [];
  return typeof term.right === 'number' ? [term.left] : [term.left, term.right];
}

/** The numbers of a step that a condition names. */
export function numbersOf(condition: Condition): StepNumberName[] {
  return termsOf(condition).flatMap((term) =>
    term.kind === 'nan' || term.kind === 'stalled'
      ? [term.of]
      : quantitiesOf(term).flatMap((quantity) => (quantity.kind === 'counted' ? [] : [quantity.of])),
  );
}

/** What a condition asks of answers. */
export function answersOf(condition: Condition): Expression[] {
  return termsOf(condition).flatMap((term) =>
    term.kind === 'answers'
      ? [term.of]
      : quantitiesOf(term).flatMap((quantity) => (quantity.kind === 'counted' ? [quantity.of] : [])),
  );
}

/** Of an answer these are known once its update is made. */
const afterUpdate: readonly FieldName[] = ['kl', 'felt', 'masked'];

const order = safePoint.options;
const later = (a: SafePoint, b: SafePoint) => (order.indexOf(a) >= order.indexOf(b) ? a : b);

/** SFT asks its model when the update is made, and then not in every step. */
const sampledFrom = (method: Method, from: SafePoint): SafePoint =>
  method === 'sft' && from !== 'before-step' ? 'after-update' : from;

/** From which safe point of a step on a condition can be asked. */
export function earliestPoint(condition: Condition, method: Method): SafePoint {
  const ofNumbers = numbersOf(condition).map((name) => sampledFrom(method, stepNumbers[name].from));
  const ofFields = answersOf(condition).map((of) =>
    sampledFrom(method, fieldsOf(of).some((name) => afterUpdate.includes(name)) ? 'after-update' : 'after-sampling'),
  );
  return [...ofNumbers, ...ofFields].reduce(later, 'before-step');
}

/**
 * Where a condition is asked that names no point: one on answers alone before their update, so that they can still be looked at and
 * changed; one on the disk or the number of the step before the step; any other after the update.
 */
export function inferredPoint(condition: Condition, method: Method): SafePoint {
  const earliest = earliestPoint(condition, method);
  if (earliest !== 'after-sampling') return earliest;
  return numbersOf(condition).some((name) => stepNumbers[name].from !== 'before-step')
    ? 'after-update'
    : 'before-update';
}

/** Why a condition can't be asked at a safe point, as a sentence; null where it can. */
export function pointFault(condition: Condition, at: SafePoint, method: Method): string | null {
  const foreign = method === 'sft' ? numbersOf(condition).find((name) => stepNumbers[name].notOfSft) : undefined;
  if (foreign !== undefined) return `${foreign} has no value in SFT.`;
  if (method === 'sft' && at === 'after-sampling') return 'SFT draws no answers, so it never comes to after-sampling.';
  const earliest = earliestPoint(condition, method);
  if (order.indexOf(at) >= order.indexOf(earliest)) return null;
  const late = numbersOf(condition).find((name) => sampledFrom(method, stepNumbers[name].from) === earliest);
  return `${late ?? 'What it asks of answers'} is known at ${earliest}, and not yet at ${at}.`;
}
