/** Receipts of updates, token by token: what the update of a step moved of its answers. They go back with their rollouts. */
import { type Receipt, receipt as receiptShape } from '../protocol/receipts.ts';
import type { Database } from './database.ts';
import { packFloats, unpackFloats } from './token-arrays.ts';

interface ReceiptRow {
  id: string;
  at: number;
  advantage: number | null;
  before: Uint8Array;
  after: Uint8Array;
}

export class ReceiptTable {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Answers that are not there are passed over. */
  write({ at, answers }: Receipt): void {
    for (const { rolloutId, advantage, before, after } of answers)
      this.database.run(
        `INSERT OR REPLACE INTO receipts (rollout_key, at, advantage, before, after)
         SELECT key, ?, ?, ?, ? FROM rollouts WHERE id = ?`,
        at,
        advantage,
        packFloats(before),
        packFloats(after),
        rolloutId,
      );
  }

  /** Of the step as it stands; null where none was made. */
  read(step: number): Receipt | null {
    const rows = this.database.all<ReceiptRow>(
      `SELECT r.id, c.at, c.advantage, c.before, c.after FROM rollouts r JOIN receipts c ON c.rollout_key = r.key
       WHERE r.step = ? AND r.superseded = 0 ORDER BY r.key`,
      step,
    );
    const [first] = rows;
    if (!first) return null;
    return receiptShape.parse({
      step,
      at: first.at,
      answers: rows.map(({ id, advantage, before, after }) => ({
        ...{ rolloutId: id, advantage, before: unpackFloats(before), after: unpackFloats(after) },
      })),
    });
  }
}
