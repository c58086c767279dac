/** The losses as functions of the log-probability of each target token: value, gradient, and what is reported. */

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
  readonly clipEpsilon: number;
  readonly beta: number;
}

export type LossTerms = CrossEntropyTerms | PolicyTerms;

/** Sums over the tokens given; the caller divides. */
export interface LossSums {
  readonly loss: number;
  readonly kl: number;
  readonly clipped: number;
  readonly gradient: Float32Array;
}

/** Largest difference of log-probabilities that the KL estimate takes at face value, so that its exponential stays finite. */
const mostLogRatio = 10;

/** The k3 estimate of KL(policy || reference) of one token, exp(d) - d - 1 with d = ref - logprob, and its derivative by logprob. */
export function k3(logprob: number, refLogprob: number): { value: number; derivative: number } {
  const raw = refLogprob - logprob;
  const d = Math.max(-mostLogRatio, Math.min(mostLogRatio, raw));
  return { value: Math.exp(d) - d - 1, derivative: d === raw ? 1 - Math.exp(d) : 0 };
}

/**
 * Sum over tokens of weight * -logprob, or of weight * -(min(r A, clip(r, 1 - e, 1 + e) A) - beta k3) with
 * r = exp(logprob - old) (Video-R1 eq. 4). A token counts as clipped when the clip is what the minimum takes.
 */
export function lossSums(terms: LossTerms, logprobs: Float32Array): LossSums {
  const gradient = new Float32Array(logprobs.length);
  let loss = 0;
  let kl = 0;
  let clipped = 0;
  logprobs.forEach((logprob, i) => {
    const weight = terms.weights[i] ?? 0;
    if (terms.kind === 'cross-entropy') {
      loss -= weight * logprob;
      gradient[i] = -weight;
      return;
    }
    const advantage = terms.advantages[i] ?? 0;
    const ratio = Math.exp(logprob - (terms.oldLogprobs[i] ?? 0));
    const bounded = Math.max(1 - terms.clipEpsilon, Math.min(1 + terms.clipEpsilon, ratio));
    const isClipped = bounded * advantage < ratio * advantage;
    let value = isClipped ? bounded * advantage : ratio * advantage;
    let derivative = isClipped ? 0 : ratio * advantage;
    if (isClipped) clipped++;
    if (terms.refLogprobs !== null) {
      const estimate = k3(logprob, terms.refLogprobs[i] ?? 0);
      kl += estimate.value;
      value -= terms.beta * estimate.value;
      derivative -= terms.beta * estimate.derivative;
    }
    loss -= weight * value;
    gradient[i] = -weight * derivative;
  });
  return { loss, kl, clipped, gradient };
}
