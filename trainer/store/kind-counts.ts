/** How the answers of a step fared by kind of question, from the columns of its groups. */
import type { Database } from './database.ts';

/** Groups of one source, or of one problem type, in one step: those that were trained on and stand. */
export interface KindCount {
  readonly by: 'source' | 'type';
  readonly name: string;
  readonly groups: number;
  /** Over its groups, of each group's mean accuracy reward on ordered frames, 0 to 1: the sum and the sum of squares. */
  readonly accuracy: number;
  readonly squares: number;
}

/** By step, those after `afterStep`. A group of an older run that is not indexed yet is in none. */
export function kindCounts(database: Database, afterStep: number): ReadonlyMap<number, readonly KindCount[]> {
  const byColumn = (by: KindCount['by'], column: string) =>
    database.all<KindCount & { step: number }>(
      `SELECT step, '${by}' AS "by", ${column} AS name, count(*) AS groups,
         sum(accuracy) AS accuracy, sum(accuracy * accuracy) AS squares
       FROM groups
       WHERE step > ? AND superseded = 0 AND purpose = 'train' AND accuracy IS NOT NULL AND ${column} IS NOT NULL
       GROUP BY step, ${column} ORDER BY step, ${column}`,
      afterStep,
    );
  const rows = [...byColumn('source', 'source'), ...byColumn('type', 'problem_type')];
  return new Map(
    [...Map.groupBy(rows, ({ step }) => step)].map(([step, counts]) => [
      step,
      counts.map(({ step: _, ...one }) => one),
    ]),
  );
}
