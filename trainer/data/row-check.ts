/** Whether a dataset row can be trained on, and if not, the sentence that says why and what to change. */
import { type DatasetRow, datasetRow, dataType, problemTypes } from '../protocol/dataset.ts';
import { faultLine } from '../protocol/issues.ts';
import { nearby } from '../protocol/nearest.ts';
import { extractAnswer } from '../rewards/answer.ts';
import { answerNumber } from '../rewards/numerical.ts';
import { quote } from '../rewards/reward.ts';

export type RowFaultKind =
  | 'shape'
  | 'unknown-type'
  | 'path-climbs'
  | 'no-answer'
  | 'not-an-option'
  | 'not-a-number'
  | 'not-reversed';

export type RowCheck = { readonly row: DatasetRow } | { readonly fault: string; readonly kind: RowFaultKind };
type Fault = Extract<RowCheck, { fault: string }>;

/** The letter that an option begins with, such as `A` of `A. Left`, `(A) Left` or `A) Left`; null without one. */
export function optionLetter(option: string): string | null {
  return /^\s*\(?([A-Za-z])(?:[.):：．]|\s*$)/.exec(option)?.[1] ?? null;
}

/** Letters that name the options: those they begin with, or by place where none begins with one. */
export function optionLetters(options: readonly string[]): string[] {
  const letters = options.map(optionLetter);
  return letters.every((letter) => letter === null)
    ? options.map((_, place) => String.fromCharCode(65 + place))
    : letters.filter((letter) => letter !== null);
}

/** Whether a path is absolute, or has a step that leads above the folder it starts from. Links are not followed here. */
export function climbsOut(path: string): boolean {
  if (/^([A-Za-z]:|[\\/])/.test(path) || path.includes('\0')) return true;
  let depth = 0;
  for (const part of path.split(/[\\/]/)) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

function shapeFault(value: unknown): Fault | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'shape', fault: 'A row must be a JSON object.' };
  const row = value as Record<string, unknown>;
  for (const [key, known] of [
    ['problem_type', problemTypes],
    ['data_type', dataType.options],
  ] as const) {
    const given = row[key];
    if (typeof given !== 'string' || (known as readonly string[]).includes(given)) continue;
    const near = nearby(given, known);
    return {
      kind: 'unknown-type',
      fault: `${key} ${quote(given)} is not known. ${near === null ? '' : `Did you mean "${near}"? `}Known are ${known.map((name) => `"${name}"`).join(', ')}.`,
    };
  }
  return null;
}

/** @param key of the row that holds it, as people are told of it */
function solutionFault(row: DatasetRow, solution: string, key: 'solution' | 'reversed_solution'): Fault | null {
  const answer = extractAnswer(solution);
  if (answer === null) return { kind: 'no-answer', fault: `The ${key} ${quote(solution)} has no <answer>…</answer>.` };
  if (answer === '') return { kind: 'no-answer', fault: `The ${key}’s answer is empty.` };
  switch (row.problem_type) {
    case 'multiple choice': {
      if (row.options.length === 0) return null;
      const letters = optionLetters(row.options);
      if (letters.includes(answer) || row.options.includes(answer)) return null;
      return {
        kind: 'not-an-option',
        fault: `The ${key} ${quote(answer)} is not among the options ${letters.join(', ')}.`,
      };
    }
    case 'numerical':
    case 'regression': {
      const number = answerNumber(answer);
      if (number !== null && !Number.isNaN(number)) return null;
      return {
        kind: 'not-a-number',
        fault: `The ${key} ${quote(answer)} of a ${row.problem_type} question is not a number.`,
      };
    }
    case 'OCR':
    case 'free-form':
      return null;
  }
}

const leaveOut = 'Leave the key out where the answer does not change or is not known.';

/** What is right of a video shown backwards has to be another answer than of the video itself: else a pair would say nothing. */
function reversedFault(row: DatasetRow): Fault | null {
  const reversed = row.reversed_solution;
  if (reversed === undefined) return null;
  if (row.data_type !== 'video')
    return { kind: 'not-reversed', fault: 'An image has no reversed_solution: only videos are shown backwards.' };
  const fault = solutionFault(row, reversed, 'reversed_solution');
  if (fault) return fault;
  const [forwards, backwards] = [row.solution, reversed].map((solution) => answerOf(row, solution));
  return forwards === backwards
    ? { kind: 'not-reversed', fault: `The reversed_solution is the solution’s answer. ${leaveOut}` }
    : null;
}

/** An answer by which two that are written otherwise are the same: the place of an option, a number, or the text. */
function answerOf({ problem_type, options }: DatasetRow, solution: string): string | number {
  const answer = extractAnswer(solution) ?? '';
  if (problem_type === 'numerical' || problem_type === 'regression') return answerNumber(answer) ?? answer;
  if (problem_type !== 'multiple choice') return answer;
  const place = options.indexOf(answer) >= 0 ? options.indexOf(answer) : optionLetters(options).indexOf(answer);
  return place < 0 ? answer : place;
}

/** Checks one parsed row: its shape, its solutions against its type and options, and that its path stays in the folder. */
export function checkRow(value: unknown): RowCheck {
  const shape = shapeFault(value);
  if (shape) return shape;
  const parsed = datasetRow.safeParse(value);
  if (!parsed.success) {
    return { kind: 'shape', fault: `${faultLine(datasetRow, value, parsed.error, 'the row')}.` };
  }
  if (climbsOut(parsed.data.path)) {
    return {
      kind: 'path-climbs',
      fault: `The path ${quote(parsed.data.path)} leads out of the dataset’s folder. Use a path below it.`,
    };
  }
  const { data: row } = parsed;
  return solutionFault(row, row.solution, 'solution') ?? reversedFault(row) ?? { row };
}
