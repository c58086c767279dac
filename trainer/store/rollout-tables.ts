/** Groups and their rollouts: written whole, counted by facet, their words indexed; read one group at a time. */
import { StudioError } from '../protocol/errors.ts';
import type { RolloutFilter, RolloutRow } from '../protocol/messages.ts';
import type { Group, GroupWithRollouts, MediaView, Question, Rollout, RolloutTokens } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { rolloutPage } from './rollout-list.ts';
import { packFloats, unpackFloats } from './token-arrays.ts';

interface RolloutRecord {
  key: number;
  id: string;
  step: number;
  facet: number;
  flags: number;
  text: string;
  body: string;
}
/** The part of a rollout that is kept as JSON; `text` and `id` have columns of their own. */
type RolloutBody = Omit<Rollout, 'text' | 'id'>;

export class RolloutTables {
  private readonly database: Database;
  private readonly flagsOf: (rolloutId: string, text: string) => number;

  /** @param flagsOf number of flags on exactly this text */
  constructor(database: Database, flagsOf: (rolloutId: string, text: string) => number) {
    this.database = database;
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
    const { question } = group;
    const row = database.get<{ key: number }>(
      `INSERT INTO groups (id, step, purpose, problem, problem_type, data_type, media_key, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET purpose = excluded.purpose, problem = excluded.problem, problem_type = excluded.problem_type,
         data_type = excluded.data_type, media_key = excluded.media_key, body = excluded.body
         WHERE step = excluded.step
       RETURNING key`,
      group.id,
      group.step,
      group.purpose,
      question.problem,
      question.problemType,
      question.dataType,
      group.media.key,
      JSON.stringify(group),
    );
    if (!row) throw new StudioError('internal', `Group ${group.id} was recorded at another step than ${group.step}.`);
    const groupKey = row.key;
    const kept = new Set(rollouts.map((rollout) => rollout.id));
    const present = database.all<{ key: number; id: string }>(
      'SELECT key, id FROM rollouts WHERE group_key = ?',
      groupKey,
    );
    this.delete(present.filter((old) => !kept.has(old.id)).map((old) => old.key));
    const keys = new Map(present.map((old) => [old.id, old.key]));
    rollouts.forEach((rollout, place) => {
      const key = this.writeRollout(group, groupKey, place, rollout, keys.get(rollout.id));
      const ofRollout = tokens.get(rollout.id);
      if (ofRollout) this.writeTokens(key, ofRollout);
    });
    return groupKey;
  }

  /** Counts the flags of a rollout anew. */
  recountFlags(rolloutId: string): void {
    const { database } = this;
    const row = database.get<RolloutRecord & { group_body: string }>(
      'SELECT r.*, g.body AS group_body FROM rollouts r JOIN groups g ON g.key = r.group_key WHERE r.id = ?',
      rolloutId,
    );
    if (!row) return;
    const flags = this.flagsOf(rolloutId, row.text);
    database.run('UPDATE facets SET count = count - 1 WHERE id = ?', row.facet);
    const facet = this.addToFacet(JSON.parse(row.group_body) as Group, rolloutOf(row), flags);
    database.run('UPDATE rollouts SET flags = ?, facet = ? WHERE key = ?', flags, facet, row.key);
  }

  /** Takes away the groups of later steps with all that belongs to them. */
  deleteAfter(step: number): void {
    const { database } = this;
    this.delete(database.all<{ key: number }>('SELECT key FROM rollouts WHERE step > ?', step).map((row) => row.key));
    database.run('DELETE FROM groups WHERE step > ?', step);
  }

  private writeRollout(
    group: Group,
    groupKey: number,
    place: number,
    rollout: Rollout,
    oldKey: number | undefined,
  ): number {
    const { database } = this;
    const { text, id, ...body } = rollout;
    if (oldKey !== undefined) this.forgetFacetAndWords([oldKey]);
    const flags = this.flagsOf(id, text);
    const facet = this.addToFacet(group, rollout, flags);
    const written = database.get<{ key: number }>(
      `INSERT INTO rollouts (key, id, group_key, place, step, facet, flags, text, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET place = excluded.place, step = excluded.step, facet = excluded.facet, flags = excluded.flags,
         text = excluded.text, body = excluded.body
       RETURNING key`,
      oldKey ?? null,
      id,
      groupKey,
      place,
      group.step,
      facet,
      flags,
      text,
      JSON.stringify(body),
    );
    const { key } = written as { key: number };
    database.run(
      'INSERT INTO rollout_words (rowid, text, problem) VALUES (?, ?, ?)',
      key,
      text,
      group.question.problem,
    );
    return key;
  }

  private writeTokens(rolloutKey: number, tokens: RolloutTokens): void {
    this.database.run(
      'INSERT OR REPLACE INTO tokens (rollout_key, pieces, logprobs, entropy) VALUES (?, ?, ?, ?)',
      rolloutKey,
      JSON.stringify(tokens.pieces),
      packFloats(tokens.logprobs),
      packFloats(tokens.entropy),
    );
  }

  private addToFacet(group: Group, rollout: Rollout, flags: number): number {
    const aha = rollout.aha.reduce((highest, moment) => Math.max(highest, moment.tier), 0);
    const facet = this.database.get<{ id: number }>(
      `INSERT INTO facets (purpose, frame_order, correct, data_type, problem_type, aha, flagged, count) VALUES (?, ?, ?, ?, ?, ?, ?, 1)
       ON CONFLICT DO UPDATE SET count = count + 1 RETURNING id`,
      group.purpose,
      rollout.order,
      Number(rollout.correct),
      group.question.dataType,
      group.question.problemType,
      aha,
      Number(flags > 0),
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
    this.database.run('DELETE FROM tokens WHERE rollout_key IN (SELECT value FROM json_each(?))', keys);
    this.database.run('DELETE FROM rollouts WHERE key IN (SELECT value FROM json_each(?))', keys);
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  /**
   * Newest first.
   * @param before key of the last row already held
   */
  rows(
    filter: RolloutFilter,
    before: number | undefined,
    limit: number,
  ): { rows: RolloutRow[]; matching: number; total: number } {
    const { keys, matching, total } = rolloutPage(this.database, filter, before ?? Number.MAX_SAFE_INTEGER, limit);
    const rows = this.database.all<
      RolloutRecord & { problem: string; problem_type: string; data_type: string; purpose: Group['purpose'] }
    >(
      `SELECT r.key, r.id, r.step, r.flags, r.body, g.problem, g.problem_type, g.data_type, g.purpose
       FROM rollouts r JOIN groups g ON g.key = r.group_key
       WHERE r.key IN (SELECT value FROM json_each(?)) ORDER BY r.key DESC`,
      JSON.stringify(keys),
    );
    return {
      rows: rows.map((row) => {
        const { parsed: _, ...body } = JSON.parse(row.body) as RolloutBody;
        return {
          ...body,
          id: row.id,
          key: row.key,
          problem: row.problem,
          problemType: row.problem_type,
          dataType: row.data_type,
          purpose: row.purpose,
          flags: row.flags,
        };
      }),
      matching,
      total,
    };
  }

  group(id: string): GroupWithRollouts | undefined {
    const key = this.database.get<{ key: number }>('SELECT key FROM groups WHERE id = ?', id)?.key;
    return key === undefined ? undefined : this.groupByKey(key);
  }

  /** @throws StudioError `bad-store` when there is none */
  groupByKey(key: number): GroupWithRollouts {
    const row = this.database.get<{ body: string }>('SELECT body FROM groups WHERE key = ?', key);
    if (!row)
      throw new StudioError('bad-store', 'An event names a group that is not there.', { place: this.database.path });
    const rollouts = this.database
      .all<RolloutRecord>('SELECT id, text, body FROM rollouts WHERE group_key = ? ORDER BY place', key)
      .map(rolloutOf);
    return { ...(JSON.parse(row.body) as Group), rollouts };
  }

  rollout(id: string): Rollout | undefined {
    const row = this.database.get<RolloutRecord>('SELECT id, text, body FROM rollouts WHERE id = ?', id);
    return row && rolloutOf(row);
  }

  tokens(rolloutId: string): RolloutTokens | undefined {
    const row = this.database.get<{ pieces: string; logprobs: Uint8Array; entropy: Uint8Array }>(
      'SELECT t.pieces, t.logprobs, t.entropy FROM tokens t JOIN rollouts r ON r.key = t.rollout_key WHERE r.id = ?',
      rolloutId,
    );
    return (
      row && {
        pieces: JSON.parse(row.pieces) as string[],
        logprobs: unpackFloats(row.logprobs),
        entropy: unpackFloats(row.entropy),
      }
    );
  }

  /** The frames of a media key and a question that shows them, from which they can be decoded again. */
  media(key: string): { media: MediaView; question: Question } | undefined {
    const row = this.database.get<{ body: string }>(
      'SELECT body FROM groups WHERE media_key = ? ORDER BY key DESC LIMIT 1',
      key,
    );
    if (!row) return undefined;
    const { media, question } = JSON.parse(row.body) as Group;
    return { media, question };
  }
}

function rolloutOf(row: Pick<RolloutRecord, 'id' | 'text' | 'body'>): Rollout {
  return { id: row.id, ...(JSON.parse(row.body) as RolloutBody), text: row.text };
}
