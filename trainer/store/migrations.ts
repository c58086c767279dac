/**
 * Brings a run's database to the present schema, in numbered steps, all in one transaction: what interrupts it leaves the old
 * version whole. A new database is made by the same steps from nothing. To change a table, add a step; never change one. What
 * takes long, the columns and the index of words that are made from the bodies, is only begun: `filling.ts` does it in portions.
 */
import { renameCategories } from './annotation-table.ts';
import type { Database } from './database.ts';
import { beginFilling } from './filling.ts';
import { masksOfEvents } from './masked-answers.ts';
import { rewriteRecords } from './records-of-version-1.ts';
import {
  applicationId,
  schema1,
  schema2,
  schema4,
  schema5,
  schema6,
  schema7,
  schema8,
  schema9,
  schema10,
  schema11,
  schema12,
  schema13,
  schema14,
  schema15,
} from './schema.ts';

interface Step {
  change(database: Database): void;
  /** Columns that are made from the bodies, and the index of words, are filled anew after the last step. */
  readonly refill: boolean;
}

/** Step n brings version n - 1 to n. */
const steps: readonly Step[] = [
  { change: (database) => database.exec(schema1), refill: false },
  {
    change: (database) => {
      const commands = rewriteRecords(database);
      database.exec(schema2);
      for (const { number, id, body } of commands)
        database.run('INSERT INTO commands (number, id, body) VALUES (?, ?, ?)', number, id, body);
    },
    refill: true,
  },
  // `row` counts the rows of the file, from 1.
  { change: () => {}, refill: true },
  // Korean is found by syllable, and emoji are words.
  { change: (database) => database.exec(schema4), refill: true },
  { change: (database) => database.exec(schema5), refill: false },
  { change: (database) => database.exec(schema6), refill: true },
  {
    change: (database) => {
      database.exec(schema7);
      renameCategories(database);
    },
    refill: false,
  },
  {
    change: (database) => {
      database.exec(schema8);
      masksOfEvents(database);
    },
    refill: false,
  },
  { change: (database) => database.exec(schema9), refill: false },
  { change: (database) => database.exec(schema10), refill: true },
  { change: (database) => database.exec(schema11), refill: false },
  { change: (database) => database.exec(schema12), refill: false },
  { change: (database) => database.exec(schema13), refill: false },
  { change: (database) => database.exec(schema14), refill: false },
  { change: (database) => database.exec(schema15), refill: false },
];

/** The tables as version `version` had them, in an empty database: what is saved of a damaged one is put there as it is. */
export function makeTables(database: Database, version: number): void {
  for (const { change } of steps.slice(0, version)) change(database);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version};`);
}

/** `PRAGMA user_version` of a database that this program writes. */
export const schemaVersion = steps.length;

/**
 * Runs the steps that are missing. The caller has a transaction open.
 * @param version of the tables that are there; 0 for none
 */
export function migrate(database: Database, version: number): void {
  if (version === schemaVersion) return;
  const missing = steps.slice(version);
  for (const { change } of missing) change(database);
  if (missing.some(({ refill }) => refill)) beginFilling(database);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion};`);
}
