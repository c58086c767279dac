/**
 * Fills what is made from the bodies anew after a change of the schema: columns to filter by and the index of words. In portions
 * of one transaction each, the newest groups first, so that others are answered in between; what ends it is taken up where it
 * was. Until it is through, lists are whole and what is searched for is found in the part that is filled.
 */
import type { Database } from './database.ts';
import { fillGroup } from './rollout-tables.ts';

interface Filling {
  below: number;
  done: number;
  total: number;
}

const now = (database: Database) => database.get<Filling>('SELECT below, done, total FROM filling');

/** Marks all groups as to be filled; the caller has a transaction open. */
export function beginFilling(database: Database): void {
  database.run("INSERT INTO rollout_words (rollout_words) VALUES ('delete-all')");
  database.exec(`
    DELETE FROM filling;
    INSERT INTO filling (only_row, below, done, total)
      SELECT 1, max(key) + 1, 0, count(*) FROM group_bodies HAVING count(*) > 0;`);
}

/** Share of the groups that queries see whole; 1 when all are filled. */
export function filledShare(database: Database): number {
  const filling = now(database);
  return filling ? filling.done / filling.total : 1;
}

/**
 * Fills groups for about `budgetMs`, at least one. Gives the share that is filled then.
 * @throws StudioError `bad-store`, `disk-full`; SyntaxError for a body that is no JSON
 */
export function fillPortion(database: Database, budgetMs: number): number {
  return database.transaction(() => {
    const filling = now(database);
    if (!filling) return 1;
    const started = performance.now();
    let { below, done } = filling;
    do {
      const row = database.get<{ key: number; body: string }>(
        'SELECT key, body FROM group_bodies WHERE key < ? ORDER BY key DESC LIMIT 1',
        below,
      );
      if (!row) {
        database.run('DELETE FROM filling');
        return 1;
      }
      fillGroup(database, row.key, row.body);
      below = row.key;
      done = Math.min(done + 1, filling.total);
    } while (performance.now() - started < budgetMs);
    database.run('UPDATE filling SET below = ?, done = ?', below, done);
    // All but the look that finds no more: it is not through before that.
    return Math.min(done / filling.total, 0.999);
  });
}
