/** Changes of a line at the press of a button: a term put in or taken out, a fault mended. */
import type { Expression } from './expression.ts';
import type { FieldName } from './fields.ts';
import { formatQuery } from './format.ts';
import { parseQuery, type QueryFault, type QueryOperand } from './parse.ts';

/** The line with a fault's suggestion in the place of the faulty part. */
export function corrected(line: string, fault: QueryFault): string {
  return fault.suggestion === null ? line : line.slice(0, fault.start) + fault.suggestion + line.slice(fault.end);
}

/** Whether what a term asks for is one of the conditions that must all hold, however it is written. */
export function holds(line: string, term: string): boolean {
  const wanted = parseQuery(term).expression;
  return parseQuery(line).operands.some(({ expression }) => alike(expression, wanted));
}

/** The line with a term added, or without it where it holds it already; other conditions on the same field give way. */
export function toggled(line: string, term: string): string {
  const wanted = parseQuery(term).expression;
  const { operands, faults } = parseQuery(line);
  const others = operands.filter(({ expression }) => !alike(expression, wanted));
  if (others.length < operands.length) return joined(line, others);
  // Behind an open quote or bracket it would be part of it.
  if (faults.length > 0) return `${term} ${line}`;
  const field = wanted === null ? null : fieldOf(wanted);
  const kept = others.filter(
    ({ expression }) => field === null || expression === null || fieldOf(expression) !== field,
  );
  if (kept.length === 0) return term;
  return `${kept.map((operand) => textOf(line, operand)).join(' ')} ${term}`;
}

/** One of the conditions that must all hold. */
export interface Condition {
  /** Offsets into the line, UTF-16 code units, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** As it is typed. */
  readonly text: string;
  /** A line that asks for it and nothing else: what is typed may mean another thing by itself. */
  readonly alone: string;
  /** Null where it has a fault. */
  readonly expression: Expression | null;
}

/** The conditions that must all hold, in the order of the line. */
export function conditionsOf(line: string): Condition[] {
  return parseQuery(line).operands.map(({ start, end, expression }) => {
    const text = line.slice(start, end);
    return { start, end, text, alone: expression === null ? text : formatQuery(expression), expression };
  });
}

/** The line without some of its conditions. */
export function without(line: string, conditions: readonly number[]): string {
  return joined(
    line,
    parseQuery(line).operands.filter((_, place) => !conditions.includes(place)),
  );
}

/** The one field that a condition is about; null when it is about words, or several. */
export function fieldOf(expression: Expression): FieldName | null {
  switch (expression.kind) {
    case 'compare':
    case 'between':
      return expression.field;
    case 'not':
      return fieldOf(expression.of);
    case 'words':
    case 'compareFields':
      return null;
    case 'all':
    case 'any': {
      const [first, ...others] = expression.of.map(fieldOf);
      return first !== undefined && others.every((field) => field === first) ? first : null;
    }
  }
}

function joined(line: string, operands: readonly QueryOperand[]): string {
  const [only] = operands;
  if (operands.length === 1 && only) return standing(line, only);
  return operands.map((operand) => textOf(line, operand)).join(' ');
}

function textOf(line: string, operand: QueryOperand): string {
  return operand.bare ? `(${standing(line, operand)})` : standing(line, operand);
}

/** A condition as it is typed; where it means this between commas alone, as it means it anywhere. */
function standing(line: string, { start, end, expression }: QueryOperand): string {
  const text = line.slice(start, end);
  return expression?.kind === 'compare' && !alike(parseQuery(text).expression, expression)
    ? formatQuery(expression)
    : text;
}

const alike = (a: Expression | null, b: Expression | null) => a !== null && JSON.stringify(a) === JSON.stringify(b);
