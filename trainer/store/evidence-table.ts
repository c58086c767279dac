/** What answers stood on: scores by rollout, intervention, weights and version, and what lists say of them. */
import { StudioError } from '../protocol/errors.ts';
import {
  type Intervention,
  intervention as interventionShape,
  type WeighedAnswers,
  type Weighing,
  weighing as weighingShape,
} from '../protocol/evidence.ts';
import { roundedNumber } from '../protocol/query/fields.ts';
import type { Database } from './database.ts';
import { packFloats, unpackFloats } from './token-arrays.ts';

interface EvidenceRow {
  intervention: string;
  at: number;
  detail: string;
  first: number;
  logprobs: Uint8Array;
}

/** Whose weights: the id of a run, or empty for a model that no run of ours made. */
export interface WeighedWith {
  readonly run: string | null;
  readonly step: number;
  readonly version: number;
}

const seenRow = 'seen';
const weightsOf = ({ run }: Pick<WeighedWith, 'run'>): string => run ?? '';
const nameOf = (intervention: Intervention): string => JSON.stringify(interventionShape.parse(intervention));

export class EvidenceTable {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** What these weights, in this version, found of the answer before is replaced. @throws StudioError `not-found` */
  write({ rolloutId, at, by, version, forCredit, seen, lessLikely, changes, commitment, without }: Weighing): void {
    const key = this.keyOf(rolloutId);
    if (key === null) throw new StudioError('not-found', `There is no rollout ${rolloutId} in this run.`);
    const whose = [key, weightsOf(by), by.step, version] as const;
    this.database.run(
      'DELETE FROM evidence WHERE rollout_key = ? AND weights = ? AND step = ? AND version = ?',
      ...whose,
    );
    const put = (intervention: string, detail: unknown, first: number, logprobs: readonly number[]): void =>
      void this.database.run(
        'INSERT INTO evidence (rollout_key, weights, step, version, intervention, at, detail, first, logprobs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        ...whose,
        intervention,
        at,
        JSON.stringify(detail),
        first,
        packFloats(logprobs),
      );
    put(seenRow, { same: by.same, forCredit, lessLikely, commitment, without }, 0, seen);
    for (const { intervention, first, logprobs } of changes) put(nameOf(intervention), intervention, first, logprobs);
  }

  /** What lists and filters say of answers from now on. Those that are not there are passed over. */
  tell(answers: WeighedAnswers): void {
    for (const [id, held] of Object.entries(answers)) {
      const key = held === null ? null : this.keyOf(id);
      if (held === null || key === null) continue;
      this.database.run(
        // A patch would take a null for something to remove.
        `UPDATE rollout_bodies SET body = json_set(body, '$.orderWorth', json(?)) WHERE key = ?`,
        JSON.stringify(held),
        key,
      );
      this.database.run(
        'UPDATE rollouts SET order_worth = ?, order_error = ?, uses_order = ? WHERE key = ?',
        roundedNumber(held.worth),
        held.error === null ? null : roundedNumber(held.error),
        held.uses === null ? null : Number(held.uses),
        key,
      );
    }
  }

  /**
   * By the weights of a step where one is named, else by those that answered where they have weighed it, else by those that did
   * last; what was scored for a credit alone where there is nothing else; null where none have.
   */
  read(rolloutId: string, version: number, step: number | null = null): Weighing | null {
    const key = this.keyOf(rolloutId);
    if (key === null) return null;
    const whose = this.database.get<{ weights: string; step: number }>(
      `SELECT weights, step FROM evidence WHERE rollout_key = ? AND version = ? AND intervention = '${seenRow}'
         AND step = coalesce(?, step) ORDER BY json_extract(detail, '$.forCredit') IS NULL DESC, json_extract(detail, '$.same') DESC, at DESC LIMIT 1`,
      key,
      version,
      step,
    );
    if (!whose) return null;
    const rows = this.database.all<EvidenceRow>(
      'SELECT intervention, at, detail, first, logprobs FROM evidence WHERE rollout_key = ? AND weights = ? AND step = ? AND version = ?',
      key,
      whose.weights,
      whose.step,
      version,
    );
    const seen = rows.find(({ intervention }) => intervention === seenRow);
    if (!seen) return null;
    const { same, ...detail } = JSON.parse(seen.detail);
    return weighingShape.parse({
      ...{ rolloutId, version, at: seen.at, ...detail },
      by: { run: whose.weights === '' ? null : whose.weights, step: whose.step, same },
      seen: unpackFloats(seen.logprobs),
      changes: rows
        .filter((row) => row !== seen)
        .map(({ detail: intervention, first, logprobs }) => ({
          intervention: JSON.parse(intervention),
          first,
          logprobs: unpackFloats(logprobs),
        })),
    });
  }

  /** Those of some rollouts that these weights have weighed; what was scored for a credit alone is not. */
  weighedOf(rolloutIds: readonly string[], { run, step, version }: WeighedWith): ReadonlySet<string> {
    const rows = this.database.all<{ id: string }>(
      `SELECT r.id FROM rollouts r JOIN evidence e ON e.rollout_key = r.key
       WHERE r.id IN (SELECT value FROM json_each(?)) AND e.weights = ? AND e.step = ? AND e.version = ? AND e.intervention = '${seenRow}'
       AND json_extract(e.detail, '$.forCredit') IS NULL`,
      JSON.stringify(rolloutIds),
      weightsOf({ run }),
      step,
      version,
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Ids of rollouts that stand and were weighed, oldest first. */
  weighed(version: number): string[] {
    return this.database
      .all<{ id: string }>(
        `SELECT r.id FROM rollouts r WHERE r.superseded = 0
         AND EXISTS (SELECT 1 FROM evidence e WHERE e.rollout_key = r.key AND e.version = ?) ORDER BY r.key`,
        version,
      )
      .map(({ id }) => id);
  }

  count(version: number): number {
    const found = this.database.get<{ count: number }>(
      `SELECT count(*) AS count FROM evidence e JOIN rollouts r ON r.key = e.rollout_key
       WHERE r.superseded = 0 AND e.version = ? AND e.intervention <> '${seenRow}'`,
      version,
    );
    return found?.count ?? 0;
  }

  private keyOf(rolloutId: string): number | null {
    return this.database.get<{ key: number }>('SELECT key FROM rollouts WHERE id = ?', rolloutId)?.key ?? null;
  }
}
