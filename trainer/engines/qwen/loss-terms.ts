/** What a loss is made of, in one row over the answer tokens of a call: each token's share, and what the policy loss takes of it. */
import { StudioError } from '../../protocol/errors.ts';
import type { PolicySequence, Sequence, TrainingLoss } from '../engine.ts';
import { type LossTerms, tokenWeight } from '../losses.ts';

/** The terms of the sequences in `order`, with the weight that each token has in the mean over the whole batch. */
export function lossTerms(
  loss: TrainingLoss,
  order: readonly number[],
  answers: readonly Int32Array[],
  tokens: number,
): LossTerms {
  const lengths = order.map((i) => answers[i]?.length ?? 0);
  const perToken = (value: (i: number, length: number) => number): Float32Array => {
    const out = new Float32Array(lengths.reduce((sum, n) => sum + n, 0));
    let at = 0;
    order.forEach((i, k) => {
      const length = lengths[k] ?? 0;
      out.fill(value(i, length), at, at + length);
      at += length;
    });
    return out;
  };
  const weighted = (shares: Float32Array): Float32Array => multiplied(shares, order, loss.sequences, lengths);
  if (loss.kind === 'cross-entropy') return { kind: 'cross-entropy', weights: weighted(perToken(() => 1 / tokens)) };
  const { sequences, clip, beta, mean, ratio = 'token' } = loss;
  const joined = (pick: (sequence: PolicySequence) => Float32Array | null, what: string): Float32Array => {
    const out = new Float32Array(lengths.reduce((sum, n) => sum + n, 0));
    let at = 0;
    order.forEach((i, k) => {
      const values = pick(sequences[i] as PolicySequence) ?? new Float32Array();
      if (values.length !== lengths[k]) {
        throw new StudioError(
          'bad-request',
          `Sequence ${i} has ${lengths[k]} answer tokens and ${values.length} ${what}.`,
        );
      }
      out.set(values, at);
      at += values.length;
    });
    return out;
  };
  const references = sequences.filter(({ refLogprobs }) => refLogprobs !== null).length;
  if (references !== 0 && references !== sequences.length) {
    throw new StudioError('bad-request', 'Either all sequences or none have log-probabilities of a reference.');
  }
  return {
    kind: 'policy',
    weights: weighted(
      perToken((_, answerTokens) => tokenWeight(mean, { answerTokens, answers: sequences.length, allTokens: tokens })),
    ),
    advantages: perToken((i) => sequences[i]?.advantage ?? 0),
    oldLogprobs: joined(({ oldLogprobs }) => oldLogprobs, 'old log-probabilities'),
    refLogprobs: references === 0 ? null : joined(({ refLogprobs }) => refLogprobs, 'reference log-probabilities'),
    answers: Int32Array.from(order.flatMap((i, k) => new Array<number>(lengths[k] ?? 0).fill(i))),
    ratio,
    clip,
    beta,
  };
}

/** The shares of answer tokens times the weights that sequences bring along. @throws StudioError `bad-request` */
function multiplied(
  shares: Float32Array,
  order: readonly number[],
  sequences: readonly Sequence[],
  lengths: readonly number[],
): Float32Array {
  let at = 0;
  order.forEach((i, k) => {
    const answer = sequences[i]?.answer;
    const weights = answer !== undefined && 'tokens' in answer ? answer.weights : undefined;
    const length = lengths[k] ?? 0;
    if (weights !== undefined) {
      if (weights.length !== length || !weights.every((weight) => Number.isFinite(weight))) {
        throw new StudioError(
          'bad-request',
          `Sequence ${i} needs one finite weight for each of its ${length} answer tokens.`,
        );
      }
      for (let j = 0; j < length; j++) (shares[at + j] as number) *= weights[j] as number;
    }
    at += length;
  });
  return shares;
}
