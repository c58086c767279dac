/**
 * Where the rollouts that a query may keep are found. It is taken apart: conditions over facets alone are asked of the few rows
 * that count each combination, words of their index, and what is left of the rollouts that remain. Those come from the
 * narrowest place at hand: few keys that an index gives, the keys that have the words, or ranges of keys, the newest first.
 */
import type { Expression } from '../protocol/query/expression.ts';
import type { FieldName, Subject } from '../protocol/query/fields.ts';
import type { Database } from './database.ts';
import { askedBy, conditionSql, conditionsOf, type Scope, type Sql, type Value, wordMatch } from './query-sql.ts';

/** How much is looked at in one go. */
export interface Portions {
  /** Up to so many keys are taken from an index and looked at one by one. */
  readonly fewKeys: number;
  /** Keys that have the words, looked at in the first slice, and at most in those that follow. */
  readonly firstWordKeys: number;
  readonly wordKeys: number;
  /** Keys of the first range; those that follow are as long as fit into `sliceMs`. */
  readonly rangeKeys: number;
  readonly sliceMs: number;
}

export const portions: Portions = {
  fewKeys: 20_000,
  firstWordKeys: 300,
  wordKeys: 10_000,
  rangeKeys: 10_000,
  sliceMs: 15,
};

/** The keys of one slice, as a condition on `r`. */
type Look = (slice: Sql) => 'go on' | 'enough';

/** One query over one database, taken apart. */
export class RolloutSearch {
  readonly total: number;
  /** Rollouts by facet. */
  readonly counts: ReadonlyMap<number, number>;
  /** The facets that the query's conditions over facets alone keep. */
  readonly facetIds: readonly number[];
  /** What facets and words do not decide. */
  readonly rest: Sql;
  /** Tables that `rest` asks. */
  readonly from: string;
  /** Nothing but facets decides. */
  readonly isOfFacetsAlone: boolean;
  /** What the run went back over is left out where the query does not name it. */
  private readonly asksForSuperseded: boolean;
  private readonly database: Database;
  private readonly parts: Portions;
  private readonly scope: Scope;
  /** What must be in the index of words; null when there is nothing. */
  private readonly words: string | null;
  private readonly conditions: readonly Expression[];
  /** Words inside of `or` and `not`, by their number in `found_words`. */
  private readonly nested: string[] = [];

  constructor(database: Database, expression: Expression, parts: Portions) {
    this.database = database;
    this.parts = parts;
    const { summary } = database.get<{ summary: string }>('SELECT summary FROM run') as { summary: string };
    this.scope = {
      rows: 'rollouts',
      run: JSON.parse(summary) as Subject['run'],
      words: (match) => ({
        text: 'EXISTS (SELECT 1 FROM temp.found_words w WHERE w.number = ? AND w.key = r.key)',
        parameters: [this.nested.push(match) - 1],
      }),
    };
    this.asksForSuperseded = names(expression, 'superseded');
    const rows = database.all<{ id: number; count: number }>(
      this.asksForSuperseded
        ? 'SELECT facet AS id, count(*) AS count FROM rollouts GROUP BY facet'
        : 'SELECT id, count FROM facets WHERE count > 0',
    );
    this.counts = new Map(rows.map(({ id, count }) => [id, count]));
    this.total = rows.reduce((sum, { count }) => sum + count, 0);
    this.facetIds = this.facetsOf(expression);
    const others = conditionsOf(expression).filter((condition) => !isOfFacets(condition));
    const matches = others.flatMap((condition) => wordMatch(condition) ?? []);
    this.words = matches.length === 0 ? null : matches.join(' AND ');
    this.conditions = others.filter((condition) => wordMatch(condition) === null);
    const rest = conditionSql({ kind: 'all', of: this.conditions }, this.scope);
    this.rest = this.asksForSuperseded ? rest : { ...rest, text: `r.superseded = 0 AND ${rest.text}` };
    const ofGroups = this.conditions.some((condition) => askedBy(condition).tables.has('groups'));
    this.from = ofGroups ? 'rollouts r CROSS JOIN groups g ON g.key = r.group_key' : 'rollouts r';
    this.isOfFacetsAlone = others.length === 0;
  }

  /** The facets that an expression's conditions over facets alone keep. */
  facetsOf(expression: Expression): number[] {
    const of = conditionsOf(expression).filter(isOfFacets);
    const { text, parameters } = conditionSql({ kind: 'all', of }, { ...this.scope, rows: 'facets' });
    return this.database
      .all<{ id: number }>(`SELECT f.id FROM facets f WHERE ${text}`, ...parameters)
      .map(({ id }) => id)
      .filter((id) => this.counts.has(id));
  }

  /** Each facet's newest keys come from an index, so that a rare one costs no scan. */
  newestOfFacets(before: number, limit: number): number[] {
    const keys = (sql: string, ...parameters: Value[]) =>
      this.database.all<{ key: number }>(sql, ...parameters, before, limit).map(({ key }) => key);
    if (this.facetIds.length === this.counts.size)
      return keys('SELECT key FROM rollouts WHERE superseded = 0 AND key < ? ORDER BY key DESC LIMIT ?');
    return this.facetIds
      .flatMap((id) =>
        keys('SELECT key FROM rollouts WHERE facet = ? AND superseded = 0 AND key < ? ORDER BY key DESC LIMIT ?', id),
      )
      .sort((a, b) => b - a)
      .slice(0, limit);
  }

  /**
   * Shows `look` the rollouts below `before` that may match, slice by slice, the newest first, until it has enough.
   * @param facetIds the facets to look at; null for all
   */
  *scan(before: number, facetIds: readonly number[] | null, look: Look): Generator<void> {
    const ofFacets = this.facetSql(facetIds);
    const lookAt = (keys: readonly number[]) =>
      look({
        text: `r.key IN (SELECT value FROM json_each(?)) AND ${ofFacets.text}`,
        parameters: [JSON.stringify(keys), ...ofFacets.parameters],
      });
    try {
      yield* this.findNestedWords();
      const few = this.fewKeys(before, facetIds);
      if (few !== null) lookAt(this.words === null ? few : this.withWords(few, this.words));
      else if (this.words !== null) yield* this.scanWords(this.words, before, lookAt);
      else yield* this.scanRanges(before, ofFacets, look);
    } finally {
      if (this.nested.length > 0) this.database.exec('DELETE FROM temp.found_words');
    }
  }

  /** Looks words inside of `or` and `not` up once, into a table that conditions ask: one slice for each. */
  private *findNestedWords(): Generator<void> {
    if (this.nested.length === 0) return;
    this.database.exec(
      'CREATE TEMP TABLE IF NOT EXISTS found_words (number INTEGER, key INTEGER, PRIMARY KEY (number, key)) WITHOUT ROWID',
    );
    for (const [number, match] of this.nested.entries()) {
      this.database.run(
        'INSERT INTO temp.found_words (number, key) SELECT ?, rowid FROM rollout_words WHERE rollout_words MATCH ?',
        number,
        match,
      );
      yield;
    }
  }

  private *scanWords(
    words: string,
    before: number,
    lookAt: (keys: readonly number[]) => ReturnType<Look>,
  ): Generator<void> {
    let keys: number[] = [];
    let length = Math.min(this.parts.firstWordKeys, this.parts.wordKeys);
    const rows = this.database.iterate<{ key: number }>(
      'SELECT rowid AS key FROM rollout_words WHERE rollout_words MATCH ? AND rowid < ? ORDER BY rowid DESC',
      words,
      before,
    );
    for (const { key } of rows) {
      keys.push(key);
      if (keys.length < length) continue;
      if (lookAt(keys) === 'enough') return;
      keys = [];
      length = Math.min(length * 2, this.parts.wordKeys);
      yield;
    }
    lookAt(keys);
  }

  private *scanRanges(before: number, ofFacets: Sql, look: Look): Generator<void> {
    const { lowest, highest } = this.keyBounds();
    let high = Math.min(before - 1, highest);
    let length = this.parts.rangeKeys;
    while (high >= lowest) {
      const started = performance.now();
      const low = Math.max(lowest, high - length + 1);
      const done = look({
        text: `r.key BETWEEN ? AND ? AND ${ofFacets.text}`,
        parameters: [low, high, ...ofFacets.parameters],
      });
      if (done === 'enough') return;
      high = low - 1;
      const fits = this.parts.sliceMs / Math.max(performance.now() - started, 0.01);
      length = Math.ceil(length * Math.min(Math.max(fits, 1 / 8), 8));
      yield;
    }
  }

  /** Rare facets are looked up by their index; the plus keeps SQLite from it where it would jump about for most rows. */
  private facetSql(facetIds: readonly number[] | null): Sql {
    if (facetIds === null || facetIds.length === this.counts.size) return { text: '1', parameters: [] };
    const plus = this.countOf(facetIds) * 4 <= this.total ? '' : '+';
    return { text: `${plus}r.facet IN (SELECT value FROM json_each(?))`, parameters: [JSON.stringify(facetIds)] };
  }

  private countOf(facetIds: readonly number[]): number {
    return facetIds.reduce((sum, id) => sum + (this.counts.get(id) ?? 0), 0);
  }

  /** Keys that an index gives, newest first, when a condition leaves few of them; null when none does. */
  private fewKeys(before: number, facetIds: readonly number[] | null): number[] | null {
    const { fewKeys } = this.parts;
    const keys = (sql: string, ...parameters: Value[]): number[] | null => {
      const found = this.database.all<{ key: number }>(`${sql} LIMIT ?`, ...parameters, fewKeys + 1);
      if (found.length > fewKeys) return null;
      return found
        .map(({ key }) => key)
        .filter((key) => key < before)
        .sort((a, b) => b - a);
    };
    if (facetIds !== null && this.countOf(facetIds) <= fewKeys)
      return keys('SELECT key FROM rollouts WHERE facet IN (SELECT value FROM json_each(?))', JSON.stringify(facetIds));
    const steps = this.steps();
    const ofSteps = steps && keys('SELECT key FROM rollouts WHERE step BETWEEN ? AND ?', steps.from, steps.to);
    if (ofSteps) return ofSteps;
    const ofGroups = this.conditions.filter((condition) => {
      const { tables, words } = askedBy(condition);
      return !words && tables.size === 1 && tables.has('groups');
    });
    if (ofGroups.length === 0) return null;
    const { text, parameters } = conditionSql({ kind: 'all', of: ofGroups }, { ...this.scope, rows: 'groups' });
    const groups = keys(`SELECT g.key FROM groups g WHERE ${text}`, ...parameters);
    return (
      groups &&
      keys('SELECT key FROM rollouts WHERE group_key IN (SELECT value FROM json_each(?))', JSON.stringify(groups))
    );
  }

  /** Of some keys those that have the words. The plus keeps SQLite from asking for the words of one rollout after another. */
  private withWords(keys: readonly number[], words: string): number[] {
    return this.database
      .all<{ key: number }>(
        `SELECT rowid AS key FROM rollout_words WHERE rollout_words MATCH ? AND +rowid IN (SELECT value FROM json_each(?))
         ORDER BY rowid DESC`,
        words,
        JSON.stringify(keys),
      )
      .map(({ key }) => key);
  }

  /** The steps between which the conditions on it leave rollouts; null when there is no such condition. */
  private steps(): { from: number; to: number } | null {
    const steps = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    for (const condition of this.conditions) {
      if (condition.kind === 'between' && condition.field === 'step') {
        steps.from = Math.max(steps.from, condition.from);
        steps.to = Math.min(steps.to, condition.to);
      }
      if (condition.kind !== 'compare' || condition.field !== 'step' || typeof condition.value !== 'number') continue;
      const { comparison, value } = condition;
      if (comparison === '=' || comparison.startsWith('>')) steps.from = Math.max(steps.from, value);
      if (comparison === '=' || comparison.startsWith('<')) steps.to = Math.min(steps.to, value);
    }
    return steps.from === Number.NEGATIVE_INFINITY && steps.to === Number.POSITIVE_INFINITY ? null : steps;
  }

  /** The lowest and the highest key of the steps that are asked for, from the ends of each step in an index. */
  private keyBounds(): { lowest: number; highest: number } {
    const steps = this.steps();
    const bounds = steps
      ? this.database.get<{ lowest: number | null; highest: number | null }>(
          `WITH RECURSIVE asked (step) AS (
             SELECT min(step) FROM rollouts WHERE step >= ?1
             UNION ALL SELECT (SELECT min(step) FROM rollouts WHERE step > asked.step) FROM asked WHERE asked.step < ?2
           )
           SELECT min((SELECT min(key) FROM rollouts r WHERE r.step = asked.step)) AS lowest,
             max((SELECT max(key) FROM rollouts r WHERE r.step = asked.step)) AS highest
           FROM asked WHERE asked.step <= ?2`,
          steps.from,
          steps.to,
        )
      : this.database.get<{ lowest: number | null; highest: number | null }>(
          'SELECT (SELECT min(key) FROM rollouts) AS lowest, (SELECT max(key) FROM rollouts) AS highest',
        );
    return { lowest: bounds?.lowest ?? 1, highest: bounds?.highest ?? 0 };
  }
}

function isOfFacets(condition: Expression): boolean {
  const { tables, words } = askedBy(condition);
  return !words && [...tables].every((table) => table === 'facets');
}

/** Whether a field stands anywhere in an expression. */
function names(expression: Expression, field: FieldName): boolean {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.of.some((one) => names(one, field));
    case 'not':
      return names(expression.of, field);
    case 'words':
      return false;
    case 'compare':
    case 'between':
      return expression.field === field;
  }
}
