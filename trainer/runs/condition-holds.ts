/**
 * Whether a breakpoint's condition holds at a moment of a run, and what makes it so. A part of it that can't be told, because the
 * step has no such number or there are too few steps, is neither true nor false (Kleene's strong logic), so that `not` of it does
 * not hold either. Computes only.
 */
import { slopeInterval } from '../evaluation/statistics.ts';
import type { BreakpointCause } from '../protocol/breakpoints/breakpoint.ts';
import type { Condition, Quantity, StepTerm } from '../protocol/breakpoints/condition.ts';
import { type StepNumberName, type StepNumbers, stepNumbers } from '../protocol/breakpoints/step-numbers.ts';
import { shownLine } from '../protocol/hostile-text.ts';
import { type Comparison, type Expression, fieldsOf } from '../protocol/query/expression.ts';
import { fields, roundedNumber, type Subject, valueText } from '../protocol/query/fields.ts';
import { matches } from '../protocol/query/matches.ts';
import type { GroupWithRollouts } from '../protocol/records.ts';

export interface Moment {
  readonly run: Subject['run'];
  /** Of the steps so far, the oldest first; the last are those of the step that the run is in. */
  readonly steps: readonly StepNumbers[];
  /** Of that step, without those of an evaluation. */
  readonly groups: readonly GroupWithRollouts[];
}

export interface Finding extends BreakpointCause {
  /** Null where it can't be told. */
  readonly holds: boolean | null;
}

interface Found {
  readonly holds: boolean | null;
  readonly said: readonly string[];
  readonly values: BreakpointCause['values'];
  /** The first answer that it holds for. */
  readonly answer: Subject | null;
}

export function conditionHolds(condition: Condition, moment: Moment): Finding {
  const { holds, said, values, answer } = find(condition, moment);
  return {
    holds,
    sentence: [...new Set(said)].join('; '),
    rolloutId: answer?.rollout.id ?? null,
    groupId: answer?.group.id ?? null,
    values,
  };
}

function find(condition: Condition, moment: Moment): Found {
  switch (condition.kind) {
    case 'all': {
      const parts = condition.of.map((one) => find(one, moment));
      const holds = parts.some((part) => part.holds === false)
        ? false
        : parts.every((part) => part.holds === true) || null;
      return joined(holds, parts);
    }
    case 'any': {
      const parts = condition.of.map((one) => find(one, moment));
      const true_ = parts.filter((part) => part.holds === true);
      if (true_.length > 0) return joined(true, true_);
      return joined(parts.every((part) => part.holds === false) ? false : null, parts);
    }
    case 'not': {
      const part = find(condition.of, moment);
      return { ...part, holds: part.holds === null ? null : !part.holds, answer: null };
    }
    default:
      return ofTerm(condition, moment);
  }
}

function joined(holds: boolean | null, parts: readonly Found[]): Found {
  return {
    holds,
    said: parts.flatMap(({ said }) => said),
    values: parts.flatMap(({ values }) => values),
    answer: parts.find(({ answer }) => answer !== null)?.answer ?? null,
  };
}

function ofTerm(term: StepTerm, moment: Moment): Found {
  switch (term.kind) {
    case 'answers': {
      const all = subjectsOf(moment);
      const kept = all.filter((subject) => matches(term.of, subject));
      const holds = term.by === 'any' ? kept.length > 0 : all.length > 0 && kept.length === all.length;
      const said = term.by === 'any' ? firstOf(kept, term.of, moment) : `each of ${all.length} answers: ${term.text}`;
      return { holds, said: [said], values: [], answer: holds ? (kept[0] ?? null) : null };
    }
    case 'nan': {
      const value = numberOf(term.of, moment.steps.at(-1));
      const holds = value === null ? null : !Number.isFinite(value);
      return { holds, said: [`${term.of} is ${shown(value)}`], values: [namedValue(term.of, value)], answer: null };
    }
    case 'stalled': {
      const name = `slope(${term.of}, ${term.steps})`;
      const found = slopeInterval(lastOf(term.of, term.steps, moment) ?? []);
      if (found === null) return cantTell(name);
      const { slope, low, high } = found;
      const said = `the slope of ${term.of} over ${term.steps} steps is ${shown(slope)} a step, with 95 % between ${shown(low)} and ${shown(high)}`;
      return { holds: low <= 0 && high >= 0, said: [said], values: [namedValue(name, slope)], answer: null };
    }
    case 'compareStep': {
      const left = measure(term.left, moment);
      const right = typeof term.right === 'number' ? null : measure(term.right, moment);
      const wanted = typeof term.right === 'number' ? term.right : (right?.value ?? null);
      const sides = right === null ? [left] : [left, right];
      return {
        holds: left.value === null || wanted === null ? null : compares(left.value, term.comparison, wanted),
        said: sides.map(({ said }) => said),
        values: sides.map(({ name, value }) => namedValue(name, value)),
        answer: left.answer ?? right?.answer ?? null,
      };
    }
  }
}

const cantTell = (name: string): Found => ({
  holds: null,
  said: [],
  values: [namedValue(name, null)],
  answer: null,
});

interface Measured {
  readonly name: string;
  /** Null where it can't be told. */
  readonly value: number | null;
  readonly said: string;
  readonly answer: Subject | null;
}

function measure(quantity: Quantity, moment: Moment): Measured {
  switch (quantity.kind) {
    case 'number': {
      const value = finite(numberOf(quantity.of, moment.steps.at(-1)));
      return { name: quantity.of, value, said: `${quantity.of} is ${shown(value)}`, answer: null };
    }
    case 'over': {
      const name = `${quantity.by}(${quantity.of}, ${quantity.steps})`;
      const values = lastOf(quantity.of, quantity.steps, moment);
      const value = values && finite(over[quantity.by](values));
      return { name, value, said: `${name} is ${shown(value)}`, answer: null };
    }
    case 'counted': {
      const all = subjectsOf(moment);
      const kept = all.filter((subject) => matches(quantity.of, subject));
      const share = all.length === 0 ? null : kept.length / all.length;
      const first = kept.length === 0 ? '' : `, the first ${firstOf(kept.slice(0, 1), quantity.of, moment)}`;
      return {
        name: `${quantity.by}(${quantity.text})`,
        value: quantity.by === 'count' ? kept.length : share,
        said: `${kept.length} of ${all.length} answers${first}`,
        answer: kept[0] ?? null,
      };
    }
  }
}

const over: Readonly<Record<'mean' | 'min' | 'max' | 'slope', (values: readonly number[]) => number | null>> = {
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  slope: (values) => slopeInterval(values)?.slope ?? null,
};

function numberOf(name: StepNumberName, numbers: StepNumbers | undefined): number | null {
  return (numbers && stepNumbers[name].of(numbers)) ?? null;
}

/**
 * A number of the last `count` steps that have it, the oldest first. Null where they are fewer, where the newest step has none,
 * or where one is not finite.
 */
function lastOf(name: StepNumberName, count: number, { steps }: Moment): number[] | null {
  if (numberOf(name, steps.at(-1)) === null) return null;
  const values: number[] = [];
  for (let at = steps.length - 1; at >= 0 && values.length < count; at--) {
    const value = numberOf(name, steps[at]);
    if (value !== null) values.push(value);
  }
  return values.length < count || !values.every(Number.isFinite) ? null : values.reverse();
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

/** To as many decimals as the filter compares by, so that a mean of equal numbers equals them. */
function compares(held: number, comparison: Comparison, wanted: number): boolean {
  const [a, b] = [roundedNumber(held) ?? held, roundedNumber(wanted) ?? wanted];
  switch (comparison) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

function subjectsOf({ run, groups }: Moment): Subject[] {
  return groups.flatMap((group) => group.rollouts.map((rollout) => ({ run, group, rollout, annotations: [] })));
}

/** `answer 5 of question 1: aha 5, and 2 more`. */
function firstOf(kept: readonly Subject[], of: Expression, { groups }: Moment): string {
  const [first] = kept;
  if (first === undefined) return 'no answer';
  const { rollout, group } = first;
  const question = groups.findIndex(({ id }) => id === group.id) + 1;
  const name = `${rollout.order === 'shuffled' ? 'shuffled ' : ''}answer ${rollout.index + 1} of question ${question}`;
  const held = [...new Set(fieldsOf(of))].flatMap((field) => {
    const value = fields[field].of(first);
    if (value === null) return [];
    if (typeof value === 'number') return [`${field} ${shown(value)}`];
    return [`${field}:${valueText(shownLine(typeof value === 'object' ? value.join(', ') : String(value), 40))}`];
  });
  const more = kept.length > 1 ? `, and ${kept.length - 1} more` : '';
  return `${name}${held.length > 0 ? `: ${held.join(', ')}` : ''}${more}`;
}

const namedValue = (name: string, value: number | null) => ({ name, value: finite(value) });

/** To four digits, with a true minus. */
function shown(value: number | null): string {
  if (value === null) return 'not known';
  return (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value)).replace('-', '−');
}
