/** A file that one process holds at a time. The lock is SQLite's own: the system lets go of it when the process ends in whatever way. */
import { StudioError } from '../protocol/errors.ts';
import { Database, sqliteCode, sqliteErrorCode } from './database.ts';

/**
 * Holds the file until `dispose`. It stays behind, empty: deleting it could take it from under another process.
 * @param busy what is thrown when another process holds it
 */
export function holdFile(file: string, busy: (cause: unknown) => StudioError): { dispose(): void } {
  const database = new Database(file, { timeoutMs: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (thrown) {
    database.dispose();
    const cause = thrown instanceof StudioError ? thrown.cause : thrown;
    throw sqliteErrorCode(cause) === sqliteCode.busy ? busy(cause) : thrown;
  }
}
