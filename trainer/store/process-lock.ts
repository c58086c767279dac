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
    const code = sqliteErrorCode(cause);
    if (code === sqliteCode.notADatabase || code === sqliteCode.corrupt)
      throw new StudioError('bad-input', 'This file is for a lock, and holds something else.', {
        place: file,
        remedy: 'Delete it: it is made anew.',
        cause,
      });
    throw code === sqliteCode.busy ? busy(cause) : thrown;
  }
}
