/** What can stand at the caret of a line: names of fields, operators, values. */
import { type Comparison, comparisonsOf } from './expression.ts';
import {
  type Field,
  type FieldName,
  fieldNamed,
  fieldNames,
  fields,
  foldedText,
  type KnownValues,
  shortValue,
  valueText,
} from './fields.ts';
import { parseQuery, type QueryPiece } from './parse.ts';
import { comparableWith } from './typed-values.ts';

export interface Completion {
  /** What is put in the place from `start` to `end`. */
  readonly text: string;
  /** A few words about it; empty where the text says it all. */
  readonly help: string;
}

export interface Completions {
  readonly start: number;
  readonly end: number;
  readonly items: readonly Completion[];
}

/** Values of text fields that the caller has seen, such as the sources of a run's questions. */
export type SeenValues = Readonly<Partial<Record<FieldName, readonly string[]>>>;

/** Offers of one kind beyond which the list says nothing. */
const most = 50;

export function completions(line: string, caret: number, seen: SeenValues = {}): Completions {
  const { pieces } = parseQuery(line);
  const at =
    pieces.find(({ kind, start, end }) => kind === 'value' && start <= caret && caret <= end) ??
    pieces.find(({ start, end }) => start < caret && caret <= end);
  if (at === undefined && pieces.some(({ start }) => start === caret)) return nothing(caret);
  switch (at?.kind) {
    case 'value':
      return at.field === null ? nothing(caret) : ofValues(line, at, at.field, caret, seen);
    case 'operator':
    case 'bracket':
      return at.end === caret && at.kind === 'bracket' ? ofNames('', caret, caret) : nothing(caret);
    case 'name':
    case 'words':
    case 'keyword': {
      const typed = line.slice(at.start, caret);
      if (typed.startsWith('"')) return nothing(caret);
      const compared = at.kind === 'name' && /^\s*[:<>=!≠≤≥]/.test(line.slice(at.end));
      return compared ? ofNamesBefore(typed, at) : ofNames(typed, at.start, at.end);
    }
    case undefined:
      return ofNames('', caret, caret);
  }
}

const nothing = (caret: number): Completions => ({ start: caret, end: caret, items: [] });

const operatorHelp: Readonly<Record<Comparison, string>> = {
  '=': 'equal to',
  '!=': 'not equal to',
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
};

const sign = (comparison: Comparison) => (comparison === '=' ? ':' : comparison);

const isNumeric = (field: Field) => field.kind === 'number' || field.kind === 'time';

/** Names that begin with what is typed; a whole name's comparisons first. */
function ofNames(typed: string, start: number, end: number): Completions {
  const whole = typed === '' ? null : fieldNamed(typed);
  const compared: Completion[] =
    whole === null
      ? []
      : comparisonsOf[fields[whole].kind].map((comparison) => ({
          text: `${whole}${sign(comparison)}`,
          help: `${whole} ${operatorHelp[comparison]}`,
        }));
  const names = fieldNames.flatMap((name): Completion[] => {
    const field: Field = fields[name];
    const bare = field.kind === 'truth' && field.bare;
    if ((name === whole && !bare) || !begins(typed, name)) return [];
    return [{ text: bare ? name : `${name}${isNumeric(field) ? '' : ':'}`, help: field.help }];
  });
  const meant: Completion[] = [
    { text: 'correct:false', help: 'wrong answers', sought: 'wrong' },
    { text: 'correct:true', help: 'right answers', sought: 'right' },
  ].flatMap(({ text, help, sought }) =>
    typed !== '' && sought.startsWith(typed.toLowerCase()) ? [{ text, help }] : [],
  );
  const joins: Completion[] = [
    { text: 'not', help: 'the opposite of the next term' },
    { text: 'or', help: 'either side' },
  ].filter(({ text }) => typed !== '' && text.startsWith(typed.toLowerCase()));
  return { start, end, items: [...compared, ...names, ...meant, ...joins] };
}

/** Names for the one that stands before an operator. */
function ofNamesBefore(typed: string, at: QueryPiece): Completions {
  const items = fieldNames
    .filter((name) => begins(typed, name))
    .map((name): Completion => ({ text: name, help: fields[name].help }));
  return { start: at.start, end: at.end, items };
}

function begins(typed: string, name: FieldName): boolean {
  const wanted = typed.toLowerCase();
  return [name, ...fields[name].synonyms].some((word) => word.toLowerCase().startsWith(wanted));
}

function ofValues(line: string, at: QueryPiece, name: FieldName, caret: number, seen: SeenValues): Completions {
  const typed = foldedText(line.slice(at.start, caret).replaceAll('"', ''));
  // Most are compared with a number: of another field so much must be typed that it can be meant.
  if (typed === '' && isNumeric(fields[name])) return nothing(caret);
  const items = offered(name, seen[name] ?? [])
    .filter(({ sought }) => sought.some((value) => startsIn(foldedText(value), typed)))
    .map(({ text, help }): Completion => ({ text: valueText(text), help }));
  return { start: at.start, end: at.end, items: items.slice(0, most) };
}

/** Whether a value or a word in it starts with what is typed. */
function startsIn(value: string, typed: string): boolean {
  for (let place = value.indexOf(typed); place >= 0; place = value.indexOf(typed, place + 1)) {
    if (place === 0 || /[^\p{L}\p{N}]/u.test(value[place - 1] ?? '')) return true;
  }
  return false;
}

interface OfferedValue {
  readonly text: string;
  readonly help: string;
  /** Words by which it is found. */
  readonly sought: readonly string[];
}

function offered(name: FieldName, seen: readonly string[]): OfferedValue[] {
  const field: Field = fields[name];
  switch (field.kind) {
    case 'truth':
      return ['true', 'false'].map((text) => ({ text, help: '', sought: [text] }));
    case 'choice':
      return ofKnown(field.values);
    case 'texts':
      return field.values === null ? ofSeen(seen) : ofKnown(field.values);
    case 'text':
      return ofSeen(seen);
    case 'number':
    case 'time':
      // Another field on the right side.
      return comparableWith(name).map((other) => ({
        text: other,
        help: fields[other].help,
        sought: [other, ...fields[other].synonyms],
      }));
  }
}

const ofKnown = (values: KnownValues): OfferedValue[] =>
  Object.entries(values).map(([value, words]) => {
    const text = shortValue(values, value);
    return { text, help: text === value.toLowerCase() ? '' : value, sought: [value, ...words] };
  });

const ofSeen = (seen: readonly string[]): OfferedValue[] =>
  [...new Set(seen)].map((text) => ({ text, help: '', sought: [text] }));
