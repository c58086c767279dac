/**
 * The typed filter of the rollout list: terms such as `step>20 order:shuffled correct:false aha>=2 flagged`, and words
 * that the text or the question must contain. A fault is found with its place and the nearest term that is known.
 */
import type { RolloutFilter } from '../../trainer/protocol/messages.ts';
import type { RolloutRow } from './rollout-row.ts';

/** A faulty word of the filter. Offsets are into the typed line. */
export interface FilterFault {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  /** What to put in its place; null when nothing known is near. */
  readonly suggestion: string | null;
}

export interface ParsedFilter {
  readonly filter: RolloutFilter;
  readonly faults: readonly FilterFault[];
  readonly terms: readonly FilterTerm[];
}

/** A word of the line, for colouring it: `nameEnd` is where its name ends; equal to `start` for plain words. */
export interface FilterTerm {
  readonly start: number;
  readonly nameEnd: number;
  readonly end: number;
}

type Operator = ':' | '>' | '>=';

interface Field {
  readonly operators: readonly Operator[];
  /** Known values as typed, with what they stand for; null takes a whole number. */
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly takes: string;
  apply(filter: RolloutFilter, operator: Operator, value: unknown): RolloutFilter;
}

const truth = { true: true, false: false, yes: true, no: false };

const problemTypes = {
  choice: 'multiple choice',
  'multiple choice': 'multiple choice',
  number: 'numerical',
  numerical: 'numerical',
  ocr: 'OCR',
  free: 'free-form',
  'free-form': 'free-form',
  regression: 'regression',
};

const fields: Readonly<Record<string, Field>> = {
  step: {
    operators: [':', '>', '>='],
    values: null,
    takes: 'step:20, step>20 or step>=20',
    apply: (filter, operator, value) =>
      operator === ':'
        ? { ...filter, step: value as number }
        : { ...filter, fromStep: operator === '>' ? (value as number) + 1 : (value as number) },
  },
  order: {
    operators: [':'],
    values: { ordered: 'ordered', shuffled: 'shuffled' },
    takes: 'order:ordered or order:shuffled',
    apply: (filter, _, value) => ({ ...filter, order: value as 'ordered' | 'shuffled' }),
  },
  correct: {
    operators: [':'],
    values: truth,
    takes: 'correct:true or correct:false',
    apply: (filter, _, value) => ({ ...filter, correct: value as boolean }),
  },
  media: {
    operators: [':'],
    values: { video: 'video', image: 'image' },
    takes: 'media:video or media:image',
    apply: (filter, _, value) => ({ ...filter, dataType: value as 'video' | 'image' }),
  },
  type: {
    operators: [':'],
    values: problemTypes,
    takes: 'type:choice, type:number, type:ocr, type:free or type:regression',
    apply: (filter, _, value) => ({ ...filter, problemType: value as string }),
  },
  purpose: {
    operators: [':'],
    values: { train: 'train', probe: 'probe', evaluation: 'evaluation' },
    takes: 'purpose:train, purpose:probe or purpose:evaluation',
    apply: (filter, _, value) => ({ ...filter, purpose: value as 'train' | 'probe' | 'evaluation' }),
  },
  aha: {
    operators: ['>=', '>'],
    values: null,
    takes: 'aha>=1 to aha>=5',
    apply: (filter, operator, value) => ({
      ...filter,
      minAha: operator === '>' ? (value as number) + 1 : (value as number),
    }),
  },
  flagged: {
    operators: [':'],
    values: truth,
    takes: 'flagged, flagged:true or flagged:false',
    apply: (filter, _, value) => ({ ...filter, flagged: value as boolean }),
  },
};

const word = /"[^"]*"|[^\s"]+(?:"[^"]*")?/g;
const term = /^([A-Za-z]+)(<=|>=|!=|:|=|>|<)(.*)$/s;

export function parseFilter(line: string): ParsedFilter {
  let filter: RolloutFilter = {};
  const faults: FilterFault[] = [];
  const terms: FilterTerm[] = [];
  const words: string[] = [];
  for (const match of line.matchAll(word)) {
    const start = match.index;
    const end = start + match[0].length;
    const fault = (message: string, suggestion: string | null, from = start, to = end) =>
      faults.push({ start: from, end: to, message, suggestion });
    if (match[0].startsWith('"')) {
      terms.push({ start, nameEnd: start, end });
      words.push(match[0].slice(1, -1));
      continue;
    }
    if (match[0].toLowerCase() === 'flagged') {
      terms.push({ start, nameEnd: end, end });
      filter = { ...filter, flagged: true };
      continue;
    }
    const parts = term.exec(match[0]);
    if (!parts) {
      terms.push({ start, nameEnd: start, end });
      words.push(match[0]);
      continue;
    }
    const [, typedName = '', typedOperator = '', typedValue = ''] = parts;
    const nameEnd = start + typedName.length;
    terms.push({ start, nameEnd, end });
    const name = typedName.toLowerCase();
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) {
      const near = nearest(name, Object.keys(fields));
      fault(
        `${typedName} is not a field; known are ${Object.keys(fields).join(', ')}. Put it in quotes to search for it as a word.`,
        near,
        start,
        nameEnd,
      );
      continue;
    }
    const operator = (typedOperator === '=' ? ':' : typedOperator) as Operator;
    const valueStart = nameEnd + typedOperator.length;
    if (!field.operators.includes(operator)) {
      fault(`${name} takes ${field.takes}.`, field.operators[0] ?? null, nameEnd, valueStart);
      continue;
    }
    const value = typedValue.replace(/^"|"$/g, '').toLowerCase();
    if (field.values === null) {
      const number = /^\d{1,9}$/.test(value) ? Number(value) : null;
      const lowest = name === 'aha' ? (operator === '>' ? 0 : 1) : 0;
      const highest = name === 'aha' ? (operator === '>' ? 4 : 5) : Number.MAX_SAFE_INTEGER;
      if (number === null || number < lowest || number > highest) {
        fault(`${name} takes ${field.takes}.`, null, valueStart, end);
      } else {
        filter = field.apply(filter, operator, number);
      }
    } else if (Object.hasOwn(field.values, value)) {
      filter = field.apply(filter, operator, field.values[value]);
    } else {
      fault(`${name} takes ${field.takes}.`, nearest(value, Object.keys(field.values)), valueStart, end);
    }
  }
  const text = words.join(' ').trim();
  return { filter: text === '' ? filter : { ...filter, text }, faults, terms };
}

/** The line with a fault's suggestion in the place of the faulty word. */
export function corrected(line: string, fault: FilterFault): string {
  return fault.suggestion === null ? line : line.slice(0, fault.start) + fault.suggestion + line.slice(fault.end);
}

/** The line with a term added, or without it where it holds it already; other terms of the same field give way. */
export function toggled(line: string, added: string): string {
  const words: string[] = [...(line.match(word) ?? [])];
  if (words.includes(added)) return words.filter((held) => held !== added).join(' ');
  const name = term.exec(added)?.[1] ?? added;
  return [...words.filter((held) => (term.exec(held)?.[1] ?? held) !== name), added].join(' ');
}

/** Whether a line holds a term just as it is written. */
export function holds(line: string, wanted: string): boolean {
  return [...line.matchAll(word)].some((match) => match[0] === wanted);
}

/**
 * Whether the trainer would list a row that has just arrived; every word must occur, the last one may be the start of one.
 * `text` is the rollout's text.
 */
export function matches(filter: RolloutFilter, row: RolloutRow, text: string): boolean {
  if (filter.step !== undefined && row.step !== filter.step) return false;
  if (filter.fromStep !== undefined && row.step < filter.fromStep) return false;
  if (filter.purpose !== undefined && row.purpose !== filter.purpose) return false;
  if (filter.order !== undefined && row.order !== filter.order) return false;
  if (filter.correct !== undefined && row.correct !== filter.correct) return false;
  if (filter.dataType !== undefined && row.dataType !== filter.dataType) return false;
  if (filter.problemType !== undefined && row.problemType !== filter.problemType) return false;
  if (filter.minAha !== undefined && row.ahaTier < filter.minAha) return false;
  if (filter.flagged !== undefined && row.flags > 0 !== filter.flagged) return false;
  if (filter.text !== undefined) {
    const held = wordsOf(`${text}\n${row.problem}`);
    const wanted = wordsOf(filter.text);
    const last = wanted.pop();
    if (last === undefined) return false;
    if (!wanted.every((one) => held.includes(one)) || !held.some((one) => one.startsWith(last))) return false;
  }
  return true;
}

/** Words as the store's full-text search takes them: without case and diacritics, cut where no letter or digit stands. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.split(/[^\p{L}\p{N}\p{Co}]+/u).filter((one) => one !== '');
}

/** The known word with the smallest edit distance, if it is near enough to be meant. */
export function nearest(typed: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.ceil(typed.length / 2)) + 1;
  for (const candidate of known) {
    const distance = candidate.startsWith(typed) && typed.length > 1 ? 1 : editDistance(typed, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance in UTF-16 code units. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
