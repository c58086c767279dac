/** How parameters are shown and read. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inputKind, liveParameters, readValue, showValue } from '../../../extension/commands/parameter-input.ts';
import { describeRange } from '../../../trainer/protocol/parameter-range.ts';
import { parameterNames, parameters } from '../../../trainer/protocol/parameters.ts';

describe('parameter input', () => {
  test('ranges are told in words', () => {
    expect(describeRange('learningRate')).toBe('number from 0 to 1');
    expect(describeRange('steps')).toBe('whole number above 0');
    expect(describeRange('beta')).toBe('number at least 0');
    expect(describeRange('schedule')).toBe('constant or cosine or linear');
    expect(describeRange('imageShare')).toBe('number from 0 to 1 or null');
    expect(describeRange('lengthNeedsMoreThanOne')).toBe('true or false');
  });

  test('switches and names are chosen, numbers are typed', () => {
    expect(inputKind('lengthNeedsMoreThanOne')).toEqual({ kind: 'choice', values: [true, false] });
    expect(inputKind('temporalTest')).toEqual({ kind: 'choice', values: ['>', '>='] });
    expect(inputKind('alpha')).toEqual({ kind: 'text' });
    expect(inputKind('imageShare')).toEqual({ kind: 'text' });
  });

  test('what can only be fixed at the start of a run is not offered', () => {
    expect(liveParameters('tgrpo')).toContain('alpha');
    expect(liveParameters('tgrpo')).not.toContain('groupSize');
    expect(liveParameters('sft')).not.toContain('alpha');
  });

  test('typed values are read, wrong ones are refused with what would be right', () => {
    expect(readValue('learningRate', ' 5e-4 ')).toEqual({ value: 0.0005 });
    expect(readValue('imageShare', 'null')).toEqual({ value: null });
    for (const wrong of ['', '-1', '2', 'fast', 'NaN', 'Infinity', 'null'])
      expect(readValue('learningRate', wrong), wrong).toEqual({ problem: 'learning rate: number from 0 to 1' });
    expect(readValue('steps', '1.5')).toEqual({ problem: 'steps: whole number above 0' });
  });

  test('a number that is shown is read as the same number', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => {
        expect(readValue('learningRate', showValue(value))).toEqual({
          value: value === 0 ? Number(showValue(value)) : value,
        });
      }),
    );
  });

  test('every live parameter has an input that its own schema accepts or refuses', () => {
    for (const name of parameterNames) {
      const input = inputKind(name);
      if (input.kind === 'choice')
        for (const value of input.values)
          expect(parameters[name].schema.safeParse(value).success, `${name} ${String(value)}`).toBe(true);
      else expect(readValue(name, 'no number'), name).toHaveProperty('problem');
    }
  });
});
