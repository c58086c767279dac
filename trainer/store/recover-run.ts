/**
 * Saves what can be read of a run's damaged database: into a new one that takes its place; the damaged one is kept beside it.
 * What belongs to something that is lost is left out with it, and all that is lost is counted.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import { type RunEventBody, runEventBody } from '../protocol/records.ts';
import { runSummary } from '../protocol/run-state.ts';
import { DamagedDatabase, Database } from './database.ts';
import { beginFilling } from './filling.ts';
import { makeTables, migrate } from './migrations.ts';
import { openRunDatabase, versionOf } from './open-database.ts';
import { type Hole, type Row, readRows } from './readable-rows.ts';
import { RecordTables } from './record-tables.ts';
import { RunStore, storeFile } from './run-store.ts';

export interface Recovery {
  /** Where the damaged database lies now. */
  readonly damaged: string;
  readonly events: number;
  /** Without those that the run went back over. */
  readonly rollouts: number;
  /** Sentences about what is lost; empty where all could be read. */
  readonly losses: readonly string[];
}

/** Beside a database, while it is under way. */
const copyEnding = '.reading';
const newEnding = '.recovered';
const sqliteFiles = ['', '-wal', '-shm'] as const;

/** What a person calls the rows of a table. Of the others these hold parts, or can be made from them. */
const words = {
  events: 'events',
  superseded_events: 'events that the run went back over',
  steps: 'steps',
  commands: 'commands',
  checkpoints: 'records of checkpoints',
  evaluations: 'evaluations',
  groups: 'questions asked',
  rollouts: 'rollouts',
  tokens: "rollouts' tokens",
  annotations: 'flags',
  experiments: 'experiments',
} as const;

/** How many rows of a table were read, and at most how many were not; null where what follows the last can't be told. */
interface TableRead {
  readonly rows: number;
  readonly lost: number | null;
}

/**
 * The caller has the project's lock.
 * @throws StudioError `conflict` for a database that is whole; `not-found` without one; `bad-store` where nothing can be read, or
 *   where it is not damage that is in the way; `disk-full`: what was there is as it was then
 */
export function recoverRun(folder: string): Recovery {
  const file = join(folder, storeFile);
  refuseWhole(file);
  try {
    copyReadable(file, `${file}${copyEnding}`);
    const damaged = new Database(`${file}${copyEnding}`);
    let losses: readonly string[];
    try {
      const saved = new Database(`${file}${newEnding}`);
      try {
        const version = versionOf(damaged);
        saved.exec('PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = OFF');
        losses = saved.transaction(() => {
          makeTables(saved, version);
          const read = new Map(tablesOf(saved).map((table) => [table.name, copyTable(damaged, saved, table)]));
          if ([...read.values()].every(({ rows }) => rows === 0)) throw nothing(file);
          migrate(saved, version);
          tidy(saved);
          saveSummary(saved, file);
          return lossesOf(saved, read);
        });
      } finally {
        saved.dispose();
      }
    } finally {
      damaged.dispose();
    }
    return swap(folder, file, losses);
  } finally {
    for (const ending of [copyEnding, newEnding])
      for (const part of [...sqliteFiles, '-journal']) rmSync(`${file}${ending}${part}`, { force: true });
  }
}

const nothing = (place: string, cause?: unknown) =>
  new StudioError('bad-store', 'Nothing of this database can be read.', {
    place,
    remedy: 'Put back a copy of the file, or delete the run. Its checkpoint folders can still be used.',
    cause,
  });

/** @throws StudioError what is in the way where it is no damage, or `conflict` where nothing is */
function refuseWhole(file: string): void {
  let database: Database | null = null;
  try {
    database = openRunDatabase(file);
    RunStore.open(dirname(file)).dispose();
    const [first] = database.all<{ quick_check: string }>('PRAGMA quick_check(1)');
    if (first?.quick_check !== 'ok') return;
  } catch (thrown) {
    // What is locked, newer, empty or not ours has a remedy of its own.
    if (thrown instanceof DamagedDatabase) return;
    throw thrown;
  } finally {
    database?.dispose();
  }
  throw new StudioError('conflict', 'This database is whole: there is nothing to recover.', { place: file });
}

/** A copy whose first page is made to fit, so that SQLite opens it: the length of a file that was cut off, and a lost beginning. */
function copyReadable(file: string, copy: string): void {
  const form = constants.COPYFILE_FICLONE;
  copyFileSync(file, copy, form);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`, form);
  const head = Buffer.alloc(pageBytes);
  const target = openSync(copy, 'r+');
  try {
    readSync(target, head, 0, pageBytes, 0);
    if (!isFirstPage(head)) firstPage(copy).copy(head);
    head.writeUInt32BE(Math.max(1, Math.floor(statSync(copy).size / pageBytes)), headPages);
    // The count of pages holds where these two are alike.
    head.copy(head, headValidFor, headChanges, headChanges + 4);
    writeSync(target, head, 0, pageBytes, 0);
  } finally {
    closeSync(target);
  }
}

/** Of every database that this program made. https://www.sqlite.org/fileformat2.html */
const pageBytes = 4096;
const headChanges = 24;
const headPages = 28;
const headValidFor = 92;

/** Kinds of a page of a table. */
const tablePages = [0x05, 0x0d];

function isFirstPage(page: Buffer): boolean {
  return page.toString('latin1', 0, 16) === 'SQLite format 3\0' && tablePages.includes(page[100] as number);
}

/** The first page of a database that is made now: the same steps give each table the same place. */
function firstPage(beside: string): Buffer {
  const file = `${beside}-first`;
  try {
    const database = new Database(file);
    try {
      // As `createRunDatabase` does it.
      database.exec('PRAGMA journal_mode = WAL');
      database.transaction(() => migrate(database, 0));
    } finally {
      database.dispose();
    }
    const page = Buffer.alloc(pageBytes);
    const source = openSync(file, 'r');
    readSync(source, page, 0, pageBytes, 0);
    closeSync(source);
    return page;
  } finally {
    for (const part of sqliteFiles) rmSync(`${file}${part}`, { force: true });
  }
}

/** Made anew from the others, as the index of words is: here, or when the run is opened. */
const madeAnew = ['facets', 'filling', 'step_counts', 'group_counts', 'counting'];

/** Tables with the name of their key. */
function tablesOf(database: Database): { name: string; key: string }[] {
  const tables = database.all<{ name: string; key: string }>(
    `SELECT t.name, c.name AS key FROM pragma_table_list t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.schema = 'main' AND c.pk = 1 AND t.name NOT LIKE 'sqlite_%'`,
  );
  return tables.filter(({ name }) => !madeAnew.includes(name));
}

function copyTable(from: Database, to: Database, { name, key }: { name: string; key: string }): TableRead {
  let rows = 0;
  const holes = readRows(from, name, key, (row) => {
    if (!isSound(row)) return false;
    const columns = Object.keys(row);
    try {
      to.run(
        `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        ...(Object.values(row) as (string | number | null | Uint8Array)[]),
      );
    } catch (thrown) {
      if (thrown instanceof StudioError && thrown.kind === 'disk-full') throw thrown;
      return false;
    }
    rows++;
    return true;
  });
  return { rows, lost: lostKeys(holes) };
}

const jsonColumns = ['body', 'summary', 'subject', 'pieces'];

/** Whether what should be JSON is. */
function isSound(row: Row): boolean {
  return jsonColumns.every((column) => {
    const text = row[column];
    return text === undefined || text === null || (typeof text === 'string' && parseJson(text) !== undefined);
  });
}

function lostKeys(holes: readonly Hole[]): number | null {
  let lost = 0;
  for (const { first, last } of holes) {
    if (last === null) return null;
    lost += last - first + 1;
  }
  return lost;
}

/** Leaves out what belongs to something that is lost, numbers the events anew, and counts the facets. */
function tidy(database: Database): void {
  // The number of a going back is part of ids, so it may not be given again.
  database.exec(`
    INSERT OR IGNORE INTO attempts (number, at, to_step)
      SELECT attempt, 0, min(step) - 1 FROM superseded_events GROUP BY attempt;
    INSERT OR IGNORE INTO attempts (number, at, to_step)
      SELECT superseded, 0, min(step) - 1 FROM groups WHERE superseded > 0 GROUP BY superseded;
    DELETE FROM rollouts WHERE key NOT IN (SELECT key FROM rollout_bodies);
    DELETE FROM groups WHERE key NOT IN (SELECT key FROM group_bodies);
    DELETE FROM rollouts WHERE group_key NOT IN (SELECT key FROM groups);
    DELETE FROM rollout_bodies WHERE key NOT IN (SELECT key FROM rollouts);
    DELETE FROM group_bodies WHERE key NOT IN (SELECT key FROM groups);
    DELETE FROM tokens WHERE rollout_key NOT IN (SELECT key FROM rollouts);
    DELETE FROM token_scores WHERE rollout_key NOT IN (SELECT key FROM rollouts);
    DELETE FROM evidence WHERE rollout_key NOT IN (SELECT key FROM rollouts);
    DELETE FROM receipts WHERE rollout_key NOT IN (SELECT key FROM rollouts);
    DELETE FROM prompts WHERE group_key NOT IN (SELECT key FROM groups);
    DELETE FROM events WHERE group_key IS NOT NULL AND group_key NOT IN (SELECT key FROM groups);
    DELETE FROM superseded_events WHERE group_key IS NOT NULL AND group_key NOT IN (SELECT key FROM groups);
  `);
  fromEvents(database);
  // Who reads them takes a gap for something that is still to come. Twice, since numbers may not meet on the way.
  database.exec(`
    DELETE FROM superseded_events WHERE seq NOT IN (SELECT seq FROM events);
    CREATE TEMP TABLE numbers AS SELECT seq, row_number() OVER (ORDER BY seq) AS number FROM events;
    CREATE UNIQUE INDEX temp.numbers_seq ON numbers (seq);
    UPDATE events SET seq = -(SELECT number FROM numbers n WHERE n.seq = events.seq);
    UPDATE events SET seq = -seq;
    UPDATE superseded_events SET seq = -(SELECT number FROM numbers n WHERE n.seq = superseded_events.seq);
    UPDATE superseded_events SET seq = -seq;
    DROP TABLE numbers;

    INSERT INTO facets (id, purpose, frame_order, correct, data_type, problem_type, aha, flagged, count)
      SELECT min(r.key), g.purpose, json_extract(b.body, '$.order') AS frame_order, json_extract(b.body, '$.correct') AS correct,
        g.data_type, g.problem_type,
        (SELECT coalesce(max(json_extract(m.value, '$.tier')), 0) FROM json_each(b.body, '$.aha') m) AS aha,
        r.flags > 0 AS flagged, sum(r.superseded = 0)
      FROM rollouts r JOIN rollout_bodies b ON b.key = r.key JOIN groups g ON g.key = r.group_key
      GROUP BY g.purpose, frame_order, correct, g.data_type, g.problem_type, aha, flagged;
    UPDATE rollouts SET facet = f.id
      FROM rollout_bodies b, groups g, facets f
      WHERE b.key = rollouts.key AND g.key = rollouts.group_key AND f.purpose = g.purpose
        AND f.frame_order = json_extract(b.body, '$.order') AND f.correct = json_extract(b.body, '$.correct')
        AND f.data_type = g.data_type AND f.problem_type = g.problem_type AND f.flagged = (rollouts.flags > 0)
        AND f.aha = (SELECT coalesce(max(json_extract(m.value, '$.tier')), 0) FROM json_each(b.body, '$.aha') m);
  `);
  beginFilling(database);
}

/** Leaves out events that make no sense, and writes records that only an event has still. */
function fromEvents(database: Database): void {
  const tables = new RecordTables(database);
  const ids = (records: readonly { id: string }[]) => new Set(records.map(({ id }) => id));
  const steps = new Set(tables.steps(0).map(({ step }) => step));
  const [commands, checkpoints] = [ids(tables.commands()), ids(tables.checkpoints())];
  const evaluations = ids(tables.evaluations());
  const events = 'SELECT seq, body FROM events WHERE body IS NOT NULL ORDER BY seq';
  for (const { seq, body } of database.all<{ seq: number; body: string }>(events)) {
    const { data: event } = runEventBody.safeParse(parseJson(body));
    if (event === undefined) database.run('DELETE FROM events WHERE seq = ?', seq);
    else if (event.type === 'step' && !steps.has(event.metrics.step)) tables.writeStep(event.metrics);
    else if (event.type === 'command' && !commands.has(event.command.id)) tables.writeCommand(event.command);
    else if (event.type === 'evaluation' && !evaluations.has(event.evaluation.id))
      tables.writeEvaluation(event.evaluation);
    else if (event.type === 'checkpoint' && !checkpoints.has(event.checkpoint.id))
      tables.writeCheckpoint(event.checkpoint);
    else if (event.type === 'checkpoint-removed') tables.removeCheckpoint(event.id);
    else if (event.type === 'checkpoint-pinned') tables.pinCheckpoint(event.id, event.pin);
  }
}

/** Keeps the run's summary, or takes the newest that an event holds. @throws StudioError `bad-store` where there is none */
function saveSummary(database: Database, file: string): void {
  const held = database.get<{ summary: string }>('SELECT summary FROM run')?.summary;
  const fits = (summary: unknown) => runSummary.safeParse({ ...(summary as object), seq: 0 }).success;
  if (held !== undefined && fits(parseJson(held))) return;
  const told = database.get<{ body: string }>(
    "SELECT body FROM events WHERE body IS NOT NULL AND json_extract(body, '$.type') = 'state' ORDER BY seq DESC LIMIT 1",
  );
  const body = told && (parseJson(told.body) as Extract<RunEventBody, { type: 'state' }>);
  if (!body || !fits(body.run))
    throw new StudioError('bad-store', 'Neither the summary of this run nor an event that tells of it can be read.', {
      place: file,
      remedy: 'Put back a copy of the file, or delete the run. Its checkpoint folders can still be used.',
    });
  database.run('INSERT OR REPLACE INTO run (only_row, summary) VALUES (1, ?)', JSON.stringify(body.run));
}

/** Puts the new database in the place of the damaged one, opens it, and writes into it what is lost. */
function swap(folder: string, file: string, losses: readonly string[]): Recovery {
  const damaged = freeName(`${file}.damaged`);
  for (const part of sqliteFiles) if (existsSync(`${file}${part}`)) renameSync(`${file}${part}`, `${damaged}${part}`);
  try {
    renameSync(`${file}${newEnding}`, file);
  } catch (thrown) {
    for (const part of sqliteFiles)
      if (existsSync(`${damaged}${part}`)) renameSync(`${damaged}${part}`, `${file}${part}`);
    throw thrown;
  }
  const store = RunStore.open(folder);
  try {
    const what = losses.length === 0 ? 'Nothing that can be told is lost.' : losses.join(' ');
    store.append({ type: 'warning', message: `The database of this run was damaged and was recovered. ${what}` });
    return { damaged, events: store.lastSeq() - 1, rollouts: store.rolloutCount(), losses };
  } finally {
    store.dispose();
  }
}

function freeName(wanted: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!existsSync(name)) return name;
  }
}

function lossesOf(database: Database, read: ReadonlyMap<string, TableRead>): string[] {
  return Object.entries(words).flatMap(([table, name]) => {
    const found = read.get(table);
    if (found === undefined) return [];
    const kept = database.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`)?.rows ?? 0;
    if (found.lost === null) return [`Of the ${name} ${kept} can be read; how many came after them can't be told.`];
    const lost = Math.max(0, found.rows + found.lost - kept);
    return lost === 0 ? [] : [`Up to ${lost} ${name} are lost.`];
  });
}
