/**
 * A query as SQL with bound parameters, and where each field of the language lies in the tables. To add a field: an entry in
 * `places`, a step in `migrations.ts` that makes its column; writer and refill then fill it by the field's own function, the
 * same that a match in memory uses.
 */
import type { Comparison, Expression } from '../protocol/query/expression.ts';
import { type FieldName, fieldNames, fields, foldedText, type Subject } from '../protocol/query/fields.ts';

export type Value = string | number | null;

export interface Sql {
  readonly text: string;
  readonly parameters: readonly Value[];
}

/** Tables by the names that they have in a query's SQL: `r` rollouts, `g` groups, `f` facets, `a` annotations. */
type Table = 'rollouts' | 'groups' | 'facets' | 'annotations';

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
  logprob: rollout('logprob'),
  entropy: rollout('entropy'),
  kl: rollout('kl'),
  correct: facet('f.correct'),
  accuracy: rollout('accuracy'),
  reward: rollout('reward'),
  format: rollout('format'),
  temporal: rollout('temporal'),
  lengthBonus: rollout('length_bonus'),
  advantage: rollout('advantage'),
  paid: rollout('paid'),
  passed: group('passed'),
  p: group('p'),
  pShuffled: group('p_shuffled'),
  flat: group('flat'),
  groupMean: group('group_mean'),
  groupStd: group('group_std'),
  flagged: facet('f.flagged'),
  flags: { table: 'rollouts', sql: 'r.flags' },
  flag: { table: 'annotations', sql: 'a.category' },
  flagBy: { table: 'annotations', sql: 'a.author' },
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
        // A field of several texts has no column.
        return typeof value === 'object' ? null : stored(value);
      }),
  };
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

/** A field's value as `stored` holds it, in a query over rollouts `r`, groups `g` and facets `f`; null where it has no column. */
export function valueSql(field: FieldName): string | null {
  const place = places[field];
  if (place.table === 'annotations' || place.table === 'run') return null;
  if ('sql' in place) return place.sql;
  return `${place.table === 'rollouts' ? 'r' : 'g'}.${place.column}`;
}

/** A part of a query, the tables that it asks, and whether it asks for words. */
export interface Asked {
  readonly tables: ReadonlySet<Table>;
  readonly words: boolean;
}

export function askedBy(expression: Expression): Asked {
  const tables = new Set<Table>();
  let words = false;
  const visit = (part: Expression): void => {
    switch (part.kind) {
      case 'all':
      case 'any':
        for (const one of part.of) visit(one);
        break;
      case 'not':
        visit(part.of);
        break;
      case 'words':
        words = true;
        break;
      case 'compare':
      case 'between': {
        const { table } = places[part.field];
        if (table !== 'run') tables.add(table);
      }
    }
  };
  visit(expression);
  return { tables, words };
}

/** Conditions that must all hold. */
export function conditionsOf(expression: Expression): Expression[] {
  return expression.kind === 'all' ? expression.of.flatMap(conditionsOf) : [expression];
}

/** Where a query is asked. */
export interface Scope {
  /** Of which table a condition is a row's: of `facets` or `groups` alone, or of a rollout with its group. */
  readonly rows: 'facets' | 'groups' | 'rollouts';
  readonly run: Subject['run'];
  /** The rollouts that have these words, as a condition on `r`. */
  words(match: string): Sql;
}

const joined = (parts: readonly Sql[], separator: string, none: string): Sql =>
  parts.length === 0
    ? { text: none, parameters: [] }
    : {
        text: `(${parts.map(({ text }) => text).join(separator)})`,
        parameters: parts.flatMap(({ parameters }) => parameters),
      };

/** A condition that is true, false, or null where a field is null: null counts as false, and `not` of it is true. */
export function conditionSql(expression: Expression, scope: Scope): Sql {
  const match = wordMatch(expression);
  if (match !== null) return scope.words(match);
  switch (expression.kind) {
    case 'all':
      return joined(
        expression.of.map((one) => conditionSql(one, scope)),
        ' AND ',
        '1',
      );
    case 'any':
      return joined(
        expression.of.map((one) => conditionSql(one, scope)),
        ' OR ',
        '0',
      );
    case 'not': {
      const { text, parameters } = conditionSql(expression.of, scope);
      return { text: `(${text}) IS NOT TRUE`, parameters };
    }
    case 'words':
      // No words at all: they are in every text.
      return { text: '1', parameters: [] };
    case 'compare': {
      const { field, comparison } = expression;
      const value = stored(expression.value);
      if (places[field].table === 'run') return runSql(scope.run, comparison, value);
      return fieldSql(field, scope, (held) => ({ text: `${held} ${comparison} ?`, parameters: [value] }));
    }
    case 'between': {
      const { field, from, to } = expression;
      return fieldSql(field, scope, (held) => ({ text: `${held} BETWEEN ? AND ?`, parameters: [from, to] }));
    }
  }
}

function runSql({ name, id }: Subject['run'], comparison: Comparison, value: string | number): Sql {
  const holds = [name, id].some((held) => (foldedText(held) === value) === (comparison === '='));
  return { text: holds ? '1' : '0', parameters: [] };
}

function fieldSql(field: FieldName, scope: Scope, holds: (held: string) => Sql): Sql {
  const place = places[field];
  switch (place.table) {
    case 'rollouts':
      return holds('sql' in place ? place.sql : `r.${place.column}`);
    case 'groups':
      return holds('sql' in place ? place.sql : `g.${place.column}`);
    case 'facets': {
      const { text, parameters } = holds(place.sql);
      return scope.rows === 'facets'
        ? { text, parameters }
        : { text: `r.facet IN (SELECT f.id FROM facets f WHERE ${text})`, parameters };
    }
    case 'annotations': {
      const { text, parameters } = holds(place.sql);
      return {
        text: `r.key IN (
          SELECT b.key FROM annotations a JOIN rollouts flagged ON flagged.id = a.rollout_id
          JOIN rollout_bodies b ON b.key = flagged.key AND b.text = a.text WHERE a.removed = 0 AND ${text})`,
        parameters,
      };
    }
    case 'run':
      throw new TypeError(`${field} has no column.`);
  }
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
