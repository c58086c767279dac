/**
 * Runs of earlier versions hold absolute paths. Finds the folder in which such a run's project stood when it was made, and
 * writes what lay inside it relative to the project, in one transaction.
 */
import { existsSync } from 'node:fs';
import { Database } from './database.ts';
import { stored } from './query-sql.ts';

/** Where records hold a path: a JSON column, and the path inside of it. */
const places: readonly { readonly table: string; readonly column: string; readonly at: readonly string[] }[] = [
  { table: 'run', column: 'summary', at: ['$.dataset', '$.evaluationDataset', '$.from'] },
  {
    table: 'events',
    column: 'body',
    at: [
      ...['$.run.dataset', '$.run.evaluationDataset', '$.run.from', '$.checkpoint.folder'],
      ...['$.evaluation.dataset', '$.question.dataset'],
    ],
  },
  { table: 'checkpoints', column: 'body', at: ['$.folder'] },
  { table: 'evaluations', column: 'body', at: ['$.dataset'] },
  { table: 'group_bodies', column: 'body', at: ['$.question.dataset'] },
  { table: 'annotations', column: 'subject', at: ['$.question.dataset'] },
];

const slashed = (place: string) => place.replaceAll('\\', '/');

/**
 * The folder, absolute and with `/`, in which the project stood when a run was made.
 * @param runFile as the run's plan has it, absolute
 * @returns null where the run's database can't be read or does not tell
 */
export function bornAt(databasePath: string, runFile: string): string | null {
  if (!existsSync(databasePath)) return null;
  let database: Database | null = null;
  try {
    database = new Database(databasePath, { readOnly: true });
    const told = database.get<{ file: string | null; folder: string | null }>(
      `SELECT json_extract(summary, '$.runFile') AS file,
         (SELECT json_extract(body, '$.folder') FROM checkpoints ORDER BY key LIMIT 1) AS folder FROM run`,
    );
    const [file, full] = [slashed(told?.file ?? ''), slashed(runFile)];
    if (file !== '' && full.endsWith(`/${file}`)) return full.slice(0, -file.length - 1) || '/';
    // A run file outside of the project tells nothing, the folder of a checkpoint does.
    return /^(.+)\/\.video-r1\/runs\/[^/]+\/checkpoints\/[^/]+$/.exec(slashed(told?.folder ?? ''))?.[1] ?? null;
  } catch {
    // A damaged database is told of when the run is opened.
    return null;
  } finally {
    database?.dispose();
  }
}

/** The id of the run that a database holds; null where it can't be read. */
export function heldRun(databasePath: string): string | null {
  if (!existsSync(databasePath)) return null;
  let database: Database | null = null;
  try {
    database = new Database(databasePath, { readOnly: true });
    return database.get<{ id: string | null }>("SELECT json_extract(summary, '$.id') AS id FROM run")?.id ?? null;
  } catch {
    return null;
  } finally {
    database?.dispose();
  }
}

/** Writes every path below `root` from there on. @param root as `bornAt` gives it */
export function writeRelative(database: Database, root: string): void {
  const below = (place: string) => {
    const full = slashed(place);
    return full.startsWith(`${root}/`) ? full.slice(root.length + 1) : null;
  };
  database.transaction(() => {
    for (const { table, column, at } of places) {
      for (const key of at) {
        const found = database.all<{ place: string | null }>(
          `SELECT DISTINCT json_extract(${column}, ?) AS place FROM ${table} WHERE ${column} IS NOT NULL`,
          key,
        );
        for (const { place } of found) {
          const relative = place === null ? null : below(place);
          if (place === null || relative === null) continue;
          database.run(
            `UPDATE ${table} SET ${column} = json_set(${column}, ?1, ?2) WHERE json_extract(${column}, ?1) = ?3`,
            key,
            relative,
            place,
          );
          if (table === 'group_bodies')
            database.run('UPDATE groups SET dataset = ? WHERE dataset = ?', stored(relative), stored(place));
        }
      }
    }
  });
}
