/** What a typed condition is read as, where its faults are said to be, and where it is asked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestCondition } from '../../../trainer/protocol/breakpoints/changes.ts';
import {
  earliestPoint,
  functionForms,
  inferredPoint,
  pointFault,
} from '../../../trainer/protocol/breakpoints/condition.ts';
import { parseCondition, readCondition } from '../../../trainer/protocol/breakpoints/parse-condition.ts';
import { readyMadeNames, readyMades, readyMadesFor } from '../../../trainer/protocol/breakpoints/ready-made.ts';
import { stepNumberNames } from '../../../trainer/protocol/breakpoints/step-numbers.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';

const conditionOf = (line: string) => {
  const read = readCondition(line);
  if ('fault' in read) throw new Error(read.fault);
  return read.condition;
};

/** The first fault: what is said, the part of the line that it is about, and what is offered instead. */
const faultOf = (line: string) => {
  const [fault] = parseCondition(line).faults;
  return fault && { at: line.slice(fault.start, fault.end), says: fault.message, offers: fault.suggestion };
};

describe('a condition', () => {
  it('compares a number of the step, by any of its names', () => {
    const wanted = { kind: 'compareStep', left: { kind: 'number', of: 'gradNorm' }, comparison: '>=', right: 5 };
    expect(conditionOf('gradNorm >= 5')).toEqual(wanted);
    expect(conditionOf('GRAD_norm≥5')).toEqual(wanted);
    expect(conditionOf('slope(kl, 20) > −1e-3')).toEqual({
      ...{ kind: 'compareStep', comparison: '>', right: -0.001 },
      left: { kind: 'over', by: 'slope', of: 'kl', steps: 20 },
    });
    expect(conditionOf('length > mean(len, 50)')).toMatchObject({
      left: { of: 'length' },
      right: { kind: 'over', by: 'mean', of: 'length', steps: 50 },
    });
  });

  it('asks of answers what the filter asks, in the filter’s own words', () => {
    const inner = 'aha >= 4 (half:ordered or type:"multiple choice") not "a (b"';
    expect(conditionOf(`any(${inner})`)).toEqual({
      ...{ kind: 'answers', by: 'any', text: inner },
      of: parseQuery(inner).expression,
    });
    expect(conditionOf('share( correct:false ) > .5')).toMatchObject({
      left: { kind: 'counted', by: 'share', text: 'correct:false' },
      right: 0.5,
    });
  });

  it('is joined as filters are: or binds weakest, and terms side by side must all hold', () => {
    const [a, b, c] = ['kl > 1', 'nan(loss)', 'stalled(accuracy, 50)'].map(conditionOf);
    expect(conditionOf('kl > 1 and nan(loss) or stalled(accuracy, 50)')).toEqual({
      kind: 'any',
      of: [{ kind: 'all', of: [a, b] }, c],
    });
    expect(conditionOf('kl > 1 not (nan(loss) or stalled(accuracy, 50))')).toEqual({
      kind: 'all',
      of: [a, { kind: 'not', of: { kind: 'any', of: [b, c] } }],
    });
  });

  it.each([
    ['accuracyy < 0.3', 'accuracyy', 'the nearest is accuracy', 'accuracy'],
    ['meen(accuracy, 20) < 0.3', 'meen', 'the nearest is mean', 'mean'],
    ['mean(acuracy, 20) < 0.3', 'acuracy', 'the nearest is accuracy', 'accuracy'],
    ['kl > 1 and any(ahaa >= 4)', 'ahaa', 'the nearest is aha', 'aha'],
    ['aha >= 4', 'aha >= 4', 'aha is a field of answers', 'any(aha >= 4)'],
    ['any(loss > 1)', 'loss', 'loss is a number of the step', null],
    ['any(wrong)', 'wrong', 'write correct:false', 'correct:false'],
    ['any(flagged)', 'flagged', 'what people say of an answer afterwards', null],
    ['accuracy', 'accuracy', 'accuracy is a number and is compared with one', null],
    ['accuracy < ', '', 'A number is missing here', null],
    ['accuracy < x7', 'x7', 'x7 is not a number of a step', null],
    ['accuracy < 30', '30', 'accuracy is between 0 and 1', null],
    ['share(aha >= 1) > 2', '2', 'share is between 0 and 1', null],
    ['mean(accuracy) < 1', '(accuracy)', 'mean takes a number of the step and how many steps', null],
    ['mean > 1', 'mean', 'mean is a function', null],
    ['stalled(accuracy, 2)', '2', 'stalled goes over 3 to 1000 steps', null],
    ['any() ', '()', 'any takes a condition on answers', null],
    ['any(aha >= 4', '(aha >= 4', 'This bracket of any is not closed', null],
    ['(kl > 1', '(', 'This bracket is not closed', null],
    ['kl > 1 or', 'or', 'or stands between two terms.', null],
    ['kl > 1, loss > 1', ',', 'between two terms stands and', null],
    ['> 3', '>', 'A term begins with a name', null],
    ['', '', 'A condition is missing', null],
  ])('%j has its fault at %j', (line, at, says, offers) => {
    const fault = faultOf(line);
    expect(fault).toMatchObject({ at, offers });
    expect(fault?.says).toContain(says);
    if (!line.includes('any(')) expect(fault?.says).not.toContain('search for it');
  });

  it('says where its first fault is', () => {
    expect(readCondition('kl > 1 and los > 2')).toEqual({
      fault: 'los is not a number of a step; the nearest is loss, at character 12',
    });
    expect(readCondition(`kl > ${'1'.repeat(longestCondition)}`)).toMatchObject({
      fault: expect.stringContaining('at most 1000 characters'),
    });
  });

  it('is read or refused whatever is typed, with each fault inside of the line', () => {
    const bits = [
      'any(',
      'mean(',
      ')',
      '(',
      'aha>=4',
      'kl',
      ' > ',
      '0.3',
      ',',
      ' 20',
      ' and ',
      ' or ',
      'not ',
      '"',
      'nan(',
      'x',
    ];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(fc.constantFrom(...bits)).map((of) => of.join('')),
        ),
        (line) => {
          const { expression, faults, pieces } = parseCondition(line);
          expect(expression === null).toBe(faults.length > 0);
          for (const { start, end } of [...faults, ...pieces]) {
            expect(start).toBeGreaterThanOrEqual(0);
            expect(start).toBeLessThanOrEqual(end);
            expect(end).toBeLessThanOrEqual(line.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the point at which a condition is asked', () => {
  it('follows from what it names', () => {
    const at = (line: string, method: 'tgrpo' | 'sft' = 'tgrpo') => inferredPoint(conditionOf(line), method);
    expect(at('any(aha >= 4)')).toBe('before-update');
    expect(at('any(kl > 1)')).toBe('after-update');
    expect(at('accuracy < 0.3')).toBe('after-update');
    expect(at('count(aha >= 4) > 2 and accuracy < 0.3')).toBe('after-update');
    expect(at('nan(loss)')).toBe('after-update');
    expect(at('step = 40 or diskFree < 5')).toBe('before-step');
    expect(at('step > 40 and any(aha >= 4)')).toBe('before-update');
    expect(at('any(aha >= 4)', 'sft')).toBe('after-update');
  });

  it('is refused where something that it names is not known yet, or never', () => {
    const fault = (line: string, at: Parameters<typeof pointFault>[1], method: 'tgrpo' | 'sft' = 'tgrpo') =>
      pointFault(conditionOf(line), at, method);
    expect(fault('accuracy < 0.3', 'before-update')).toBeNull();
    expect(fault('accuracy < 0.3', 'before-step')).toBe(
      'accuracy is known at after-sampling, and not yet at before-step.',
    );
    expect(fault('accuracy < 0.3 and loss > 2', 'before-update')).toBe(
      'loss is known at after-update, and not yet at before-update.',
    );
    expect(fault('any(kl > 1)', 'before-update')).toMatch(/^What it asks of answers is known at after-update/);
    expect(fault('kl > 1', 'after-update', 'sft')).toBe('kl has no value in SFT.');
    expect(fault('accuracy < 0.3', 'after-sampling', 'sft')).toMatch(/SFT draws no answers/);
  });
});

describe('what is offered ready-made, and as examples', () => {
  it('is read without a fault, and can be asked where it would be', () => {
    for (const name of readyMadeNames) {
      const condition = conditionOf(readyMades[name].condition);
      expect(pointFault(condition, inferredPoint(condition, 'tgrpo'), 'tgrpo')).toBeNull();
    }
    for (const form of Object.values(functionForms)) expect(readCondition(form)).toHaveProperty('condition');
    for (const name of stepNumberNames) expect(earliestPoint(conditionOf(`nan(${name})`), 'grpo')).toBeTruthy();
  });

  it('is without what a method has no numbers of', () => {
    expect(readyMadesFor('tgrpo')).toEqual(readyMadeNames);
    expect(readyMadesFor('sft')).not.toContain('kl-runaway');
  });
});
