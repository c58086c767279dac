/**
 * One run's records: the log of its events, and the tables that lists and pages are read from, in one SQLite file.
 * `runs` writes it; the server reads it.
 *
 * Going back: a `rewound {toStep}` event voids what was recorded of later steps. Their rows leave the tables, and each of
 * their events is read from then on as `rewound {toStep}`, under its old number. So numbers keep no gaps, and a reader who
 * starts anywhere, even with void steps in hand, ends in the same state as one who listened all along: applying `rewound`
 * twice changes nothing. Keys of rollouts only grow and are never given twice.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { CommandRecord } from '../protocol/commands.ts';
import { StudioError } from '../protocol/errors.ts';
import type { RolloutFilter, RolloutRow } from '../protocol/messages.ts';
import {
  type Annotation,
  type Checkpoint,
  type Evaluation,
  type Group,
  type GroupWithRollouts,
  type MediaView,
  type Question,
  type Rollout,
  type RolloutTokens,
  type RunEvent,
  type RunEventBody,
  runEventBody,
  type StepMetrics,
} from '../protocol/records.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import { Database } from './database.ts';
import { rolloutPage } from './rollout-list.ts';
import { applicationId, schema, schemaVersion } from './schema.ts';
import { packFloats, unpackFloats } from './token-arrays.ts';

/** Inside a run's folder. */
export const storeFile = 'run.db';

type EventOf<T extends RunEventBody['type']> = Extract<RunEventBody, { type: T }>;
export type SkippedQuestion = Omit<EventOf<'skipped'>, 'type'>;

/** What an annotation was about, as it was then. */
interface AnnotatedSubject {
  readonly step: number;
  readonly order: Rollout['order'];
  readonly question: Question;
  readonly prompt: string;
  readonly answer: string;
  readonly accuracy: number;
  readonly reward: number;
  readonly advantage: number | null;
}

interface EventRow {
  seq: number;
  at: number;
  group_key: number | null;
  body: string | null;
}
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

export class RunStore {
  readonly folder: string;
  private readonly database: Database;
  private readonly runId: string;
  private last: number;

  /**
   * Makes the database of a new run.
   * @throws StudioError `conflict` when the folder holds one already.
   */
  static create(folder: string, summary: RunSummary): RunStore {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, storeFile);
    if (existsSync(path)) {
      throw new StudioError('conflict', 'This folder holds a run already.', {
        place: path,
        remedy: 'Delete the run first, or choose another name.',
      });
    }
    const database = openDatabase(path);
    try {
      database.transaction(() => {
        database.exec(schema);
        database.run('INSERT INTO run (only_row, summary) VALUES (1, ?)', JSON.stringify({ ...summary, seq: 0 }));
      });
      return new RunStore(folder, database);
    } catch (thrown) {
      database.dispose();
      // Half a database would be in the way of the next try.
      for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
      throw thrown;
    }
  }

  /**
   * @throws StudioError `not-found` without a database; `bad-store` when it is damaged, was left unfinished, is not ours, or
   *   was written by a newer version.
   */
  static open(folder: string): RunStore {
    const path = join(folder, storeFile);
    if (!existsSync(path)) throw new StudioError('not-found', 'There is no run in this folder.', { place: path });
    const database = openDatabase(path);
    try {
      const { version, application } = database.get<{ version: number; application: number }>(
        'SELECT v.user_version AS version, a.application_id AS application FROM pragma_user_version v, pragma_application_id a',
      ) ?? { version: 0, application: 0 };
      if (version === 0 && application === 0) {
        throw new StudioError('bad-store', 'This run was never finished being created.', {
          place: path,
          remedy: 'Delete the run and create it again.',
        });
      }
      if (application !== applicationId)
        throw new StudioError('bad-store', "This database is not a run's.", { place: path });
      if (version > schemaVersion) {
        throw new StudioError(
          'bad-store',
          `This run was recorded by a newer version (its schema is ${version}, this version reads ${schemaVersion}).`,
          {
            place: path,
            remedy: 'Update Video-R1 Studio.',
          },
        );
      }
      return new RunStore(folder, database);
    } catch (thrown) {
      database.dispose();
      throw thrown;
    }
  }

  private constructor(folder: string, database: Database) {
    this.folder = folder;
    this.database = database;
    this.last = database.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM events')?.seq ?? 0;
    this.runId = this.summary().id;
  }

  dispose(): void {
    this.database.dispose();
  }

  // ---- writing ------------------------------------------------------------------------------------------------------

  /**
   * Stores one event and what follows from it, whole or not at all.
   * @param tokens by rollout id, for the rollouts of a `group` event
   * @throws StudioError `disk-full`, `bad-store`, `not-found` (an annotation of an unknown rollout), or `internal` when the
   *   body does not fit the contract (a number that is not finite, for one)
   */
  append(body: RunEventBody, tokens?: ReadonlyMap<string, RolloutTokens>): RunEvent {
    const [event] = this.appendAll([body], tokens);
    return event as RunEvent;
  }

  /** Stores events in the order given, all or none. */
  appendAll(bodies: readonly RunEventBody[], tokens: ReadonlyMap<string, RolloutTokens> = new Map()): RunEvent[] {
    const checked = bodies.map(checkBody);
    const events = this.database.transaction(() =>
      checked.map((body, index) => this.write(this.last + 1 + index, Date.now(), body, tokens)),
    );
    this.last += events.length;
    return events;
  }

  private write(seq: number, at: number, given: RunEventBody, tokens: ReadonlyMap<string, RolloutTokens>): RunEvent {
    const body: RunEventBody = given.type === 'state' ? { ...given, run: { ...given.run, seq } } : given;
    // A rewind goes first, so that it can't void its own event.
    const groupKey = this.project(body, tokens);
    const text = groupKey === null ? JSON.stringify(body) : null;
    this.database.run(
      'INSERT INTO events (seq, at, step, group_key, body) VALUES (?, ?, ?, ?, ?)',
      seq,
      at,
      stepOf(body),
      groupKey,
      text,
    );
    return { runId: this.runId, seq, at, body };
  }

  /** Brings the tables up to date; gives the key of the group that an event is about. */
  private project(body: RunEventBody, tokens: ReadonlyMap<string, RolloutTokens>): number | null {
    const { database } = this;
    switch (body.type) {
      case 'state':
        database.run('UPDATE run SET summary = ?', JSON.stringify(body.run));
        return null;
      case 'step':
        database.run(
          'INSERT OR REPLACE INTO steps (step, body) VALUES (?, ?)',
          body.metrics.step,
          JSON.stringify(body.metrics),
        );
        // A run that is killed before its next `state` is found at the step that it had reached.
        database.run(
          "UPDATE run SET summary = json_set(summary, '$.step', ?, '$.updatedAt', ?)",
          body.metrics.step,
          body.metrics.at,
        );
        return null;
      case 'group':
        return this.writeGroup(body.group, tokens);
      case 'command':
        database.run(
          'INSERT OR REPLACE INTO commands (id, body) VALUES (?, ?)',
          body.command.id,
          JSON.stringify(body.command),
        );
        return null;
      case 'checkpoint':
        database.run('DELETE FROM checkpoints WHERE id = ?', body.checkpoint.id);
        database.run(
          'INSERT INTO checkpoints (id, step, body) VALUES (?, ?, ?)',
          body.checkpoint.id,
          body.checkpoint.step,
          JSON.stringify(body.checkpoint),
        );
        return null;
      case 'checkpoint-removed':
        database.run('DELETE FROM checkpoints WHERE id = ?', body.id);
        return null;
      case 'evaluation':
        database.run('DELETE FROM evaluations WHERE id = ?', body.evaluation.id);
        database.run(
          'INSERT INTO evaluations (id, step, body) VALUES (?, ?, ?)',
          body.evaluation.id,
          body.evaluation.step,
          JSON.stringify(body.evaluation),
        );
        return null;
      case 'skipped': {
        const { type: _, ...skipped } = body;
        database.run('INSERT INTO skipped (step, body) VALUES (?, ?)', body.step, JSON.stringify(skipped));
        database.run("UPDATE run SET summary = json_set(summary, '$.skipped', json_extract(summary, '$.skipped') + 1)");
        return null;
      }
      case 'warning':
        return null;
      case 'rewound':
        this.rewind(body.toStep);
        return null;
      case 'annotation':
        this.writeAnnotation(body.annotation);
        return null;
      case 'annotation-removed': {
        const removed = database.get<{ rollout_id: string }>(
          'UPDATE annotations SET removed = 1 WHERE id = ? AND removed = 0 RETURNING rollout_id',
          body.id,
        );
        if (!removed) throw new StudioError('not-found', `There is no annotation ${body.id} in this run.`);
        this.countFlags(removed.rollout_id);
        return null;
      }
    }
  }

  /** A group that is given again by the same id takes the place of the first; its rollouts keep their keys. */
  private writeGroup(given: GroupWithRollouts, tokens: ReadonlyMap<string, RolloutTokens>): number {
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
    this.deleteRollouts(present.filter((old) => !kept.has(old.id)).map((old) => old.key));
    const keys = new Map(present.map((old) => [old.id, old.key]));
    rollouts.forEach((rollout, place) => {
      this.writeRollout(group, groupKey, place, rollout, keys.get(rollout.id), tokens.get(rollout.id));
    });
    return groupKey;
  }

  private writeRollout(
    group: Group,
    groupKey: number,
    place: number,
    rollout: Rollout,
    oldKey: number | undefined,
    tokens: RolloutTokens | undefined,
  ): void {
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
    if (!tokens) return;
    database.run(
      'INSERT OR REPLACE INTO tokens (rollout_key, pieces, logprobs, entropy) VALUES (?, ?, ?, ?)',
      key,
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

  private deleteRollouts(rolloutKeys: readonly number[]): void {
    if (rolloutKeys.length === 0) return;
    this.forgetFacetAndWords(rolloutKeys);
    const keys = JSON.stringify(rolloutKeys);
    this.database.run('DELETE FROM tokens WHERE rollout_key IN (SELECT value FROM json_each(?))', keys);
    this.database.run('DELETE FROM rollouts WHERE key IN (SELECT value FROM json_each(?))', keys);
  }

  private rewind(toStep: number): void {
    const { database } = this;
    const tombstone: EventOf<'rewound'> = { type: 'rewound', toStep };
    database.run(
      "UPDATE run SET summary = json_set(summary, '$.step', min(json_extract(summary, '$.step'), ?))",
      toStep,
    );
    database.run(
      'UPDATE events SET body = ?, group_key = NULL, step = NULL WHERE step > ?',
      JSON.stringify(tombstone),
      toStep,
    );
    this.deleteRollouts(
      database.all<{ key: number }>('SELECT key FROM rollouts WHERE step > ?', toStep).map((row) => row.key),
    );
    for (const table of ['groups', 'steps', 'checkpoints', 'evaluations', 'skipped']) {
      database.run(`DELETE FROM ${table} WHERE step > ?`, toStep);
    }
  }

  private writeAnnotation(annotation: Annotation): void {
    const { database } = this;
    const rollout = this.rolloutRecord(annotation.rolloutId);
    if (
      annotation.span &&
      (annotation.span.start >= annotation.span.end || annotation.span.end > rollout.text.length)
    ) {
      throw new StudioError(
        'bad-request',
        `The flagged span ${annotation.span.start}..${annotation.span.end} is not inside the rollout's text.`,
        {
          place: annotation.rolloutId,
        },
      );
    }
    const group = this.group(rollout.groupId);
    const subject: AnnotatedSubject = {
      step: rollout.step,
      order: rollout.order,
      question: group.question,
      prompt: group.prompt,
      answer: rollout.answer,
      accuracy: rollout.accuracy,
      reward: rollout.reward.total,
      advantage: rollout.advantage,
    };
    database.run(
      'INSERT OR REPLACE INTO annotations (id, rollout_id, text, subject, body) VALUES (?, ?, ?, ?, ?)',
      annotation.id,
      annotation.rolloutId,
      rollout.text,
      JSON.stringify(subject),
      JSON.stringify(annotation),
    );
    this.countFlags(annotation.rolloutId);
  }

  /** Annotations of exactly this text: a rollout that was made again with another text does not carry the old flags. */
  private flagsOf(rolloutId: string, text: string): number {
    const found = this.database.get<{ flags: number }>(
      'SELECT count(*) AS flags FROM annotations WHERE rollout_id = ? AND removed = 0 AND text = ?',
      rolloutId,
      text,
    );
    return found?.flags ?? 0;
  }

  private countFlags(rolloutId: string): void {
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

  // ---- reading ------------------------------------------------------------------------------------------------------

  /**
   * The last `state` that was stored, with what later events say: the step reached, questions skipped, the number of the
   * last event.
   */
  summary(): RunSummary {
    const row = this.database.get<{ summary: string }>('SELECT summary FROM run');
    if (!row)
      throw new StudioError('bad-store', 'The database has no summary of its run.', { place: this.database.path });
    return { ...(JSON.parse(row.summary) as RunSummary), seq: this.last };
  }

  /** Number of the last event; 0 when there is none. */
  lastSeq(): number {
    return this.last;
  }

  /** At most `limit` events with a number above `since`, in order, without gaps. Void ones read as `rewound` (see above). */
  events(since: number, limit: number): RunEvent[] {
    return this.database
      .all<EventRow>('SELECT seq, at, group_key, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?', since, limit)
      .map(({ seq, at, group_key: groupKey, body }) => ({
        runId: this.runId,
        seq,
        at,
        body:
          body === null
            ? { type: 'group', group: this.groupByKey(groupKey as number) }
            : (JSON.parse(body) as RunEventBody),
      }));
  }

  /** The newest `limit` events about questions left out and as many about warnings, in order. */
  notices(limit = 200): RunEvent[] {
    const of = (type: 'skipped' | 'warning') =>
      this.database.all<EventRow>(
        `SELECT seq, at, group_key, body FROM events
         WHERE body IS NOT NULL AND json_extract(body, '$.type') = ? ORDER BY seq DESC LIMIT ?`,
        type,
        limit,
      );
    return [...of('skipped'), ...of('warning')]
      .sort((a, b) => a.seq - b.seq)
      .map(({ seq, at, body }) => ({ runId: this.runId, seq, at, body: JSON.parse(body as string) as RunEventBody }));
  }

  metrics(fromStep = 0): StepMetrics[] {
    return this.bodies<StepMetrics>('SELECT body FROM steps WHERE step >= ? ORDER BY step', fromStep);
  }

  /** Oldest first. */
  commands(): CommandRecord[] {
    return this.bodies<CommandRecord>('SELECT body FROM commands ORDER BY id');
  }

  nextCommandId(): number {
    return this.database.get<{ id: number }>('SELECT coalesce(max(id), 0) + 1 AS id FROM commands')?.id ?? 1;
  }

  /** Oldest first. */
  checkpoints(): Checkpoint[] {
    return this.bodies<Checkpoint>('SELECT body FROM checkpoints ORDER BY key');
  }

  /** Oldest first. */
  evaluations(): Evaluation[] {
    return this.bodies<Evaluation>('SELECT body FROM evaluations ORDER BY key');
  }

  /** Questions that were left out, oldest first. */
  skipped(): SkippedQuestion[] {
    return this.bodies<SkippedQuestion>('SELECT body FROM skipped ORDER BY key');
  }

  /**
   * Newest first.
   * @param before key of the last row already held
   */
  rolloutRows(
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

  /**
   * Newest first.
   * @param before id of the last group already held
   */
  groups(before: string | undefined, limit: number): Group[] {
    if (before === undefined) return this.bodies<Group>('SELECT body FROM groups ORDER BY key DESC LIMIT ?', limit);
    const key = this.database.get<{ key: number }>('SELECT key FROM groups WHERE id = ?', before)?.key;
    if (key === undefined) throw this.notFound('group', before);
    return this.bodies<Group>('SELECT body FROM groups WHERE key < ? ORDER BY key DESC LIMIT ?', key, limit);
  }

  /** @throws StudioError `not-found` */
  group(id: string): GroupWithRollouts {
    const key = this.database.get<{ key: number }>('SELECT key FROM groups WHERE id = ?', id)?.key;
    if (key === undefined) throw this.notFound('group', id);
    return this.groupByKey(key);
  }

  /** @throws StudioError `not-found` */
  rollout(id: string): Rollout {
    return this.rolloutRecord(id);
  }

  /** @throws StudioError `not-found` when there is no such rollout, or its tokens were not recorded */
  tokens(rolloutId: string): RolloutTokens {
    const row = this.database.get<{ pieces: string; logprobs: Uint8Array; entropy: Uint8Array }>(
      'SELECT t.pieces, t.logprobs, t.entropy FROM tokens t JOIN rollouts r ON r.key = t.rollout_key WHERE r.id = ?',
      rolloutId,
    );
    if (!row) throw new StudioError('not-found', 'No tokens were recorded for this rollout.', { place: rolloutId });
    return {
      pieces: JSON.parse(row.pieces) as string[],
      logprobs: unpackFloats(row.logprobs),
      entropy: unpackFloats(row.entropy),
    };
  }

  /** Annotations whose rollout is there with the text that was flagged, oldest first. `exportAnnotations` has the others too. */
  annotations(rolloutId?: string): Annotation[] {
    return this.bodies<Annotation>(
      `SELECT a.body FROM annotations a JOIN rollouts r ON r.id = a.rollout_id AND r.text = a.text
       WHERE a.removed = 0 AND (?1 IS NULL OR a.rollout_id = ?1) ORDER BY a.id`,
      rolloutId ?? null,
    );
  }

  /** Numbers are never given twice, not even after a removal. */
  nextAnnotationId(): number {
    return this.database.get<{ id: number }>('SELECT coalesce(max(id), 0) + 1 AS id FROM annotations')?.id ?? 1;
  }

  /** The frames of a media key and a question that shows them, from which they can be decoded again. */
  media(key: string): { media: MediaView; question: Question } {
    const row = this.database.get<{ body: string }>(
      'SELECT body FROM groups WHERE media_key = ? ORDER BY key DESC LIMIT 1',
      key,
    );
    if (!row) throw this.notFound('media', key);
    const { media, question } = JSON.parse(row.body) as Group;
    return { media, question };
  }

  /**
   * All annotations as JSONL, oldest first, those whose rollout was voided or made anew included (`current` is false there).
   * Each line stands on its own: it holds the question and the rollout as they were when the flag was set.
   */
  exportAnnotations(): { jsonl: string; count: number } {
    const { id: run, name: runName } = this.summary();
    const lines: string[] = [];
    const page = 500;
    let after = 0;
    for (;;) {
      const rows = this.database.all<{ id: number; text: string; subject: string; body: string; current: number }>(
        `SELECT a.id, a.text, a.subject, a.body, EXISTS (SELECT 1 FROM rollouts r WHERE r.id = a.rollout_id AND r.text = a.text) AS current
         FROM annotations a WHERE a.removed = 0 AND a.id > ? ORDER BY a.id LIMIT ?`,
        after,
        page,
      );
      for (const row of rows) {
        const annotation = JSON.parse(row.body) as Annotation;
        const { question, prompt, ...rollout } = JSON.parse(row.subject) as AnnotatedSubject;
        const { solution, ...asked } = question;
        lines.push(
          JSON.stringify({
            run,
            runName,
            ...annotation,
            at: new Date(annotation.at).toISOString(),
            current: row.current === 1,
            ...rollout,
            text: row.text,
            solution,
            question: asked,
            prompt,
          }),
        );
        after = row.id;
      }
      if (rows.length < page) break;
    }
    return { jsonl: lines.map((line) => `${line}\n`).join(''), count: lines.length };
  }

  private bodies<T>(sql: string, ...parameters: (string | number | null)[]): T[] {
    return this.database.all<{ body: string }>(sql, ...parameters).map((row) => JSON.parse(row.body) as T);
  }

  private groupByKey(key: number): GroupWithRollouts {
    const row = this.database.get<{ body: string }>('SELECT body FROM groups WHERE key = ?', key);
    if (!row)
      throw new StudioError('bad-store', 'An event names a group that is not there.', { place: this.database.path });
    const rollouts = this.database
      .all<RolloutRecord>('SELECT id, text, body FROM rollouts WHERE group_key = ? ORDER BY place', key)
      .map(rolloutOf);
    return { ...(JSON.parse(row.body) as Group), rollouts };
  }

  private rolloutRecord(id: string): Rollout {
    const row = this.database.get<RolloutRecord>('SELECT id, text, body FROM rollouts WHERE id = ?', id);
    if (!row) throw this.notFound('rollout', id);
    return rolloutOf(row);
  }

  private notFound(what: string, id: string): StudioError {
    return new StudioError('not-found', `There is no ${what} ${id} in this run.`, { place: this.runId });
  }
}

function openDatabase(path: string): Database {
  const database = new Database(path);
  try {
    // FULL: an event that a client has seen is on the disk, whatever ends the process or the machine.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    return database;
  } catch (thrown) {
    database.dispose();
    throw thrown;
  }
}

function rolloutOf(row: Pick<RolloutRecord, 'id' | 'text' | 'body'>): Rollout {
  return { id: row.id, ...(JSON.parse(row.body) as RolloutBody), text: row.text };
}

/** The step that an event is about, where a rewind can void it. */
function stepOf(body: RunEventBody): number | null {
  switch (body.type) {
    case 'step':
      return body.metrics.step;
    case 'group':
      return body.group.step;
    case 'checkpoint':
      return body.checkpoint.step;
    case 'evaluation':
      return body.evaluation.step;
    case 'skipped':
      return body.step;
    default:
      return null;
  }
}

/** A body that a reader's validation would refuse must not get into the log: it would stop every reader for good. */
function checkBody(body: RunEventBody): RunEventBody {
  const checked = runEventBody.safeParse(body);
  if (checked.success) return checked.data;
  throw new StudioError(
    'internal',
    `A ${body.type} event does not fit the contract: ${z.prettifyError(checked.error)}`,
  );
}
