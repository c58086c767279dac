/** The losses as functions of the log-probability of each target token: value, gradient, and what is reported. */

/** The ratio is clipped to 1 - low .. 1 + high: one ε in GRPO, two in DAPO (arXiv 2503.14476, eq. 8). */
export interface ClipRange {
  readonly low: number;
  readonly high: number;
}

/** `token`: each token has a ratio. `sequence`: all tokens of an answer share one (GSPO). */
export type RatioOf = 'token' | 'sequence';

/** One entry per target token. */
export interface CrossEntropyTerms {
  readonly kind: 'cross-entropy';
  /** Share of each token in the mean. */
  readonly weights: Float32Array;
}

/** One entry per answer token. */
export interface PolicyTerms {
  readonly kind: 'policy';
  readonly weights: Float32Array;
  readonly advantages: Float32Array;
  readonly oldLogprobs: Float32Array;
  /** Null without a reference: no KL term. */
  readonly refLogprobs: Float32Array | null;
  readonly ratio: RatioOf;
  /** Number of the answer that each token is of; tokens of an answer stand together. */
  readonly answers: Int32Array;
  readonly clip: ClipRange;
  readonly beta: number;
}

export type LossTerms = CrossEntropyTerms | PolicyTerms;

/** Sums over the tokens given; the caller divides. */
export interface LossSums {
  readonly loss: number;
  readonly kl: number;
  readonly clipped: number;
  /** By the log-probability of each token, or by every logit. */
  readonly gradient: Float32Array;
}

/** Sums of a policy loss over logits, and the two log-probabilities of each target that it takes from them. */
export interface ExactSums extends LossSums {
  readonly logprobs: Float32Array;
  readonly refLogprobs: Float32Array;
}

/** Largest difference of log-probabilities that the KL estimate takes at face value, so that its exponential stays finite. */
const mostLogRatio = 10;

/**
 * The k3 estimate of KL(policy || reference) of one token, exp(d) - d - 1 with d = ref - logprob clamped to ±10 nats, and
 * its derivative by logprob. Mean over tokens drawn from the policy: the exact KL (Schulman, "Approximating KL divergence").
 */
export function k3(logprob: number, refLogprob: number): { value: number; derivative: number } {
  const raw = refLogprob - logprob;
  const d = Math.max(-mostLogRatio, Math.min(mostLogRatio, raw));
  return { value: Math.exp(d) - d - 1, derivative: d === raw ? 1 - Math.exp(d) : 0 };
}

/**
 * The exact KL(policy || reference) at one place, Σ_v p_v (log p_v - log q_v) over the vocabulary, and its gradient by the
 * policy's logits, p_v (log p_v - log q_v - KL). A token that the policy gives no probability adds nothing.
 * @param logprobs log p_v, normalised; `refLogprobs` log q_v, of the same length, finite wherever p_v is not 0
 */
export function exactKl(
  logprobs: ArrayLike<number>,
  refLogprobs: ArrayLike<number>,
): { value: number; byLogit: Float64Array } {
  const byLogit = new Float64Array(logprobs.length);
  let value = 0;
  for (let v = 0; v < logprobs.length; v++) {
    const p = Math.exp(logprobs[v] as number);
    if (p === 0) continue;
    const term = p * ((logprobs[v] as number) - (refLogprobs[v] as number));
    byLogit[v] = term;
    value += term;
  }
  for (let v = 0; v < logprobs.length; v++) {
    (byLogit[v] as number) -= Math.exp(logprobs[v] as number) * value;
  }
  return { value, byLogit };
}

/** What the objective makes of one sampled token. */
export interface PolicyToken {
  /** exp(logprob - old), or that of its answer. */
  readonly ratio: number;
  /** min(ratio A, clip(ratio, 1 - ε_low, 1 + ε_high) A). */
  readonly surrogate: number;
  /** The clip is what the minimum takes, so the surrogate has no slope here. */
  readonly isClipped: boolean;
  /** k3 towards the reference, in nats; 0 without one. */
  readonly kl: number;
  /** -(surrogate - β kl). */
  readonly loss: number;
  /** Derivative of the loss by logprob. */
  readonly derivative: number;
}

/** The ratio that stands at a token. */
export interface TokenRatio {
  readonly ratio: number;
  /** Derivative of the answer's loss by the token's log-probability, over what it would be if only this token had the ratio. */
  readonly scale: number;
}

const ownRatio = (logprob: number, oldLogprob: number): TokenRatio => ({
  ratio: Math.exp(logprob - oldLogprob),
  scale: 1,
});

/**
 * GSPO's ratio of each token's answer, s = exp( Σ_t (log π(y_t) - log π_old(y_t)) / n ) over its n tokens of a weight that is not 0
 * (arXiv 2507.18071, eq. 7); it is clipped and multiplied by A once for the answer, whose share of the loss is the sum of its
 * tokens' weights. ds / d log π(y_t) is s / n for each of them.
 */
function sequenceRatios({ answers, weights, oldLogprobs }: PolicyTerms, logprobs: ArrayLike<number>): TokenRatio[] {
  const ratios: TokenRatio[] = [];
  for (let from = 0; from < answers.length; ) {
    let to = from;
    let [sum, count, share] = [0, 0, 0];
    for (; to < answers.length && answers[to] === answers[from]; to++) {
      const weight = weights[to] as number;
      if (weight === 0) continue;
      sum += (logprobs[to] as number) - (oldLogprobs[to] as number);
      share += weight;
      count++;
    }
    const ratio = Math.exp(sum / Math.max(1, count));
    for (; from < to; from++) {
      const weight = weights[from] as number;
      ratios.push({ ratio, scale: weight === 0 ? 0 : share / (count * weight) });
    }
  }
  return ratios;
}

/**
 * Loss of one token of an answer with advantage A (Video-R1 eq. 4). On the answers' own policy (`logprob` = `oldLogprob`)
 * the ratio is 1, nothing is clipped, and the derivative is -A plus the KL's.
 * @param refLogprob null without a reference: no KL term
 * @param of the ratio where it is not the token's own
 */
export function policyToken(
  logprob: number,
  oldLogprob: number,
  refLogprob: number | null,
  advantage: number,
  { clip, beta }: Pick<PolicyTerms, 'clip' | 'beta'>,
  { ratio, scale }: TokenRatio = ownRatio(logprob, oldLogprob),
): PolicyToken {
  const bounded = Math.max(1 - clip.low, Math.min(1 + clip.high, ratio));
  const isClipped = bounded * advantage < ratio * advantage;
  const surrogate = (isClipped ? bounded : ratio) * advantage;
  const kl = refLogprob === null ? { value: 0, derivative: 0 } : k3(logprob, refLogprob);
  return {
    ratio,
    surrogate,
    isClipped,
    kl: kl.value,
    loss: beta * kl.value - surrogate,
    derivative: beta * kl.derivative - (isClipped ? 0 : scale * ratio * advantage),
  };
}

/** What the losses of tokens are averaged by; `constant` is the number of tokens that the sum over an answer is divided by. */
export type LossMean = 'answer' | 'token' | { readonly constant: number };

/**
 * Share of one token in the loss: `answer` takes the mean over an answer's tokens and then over answers, as GRPO and the
 * released code do; `token` the mean over all tokens at once, so that long answers weigh more (DAPO, arXiv 2503.14476 eq. 8); a
 * constant the sum over an answer's tokens divided by it, then the mean over answers (Dr. GRPO, arXiv 2503.20783: the divisor is
 * the most tokens that an answer may have).
 */
export function tokenWeight(
  mean: LossMean,
  of: { readonly answerTokens: number; readonly answers: number; readonly allTokens: number },
): number {
  if (typeof mean === 'object') return 1 / (of.answers * mean.constant);
  return mean === 'answer' ? 1 / (of.answers * of.answerTokens) : 1 / of.allTokens;
}

/** Sum over tokens of weight * -logprob, or of weight * the loss of `policyToken`. */
export function lossSums(terms: LossTerms, logprobs: Float32Array): LossSums {
  const gradient = new Float32Array(logprobs.length);
  let loss = 0;
  let kl = 0;
  let clipped = 0;
  const ratios = terms.kind === 'policy' && terms.ratio === 'sequence' ? sequenceRatios(terms, logprobs) : null;
  logprobs.forEach((logprob, i) => {
    const weight = terms.weights[i] ?? 0;
    if (terms.kind === 'cross-entropy') {
      loss -= weight * logprob;
      gradient[i] = -weight;
      return;
    }
    const reference = terms.refLogprobs === null ? null : (terms.refLogprobs[i] ?? 0);
    const token = policyToken(
      logprob,
      terms.oldLogprobs[i] ?? 0,
      reference,
      terms.advantages[i] ?? 0,
      terms,
      ratios?.[i],
    );
    loss += weight * token.loss;
    kl += token.kl;
    clipped += token.isClipped ? 1 : 0;
    gradient[i] = weight * token.derivative;
  });
  return { loss, kl, clipped, gradient };
}

/** ln softmax of a row, in float64. */
function logSoftmax(logits: Float32Array): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  const logSum = largest + Math.log(sum);
  return Float64Array.from(logits, (logit) => logit - logSum);
}

/**
 * `lossSums` of a policy with the exact KL in place of k3, by all logits: what is computed at each token is the surrogate of its
 * log-probability plus beta times Σ_v p_v (log p_v - log q_v).
 * @param logits [tokens, vocabulary] of the policy; `refLogits` of the reference. The gradient has the same shape.
 */
export function exactPolicySums(
  terms: PolicyTerms,
  targets: Int32Array,
  logits: Float32Array,
  refLogits: Float32Array,
): ExactSums {
  const vocabulary = logits.length / targets.length;
  const gradient = new Float32Array(logits.length);
  const ofTargets = { logprobs: new Float32Array(targets.length), refLogprobs: new Float32Array(targets.length) };
  let loss = 0;
  let kl = 0;
  let clipped = 0;
  const rowOf = (i: number) => logSoftmax(logits.subarray(i * vocabulary, (i + 1) * vocabulary));
  const ratios =
    terms.ratio === 'token'
      ? null
      : sequenceRatios(
          terms,
          Float64Array.from(targets, (target, i) => rowOf(i)[target] as number),
        );
  targets.forEach((target, i) => {
    const [from, to] = [i * vocabulary, (i + 1) * vocabulary];
    const logprobs = rowOf(i);
    const refLogprobs = logSoftmax(refLogits.subarray(from, to));
    ofTargets.logprobs[i] = logprobs[target] ?? 0;
    ofTargets.refLogprobs[i] = refLogprobs[target] ?? 0;
    const weight = terms.weights[i] ?? 0;
    const old = terms.oldLogprobs[i] ?? 0;
    const token = policyToken(logprobs[target] ?? 0, old, null, terms.advantages[i] ?? 0, terms, ratios?.[i]);
    const exact = exactKl(logprobs, refLogprobs);
    loss += weight * (token.loss + terms.beta * exact.value);
    kl += exact.value;
    clipped += token.isClipped ? 1 : 0;
    for (let v = 0; v < vocabulary; v++) {
      const ofTarget = (v === target ? 1 : 0) - Math.exp(logprobs[v] as number);
      gradient[from + v] = weight * (token.derivative * ofTarget + terms.beta * (exact.byLogit[v] as number));
    }
  });
  return { loss, kl, clipped, gradient, ...ofTargets };
}
