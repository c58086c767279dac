/** What words to look for may have been meant as: a condition on a field, which has to be written with the field's name. */
import type { Condition } from './edit.ts';
import { type Field, type FieldName, fieldNamed, fieldNames, fields, knownValue, valueText } from './fields.ts';
import { parseQuery, type QueryPiece } from './parse.ts';

/** Of the fields that take any text, those whose values people know by name. */
const namedValues: readonly FieldName[] = ['family', 'source', 'dataset'];

/** Longest run of words that is held for one condition: `right by a wrong way` and the like. */
const mostWords = 8;

/** Terms for a condition that is a word or a phrase; none for any other. Whether a run has such a value they do not say. */
export function termsMeant({ text, expression }: Pick<Condition, 'text' | 'expression'>): string[] {
  if (expression?.kind !== 'words') return [];
  const typed = text
    .replace(/\*$/, '')
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll('""', '"');
  return [...answerMeant(typed), ...fieldNames.flatMap((name) => termMeant(name, typed) ?? [])];
}

/** A part of a line that is looked for in texts, though it may well be meant as a condition on a field. */
export interface Misread {
  /** Offsets into the line, UTF-16 code units, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** As it is typed. */
  readonly text: string;
  /** What it may be meant as, the likeliest first; at least one. */
  readonly terms: readonly string[];
}

/** In the order of the line; they do not overlap. Words in quotes are meant as words. */
export function misreadsOf(line: string): Misread[] {
  return runsOf(line).flatMap((run) => {
    const found: Misread[] = [];
    for (let first = 0; first < run.length; first += 1) {
      for (let last = Math.min(run.length, first + mostWords) - 1; last >= first; last -= 1) {
        const { start } = run[first] as QueryPiece;
        const { end } = run[last] as QueryPiece;
        const text = line.slice(start, end);
        const terms = first === last ? termsOfWord(text) : termsOfWords(text, last === run.length - 1);
        if (terms.length === 0) continue;
        found.push({ start, end, text, terms });
        first = last;
        break;
      }
    }
    return found;
  });
}

/**
 * `right` or `wrong` that asks for answers, among nothing but words to look for, as in `left and right`: it may be meant as one
 * of them. Null where there is none.
 */
export function wordRead(line: string): Misread | null {
  const { pieces } = parseQuery(line);
  const isWord = ({ kind }: QueryPiece) => kind === 'words';
  const read = pieces.filter(({ kind }) => kind === 'name' || kind === 'value');
  const [only] = read;
  if (only === undefined || read.length > 1 || !pieces.some(isWord)) return null;
  const { start, end } = only;
  const text = line.slice(start, end);
  return answerMeant(text).length === 0 ? null : { start, end, text, terms: [`"${text}"`] };
}

/** The line with a term in the place of a part of it; the rest stays as it is typed, and means what it means there. */
export function mended(line: string, { start, end }: Pick<Misread, 'start' | 'end'>, term: string): string {
  const before = line.slice(0, start) + term;
  const [, behind] = /^\s*,\s*(.*)$/s.exec(line.slice(end)) ?? [];
  const kept = before + line.slice(end);
  if (behind === undefined) return kept;
  /* Behind a value a comma may go on with one more, which an `and` does not. */
  const apart = `${before} and ${behind}`;
  return JSON.stringify(parseQuery(kept).expression) === JSON.stringify(parseQuery(apart).expression) ? kept : apart;
}

/** Plain words of a line that have nothing but spaces between them; `not` may be one of a known value's. */
function runsOf(line: string): QueryPiece[][] {
  const runs: QueryPiece[][] = [];
  let reached: number | null = null;
  for (const piece of parseQuery(line).pieces) {
    const text = line.slice(piece.start, piece.end);
    const isPlain = piece.kind === 'words' ? !text.startsWith('"') : text.toLowerCase() === 'not';
    if (!isPlain) {
      reached = null;
      continue;
    }
    if (reached !== null && line.slice(reached, piece.start).trim() === '') runs.at(-1)?.push(piece);
    else runs.push([piece]);
    reached = piece.end;
  }
  return runs;
}

function answerMeant(word: string): string[] {
  switch (word.toLowerCase()) {
    case 'right':
      return ['correct:true'];
    case 'wrong':
      return ['correct:false'];
    default:
      return [];
  }
}

/** Of a word alone the answers and the truths: values such as `stop` and `video` are words of many texts. */
function termsOfWord(word: string): string[] {
  const name = fieldNamed(word);
  return [...answerMeant(word), ...(name !== null && fields[name].kind === 'truth' ? [`${name}:true`] : [])];
}

/** @param isToEnd no further word follows, which might be one of a text's */
function termsOfWords(text: string, isToEnd: boolean): string[] {
  const known = fieldNames.flatMap((name) => {
    const field = fields[name];
    return (field.kind === 'choice' || field.kind === 'texts') && field.values !== null
      ? (termMeant(name, text) ?? [])
      : [];
  });
  return [...known, ...comparisonMeant(text), ...valueMeant(text, isToEnd)];
}

/** A field's name and a value: `category wrong order`, `step 150`, `family bounces`. */
function valueMeant(text: string, isToEnd: boolean): string[] {
  const [, typed = '', value = ''] = /^(\S+)\s+(.+)$/s.exec(text) ?? [];
  const name = fieldNamed(typed);
  if (name === null) return [];
  const field: Field = fields[name];
  if (field.kind === 'text' && !(namedValues.includes(name) && (isToEnd || !/\s/.test(value)))) return [];
  if (field.kind === 'texts' && field.values === null) return [];
  const known = 'values' in field && field.values !== null ? knownValue(field.values, value) : null;
  return soundTerm(`${name}:${valueText(known?.toLowerCase() ?? value)}`);
}

/** A comparison in words: `shorter than 20 tokens`, `at least 2 flags`, `step over 150`, `before step 20`. */
function comparisonMeant(text: string): string[] {
  const said = text.toLowerCase().replace(/\s+/g, ' ');
  const [, which = '', tokens = ''] = /^(shorter|longer) than (\S+)(?: tokens?)?$/.exec(said) ?? [];
  if (which !== '') return soundTerm(`length${which === 'shorter' ? '<' : '>'}${tokens}`);
  const [, when = '', step = ''] = /^(before|after) step (\S+)$/.exec(said) ?? [];
  if (when !== '') return soundTerm(`step${when === 'before' ? '<' : '>'}${step}`);
  const numbered = /^(?<how>\S+ (?:than|least|most)|\S+) (?<value>\S+) (?<name>\S+)$/.exec(said)?.groups;
  const named = /^(?<name>\S+) (?:is )?(?<how>\S+ (?:than|least|most)|\S+) (?<value>\S+)$/.exec(said)?.groups;
  return [numbered, named].flatMap((groups) => {
    const { how = '', value = '', name: typed = '' } = groups ?? {};
    const sign = signsSaid.get(how);
    const name = fieldNamed(typed);
    return sign === undefined || name === null ? [] : soundTerm(`${name}${sign}${value}`);
  });
}

const signsSaid: ReadonlyMap<string, string> = new Map([
  ...['under', 'below', 'less than', 'fewer than', 'smaller than'].map((said) => [said, '<'] as const),
  ...['over', 'above', 'more than', 'greater than', 'larger than'].map((said) => [said, '>'] as const),
  ['at most', '<='],
  ['at least', '>='],
]);

const soundTerm = (term: string): string[] => (parseQuery(term).faults.length === 0 ? [term] : []);

/** By the name that the page shows, whatever other word for it is typed. */
function termMeant(name: FieldName, typed: string): string | null {
  const field: Field = fields[name];
  if (field.kind === 'truth') return fieldNamed(typed) === name ? `${name}:true` : null;
  if (namedValues.includes(name)) return `${name}:${valueText(typed)}`;
  if ((field.kind !== 'choice' && field.kind !== 'texts') || field.values === null) return null;
  const known = knownValue(field.values, typed);
  return known === null ? null : `${name}:${valueText(known.toLowerCase())}`;
}
