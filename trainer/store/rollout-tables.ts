/** Groups and their rollouts: written whole, counted by facet, their words indexed; read one group at a time. */

import { StudioError } from '../protocol/errors.ts';
import { roundedNumber } from '../protocol/query/fields.ts';
import { wordsOf } from '../protocol/query/words.ts';
import type { Group, GroupWithRollouts, MediaView, Question, Rollout, RolloutTokens } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { groupOf } from './group-body.ts';
import { filledColumns, type Value } from './query-sql.ts';
import { askedColumns, askedValues } from './question-key.ts';
import type { TokenTable, UpdateScores } from './token-table.ts';

/** The part of a rollout that is kept as JSON; `text` and `id` have columns of their own. */
export type RolloutBody = Omit<Rollout, 'text' | 'id'>;

interface RolloutRecord {
  id: string;
  text: string;
  body: string;
}

const groupColumns = filledColumns('groups');
const rolloutColumns = filledColumns('rollouts');

const placeholders = (count: number) => Array(count).fill('?').join(', ');
const updated = (columns: readonly string[]) => columns.map((column) => `${column} = excluded.${column}`).join(', ');
const set = (columns: readonly string[]) => columns.map((column) => `${column} = ?`).join(', ');

const ofGroup = [
  'id',
  'step',
  'purpose',
  'problem',
  'problem_type',
  'data_type',
  'media_key',
  ...groupColumns.names,
  ...askedColumns,
];
const ofRollout = ['key', 'id', 'group_key', 'place', 'step', 'facet', 'flags', ...rolloutColumns.names];

const writing = {
  group: `INSERT INTO groups (${ofGroup.join(', ')}) VALUES (${placeholders(ofGroup.length)})
    ON CONFLICT (id) DO UPDATE SET ${updated(ofGroup.slice(2))} WHERE step = excluded.step RETURNING key`,
  groupBody: 'INSERT OR REPLACE INTO group_bodies (key, body) VALUES (?, ?)',
  rollout: `INSERT INTO rollouts (${ofRollout.join(', ')}) VALUES (${placeholders(ofRollout.length)})
    ON CONFLICT (key) DO UPDATE SET ${updated(ofRollout.slice(3))} RETURNING key`,
  rolloutBody: 'INSERT OR REPLACE INTO rollout_bodies (key, text, body) VALUES (?, ?, ?)',
  words: 'INSERT INTO rollout_words (rowid, text, problem) VALUES (?, ?, ?)',
} as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: plain English, which the tokenizer cuts as `wordsOf` does
const plain = /^[\x00-\x7f]*$/;
/** Shorter than what `wordsOf` would cut. */
const longRun = /[a-z0-9]{500}/i;

/** A text as the index of words holds it. */
function indexed(text: string): string {
  return plain.test(text) && !longRun.test(text) ? text : wordsOf(text).join(' ');
}

/** Run and annotations, which no column of groups and rollouts is filled from. */
const elsewhere = { run: { id: '', name: '' }, annotations: [] } as const;

export class RolloutTables {
  private readonly database: Database;
  private readonly tokenTable: TokenTable;
  private readonly flagsOf: (rolloutId: string, text: string) => number;

  /** @param flagsOf number of flags on exactly this text */
  constructor(database: Database, tokenTable: TokenTable, flagsOf: (rolloutId: string, text: string) => number) {
    this.database = database;
    this.tokenTable = tokenTable;
    this.flagsOf = flagsOf;
  }

  // ---- writing ------------------------------------------------------------------------------------------------------

  /**
   * A group that is given again by the same id takes the place of the first; its rollouts keep their keys. Gives the group's
   * key.
   */
  write(given: GroupWithRollouts, tokens: ReadonlyMap<string, RolloutTokens>): number {
    const { database } = this;
    const { rollouts, ...group } = given;
    const [first] = rollouts;
    const row = database.get<{ key: number }>(
      writing.group,
      ...groupValues(given, first),
      ...askedValues(group, rollouts),
    );
    if (!row) throw new StudioError('internal', `Group ${group.id} was recorded at another step than ${group.step}.`);
    const groupKey = row.key;
    database.run(writing.groupBody, groupKey, JSON.stringify(group));
    const kept = new Set(rollouts.map((rollout) => rollout.id));
    const present = database.all<{ key: number; id: string }>(
      'SELECT key, id FROM rollouts WHERE group_key = ?',
      groupKey,
    );
    this.delete(present.filter((old) => !kept.has(old.id)).map((old) => old.key));
    const keys = new Map(present.map((old) => [old.id, old.key]));
    const problem = indexed(group.question.problem);
    rollouts.forEach((rollout, place) => {
      const oldKey = keys.get(rollout.id);
      if (oldKey !== undefined) this.forgetFacetAndWords([oldKey]);
      const key = this.writeRollout(given, rollout, { key: oldKey ?? null, groupKey, place });
      database.run(writing.words, key, indexed(rollout.text), problem);
      const ofThis = tokens.get(rollout.id);
      if (ofThis) this.tokenTable.write(key, ofThis);
    });
    return groupKey;
  }

  /**
   * The update of a rollout's step is made.
   * @param kl as `Rollout` has it
   * @throws StudioError `not-found`
   */
  writeUpdate(rolloutId: string, kl: number | null, scores: UpdateScores | undefined): void {
    // As JSON: SQLite would write a bound number with fewer digits.
    const row = this.database.get<{ key: number }>(
      `UPDATE rollout_bodies SET body = json_set(body, '$.kl', json(?)) WHERE key = (SELECT key FROM rollouts WHERE id = ?) RETURNING key`,
      JSON.stringify(kl),
      rolloutId,
    );
    if (!row) throw new StudioError('not-found', `There is no rollout ${rolloutId} in this run.`);
    this.database.run('UPDATE rollouts SET kl = ? WHERE key = ?', kl === null ? null : roundedNumber(kl), row.key);
    if (scores) this.tokenTable.writeScores(row.key, scores);
  }

  /** Rollouts that other rules than those of `version` analysed. */
  outdated(version: number): number {
    const found = this.database.get<{ count: number }>(
      'SELECT count(*) AS count FROM rollouts WHERE analysis < ?',
      version,
    );
    return found?.count ?? 0;
  }

  /** Key of the newest group that has such rollouts. */
  nextOutdated(version: number): number | null {
    const found = this.database.get<{ key: number | null }>(
      'SELECT min(group_key) AS key FROM rollouts WHERE analysis < ?',
      version,
    );
    return found?.key ?? null;
  }

  /** Writes what an analysis anew says of a group's rollouts: bodies, columns, facets. Texts and keys stay. */
  rewriteAnalysis(groupKey: number, anew: (group: GroupWithRollouts) => GroupWithRollouts): GroupWithRollouts {
    const { database } = this;
    const group = anew(this.groupByKey(groupKey));
    const counts = Number(group.superseded === undefined);
    for (const rollout of group.rollouts) {
      const { text, id, ...body } = rollout;
      const { key, facet, flags } = database.get<{ key: number; facet: number; flags: number }>(
        'SELECT key, facet, flags FROM rollouts WHERE id = ?',
        id,
      ) as { key: number; facet: number; flags: number };
      database.run('UPDATE facets SET count = count - ? WHERE id = ?', counts, facet);
      database.run(
        `UPDATE rollouts SET facet = ?, ${set(rolloutColumns.names)} WHERE key = ?`,
        this.addToFacet(group, rollout, flags, counts),
        ...rolloutColumns.valuesOf({ ...elsewhere, group, rollout }),
        key,
      );
      database.run('UPDATE rollout_bodies SET body = ? WHERE key = ?', JSON.stringify(body), key);
    }
    return group;
  }

  /** Counts the flags of a rollout anew. */
  recountFlags(rolloutId: string): void {
    const { database } = this;
    const row = database.get<{ key: number; facet: number; text: string; superseded: number }>(
      'SELECT r.key, r.facet, b.text, r.superseded FROM rollouts r JOIN rollout_bodies b ON b.key = r.key WHERE r.id = ?',
      rolloutId,
    );
    if (!row) return;
    const flags = this.flagsOf(rolloutId, row.text);
    if (row.superseded > 0) {
      database.run('UPDATE rollouts SET flags = ? WHERE key = ?', flags, row.key);
      return;
    }
    const facet = database.get<{ id: number }>(
      `INSERT INTO facets (purpose, frame_order, correct, data_type, problem_type, aha, flagged, count)
       SELECT purpose, frame_order, correct, data_type, problem_type, aha, ?, 1 FROM facets WHERE id = ?
       ON CONFLICT DO UPDATE SET count = count + 1 RETURNING id`,
      Number(flags > 0),
      row.facet,
    ) as { id: number };
    database.run('UPDATE facets SET count = count - 1 WHERE id = ?', row.facet);
    database.run('UPDATE rollouts SET flags = ?, facet = ? WHERE key = ?', flags, facet.id, row.key);
  }

  /**
   * Marks the groups of later steps with all that belongs to them, and gives them ids of their own: `s3-g0` becomes `s3-g0~2`
   * where it is the second time that the run goes back. Their words can still be found.
   */
  supersedeAfter(step: number, attempt: number): void {
    const { database } = this;
    const after = 'step > ?1 AND superseded = 0';
    // A bound number is a real, which would be written with its point.
    const number = 'CAST(?2 AS INTEGER)';
    const ids = (column: string) => `${column} || '~' || ${number}`;
    database.run(
      `UPDATE facets SET count = count - gone.number
       FROM (SELECT facet, count(*) AS number FROM rollouts WHERE ${after} GROUP BY facet) AS gone
       WHERE facets.id = gone.facet`,
      step,
    );
    database.run(
      `UPDATE rollout_bodies SET body = json_set(body, '$.groupId', ${ids("json_extract(body, '$.groupId')")})
       WHERE key IN (SELECT key FROM rollouts WHERE ${after})`,
      step,
      attempt,
    );
    database.run(
      `UPDATE group_bodies SET body = json_set(body, '$.id', ${ids("json_extract(body, '$.id')")}, '$.superseded', ${number})
       WHERE key IN (SELECT key FROM groups WHERE ${after})`,
      step,
      attempt,
    );
    for (const table of ['rollouts', 'groups'])
      database.run(`UPDATE ${table} SET id = ${ids('id')}, superseded = ?2 WHERE ${after}`, step, attempt);
  }

  /** Rollouts of later steps that stand. */
  countAfter(step: number): number {
    const found = this.database.get<{ count: number }>(
      'SELECT count(*) AS count FROM rollouts WHERE step > ? AND superseded = 0',
      step,
    );
    return found?.count ?? 0;
  }

  private writeRollout(
    group: GroupWithRollouts,
    rollout: Rollout,
    { key, groupKey, place }: { key: number | null; groupKey: number; place: number },
  ): number {
    const { text, id, ...body } = rollout;
    const flags = this.flagsOf(id, text);
    const written = this.database.get<{ key: number }>(
      writing.rollout,
      key,
      id,
      groupKey,
      place,
      group.step,
      this.addToFacet(group, rollout, flags),
      flags,
      ...rolloutColumns.valuesOf({ ...elsewhere, group, rollout }),
    ) as { key: number };
    this.database.run(writing.rolloutBody, written.key, text, JSON.stringify(body));
    return written.key;
  }

  /** @param count 0 for what the run went back over, which facets do not count */
  private addToFacet(group: Group, rollout: Rollout, flags: number, count = 1): number {
    const aha = rollout.aha.reduce((highest, moment) => Math.max(highest, moment.tier), 0);
    const facet = this.database.get<{ id: number }>(
      `INSERT INTO facets (purpose, frame_order, correct, data_type, problem_type, aha, flagged, count) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count RETURNING id`,
      group.purpose,
      rollout.order,
      Number(rollout.correct),
      group.question.dataType,
      group.question.problemType,
      aha,
      Number(flags > 0),
      count,
    );
    return (facet as { id: number }).id;
  }

  private forgetFacetAndWords(rolloutKeys: readonly number[]): void {
    const keys = JSON.stringify(rolloutKeys);
    this.database.run(
      `UPDATE facets SET count = count - gone.number
       FROM (SELECT facet, count(*) AS number FROM rollouts WHERE key IN (SELECT value FROM json_each(?)) GROUP BY facet) AS gone
       WHERE facets.id = gone.facet`,
      keys,
    );
    this.database.run('DELETE FROM rollout_words WHERE rowid IN (SELECT value FROM json_each(?))', keys);
  }

  private delete(rolloutKeys: readonly number[]): void {
    if (rolloutKeys.length === 0) return;
    this.forgetFacetAndWords(rolloutKeys);
    const keys = JSON.stringify(rolloutKeys);
    this.tokenTable.delete(keys);
    for (const table of ['evidence', 'receipts'])
      this.database.run(`DELETE FROM ${table} WHERE rollout_key IN (SELECT value FROM json_each(?))`, keys);
    this.database.run('DELETE FROM rollout_bodies WHERE key IN (SELECT value FROM json_each(?))', keys);
    this.database.run('DELETE FROM rollouts WHERE key IN (SELECT value FROM json_each(?))', keys);
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  /** @param superseded those that the run went back over, instead of those that stand */
  count(superseded: boolean): number {
    const found = this.database.get<{ count: number }>(
      'SELECT count(*) AS count FROM rollouts WHERE (superseded > 0) = ?',
      Number(superseded),
    );
    return found?.count ?? 0;
  }

  /** Groups that stand. */
  groupCount(): number {
    const found = this.database.get<{ count: number }>('SELECT count(*) AS count FROM groups WHERE superseded = 0');
    return found?.count ?? 0;
  }

  /** Oldest first, read as they are taken; between two of them the connection is free. */
  *groups(superseded: boolean): Generator<GroupWithRollouts, void> {
    for (let after = 0; ; ) {
      const next = this.database.get<{ key: number }>(
        'SELECT key FROM groups WHERE key > ? AND (superseded > 0) = ? ORDER BY key LIMIT 1',
        after,
        Number(superseded),
      );
      if (!next) return;
      after = next.key;
      yield this.groupByKey(after);
    }
  }

  /** Those of a step that stand, oldest first. */
  *groupsOfStep(step: number): Generator<GroupWithRollouts, void> {
    const keys = this.database.all<{ key: number }>(
      'SELECT key FROM groups WHERE step = ? AND superseded = 0 ORDER BY key',
      step,
    );
    for (const { key } of keys) yield this.groupByKey(key);
  }

  group(id: string): GroupWithRollouts | undefined {
    const key = this.database.get<{ key: number }>('SELECT key FROM groups WHERE id = ?', id)?.key;
    return key === undefined ? undefined : this.groupByKey(key);
  }

  /** @throws StudioError `bad-store` when there is none */
  groupByKey(key: number): GroupWithRollouts {
    const row = this.database.get<{ body: string }>('SELECT body FROM group_bodies WHERE key = ?', key);
    if (!row)
      throw new StudioError('bad-store', 'An event names a group that is not there.', { place: this.database.path });
    const rollouts = this.database
      .all<RolloutRecord>(
        'SELECT r.id, b.text, b.body FROM rollouts r JOIN rollout_bodies b ON b.key = r.key WHERE r.group_key = ? ORDER BY r.place',
        key,
      )
      .map(rolloutOf);
    return { ...groupOf(row.body), rollouts };
  }

  rollout(id: string): Rollout | undefined {
    const row = this.database.get<RolloutRecord>(
      'SELECT r.id, b.text, b.body FROM rollouts r JOIN rollout_bodies b ON b.key = r.key WHERE r.id = ?',
      id,
    );
    return row && rolloutOf(row);
  }

  /** The frames of a media key and a question that shows them, from which they can be decoded again. */
  media(key: string): { media: MediaView; question: Question } | undefined {
    const row = this.database.get<{ body: string }>(
      'SELECT b.body FROM groups g JOIN group_bodies b ON b.key = g.key WHERE g.media_key = ? ORDER BY g.key DESC LIMIT 1',
      key,
    );
    if (!row) return undefined;
    const { media, question } = groupOf(row.body);
    return { media, question };
  }
}

function rolloutOf({ id, text, body }: RolloutRecord): Rollout {
  return { id, ...(JSON.parse(body) as RolloutBody), text };
}

function groupValues(group: GroupWithRollouts, rollout: Rollout | undefined): Value[] {
  const { id, step, purpose, question, media } = group;
  // Of a group without rollouts no query asks.
  const filled = rollout ? groupColumns.valuesOf({ ...elsewhere, group, rollout }) : groupColumns.names.map(() => null);
  return [id, step, purpose, question.problem, question.problemType, question.dataType, media.key, ...filled];
}

/** Fills what is made from the body of one group, columns and words; what is there is replaced. */
export function fillGroup(database: Database, key: number, body: string): void {
  const records = database
    .all<RolloutRecord & { key: number }>(
      'SELECT r.key, r.id, b.text, b.body FROM rollouts r JOIN rollout_bodies b ON b.key = r.key WHERE r.group_key = ? ORDER BY r.place',
      key,
    )
    .map((record) => ({ ...record, rollout: rolloutOf(record) }));
  const group = { ...groupOf(body), rollouts: records.map(({ rollout }) => rollout) };
  const problem = indexed(group.question.problem);
  database.run(`UPDATE groups SET ${set(askedColumns)} WHERE key = ?`, ...askedValues(group, group.rollouts), key);
  for (const [index, record] of records.entries()) {
    const subject = { ...elsewhere, group, rollout: record.rollout };
    if (index === 0)
      database.run(
        `UPDATE groups SET ${set(groupColumns.names)} WHERE key = ?`,
        ...groupColumns.valuesOf(subject),
        key,
      );
    database.run(
      `UPDATE rollouts SET ${set(rolloutColumns.names)} WHERE key = ?`,
      ...rolloutColumns.valuesOf(subject),
      record.key,
    );
    database.run('DELETE FROM rollout_words WHERE rowid = ?', record.key);
    database.run(writing.words, record.key, indexed(record.text), problem);
  }
}
