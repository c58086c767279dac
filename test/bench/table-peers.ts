/**
 * What a table over the same rollouts costs elsewhere: SQLite with an index for each column, pages by LIMIT and OFFSET, and
 * DuckDB, where its Python package is at hand.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { finished } from 'node:stream/promises';
import { findPythonWith } from '../fidelity/python.ts';
import { timed } from './part.ts';

export interface Peer {
  readonly name: string;
  /** Milliseconds of one statement over the table `rows`. */
  ask(sql: string): Promise<number>;
  dispose(): void;
}

/** Columns of the table, by their names in the query language. */
export const peerColumns = ['reward', 'entropy', 'length', 'advantage', 'step', 'answer', 'correct', 'p'] as const;

const ofStore = `SELECT r.key, r.reward, r.entropy, r.length, r.advantage, r.step, r.answer, f.correct, g.p,
  f.frame_order AS half, f.aha, f.problem_type AS type, f.purpose, f.flagged
  FROM stored.rollouts r JOIN stored.groups g ON g.key = r.group_key JOIN stored.facets f ON f.id = r.facet`;

/** @param database a run's; @param folder where the peer's own file may lie */
export function sqlitePeer(database: string, folder: string): Peer & { csv(file: string): Promise<void> } {
  const connection = new DatabaseSync(path.join(folder, 'peer.db'));
  connection.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;');
  connection.prepare('ATTACH ? AS stored').run(database);
  connection.exec(`CREATE TABLE rows AS ${ofStore}; CREATE UNIQUE INDEX rows_key ON rows (key);`);
  for (const column of peerColumns) connection.exec(`CREATE INDEX rows_${column} ON rows (${column}, key)`);
  connection.exec('DETACH stored; ANALYZE;');
  return {
    name: 'SQLite',
    ask: (sql) => timed(async () => connection.prepare(sql).all()),
    async csv(file) {
      const out = createWriteStream(file);
      const names = ['key', ...peerColumns, 'half', 'aha', 'type', 'purpose', 'flagged'];
      out.write(`${names.join(',')}\n`);
      const rows = connection.prepare(`SELECT ${names.join(', ')} FROM rows`);
      const written = (value: unknown) =>
        typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : (value ?? '');
      let lines: string[] = [];
      for (const row of rows.iterate()) {
        lines.push(names.map((name) => written(row[name])).join(','));
        if (lines.length < 10_000) continue;
        out.write(`${lines.join('\n')}\n`);
        lines = [];
      }
      out.end(lines.map((line) => `${line}\n`).join(''));
      await finished(out);
    },
    dispose: () => connection.close(),
  };
}

/** A sentence where it can't be asked. */
export async function duckdbPeer(csv: string): Promise<Peer | string> {
  const found = findPythonWith('import duckdb', 'DuckDB');
  if (found.python === null) return found.reason;
  const child = spawn(found.python, [path.join(import.meta.dirname, 'duckdb_peer.py'), csv], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('DuckDB ended before it answered; what it said stands above.');
    return JSON.parse(value) as Record<string, unknown>;
  };
  const { version } = await next();
  return {
    name: `DuckDB ${version}`,
    async ask(sql) {
      child.stdin.write(`${JSON.stringify({ sql })}\n`);
      return (await next()).ms as number;
    },
    dispose: () => child.kill(),
  };
}
