/**
 * Sums by step and purpose of what `protocol/step-counts.ts` counts of each group, kept with the groups that they count, so that
 * a group that is written again is counted once. Of runs of an older schema, or other rules, they are made from the bodies in
 * portions, the newest groups first; until that is through they lack the older ones.
 */

import type { GroupPurpose, GroupWithRollouts } from '../protocol/records.ts';
import { countNames, countsOf, countsVersion, type StepCounts } from '../protocol/step-counts.ts';
import type { Database } from './database.ts';

/** Of one group, or one step and purpose; what is 0 is left out. */
type Counts = Record<string, number>;

/** Those with a key of `below` and more are counted. */
interface Counting {
  below: number;
  done: number;
  total: number;
}

const counting = (database: Database) =>
  database.get<Counting>('SELECT below, done, total FROM counting WHERE below > 0');

/** Has all groups counted anew where they were counted by other rules; the caller has a transaction open. */
export function beginCounting(database: Database): void {
  if (database.get<{ version: number }>('SELECT version FROM counting')?.version === countsVersion) return;
  database.exec('DELETE FROM step_counts; DELETE FROM group_counts; DELETE FROM counting;');
  database.run(
    `INSERT INTO counting (only_row, version, below, done, total)
     SELECT 1, ?, coalesce(max(key) + 1, 0), 0, count(*) FROM groups`,
    countsVersion,
  );
}

/** Share of the groups that are counted; 1 when all are. */
export function countedShare(database: Database): number {
  const now = counting(database);
  return now ? now.done / now.total : 1;
}

/**
 * Counts groups for about `budgetMs`, at least one. Gives the share that is counted then.
 * @param groupOf a group that stands, by its key
 * @throws StudioError `bad-store`, `disk-full`; SyntaxError for a body that is no JSON
 */
export function countPortion(
  database: Database,
  budgetMs: number,
  groupOf: (key: number) => GroupWithRollouts,
): number {
  return database.transaction(() => {
    const now = counting(database);
    if (!now) return 1;
    const counts = new StepCountTables(database);
    const started = performance.now();
    let { below, done } = now;
    do {
      const next = database.get<{ key: number; superseded: number }>(
        'SELECT key, superseded FROM groups WHERE key < ? ORDER BY key DESC LIMIT 1',
        below,
      );
      if (next && next.superseded === 0) counts.write(next.key, groupOf(next.key));
      below = next?.key ?? 0;
      done = Math.min(done + 1, now.total);
    } while (below > 0 && performance.now() - started < budgetMs);
    database.run('UPDATE counting SET below = ?, done = ?', below, done);
    return below === 0 ? 1 : Math.min(done / now.total, 0.999);
  });
}

export class StepCountTables {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Counts a group that stands, in place of what was counted of it before. */
  write(groupKey: number, group: GroupWithRollouts): void {
    const { database } = this;
    const before = database.get<{ counts: string }>('SELECT counts FROM group_counts WHERE key = ?', groupKey);
    const old = before ? (JSON.parse(before.counts) as Counts) : {};
    const now = withoutZeros(countsOf(group));
    const held = database.get<{ sums: string }>(
      'SELECT sums FROM step_counts WHERE step = ? AND purpose = ?',
      group.step,
      group.purpose,
    );
    const sums = held ? (JSON.parse(held.sums) as Counts) : {};
    for (const name of countNames) sums[name] = (sums[name] ?? 0) - (old[name] ?? 0) + (now[name] ?? 0);
    database.run(
      'INSERT OR REPLACE INTO step_counts (step, purpose, sums) VALUES (?, ?, ?)',
      group.step,
      group.purpose,
      JSON.stringify(withoutZeros(sums)),
    );
    database.run('INSERT OR REPLACE INTO group_counts (key, counts) VALUES (?, ?)', groupKey, JSON.stringify(now));
  }

  deleteAfter(step: number): void {
    this.database.run('DELETE FROM step_counts WHERE step > ?', step);
    this.database.run('DELETE FROM group_counts WHERE key IN (SELECT key FROM groups WHERE step > ?)', step);
  }

  /** Of the steps after one; of all where none is named. */
  list(afterStep = -1): StepCounts[] {
    const rows = this.database.all<{ step: number; purpose: GroupPurpose; sums: string }>(
      'SELECT step, purpose, sums FROM step_counts WHERE step > ? ORDER BY purpose, step',
      afterStep,
    );
    const byPurpose = Map.groupBy(rows, ({ purpose }) => purpose);
    return [...byPurpose].map(([purpose, own]) => {
      const parsed = own.map(({ sums }) => JSON.parse(sums) as Counts);
      const names = countNames.filter((name) => parsed.some((sums) => name in sums));
      return {
        purpose,
        steps: own.map(({ step }) => step),
        sums: Object.fromEntries(names.map((name) => [name, parsed.map((sums) => sums[name] ?? 0)])),
      };
    });
  }
}

const withoutZeros = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
