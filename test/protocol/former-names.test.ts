/** What older versions wrote under other names is read under those of today, wherever parameters are read. */
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../trainer/cli/terminal/command.ts';
import { presetParameters, withOverrides } from '../../trainer/learning/presets.ts';
import { settingRefusal } from '../../trainer/protocol/commands.ts';
import { normalisation } from '../../trainer/protocol/normalise.ts';
import { parameterOverrides, parameterValues } from '../../trainer/protocol/parameters.ts';
import { controllerState } from '../../trainer/runs/checkpoints.ts';

const now = presetParameters('paper', 'tgrpo');
/** As a version wrote it that had no `advantageScale`. */
const asWritten = (divideByStd: boolean) => {
  const { advantageScale: _, ...others } = now;
  return { ...others, divideByStd };
};

describe('parameters that were kept under former names', () => {
  it.each([
    [true, 'group'],
    [false, 'none'],
  ] as const)('divideByStd %s is advantageScale %s', (divideByStd, advantageScale) => {
    expect(parameterValues.parse(asWritten(divideByStd))).toEqual({ ...now, advantageScale });
    const state = { version: 1, run: 'r-1', name: 'r', method: 'tgrpo', step: 2, position: 9, seed: 1 } as const;
    expect(controllerState.parse({ ...state, parameters: asWritten(divideByStd) }).parameters).toEqual({
      ...now,
      advantageScale,
    });
    const eq3 = { stdDegrees: 'n', stdEpsilon: 0 } as const;
    expect(normalisation.parse({ ...eq3, divideByStd })).toEqual({ ...eq3, advantageScale });
  });

  it.each([
    [0.2, 0.2, 0.2],
    [3e-4, 3e-4, 3e-4],
    // No ratio is below 0: a lower bound farther down clips as much, nothing.
    [1.5, 1, 1.5],
  ])('clipEpsilon %f is clipLow %f and clipHigh %f', (clipEpsilon, clipLow, clipHigh) => {
    const { clipLow: _, clipHigh: __, ...others } = now;
    expect(parameterValues.parse({ ...others, clipEpsilon })).toEqual({ ...now, clipLow, clipHigh });
    expect(parameterValues.safeParse({ ...others, clipLow: 0.1, clipEpsilon }).success).toBe(false);
    expect(settingRefusal('tgrpo', 'clipEpsilon', 0.1)).toBe(
      'there is no parameter clipEpsilon; it is called clipLow and clipHigh now',
    );
  });

  it('are no parameters beside the present ones, nor with a value that they could not have', () => {
    expect(parameterValues.safeParse({ ...now, divideByStd: true }).success).toBe(false);
    expect(parameterValues.safeParse({ ...asWritten(true), divideByStd: 1 }).success).toBe(false);
    const written = parameterValues.safeParse({ ...asWritten(true), divideByStd: { toString: 1 } });
    expect(written.error?.issues[0]?.message).toMatch(/or false \(now "none"\), not \{"toString":1\}$/);
    expect(() => withOverrides(now, { divideByStd: true, advantageScale: 'none' }, 'bad-request', '--set')).toThrow(
      'take divideByStd away',
    );
  });

  it('do not let in what no parameter is called', () => {
    const given = JSON.parse('{"__proto__": {"alpha": 5}, "divideByStd": true}');
    const read = parameterOverrides.safeParse(given);
    expect(read.error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['__proto__'] }]);
    expect(() => withOverrides(now, given, 'bad-request', '--set')).toThrow('there is no parameter __proto__');
  });

  it('are meant by what they were called on the command line', () => {
    expect(readSettings(['divide_by_std=false'])).toEqual({ advantageScale: 'none' });
    expect(readSettings(['ε=0.3'])).toEqual({ clipLow: 0.3, clipHigh: 0.3 });
    expect(() => readSettings(['divideByStd=1'])).toThrow('divideByStd is called advantageScale now');
    expect(() => readSettings(['divideByStd=true', 'advantageScale=none'])).toThrow('take divideByStd away');
  });

  it('can be set by their former names, and a command says what they are called', () => {
    expect(withOverrides(now, { divideByStd: false }, 'bad-request', '--set').advantageScale).toBe('none');
    expect(settingRefusal('tgrpo', 'divideByStd', false)).toBe(
      'there is no parameter divideByStd; it is called advantageScale now',
    );
  });
});
