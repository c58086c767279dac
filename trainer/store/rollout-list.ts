/**
 * The rollout list's queries. What the list filters by is a small set of facets: a filter picks facets, their counts add
 * up to the number that matches, and each facet's newest keys come from an index, so that a rare filter costs no scan.
 */
import type { RolloutFilter } from '../protocol/messages.ts';
import type { Database } from './database.ts';

const facetsThatMatch = `
  SELECT id, count FROM facets
  WHERE count > 0
    AND (?1 IS NULL OR purpose = ?1)
    AND (?2 IS NULL OR frame_order = ?2)
    AND (?3 IS NULL OR correct = ?3)
    AND (?4 IS NULL OR data_type = ?4)
    AND (?5 IS NULL OR problem_type = ?5)
    AND aha >= ?6
    AND (?7 IS NULL OR flagged = ?7)`;

/** Up to so many rollouts of the facets asked for, their keys are held against the words; beyond, each word's rollouts are looked up. */
const fewRollouts = 5000;

/** SQL of the pages and counts; named so that a test can look at how SQLite runs them. */
export const listQueries = {
  newest: 'SELECT key FROM rollouts WHERE key < ?1 ORDER BY key DESC LIMIT ?2',
  newestOfFacet: 'SELECT key FROM rollouts WHERE facet = ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3',
  newestOfFacetFromStep:
    'SELECT key FROM rollouts WHERE facet = ?1 AND key < ?2 AND step >= ?4 ORDER BY key DESC LIMIT ?3',
  countOfFacetFromStep: 'SELECT count(*) AS count FROM rollouts WHERE facet = ?1 AND step >= ?2',
  newestOfStep:
    'SELECT key FROM rollouts WHERE step = ?1 AND facet IN (SELECT value FROM json_each(?2)) AND key < ?3 ORDER BY key DESC LIMIT ?4',
  countOfStep: 'SELECT count(*) AS count FROM rollouts WHERE step = ?1 AND facet IN (SELECT value FROM json_each(?2))',
  newestWithWords:
    'SELECT rowid AS key FROM rollout_words WHERE rollout_words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3',
  countWithWords: 'SELECT count(*) AS count FROM rollout_words WHERE rollout_words MATCH ?1',
  newestWithWordsAndFacets: `
    SELECT w.rowid AS key FROM rollout_words w CROSS JOIN rollouts r ON r.key = w.rowid
    WHERE w.rollout_words MATCH ?1 AND w.rowid < ?2 AND r.step BETWEEN ?3 AND ?4 AND r.facet IN (SELECT value FROM json_each(?5))
    ORDER BY w.rowid DESC LIMIT ?6`,
  countWithWordsAndFacets: `
    SELECT count(*) AS count FROM rollout_words w CROSS JOIN rollouts r ON r.key = w.rowid
    WHERE w.rollout_words MATCH ?1 AND r.step BETWEEN ?2 AND ?3 AND r.facet IN (SELECT value FROM json_each(?4))`,
  // The plus keeps SQLite from asking for the words of one rollout after another.
  fewWithWordsAndFacets: `
    SELECT rowid AS key FROM rollout_words
    WHERE rollout_words MATCH ?1
      AND +rowid IN (SELECT key FROM rollouts WHERE facet IN (SELECT value FROM json_each(?4)) AND step BETWEEN ?2 AND ?3)
    ORDER BY rowid DESC`,
} as const;

/**
 * What a person typed as an FTS5 query: every word must occur, the last one may be the start of a word. Nothing in it acts
 * as an operator. Null when there is no word to look for.
 */
export function wordQuery(text: string): string | null {
  const words = text.split(/[^\p{L}\p{N}\p{M}\p{Co}]+/u).filter((word) => word.length > 0);
  return words.length === 0 ? null : `${words.map((word) => `"${word}"`).join(' ')}*`;
}

export interface RolloutPage {
  /** Newest first. */
  readonly keys: number[];
  readonly matching: number;
  readonly total: number;
}

/** Keys of the newest `limit` rollouts below `before` that the filter keeps. */
export function rolloutPage(database: Database, filter: RolloutFilter, before: number, limit: number): RolloutPage {
  const flag = (value: boolean | undefined) => (value === undefined ? null : Number(value));
  const count = (sql: string, ...parameters: (string | number)[]) =>
    database.get<{ count: number }>(sql, ...parameters)?.count ?? 0;
  const keys = (sql: string, ...parameters: (string | number)[]) =>
    database.all<{ key: number }>(sql, ...parameters).map((row) => row.key);

  const total = count('SELECT coalesce(sum(count), 0) AS count FROM facets');
  const facets = database.all<{ id: number; count: number }>(
    facetsThatMatch,
    filter.purpose ?? null,
    filter.order ?? null,
    flag(filter.correct),
    filter.dataType ?? null,
    filter.problemType ?? null,
    filter.minAha ?? 0,
    flag(filter.flagged),
  );
  const facetIds = JSON.stringify(facets.map((facet) => facet.id));
  const fromStep = Math.max(filter.fromStep ?? Number.MIN_SAFE_INTEGER, filter.step ?? Number.MIN_SAFE_INTEGER);
  const toStep = filter.step ?? Number.MAX_SAFE_INTEGER;

  if (filter.text !== undefined && filter.text.trim() !== '') {
    const words = wordQuery(filter.text);
    if (words === null) return { keys: [], matching: 0, total };
    const ofFacets = facets.reduce((sum, facet) => sum + facet.count, 0);
    if (ofFacets === total && filter.step === undefined && filter.fromStep === undefined) {
      return {
        keys: keys(listQueries.newestWithWords, words, before, limit),
        matching: count(listQueries.countWithWords, words),
        total,
      };
    }
    if (ofFacets <= fewRollouts) {
      const found = keys(listQueries.fewWithWordsAndFacets, words, fromStep, toStep, facetIds);
      return { keys: found.filter((key) => key < before).slice(0, limit), matching: found.length, total };
    }
    return {
      keys: keys(listQueries.newestWithWordsAndFacets, words, before, fromStep, toStep, facetIds, limit),
      matching: count(listQueries.countWithWordsAndFacets, words, fromStep, toStep, facetIds),
      total,
    };
  }
  if (filter.step !== undefined) {
    if (fromStep > filter.step) return { keys: [], matching: 0, total };
    return {
      keys: keys(listQueries.newestOfStep, filter.step, facetIds, before, limit),
      matching: count(listQueries.countOfStep, filter.step, facetIds),
      total,
    };
  }
  if (filter.fromStep !== undefined) {
    const { fromStep } = filter;
    return {
      keys: newest(
        facets.flatMap((facet) => keys(listQueries.newestOfFacetFromStep, facet.id, before, limit, fromStep)),
        limit,
      ),
      matching: facets.reduce((sum, facet) => sum + count(listQueries.countOfFacetFromStep, facet.id, fromStep), 0),
      total,
    };
  }
  const matching = facets.reduce((sum, facet) => sum + facet.count, 0);
  if (matching === total) return { keys: keys(listQueries.newest, before, limit), matching, total };
  return {
    keys: newest(
      facets.flatMap((facet) => keys(listQueries.newestOfFacet, facet.id, before, limit)),
      limit,
    ),
    matching,
    total,
  };
}

function newest(keys: number[], limit: number): number[] {
  return keys.sort((a, b) => b - a).slice(0, limit);
}
