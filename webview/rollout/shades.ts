/** What the text can be shaded by: a number of each token or, of evidence, of each word, in five steps of one hue. */
import type { RolloutTokens } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { FormulaName } from '../formulas/formulas.ts';
import { type TokenNumbers, tokenNumbers } from './token-numbers.ts';

export const shadeNames = ['text', 'probability', 'entropy', 'order', 'frames', 'kl', 'mismatch'] as const;
/** `text` shades nothing. */
export type ShadeName = (typeof shadeNames)[number];

/** What a word stood on; the others are of tokens. */
export type EvidenceShade = 'order' | 'frames';
export type TokenShade = Exclude<ShadeName, 'text' | EvidenceShade>;

export const isEvidence = (name: ShadeName): name is EvidenceShade => name === 'order' || name === 'frames';
export const isOfTokens = (name: ShadeName): name is TokenShade => name !== 'text' && !isEvidence(name);

/** What pages shade by that have no evidence. */
export type PlainShade = 'text' | TokenShade;
export const plainShadeNames = ['text', 'probability', 'entropy', 'kl', 'mismatch'] as const satisfies PlainShade[];

export const shadeLabels: Readonly<Record<ShadeName, string>> = {
  text: 'Text',
  probability: 'Probability',
  entropy: 'Entropy',
  order: 'Order',
  frames: 'Frames',
  kl: 'KL',
  mismatch: 'Mismatch',
};

/** 0 has no fill, 4 the darkest. */
export type ShadeStep = 0 | 1 | 2 | 3 | 4;

export interface Shade {
  /** What the legend says that is shaded. */
  readonly title: string;
  readonly formula: FormulaName;
  readonly value: (token: TokenNumbers) => number | null;
  /** What separates the steps, from the one without a fill on. Going down, a value on the bound belongs to the paler step. */
  readonly bounds: readonly [number, number, number, number];
  readonly ranges: readonly [string, string, string, string, string];
}

export const shades: Readonly<Record<TokenShade, Shade>> = {
  probability: {
    title: 'probability of the token',
    formula: 'tokenProbability',
    value: ({ logprob }) => Math.exp(logprob),
    bounds: [0.9, 0.7, 0.5, 0.3],
    ranges: ['≥ .9', '.7–.9', '.5–.7', '.3–.5', '< .3'],
  },
  entropy: {
    title: 'entropy in nats',
    formula: 'tokenEntropy',
    value: ({ entropy }) => entropy,
    bounds: [0.1, 0.5, 1, 2],
    ranges: ['< .1', '.1–.5', '.5–1', '1–2', '≥ 2'],
  },
  kl: {
    title: 'KL against the reference in nats',
    formula: 'tokenKl',
    value: ({ kl }) => kl,
    bounds: [0.01, 0.05, 0.2, 1],
    ranges: ['< .01', '.01–.05', '.05–.2', '.2–1', '≥ 1'],
  },
  mismatch: {
    title: 'trainer against sampler in nats',
    formula: 'tokenMismatch',
    value: ({ trainerLogprob, logprob }) => (trainerLogprob === null ? null : Math.abs(trainerLogprob - logprob)),
    bounds: [0.01, 0.05, 0.2, 0.5],
    ranges: ['< .01', '.01–.05', '.05–.2', '.2–.5', '≥ .5'],
  },
};

/** Null where the token has no such number. */
export function shadeStep(name: TokenShade, token: TokenNumbers): ShadeStep | null {
  const { bounds, value } = shades[name];
  const held = value(token);
  if (held === null) return null;
  const falls = bounds[0] > bounds[3];
  const step = bounds.filter((bound) => (falls ? held < bound : held >= bound)).length;
  return step as ShadeStep;
}

/** The next shade that can be had, or the one before. @param refusalOf null where it can */
export function movedShade<N extends ShadeName>(
  shade: N,
  by: 1 | -1,
  refusalOf: (name: N) => string | null,
  among: readonly N[],
): N {
  const open = among.filter((name) => name === shade || refusalOf(name) === null);
  return open[(open.indexOf(shade) + by + open.length) % open.length] ?? shade;
}

/** How dark a piece of text is: as the darkest of the tokens that share it. */
export function shadeOf(name: TokenShade, tokens: RolloutTokens): (shared: readonly number[]) => ShadeStep {
  return (shared) =>
    shared.reduce<ShadeStep>((most, index) => {
      const step = shadeStep(name, tokenNumbers(tokens, index)) ?? 0;
      return step > most ? step : most;
    }, 0);
}

/** Why the run's engine gives no entropy; null when it does. */
export function entropyRefusal({ engine }: Pick<RunSummary, 'engine'>): string | null {
  return engine?.capabilities?.entropy === false ? `the engine ${engine.name} gives none` : null;
}

const unsaid = {
  entropy: 'No entropy is kept of this answer.',
  kl: 'No log-probabilities of a reference are kept of this answer.',
  mismatch: 'No log-probabilities of the trainer are kept of this answer.',
};

/** Why there is no evidence, of either kind; null where it was weighed or can be. */
export type NoEvidence = Readonly<Record<EvidenceShade, string | null>>;

/** As `plainRefusal`, and of evidence what is said of it. */
export function shadeRefusal(
  name: ShadeName,
  tokens: RolloutTokens | null,
  noEntropy: string | null,
  noEvidence: NoEvidence,
): string | null {
  return isEvidence(name) ? noEvidence[name] : plainRefusal(name, tokens, noEntropy);
}

/**
 * Why a shade can't be had; null where it can.
 * @param tokens null while they are on their way: what is not known yet is refused by nothing
 * @param noEntropy why the engine gives no entropy; null when it does
 */
export function plainRefusal(name: PlainShade, tokens: RolloutTokens | null, noEntropy: string | null): string | null {
  switch (name) {
    case 'text':
    case 'probability':
      return null;
    case 'entropy':
      if (noEntropy !== null || tokens === null || tokens.entropy) return noEntropy;
      return tokens.missing?.entropy ?? unsaid.entropy;
    case 'kl':
      if (tokens === null || tokens.referenceLogprobs) return null;
      return tokens.missing?.referenceLogprobs ?? unsaid.kl;
    case 'mismatch':
      if (tokens === null || tokens.trainerLogprobs) return null;
      return tokens.missing?.trainerLogprobs ?? unsaid.mismatch;
  }
}
