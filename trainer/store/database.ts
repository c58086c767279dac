/**
 * The one door to node:sqlite: opens a database, keeps its prepared statements, and turns its errors into sentences that
 * name the file. Knows nothing of runs.
 */
import { basename, dirname, resolve } from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { asStudioError, StudioError } from '../protocol/errors.ts';

type Sqlite = typeof import('node:sqlite');
type FindModule = (name: 'node:sqlite') => Sqlite | undefined;

/**
 * SQLite as this Node has it. Node 22 prints a warning that the module is experimental when it is loaded; nobody who
 * trains a model can act on it, so that one warning is held back.
 * @throws StudioError `internal` on a Node without SQLite.
 */
export function loadSqlite(find: FindModule = (name) => process.getBuiltinModule?.(name)): Sqlite {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite is an experimental feature')) emitWarning.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    const sqlite = find('node:sqlite');
    if (sqlite) return sqlite;
  } finally {
    process.emitWarning = emitWarning;
  }
  throw new StudioError(
    'internal',
    `This Node (${process.version}, ${process.execPath}) has no SQLite, which holds the runs.`,
    {
      remedy: 'Use VS Code 1.103 or newer, or let the setting for the Node executable name a Node 22.13 or newer.',
    },
  );
}

/** Primary result codes of SQLite (the low byte of an extended code). */
export const sqliteCode = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const;

/** The primary result code of an error that SQLite threw; null for any other error. */
export function sqliteErrorCode(thrown: unknown): number | null {
  const errcode = thrown instanceof Error ? (thrown as { errcode?: unknown }).errcode : undefined;
  return typeof errcode === 'number' ? errcode & 0xff : null;
}

/** A run's database of which a part may still be read. */
export class DamagedDatabase extends StudioError {
  /** @param file `PROJECT/.video-r1/runs/RUN/run.db` */
  constructor(message: string, file: string, cause?: unknown) {
    const run = dirname(file);
    const project = resolve(run, '..', '..', '..');
    const words = [basename(run), '--folder', project].map((word) => (/[^\w./:\\~-]/.test(word) ? `"${word}"` : word));
    super('bad-store', message, {
      place: file,
      remedy: `Put back a copy of the file, or save what can be read of it: video-r1 recover ${words.join(' ')}. You can also delete the run. Its checkpoint folders can still be used.`,
      cause,
    });
  }
}

function databaseError(thrown: unknown, path: string): StudioError {
  const cause = thrown;
  switch (sqliteErrorCode(thrown)) {
    case sqliteCode.notADatabase:
      return new DamagedDatabase('This file is not a database.', path, cause);
    case sqliteCode.ioError:
      return new StudioError('bad-store', `The disk does not do as it is told: ${(thrown as Error).message}.`, {
        place: path,
        remedy: 'Check the disk and its connection, then start the trainer again.',
        cause,
      });
    case sqliteCode.corrupt:
      return new DamagedDatabase(`The database is damaged: ${(thrown as Error).message}.`, path, cause);
    case sqliteCode.busy:
    case sqliteCode.locked:
      return new StudioError('bad-store', 'The database is locked by another program.', {
        place: path,
        remedy: 'Close the program that has the file open, then try again.',
        cause,
      });
    case sqliteCode.readOnly:
    case sqliteCode.cantOpen:
      return new StudioError('bad-store', `The database can't be opened for writing: ${(thrown as Error).message}.`, {
        place: path,
        remedy: 'Check the permissions of the file and of its folder.',
        cause,
      });
    default: {
      const error = asStudioError(thrown);
      return error.place === undefined && error.kind !== 'internal'
        ? new StudioError(error.kind, error.message, {
            place: path,
            ...(error.remedy && { remedy: error.remedy }),
            cause,
          })
        : error;
    }
  }
}

/** Prepared statements that a connection keeps: more than its own code has, since queries have SQL of their own. */
const keptStatements = 200;

/** An open database. Every method throws StudioError: `bad-store` with the file's path, `disk-full`, or `internal`. */
export class Database {
  readonly path: string;
  private readonly connection: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  /** What `portions` gathers just now. */
  private found: number[] | null = null;
  private taken: ((...values: (number | string | null)[]) => void) | null = null;

  constructor(path: string, options: { timeoutMs?: number; readOnly?: boolean } = {}) {
    this.path = path;
    const { timeoutMs = 5000, readOnly = false } = options;
    const { DatabaseSync } = loadSqlite();
    this.connection = this.guard(() => new DatabaseSync(path, { timeout: timeoutMs, readOnly }));
  }

  exec(sql: string): void {
    this.guard(() => this.connection.exec(sql));
  }

  run(sql: string, ...parameters: SQLInputValue[]): { changes: number; lastInsertRowid: number } {
    return this.guard(() => {
      const { changes, lastInsertRowid } = this.statement(sql).run(...parameters);
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
    });
  }

  /** The first row; the caller names its columns by `Row`. */
  get<Row>(sql: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.guard(() => this.statement(sql).get(...parameters) as Row | undefined);
  }

  all<Row>(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.guard(() => this.statement(sql).all(...parameters) as Row[]);
  }

  /** Rows as they are found. Until the last one was taken, or the loop was left, what the connection reads stays as it is. */
  *iterate<Row>(sql: string, ...parameters: SQLInputValue[]): Generator<Row, void> {
    const rows = this.guard(() => this.statement(sql).iterate(...parameters));
    try {
      for (;;) {
        const next = this.guard(() => rows.next());
        if (next.done) return;
        yield next.value as Row;
      }
    } finally {
      rows.return?.();
    }
  }

  /** Runs `work` whole or not at all. */
  transaction<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const value = work();
      this.exec('COMMIT');
      return value;
    } catch (thrown) {
      // A full disk makes SQLite roll back by itself.
      if (this.connection.isTransaction) this.exec('ROLLBACK');
      throw thrown;
    }
  }

  /**
   * The numbers that a column has in the rows that are found, the highest first, so many at a time; what was said of `iterate` holds. SQLite
   * comes back for every `size` rows alone, which takes a third of the time.
   * @param from what follows FROM in SQL
   */
  *portions(
    value: string,
    from: string,
    parameters: readonly SQLInputValue[],
    size: number,
  ): Generator<number[], void> {
    if (this.found === null)
      this.guard(() =>
        this.connection.function('isPortion', (number, most) => {
          const { found } = this;
          return Number(found !== null && found.push(number as number) >= (most as number));
        }),
      );
    const sql = `SELECT 1 FROM ${from} AND isPortion(${value}, ${size}) ORDER BY ${value} DESC`;
    this.found = [];
    const rows = this.guard(() => this.connection.prepare(sql).iterate(...parameters));
    try {
      for (let isLast = false; !isLast; ) {
        const portion: number[] = [];
        // Others may have taken portions since the last one.
        this.found = portion;
        isLast = this.guard(() => rows.next()).done === true;
        yield portion;
      }
    } finally {
      rows.return?.();
    }
  }

  /**
   * Hands the values of many rows over, one row after the other, without making anything for each: three times as fast as
   * reading rows.
   * @param from what follows FROM in SQL
   */
  take(
    values: readonly string[],
    from: string,
    parameters: readonly SQLInputValue[],
    taken: (...values: (number | string | null)[]) => void,
  ): void {
    if (this.taken === null)
      this.guard(() =>
        this.connection.function('take', { varargs: true }, (...row) => {
          this.taken?.(...(row as (number | string | null)[]));
          return null;
        }),
      );
    this.taken = taken;
    this.get(`SELECT count(take(${values.join(', ')})) FROM ${from}`, ...parameters);
  }

  dispose(): void {
    this.statements.clear();
    if (this.connection.isOpen) this.guard(() => this.connection.close());
  }

  private statement(sql: string): StatementSync {
    const statement = this.statements.get(sql) ?? this.connection.prepare(sql);
    // The one that was used last comes last.
    this.statements.delete(sql);
    this.statements.set(sql, statement);
    if (this.statements.size > keptStatements) {
      const [oldest] = this.statements.keys();
      this.statements.delete(oldest as string);
    }
    return statement;
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw databaseError(thrown, this.path);
    }
  }
}
