/** What is typed behind a field and a sign as an expression: numbers, times, ranges, known values, texts, another field. */
import { categoryId } from '../annotations/categories.ts';
import { nearby } from '../nearest.ts';
import type { Comparison, Expression } from './expression.ts';
import {
  type Field,
  type FieldName,
  fieldNamed,
  fieldNames,
  fields,
  type KnownValues,
  knownValue,
  roundedNumber,
  shortValue,
  valueText,
} from './fields.ts';
import { anyOf } from './lexemes.ts';
import { readTime } from './times.ts';

/** A value as it is typed. */
export interface Item {
  readonly text: string;
  readonly quoted: boolean;
  readonly start: number;
  readonly end: number;
}

/** Notes a fault in the line. */
export type NoteFault = (start: number, end: number, message: string, suggestion?: string | null) => void;

interface Typed {
  readonly name: FieldName;
  readonly comparison: Comparison;
}

/** Null where one of the values has a fault. */
export function readValues(line: string, typed: Typed, items: readonly Item[], note: NoteFault): Expression | null {
  const { name, comparison } = typed;
  const [first] = items;
  const lastItem = items.at(-1);
  if (items.length > 1 && comparison !== '=' && first && lastItem) {
    const way = comparison === '!=' ? `; write not ${name}:${line.slice(first.start, lastItem.end)}` : '';
    note(first.start, lastItem.end, `${comparison} takes one value${way}.`);
    return null;
  }
  const read = items.map((item) => readValue(typed, item, note));
  const found = read.flatMap((expression) => (expression === null ? [] : [expression]));
  return found.length < items.length ? null : anyOf(found);
}

function readValue(typed: Typed, item: Item, note: NoteFault): Expression | null {
  const { name, comparison } = typed;
  const field: Field = fields[name];
  const wrong = (suggestion: string | null = null) => {
    note(item.start, item.end, takes(name), suggestion);
    return null;
  };
  if (item.text === '' && !item.quoted) return wrong();
  const equal = (value: string | boolean): Expression => ({ kind: 'compare', field: name, comparison, value });
  switch (field.kind) {
    case 'text':
      return equal(item.text);
    case 'texts': {
      if (field.values === null) return equal(item.text);
      const known = knownValue(field.values, item.text);
      if (known === null && field.takesOthers && categoryId.safeParse(item.text).success) return equal(item.text);
      return known === null ? wrong(nearbyValue(field.values, item.text)) : equal(known);
    }
    case 'choice': {
      const known = knownValue(field.values, item.text);
      return known === null ? wrong(nearbyValue(field.values, item.text)) : equal(known);
    }
    case 'truth': {
      const known = knownValue(truths, item.text);
      return known === null ? wrong(nearbyValue(truths, item.text)) : equal(known === 'true');
    }
    case 'number':
    case 'time':
      return namesOther(item) ? readOther(typed, item, note) : readExtent(typed, item, note);
  }
}

/** Fields that a number or a time can be compared with. */
export function comparableWith(name: FieldName): FieldName[] {
  return fieldNames.filter((other) => other !== name && fields[other].kind === fields[name].kind);
}

/** No number and no time begins with a letter. */
const namesOther = ({ text, quoted }: Item) => !quoted && /^\p{L}/u.test(text);

/** Another field on the right side. */
function readOther({ name, comparison }: Typed, item: Item, note: NoteFault): Expression | null {
  const known = comparableWith(name);
  const other = fieldNamed(item.text);
  if (other !== null && known.includes(other)) return { kind: 'compareFields', field: name, comparison, other };
  note(item.start, item.end, takes(name), other === null ? nearby(item.text, known) : null);
  return null;
}

/** A number, a time, or a range of them. What is typed may itself have an extent, as a day has. */
function readExtent({ name, comparison }: Typed, item: Item, note: NoteFault): Expression | null {
  const field: Field = fields[name];
  const read = (typed: string) =>
    field.kind === 'time' ? readTime(typed) : field.kind === 'number' ? readNumber(field, typed) : null;
  const compare = (how: Comparison, value: number): Expression => ({
    kind: 'compare',
    field: name,
    comparison: how,
    value,
  });
  const wrong = (message = takes(name), suggestion: string | null = null) => {
    note(item.start, item.end, message, suggestion);
    return null;
  };
  const dots = item.quoted ? -1 : item.text.indexOf('..');
  if (dots >= 0) {
    const typedFrom = item.text.slice(0, dots);
    const typedTo = item.text.slice(dots + 2);
    const from = read(typedFrom);
    const to = read(typedTo);
    if (comparison !== '=') return wrong(`A range goes with a colon: ${name}:${item.text}.`);
    if ((from === null && typedFrom !== '') || (to === null && typedTo !== '')) return wrong();
    if (from === null) return to === null ? wrong() : compare('<=', to[1]);
    if (to === null) return compare('>=', from[0]);
    if (from[0] > to[1]) return wrong('The end of the range is before its start.', `${typedTo}..${typedFrom}`);
    return { kind: 'between', field: name, from: from[0], to: to[1] };
  }
  const value = read(item.text);
  if (value === null) return wrong();
  const [first, last] = value;
  if (comparison === '=' || comparison === '!=') {
    if (first === last) return compare(comparison, first);
    const inside: Expression = { kind: 'between', field: name, from: first, to: last };
    return comparison === '=' ? inside : { kind: 'not', of: inside };
  }
  return compare(comparison, comparison === '<' || comparison === '>=' ? first : last);
}

export const truths: KnownValues<'true' | 'false'> = { true: ['yes'], false: ['no'] };

const nearbyValue = (values: KnownValues, typed: string) => {
  const near = nearby(typed, Object.entries(values).flat(2));
  return near === null ? null : valueText(near);
};

/** A number as one types it. */
export const numeral = /^[-+−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

function readNumber(field: Extract<Field, { kind: 'number' }>, typed: string): readonly [number, number] | null {
  const value = numeral.test(typed) ? roundedNumber(Number(typed.replace('−', '-'))) : null;
  if (value === null || (field.whole && !Number.isSafeInteger(value))) return null;
  if (value < (field.least ?? value) || value > (field.most ?? value)) return null;
  return [value, value];
}

/** What a field takes, as a sentence with examples. */
export function takes(name: FieldName): string {
  const field: Field = fields[name];
  const either = (values: KnownValues) => {
    const terms = Object.keys(values).map((value) => `${name}:${valueText(shortValue(values, value))}`);
    return `${terms.slice(0, -1).join(', ')} or ${terms.at(-1)}`;
  };
  switch (field.kind) {
    case 'number': {
      const bounds =
        field.least === null
          ? field.most === null
            ? ''
            : ` up to ${field.most}`
          : field.most === null
            ? ` from ${field.least}`
            : ` from ${field.least} to ${field.most}`;
      const low = field.least ?? (field.most === null ? 0 : field.most - 1);
      const high = field.most ?? low + (field.whole ? 20 : 1);
      return `${name} takes a ${field.whole ? 'whole ' : ''}number${bounds}, such as ${name}:${high}, ${name}>=${low} or ${name}:${low}..${high}.`;
    }
    case 'time':
      return `${name} takes a day or a time, UTC, such as ${name}:2025-11-28, ${name}>=2025-11-28T14:05 or ${name}:2025-11-28..2025-11-30.`;
    case 'truth':
      return `${name} takes ${field.bare ? `${name} alone, ` : ''}${name}:true or ${name}:false.`;
    case 'choice':
      return `${name} takes ${either(field.values)}.`;
    case 'texts':
      if (field.values !== null) return `${name} takes ${either(field.values)}; for the others write not ${name}:….`;
      return `${name} takes ${name}:text or ${name}:"some text"; for the others write not ${name}:….`;
    case 'text':
      return `${name} takes ${name}:text or ${name}:"some text", and != for the others.`;
  }
}
