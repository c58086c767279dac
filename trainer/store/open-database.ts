/** Opens the database file of a run, or makes it. Each kind of trouble has a sentence of its own: few of them are damage. */
import { accessSync, constants, existsSync, rmSync, statSync } from 'node:fs';
import { StudioError } from '../protocol/errors.ts';
import { DamagedDatabase, Database } from './database.ts';
import { migrate, schemaVersion } from './migrations.ts';
import { applicationId } from './schema.ts';
import { beginCounting } from './step-counts.ts';

/**
 * Makes the database of a new run.
 * @param fill what stands in it from the start
 * @throws StudioError `conflict` when there is a file already; else as `Database`
 */
export function createRunDatabase(path: string, fill: (database: Database) => void): Database {
  if (existsSync(path)) {
    throw new StudioError('conflict', 'This folder holds a run already.', {
      place: path,
      remedy: 'Delete the run first, or choose another name.',
    });
  }
  const database = new Database(path);
  try {
    configure(database);
    database.transaction(() => {
      migrate(database, 0);
      beginCounting(database);
      fill(database);
    });
    return database;
  } catch (thrown) {
    database.dispose();
    // Half a database would be in the way of the next try.
    for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
    throw thrown;
  }
}

/**
 * Opens a run's database and brings it to the present schema.
 * @throws StudioError `not-found` without a file; `bad-store` with what is in its way; `disk-full` when there is no room for
 *   the present schema
 */
export function openRunDatabase(path: string): Database {
  checkFile(path);
  const database = new Database(path);
  try {
    // Nothing is written before it is known to be ours.
    const version = versionOf(database);
    configure(database);
    database.transaction(() => {
      migrate(database, version);
      beginCounting(database);
    });
    return database;
  } catch (thrown) {
    database.dispose();
    throw thrown;
  }
}

function checkFile(path: string): void {
  const file = statSync(path, { throwIfNoEntry: false });
  if (!file)
    throw new StudioError('not-found', "The run's database is missing.", {
      place: path,
      remedy: 'Put back a copy of the file, or delete the run. Its checkpoint folders can still be used.',
    });
  if (file.isDirectory()) {
    throw new StudioError('bad-store', "A folder lies where the run's database should be.", {
      place: path,
      remedy: 'Move the folder away and put the file back, or delete the run.',
    });
  }
  // SQLite takes a log beside an empty file for a leftover, and deletes it.
  if (file.size === 0) {
    if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
      throw new DamagedDatabase('The database was emptied; its log is there.', path);
    throw empty(path);
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new StudioError('bad-store', 'The trainer may not read and write this database.', {
      place: path,
      remedy: 'Give the user who runs the trainer the right to read and write the file.',
      cause,
    });
  }
}

const empty = (place: string) =>
  new StudioError('bad-store', 'The database is empty: making this run was cut short, or the file was emptied.', {
    place,
    remedy:
      'Put back a copy of the file, or delete the run and create it again. Its checkpoint folders can still be used.',
  });

/** Version of the tables that are there. @throws StudioError `bad-store` when it is no run's or a newer version's */
export function versionOf(database: Database): number {
  const found = database.get<{ version: number; application: number; tables: number }>(
    `SELECT v.user_version AS version, a.application_id AS application, (SELECT count(*) FROM sqlite_schema) AS tables
     FROM pragma_user_version v, pragma_application_id a`,
  );
  const { version, application, tables } = found ?? { version: 0, application: 0, tables: 0 };
  const place = database.path;
  if (version === 0 && application === 0 && tables === 0) {
    throw empty(place);
  }
  if (application !== applicationId) {
    throw new StudioError('bad-store', "This database is another program's, not a run's.", {
      place,
      remedy: "Move it away and put the run's own file back, or delete the run.",
    });
  }
  if (version > schemaVersion) {
    throw new StudioError(
      'bad-store',
      `This run was recorded by a newer version (its schema is ${version}, this version reads ${schemaVersion}).`,
      { place, remedy: 'Update Video-R1 Studio.' },
    );
  }
  return version;
}

function configure(database: Database): void {
  // FULL: an event that a client has seen is on the disk, whatever ends the process or the machine.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
}
