/**
 * Δ of an answer: log π(token | as seen) − log π(token | changed), in nats. Above 0 the token is less likely under the change: it
 * stood on what was changed. Δ of a word, a sentence or the answer is the sum over its tokens.
 */
import type { ChangedScore, InterventionKind, Weighing } from '../protocol/evidence.ts';
import { type OrderWorth, orderWorth } from './order-rule.ts';

/** Δ of each token [tokens], 0 for tokens that the change does not score. */
export function deltasOf({ seen }: Pick<Weighing, 'seen'>, { first, logprobs }: ChangedScore): number[] {
  return seen.map((logprob, i) => {
    const changed = logprobs[i - first];
    return changed === undefined ? 0 : logprob - changed;
  });
}

export function sumOver(values: readonly number[], tokens: readonly number[]): number {
  return tokens.reduce((sum, token) => sum + (values[token] ?? 0), 0);
}

/** Σ Δ over the tokens that the change scores. */
export function answerDelta(weighing: Pick<Weighing, 'seen'>, change: ChangedScore): number {
  return deltasOf(weighing, change).reduce((sum, delta) => sum + delta, 0);
}

export function changesOf({ changes }: Pick<Weighing, 'changes'>, kind: InterventionKind): ChangedScore[] {
  return changes.filter(({ intervention }) => intervention.kind === kind);
}

/** Mean Δ of each token over the shuffles [tokens]; null where order was not weighed. */
export function orderDeltas(weighing: Pick<Weighing, 'seen' | 'changes'>): number[] | null {
  const shuffles = changesOf(weighing, 'order').map((change) => deltasOf(weighing, change));
  if (shuffles.length === 0) return null;
  return weighing.seen.map((_, i) => shuffles.reduce((sum, deltas) => sum + (deltas[i] ?? 0), 0) / shuffles.length);
}

/** What order is worth to some tokens; null where order was not weighed. @param tokens all of the answer when absent */
export function orderWorthOf(
  weighing: Pick<Weighing, 'seen' | 'changes'>,
  tokens: readonly number[] = weighing.seen.map((_, i) => i),
): OrderWorth | null {
  const shuffles = changesOf(weighing, 'order').map((change) => sumOver(deltasOf(weighing, change), tokens));
  return shuffles.length === 0 ? null : orderWorth(shuffles);
}

/** Δ of some tokens by frame pair [pairs]; null for a pair that was not weighed. */
export function pairDeltas(
  weighing: Pick<Weighing, 'seen' | 'changes'>,
  tokens: readonly number[] = weighing.seen.map((_, i) => i),
): (number | null)[] {
  const found: (number | null)[] = [];
  for (const change of changesOf(weighing, 'pair')) {
    if (change.intervention.kind !== 'pair') continue;
    const { pair } = change.intervention;
    while (found.length <= pair) found.push(null);
    found[pair] = sumOver(deltasOf(weighing, change), tokens);
  }
  return found;
}
