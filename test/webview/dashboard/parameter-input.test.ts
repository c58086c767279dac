/** What a person types as a parameter's value is read as the run would take it, or refused with a reason. */
import { describe, expect, it } from 'vitest';
import { formOf, readParameter, withoutEffect } from '../../../webview/dashboard/parameter-input.ts';

describe('readParameter', () => {
  it('reads numbers with exponents and true minuses', () => {
    expect(readParameter('learningRate', ' 5e−7 ')).toEqual({ value: 5e-7 });
    expect(readParameter('steps', '300')).toEqual({ value: 300 });
  });

  it('takes nothing for null only where the parameter does', () => {
    expect(readParameter('imageShare', '')).toEqual({ value: null });
    expect(readParameter('learningRate', '')).toEqual({ fault: 'A value is needed.' });
  });

  it('refuses what is no number or out of range', () => {
    for (const [name, text] of [
      ['learningRate', 'fast'],
      ['learningRate', '2'],
      ['topP', '-0.1'],
      ['steps', '1.5'],
      ['steps', '0'],
    ] as const) {
      expect(readParameter(name, text), `${name} ${text}`).toHaveProperty('fault');
    }
  });
});

describe('formOf', () => {
  it('knows switches and choices by their schema', () => {
    expect(formOf('lengthNeedsMoreThanOne')).toEqual({ kind: 'switch' });
    expect(formOf('stdDegrees')).toEqual({ kind: 'choice', choices: ['n', 'n-1'] });
    expect(formOf('imageShare')).toEqual({ kind: 'number' });
  });
});

describe('withoutEffect', () => {
  const engine = {
    name: 'slow',
    backend: 'cpu',
    threads: 1,
    parameters: 1,
    why: '',
    capabilities: {
      chunks: [],
      losses: [],
      lossMeans: [],
      ratios: [],
      fullParameters: true,
      entropy: false,
      samplerIsTrainer: true,
      topAlternatives: 0,
      optimizerKeys: ['learningRate' as const],
      reference: false,
      exactKl: false,
      prefix: false,
      snapshot: false,
      abort: false,
    },
  };

  it('names the engine whose optimizer has no such setting', () => {
    expect(withoutEffect('weightDecay', engine)).toBe('it has no effect on the optimizer of the engine slow');
    expect(withoutEffect('learningRate', engine)).toBeNull();
  });

  it('has nothing against what is not the optimizer’s, nor where nobody knows', () => {
    expect(withoutEffect('topP', engine)).toBeNull();
    expect(withoutEffect('weightDecay', { ...engine, capabilities: null })).toBeNull();
    expect(withoutEffect('weightDecay', null)).toBeNull();
  });
});
