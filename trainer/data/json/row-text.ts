/** The value of one row's JSON, and where and why a row is none. */
import { StudioError } from '../../protocol/errors.ts';
import { findJsonFault } from './fault.ts';
import { numberText } from './keys.ts';
import type { RowsForm } from './row-scanner.ts';

/** A row's value. A `problem_id` that would lose digits as a number is the text of the file. @throws SyntaxError */
export function parseRowText(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return value;
  const row = value as { problem_id?: unknown };
  if (typeof row.problem_id !== 'number') return value;
  const [, near] = /"problem_id"\s*:\s*(-?[\d.eE+-]+)/.exec(text) ?? [];
  if (near === String(row.problem_id)) return value;
  const written = numberText(text, 'problem_id');
  if (written !== null && written !== String(row.problem_id)) row.problem_id = written;
  return value;
}

export interface RowPlace {
  readonly file: string;
  /** In the file, from 1. */
  readonly line: number;
  /** Number of the row, from 0. */
  readonly row: number;
  readonly form: RowsForm | 'table';
}

export interface RowTextFault {
  /** `bad-dataset`, with the line at which the row stops being JSON as its place. */
  readonly error: StudioError;
  /** Line of the file, from 1. */
  readonly line: number;
  /** UTF-16 code units from the start of the row. */
  readonly at: number;
}

/** What is wrong with a row that can't be parsed. @param cause what the parser threw */
export function rowTextFault(
  text: string,
  { file, line: firstLine, row, form }: RowPlace,
  cause: unknown,
): RowTextFault {
  const fault = findJsonFault(text);
  const at = fault?.offset ?? 0;
  const before = text.slice(0, at).split('\n');
  const line = firstLine + before.length - 1;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const isLine = form === 'lines';
  const where = before.length === 1 && !isLine ? `${column} characters into the row` : `column ${column}`;
  const error = new StudioError(
    'bad-dataset',
    `Row ${row + 1} is not JSON: ${fault?.reason ?? (cause as Error).message}, at line ${line}, ${where}.`,
    {
      place: `${file}:${line}`,
      remedy: isLine ? 'Every line must hold one whole row.' : 'Correct the row there.',
      cause,
    },
  );
  return { error, line, at };
}
