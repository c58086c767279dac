/** A query as a line that is read as the same query. */
import type { Expression } from './expression.ts';
import { type FieldName, fields, shortValue, valueText } from './fields.ts';
import { timeText } from './times.ts';

/**
 * @param expression as `parseQuery` makes it: `all` and `any` of two or more, but for `everything`; words as `wordsOf` cuts them
 */
export function formatQuery(expression: Expression): string {
  switch (expression.kind) {
    case 'all':
      return expression.of.map(inBrackets).join(' ');
    case 'any':
      return expression.of.map(inBrackets).join(' or ');
    case 'not':
      return `not ${inBrackets(expression.of)}`;
    case 'words':
      return `"${expression.words.join(' ')}"${expression.prefix ? '*' : ''}`;
    case 'between': {
      const [from, to] = [expression.from, expression.to].map((end) => value(expression.field, end));
      return `${expression.field}:${from}..${to}`;
    }
    case 'compareFields': {
      const { field: name, comparison, other } = expression;
      return `${name}${comparison === '=' ? ':' : comparison}${other}`;
    }
    case 'compare': {
      const { field: name, comparison } = expression;
      const field = fields[name];
      if (field.kind === 'truth' && field.bare && comparison === '=' && expression.value === true) return name;
      return `${name}${comparison === '=' ? ':' : comparison}${value(name, expression.value)}`;
    }
  }
}

function inBrackets(expression: Expression): string {
  const line = formatQuery(expression);
  return expression.kind === 'all' || expression.kind === 'any' ? `(${line})` : line;
}

function value(name: FieldName, held: number | string | boolean): string {
  const field = fields[name];
  if (typeof held === 'number') return field.kind === 'time' ? timeText(held) : String(held);
  if (typeof held === 'boolean') return String(held);
  const known = field.kind === 'choice' || field.kind === 'texts' ? field.values : null;
  return valueText(known === null ? held : shortValue(known, held));
}
