/** The summary that a run's database holds of its run, and how damage of a database is told from other faults. */
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { type RunSummary, runSummary } from '../protocol/run-state.ts';
import { DamagedDatabase, type Database, sqliteCode, sqliteErrorCode } from './database.ts';

/** What tells of damage and has no name of its own: a table that is not there, a record that is no JSON or lacks a part. */
export function damage(thrown: unknown, place: string): DamagedDatabase | null {
  const cause = thrown instanceof StudioError ? thrown.cause : thrown;
  const isRecord = thrown instanceof SyntaxError || thrown instanceof TypeError;
  if (sqliteErrorCode(cause) !== sqliteCode.error && !isRecord) return null;
  return new DamagedDatabase(`The database is damaged: ${(cause as Error).message}.`, place, cause);
}

/** @throws StudioError `bad-store` when there is none that fits the contract: one such run would spoil the list of all */
export function readSummary(database: Database): RunSummary {
  const place = database.path;
  const row = database.get<{ summary: string; seq: number }>(
    'SELECT summary, (SELECT coalesce(max(seq), 0) FROM events) AS seq FROM run',
  );
  if (!row) throw new DamagedDatabase('The database has no summary of its run.', place);
  const unreadable = (why: string, cause: unknown) =>
    new DamagedDatabase(`The summary of the run can't be read: ${why}`, place, cause);
  let held: unknown;
  try {
    held = { ...(JSON.parse(row.summary) as object), seq: row.seq };
  } catch (cause) {
    throw unreadable((cause as Error).message, cause);
  }
  const checked = runSummary.safeParse(held);
  if (checked.success) return checked.data;
  throw unreadable(`${faultLine(runSummary, held, checked.error, 'it')}.`, checked.error);
}
