/** What a person types as a parameter's value is read as the run would take it, or refused with a reason. */
import { describe, expect, it } from 'vitest';
import { formOf, readForRun, readParameter, withoutEffect } from '../../../webview/dashboard/parameter-input.ts';
import { aRunThat } from '../../protocol/every-standing.ts';

describe('readParameter', () => {
  it('reads numbers with exponents and true minuses', () => {
    expect(readParameter('learningRate', ' 5e−7 ')).toEqual({ value: 5e-7 });
    expect(readParameter('steps', '300')).toEqual({ value: 300 });
  });

  it('takes nothing for null only where the parameter does', () => {
    expect(readParameter('imageShare', '')).toEqual({ value: null });
    expect(readParameter('learningRate', '')).toEqual({ fault: 'Type a number from 0 to 1.' });
  });

  it('says the range of what is no number or out of it', () => {
    expect(readParameter('learningRate', '2')).toEqual({ fault: '“2” is no number from 0 to 1.' });
    expect(readParameter('steps', '1.5')).toEqual({ fault: '“1.5” is no whole number above 0.' });
    expect(readParameter('imageShare', 'most')).toEqual({
      fault: '“most” is no number from 0 to 1, or nothing for as given.',
    });
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

describe('readForRun', () => {
  const run = aRunThat({ state: 'running', doing: null });

  it('refuses before it is sent what the run would refuse', () => {
    expect(readForRun('alpha', '0.5', run, run.parameters)).toEqual({ value: 0.5 });
    expect(readForRun('lengthMin', '60', run, run.parameters)).toEqual({
      fault: 'It can’t be 60: lengthMin (60) is above lengthMax (48).',
    });
    expect(readForRun('temperature', '0', run, run.parameters)).toHaveProperty('fault');
  });

  it('holds it against what waits, which will be there before it', () => {
    expect(readForRun('lengthMin', '60', run, { ...run.parameters, lengthMax: 64 })).toEqual({ value: 60 });
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
      sampledEntropy: true,
      seeds: 'exact' as const,
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

  it('says of an importance weight that it needs another program that samples, and of alternatives that there are none', () => {
    expect(withoutEffect('importanceCap', engine)).toMatch(/samples by the program that it trains with/);
    const apart = { ...engine, capabilities: { ...engine.capabilities, samplerIsTrainer: false, topAlternatives: 20 } };
    expect(withoutEffect('importanceCap', apart)).toBeNull();
    expect(withoutEffect('alternatives', engine)).toMatch(/tells none/);
    expect(withoutEffect('alternatives', apart)).toBeNull();
  });

  it('has nothing against what is not the optimizer’s, nor where nobody knows', () => {
    expect(withoutEffect('topP', engine)).toBeNull();
    expect(withoutEffect('weightDecay', { ...engine, capabilities: null })).toBeNull();
    expect(withoutEffect('weightDecay', null)).toBeNull();
  });
});
