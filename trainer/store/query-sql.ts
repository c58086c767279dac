/**
 * Where each field of the query language lies in the tables, and what of a query the database itself answers. To add a field:
 * an entry in `places`, a step in `migrations.ts` that makes its column; writer and refill then fill it by the field's own
 * function, the same that a match in memory uses.
 */
import type { Expression } from '../protocol/query/expression.ts';
import {
  type FieldName,
  fieldNames,
  fields,
  foldedText,
  type Subject,
  type TextsField,
} from '../protocol/query/fields.ts';

export type Value = string | number | null;

export interface Sql {
  readonly text: string;
  readonly parameters: readonly Value[];
}

/**
 * Tables by the names that they have in a query's SQL: `r` rollouts, `g` groups, `f` facets, `a` annotations; `b` bodies, with
 * flagged words as `w`.
 */
type Table = 'rollouts' | 'groups' | 'facets' | 'annotations' | 'bodies';

type Place =
  /** A column that is filled from the field. */
  | { readonly table: 'rollouts' | 'groups'; readonly column: string }
  /** What the table has in any case. Texts as `foldedText` folds them. */
  | { readonly table: Table; readonly sql: string }
  /** The same for all rollouts of a database. */
  | { readonly table: 'run' };

const rollout = (column: string): Place => ({ table: 'rollouts', column });
const group = (column: string): Place => ({ table: 'groups', column });
const facet = (sql: string): Place => ({ table: 'facets', sql });

const places: Readonly<Record<FieldName, Place>> = {
  step: { table: 'rollouts', sql: 'r.step' },
  half: facet('lower(f.frame_order)'),
  nth: rollout('nth'),
  purpose: facet('lower(f.purpose)'),
  time: group('at'),
  run: { table: 'run' },
  superseded: { table: 'rollouts', sql: '(r.superseded > 0)' },
  id: { table: 'rollouts', sql: 'lower(r.id)' },
  group: { table: 'groups', sql: 'lower(g.id)' },
  question: group('question'),
  row: group('row'),
  dataset: group('dataset'),
  source: group('source'),
  family: group('family'),
  type: facet('lower(f.problem_type)'),
  needsOrder: group('needs_order'),
  solution: group('solution'),
  media: facet('lower(f.data_type)'),
  file: group('file'),
  frames: group('frames'),
  duration: group('duration'),
  visionTokens: group('vision_tokens'),
  answer: rollout('answer'),
  length: rollout('length'),
  stop: rollout('stop'),
  aha: facet('f.aha'),
  change: rollout('change'),
  namesTime: rollout('names_time'),
  analysis: rollout('analysis'),
  pattern: rollout('patterns'),
  logprob: rollout('logprob'),
  entropy: rollout('entropy'),
  kl: rollout('kl'),
  mismatch: rollout('mismatch'),
  mismatchK3: rollout('mismatch_k3'),
  importance: rollout('importance'),
  correct: facet('f.correct'),
  accuracy: rollout('accuracy'),
  reward: rollout('reward'),
  format: rollout('format'),
  temporal: rollout('temporal'),
  credit: rollout('credit'),
  creditWorth: rollout('credit_worth'),
  lengthBonus: rollout('length_bonus'),
  advantage: rollout('advantage'),
  paid: rollout('paid'),
  felt: rollout('felt'),
  passed: group('passed'),
  p: group('p'),
  pShuffled: group('p_shuffled'),
  flat: group('flat'),
  flatBecause: group('flat_because'),
  groupMean: group('group_mean'),
  groupStd: group('group_std'),
  orderWorth: rollout('order_worth'),
  orderError: rollout('order_error'),
  usesOrder: rollout('uses_order'),
  masked: rollout('masked'),
  flagged: facet('f.flagged'),
  flags: { table: 'rollouts', sql: 'r.flags' },
  flag: { table: 'annotations', sql: 'a.category' },
  flagBy: { table: 'annotations', sql: 'a.author' },
  cameBack: rollout('came_back'),
  flaggedWords: { table: 'bodies', sql: 'lower(w.value)' },
  verdict: { table: 'annotations', sql: 'a.verdict' },
};

// ---- writing --------------------------------------------------------------------------------------------------------

/** Columns of a table that are filled from fields, in a fixed order. */
export interface FilledColumns {
  readonly names: readonly string[];
  valuesOf(subject: Subject): Value[];
}

export function filledColumns(table: 'rollouts' | 'groups'): FilledColumns {
  const filled = fieldNames.flatMap((name) => {
    const place = places[name];
    return place.table === table && 'column' in place ? [{ column: place.column, field: fields[name] }] : [];
  });
  return {
    names: filled.map(({ column }) => column),
    valuesOf: (subject) =>
      filled.map(({ field }) => {
        const value = field.of(subject);
        if (value === null) return null;
        if (typeof value !== 'object') return stored(value);
        // A field of several texts has a column where they are known beforehand.
        return field.kind === 'texts' ? value.reduce((bits, text) => bits | bitOf(field, text), 0) : null;
      }),
  };
}

/** What stands for a known text where several are kept as one number. */
export function bitOf({ values }: TextsField, text: string): number {
  return 1 << Object.keys(values ?? {}).findIndex((known) => foldedText(known) === foldedText(text));
}

/** A value as columns hold it and queries compare it. */
export function stored(value: number | string | boolean): string | number {
  switch (typeof value) {
    case 'boolean':
      return Number(value);
    case 'string':
      return foldedText(value);
    default:
      return value;
  }
}

// ---- reading --------------------------------------------------------------------------------------------------------

/** The table that a field is asked of. */
export const tableOf = (field: FieldName): Table | 'run' => places[field].table;

/** A field's value as `stored` holds it, of a row of its table; null where it has no column. */
export function valueSql(field: FieldName): string | null {
  const place = places[field];
  if (place.table === 'run') return null;
  if ('sql' in place) return place.sql;
  return `${place.table === 'rollouts' ? 'r' : 'g'}.${place.column}`;
}

type Compared = Extract<Expression, { kind: 'compare' }>;

/** Ids are one rollout's alone, flags and flagged words many of one: they are not kept in memory. */
export function isAskedOfDatabase({ field }: Compared): boolean {
  return field === 'id' || places[field].table === 'annotations' || places[field].table === 'bodies';
}

/** The keys of the rollouts for which such a comparison holds. Flags count on the text that they were put on. */
export function keysSql({ field, comparison, value }: Compared): Sql {
  const held = valueSql(field) ?? '';
  const parameters = [stored(value)];
  if (field === 'id') return { text: `SELECT r.key FROM rollouts r WHERE ${held} ${comparison} ?`, parameters };
  if (places[field].table === 'bodies')
    return {
      text: `SELECT DISTINCT b.key FROM rollouts r CROSS JOIN rollout_bodies b ON b.key = r.key
        CROSS JOIN json_each(b.body, '$.flagged') w WHERE r.came_back = 1 AND ${held} ${comparison} ?`,
      parameters,
    };
  return {
    text: `SELECT DISTINCT b.key FROM annotations a CROSS JOIN rollouts flagged ON flagged.id = a.rollout_id
      CROSS JOIN rollout_bodies b ON b.key = flagged.key AND b.text = a.text WHERE a.removed = 0 AND ${held} ${comparison} ?`,
    parameters,
  };
}

/**
 * The words of an expression of nothing but words, as one FTS5 query: phrases, the start of a word, `AND`, `OR`. Words hold
 * letters and digits only, so nothing in them acts as an operator. Null for anything else.
 */
export function wordMatch(expression: Expression): string | null {
  switch (expression.kind) {
    case 'words': {
      const { words, prefix } = expression;
      if (words.length === 0) return null;
      return `"${words.map((word) => word.replaceAll('"', '""')).join(' ')}"${prefix ? ' *' : ''}`;
    }
    case 'all':
    case 'any': {
      const parts = expression.of.map(wordMatch);
      if (parts.length === 0 || parts.includes(null)) return null;
      return `(${parts.join(expression.kind === 'all' ? ' AND ' : ' OR ')})`;
    }
    default:
      return null;
  }
}
