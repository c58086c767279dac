/** What the bodies and columns of rollouts say of answers that were left out of an update, or scored anew before it. */
import { type Correction, toldByCorrection } from '../protocol/corrections.ts';
import { type MaskedAnswers, toldByMask } from '../protocol/masked-answers.ts';
import type { Database } from './database.ts';

/**
 * Rollouts that are not there are passed over.
 * @param attempt number of the going back that has superseded the step since; null where it stands
 */
export function writeMask(database: Database, masked: MaskedAnswers, attempt: number | null = null): void {
  for (const [id, told] of toldByMask(masked)) {
    const kept = attempt === null ? id : `${id}~${attempt}`;
    tell(database, kept, told);
    if (told.masked !== undefined) database.run('UPDATE rollouts SET masked = 1 WHERE id = ?', kept);
  }
}

/** Rollouts that are not there are passed over. */
export function writeCorrection(database: Database, correction: Correction): void {
  for (const [id, told] of toldByCorrection(correction)) {
    tell(database, id, told);
    database.run('UPDATE rollouts SET masked = ? WHERE id = ?', told.masked === undefined ? 0 : 1, id);
  }
}

/** What is undefined is taken out of the body. */
function tell(database: Database, id: string, told: object): void {
  // As JSON: SQLite would write a bound number with fewer digits.
  database.run(
    `UPDATE rollout_bodies SET body = json_patch(body, json(?)) WHERE key = (SELECT key FROM rollouts WHERE id = ?)`,
    JSON.stringify(told, (_, value: unknown) => (value === undefined ? null : value)),
    id,
  );
}

/** Of a log that was written when only events said it. */
export function masksOfEvents(database: Database): void {
  const rows = database.all<{ masked: string; attempt: number | null }>(
    `SELECT json_extract(body, '$.masked') AS masked, NULL AS attempt FROM events
     WHERE body IS NOT NULL AND json_extract(body, '$.type') = 'masked'
     UNION ALL
     SELECT json_extract(body, '$.masked'), attempt FROM superseded_events
     WHERE body IS NOT NULL AND json_extract(body, '$.type') = 'masked'`,
  );
  for (const { masked, attempt } of rows) writeMask(database, JSON.parse(masked) as MaskedAnswers, attempt);
}
