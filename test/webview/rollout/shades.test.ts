/** A shade tells how a token stands in five steps, and says why it can't be had. */
import { describe, expect, it } from 'vitest';
import type { RolloutTokens } from '../../../trainer/protocol/records.ts';
import {
  isEvidence,
  movedShade,
  plainRefusal,
  plainShadeNames,
  shadeNames,
  shadeRefusal,
  shadeStep,
  shades,
} from '../../../webview/rollout/shades.ts';
import { k3, tokenNumbers } from '../../../webview/rollout/token-numbers.ts';

const bare: RolloutTokens = { pieces: ['a', 'b'], logprobs: [-0.5, -1], entropy: [0.2, 0.3] };
const whole: RolloutTokens = {
  ...bare,
  ids: [7, 8],
  trainerLogprobs: [-0.5, -1.25],
  referenceLogprobs: [-0.5, -2],
  alternatives: [[{ id: 9, piece: 'c', logprob: -1 }], []],
};
const step = (name: 'probability' | 'entropy' | 'kl' | 'mismatch', change: object) =>
  shadeStep(name, { ...tokenNumbers(whole, 0), ...change });

describe('the KL at a token', () => {
  it('is exp(d) − d − 1 of reference and sampled log-probability', () => {
    // d = −2 − (−1) = −1: e^−1 + 1 − 1 = 0.36788.
    expect(k3(-2, -1)).toBeCloseTo(0.36788, 5);
    // d = 1: e − 1 − 1 = 0.71828.
    expect(k3(-1, -2)).toBeCloseTo(0.71828, 5);
    expect(k3(-3, -3)).toBe(0);
    // By the trainer, d = −2 − (−1.25): e^−0.75 + 0.75 − 1 = 0.22237.
    expect(tokenNumbers(whole, 1).kl).toBeCloseTo(0.22237, 5);
    expect(tokenNumbers(bare, 1)).toMatchObject({ id: null, kl: null, trainerLogprob: null, alternatives: [] });
  });
});

describe('a shade', () => {
  it('darkens as a token grows less probable', () => {
    const steps = [0.95, 0.9, 0.89, 0.6, 0.4, 0.1].map((p) => step('probability', { logprob: Math.log(p) + 1e-12 }));
    expect(steps).toEqual([0, 0, 1, 2, 3, 4]);
  });

  it('darkens as entropy, KL and mismatch grow', () => {
    expect([0, 0.1, 0.5, 1, 2.5].map((entropy) => step('entropy', { entropy }))).toEqual([0, 1, 2, 3, 4]);
    expect([0.001, 0.01, 0.1, 0.3, 4].map((kl) => step('kl', { kl }))).toEqual([0, 1, 2, 3, 4]);
    const mismatches = [0, 0.02, -0.06, 0.3, -0.9].map((by) =>
      step('mismatch', { logprob: -1, trainerLogprob: by - 1 }),
    );
    expect(mismatches).toEqual([0, 1, 2, 3, 4]);
  });

  it('has no step where the number is not there', () => {
    expect(shadeStep('kl', tokenNumbers(bare, 0))).toBeNull();
    expect(shadeStep('mismatch', tokenNumbers(bare, 0))).toBeNull();
  });

  it('says as many ranges as it has steps', () => {
    for (const { bounds, ranges } of Object.values(shades)) expect(ranges.length).toBe(bounds.length + 1);
  });

  it('can be had where its numbers are, and else says why not', () => {
    expect(plainShadeNames.map((name) => plainRefusal(name, whole, null))).toEqual([null, null, null, null, null]);
    const missing = { referenceLogprobs: 'beta is 0.', trainerLogprobs: 'One program does both.' };
    expect(plainShadeNames.map((name) => plainRefusal(name, { ...bare, missing }, 'the engine x gives none'))).toEqual([
      null,
      null,
      'the engine x gives none',
      'beta is 0.',
      'One program does both.',
    ]);
    expect(plainRefusal('kl', null, null)).toBeNull();
    expect(plainRefusal('kl', bare, null)).toMatch(/No log-probabilities/);
    const { entropy: _, ...silent } = bare;
    expect(plainRefusal('entropy', silent, null)).toBe('No entropy is kept of this answer.');
    expect(plainRefusal('entropy', { ...silent, missing: { entropy: 'Nobody told it.' } }, null)).toBe(
      'Nobody told it.',
    );
  });

  it('of evidence is refused by what is said of it, and passed over then', () => {
    const noEvidence = { order: 'An image has no order.', frames: null };
    const refusalOf = (name: (typeof shadeNames)[number]) => shadeRefusal(name, whole, null, noEvidence);
    expect(shadeNames.filter(isEvidence).map(refusalOf)).toEqual(['An image has no order.', null]);
    expect(movedShade('entropy', 1, refusalOf, shadeNames)).toBe('frames');
    expect(movedShade('frames', -1, refusalOf, shadeNames)).toBe('entropy');
    expect(movedShade('entropy', 1, () => null, plainShadeNames)).toBe('kl');
  });
});
