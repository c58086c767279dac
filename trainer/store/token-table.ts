/** What is kept token by token: of rollouts as they were sampled, of what an update computed of them, and of prompts. */
import type { FrameOrder, GroupPurpose, PromptTokens, RolloutTokens } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { beforeKept, noAlternatives, noEntropy, whyNotScored } from './missing-tokens.ts';
import {
  packAlternatives,
  packFloats,
  packIds,
  packPieces,
  unpackAlternatives,
  unpackFloats,
  unpackIds,
  unpackPieces,
} from './token-arrays.ts';

/** What the update of a step computed of one ordered answer, before it changed the weights; one entry per token. */
export interface UpdateScores {
  /** Not trained on: its group is flat, or it was flagged. */
  readonly isLeftOut: boolean;
  /** Log-probabilities by the reference; null where none was asked. */
  readonly reference: ArrayLike<number> | null;
}

interface TokensRow {
  pieces: string;
  logprobs: Uint8Array;
  entropy: Uint8Array;
  ids: Uint8Array | null;
  alternatives: Uint8Array | null;
  trainer: Uint8Array | null;
  left_out: number | null;
  reference: Uint8Array | null;
  step: number;
  superseded: number;
  purpose: GroupPurpose;
  frame_order: FrameOrder;
}

export class TokenTable {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  // ---- writing ------------------------------------------------------------------------------------------------------

  /** An answer as it was sampled; what an update computed of an earlier one under this key is forgotten. */
  write(rolloutKey: number, tokens: RolloutTokens): void {
    const { pieces, logprobs, entropy, ids, alternatives, trainerLogprobs } = tokens;
    for (const table of ['token_scores', 'receipts'])
      this.database.run(`DELETE FROM ${table} WHERE rollout_key = ?`, rolloutKey);
    this.database.run(
      'INSERT OR REPLACE INTO tokens (rollout_key, pieces, logprobs, entropy, ids, alternatives, trainer) VALUES (?, ?, ?, ?, ?, ?, ?)',
      rolloutKey,
      JSON.stringify(pieces),
      packFloats(logprobs),
      packFloats(entropy ?? []),
      ids ? packIds(ids) : null,
      alternatives ? packAlternatives(alternatives) : null,
      trainerLogprobs ? packFloats(trainerLogprobs) : null,
    );
    if (!alternatives) return;
    const known = Object.fromEntries(alternatives.flat().map(({ id, piece }) => [id, piece]));
    this.database.run(
      'INSERT OR IGNORE INTO token_pieces (id, piece) SELECT CAST(key AS INTEGER), value FROM json_each(?)',
      JSON.stringify(known),
    );
  }

  writeScores(rolloutKey: number, { isLeftOut, reference }: UpdateScores): void {
    this.database.run(
      'INSERT OR REPLACE INTO token_scores (rollout_key, left_out, reference) VALUES (?, ?, ?)',
      rolloutKey,
      Number(isLeftOut),
      reference && packFloats(reference),
    );
  }

  writePrompt(
    groupKey: number,
    { ids, pieces }: { readonly ids: readonly number[]; readonly pieces: readonly string[] },
  ): void {
    this.database.run(
      'INSERT OR REPLACE INTO prompts (group_key, ids, pieces) VALUES (?, ?, ?)',
      groupKey,
      packIds(ids),
      packPieces(pieces),
    );
  }

  /** @param rolloutKeys as a JSON list */
  delete(rolloutKeys: string): void {
    for (const table of ['token_scores', 'tokens'])
      this.database.run(`DELETE FROM ${table} WHERE rollout_key IN (SELECT value FROM json_each(?))`, rolloutKeys);
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  /** @param isUnderWay tells whether the update of a step may still be made */
  tokens(rolloutId: string, isUnderWay: (step: number) => boolean): RolloutTokens | undefined {
    const row = this.database.get<TokensRow>(
      `SELECT t.pieces, t.logprobs, t.entropy, t.ids, t.alternatives, t.trainer, s.left_out, s.reference,
         r.step, r.superseded, g.purpose, json_extract(b.body, '$.order') AS frame_order
       FROM rollouts r JOIN tokens t ON t.rollout_key = r.key JOIN groups g ON g.key = r.group_key
         JOIN rollout_bodies b ON b.key = r.key LEFT JOIN token_scores s ON s.rollout_key = r.key
       WHERE r.id = ?`,
      rolloutId,
    );
    if (!row) return undefined;
    const pieces = JSON.parse(row.pieces) as string[];
    const recorded = {
      ...{ purpose: row.purpose, order: row.frame_order, step: row.step },
      isSuperseded: row.superseded > 0,
      hasIds: row.ids !== null,
      update: row.left_out === null ? null : { isLeftOut: row.left_out > 0 },
    };
    const why = (array: 'reference' | 'trainer') => whyNotScored(recorded, array, isUnderWay(row.step));
    const { ids, alternatives, reference, trainer } = row;
    const hasEntropy = row.entropy.length > 0 || row.logprobs.length === 0;
    return {
      pieces,
      logprobs: unpackFloats(row.logprobs),
      ...(hasEntropy && { entropy: unpackFloats(row.entropy) }),
      ...(ids && { ids: unpackIds(ids) }),
      ...(trainer && { trainerLogprobs: unpackFloats(trainer) }),
      ...(reference && { referenceLogprobs: unpackFloats(reference) }),
      ...(alternatives && { alternatives: this.withPieces(unpackAlternatives(alternatives, pieces.length)) }),
      missing: {
        ...(ids === null && { ids: beforeKept }),
        ...(!hasEntropy && { entropy: noEntropy }),
        ...(trainer === null && { trainerLogprobs: why('trainer') }),
        ...(reference === null && { referenceLogprobs: why('reference') }),
        ...(alternatives === null && { alternatives: ids === null ? beforeKept : noAlternatives }),
      },
    };
  }

  prompt(groupId: string): Pick<PromptTokens, 'ids' | 'pieces' | 'missing'> {
    const row = this.database.get<{ ids: Uint8Array; pieces: string }>(
      'SELECT p.ids, p.pieces FROM prompts p JOIN groups g ON g.key = p.group_key WHERE g.id = ?',
      groupId,
    );
    if (!row) return { ids: null, pieces: null, missing: beforeKept };
    return { ids: unpackIds(row.ids), pieces: unpackPieces(row.pieces), missing: null };
  }

  private withPieces(places: ReturnType<typeof unpackAlternatives>): NonNullable<RolloutTokens['alternatives']> {
    const wanted = [...new Set(places.flat().map(({ id }) => id))];
    const rows = this.database.all<{ id: number; piece: string }>(
      'SELECT id, piece FROM token_pieces WHERE id IN (SELECT value FROM json_each(?))',
      JSON.stringify(wanted),
    );
    const pieces = new Map(rows.map(({ id, piece }) => [id, piece]));
    return places.map((likeliest) =>
      likeliest.map(({ id, logprob }) => ({ id, piece: pieces.get(id) ?? '', logprob })),
    );
  }
}
