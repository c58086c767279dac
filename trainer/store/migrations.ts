/**
 * Brings a run's database to the present schema, in numbered steps, all in one transaction: what interrupts it leaves the old
 * version whole. A new database is made by the same steps from nothing. To change a table, add a step; never change one.
 */
import type { Database } from './database.ts';
import { rewriteRecords } from './records-of-version-1.ts';
import { applicationId, schema1, schema2 } from './schema.ts';

/** Step n brings version n - 1 to n. */
const steps: readonly ((database: Database) => void)[] = [
  (database) => database.exec(schema1),
  (database) => {
    const commands = rewriteRecords(database);
    database.exec(schema2);
    for (const { number, id, body } of commands)
      database.run('INSERT INTO commands (number, id, body) VALUES (?, ?, ?)', number, id, body);
  },
];

/** `PRAGMA user_version` of a database that this program writes. */
export const schemaVersion = steps.length;

/**
 * Runs the steps that are missing. The caller has a transaction open.
 * @param version of the tables that are there; 0 for none
 */
export function migrate(database: Database, version: number): void {
  if (version === schemaVersion) return;
  for (const step of steps.slice(version)) step(database);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion};`);
}
