import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreLine } from '../../../trainer/cli/commands/score.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';

const training = { evaluation: false };
const line = (value: unknown, how: Parameters<typeof scoreLine>[1] = training) =>
  scoreLine(Buffer.from(JSON.stringify(value)), how);
const wanted = { solution: '<answer>a b c d e f g</answer>', problem_type: 'OCR' };

describe('a scored line', () => {
  it('is the same line with its reward, in parts and in words', () => {
    expect(line({ ...wanted, completion: '<think>seen</think>\n<answer>a b x d y z g</answer>', id: 7 })).toEqual({
      ...wanted,
      completion: '<think>seen</think>\n<answer>a b x d y z g</answer>',
      id: 7,
      reward: {
        accuracy: 1 - 3 / 7,
        format: 1,
        answer: 'a b x d y z g',
        think: 'seen',
        explanation: '3 of 7 words wrong, WER 0.43. The answer has the form <think>…</think><answer>…</answer>.',
      },
    });
  });

  it('is scored as the benchmarks do when asked: the whole text counts, OCR does not', () => {
    const evaluation = { evaluation: true };
    expect(
      line({ completion: ' B ', solution: '<answer>B</answer>', problem_type: 'multiple choice' }, evaluation).reward,
    ).toEqual({
      accuracy: 1,
      correct: true,
      explanation: 'There is no answer tag, so the whole text is taken. The answer “B” is the solution.',
    });
    expect(line({ ...wanted, completion: '<answer>a b c d e f g</answer>' }, evaluation).reward).toMatchObject({
      accuracy: 0,
      correct: false,
    });
    // 12 % off: under 0.5, 0.45 … 0.15, and not under 0.1 and 0.05.
    expect(
      line(
        { completion: '<answer>8.8</answer>', solution: '<answer>10</answer>', problem_type: 'regression' },
        evaluation,
      ).reward,
    ).toMatchObject({
      accuracy: 0.8,
      correct: false,
    });
  });

  it('takes a solution without tags as the answer itself', () => {
    expect(
      line({ completion: '<answer>B</answer>', solution: ' B\n', problem_type: 'multiple choice' }).reward,
    ).toMatchObject({ accuracy: 1 });
  });

  it('pays nan in regression only where that is asked for', () => {
    const nan = { completion: '<answer>nan</answer>', solution: '<answer>5</answer>', problem_type: 'regression' };
    expect(line(nan).reward.accuracy).toBe(0);
    expect(line(nan, { evaluation: false, nanRegressionPays: true }).reward.accuracy).toBe(1);
  });

  it.each([
    ['{"completion": "a"', 'It is not JSON'],
    ['[]', 'It is not an object'],
    ['null', 'It is not an object'],
    ['{"completion": "a", "solution": "b"}', 'problem_type is missing'],
    ['{"completion": 3, "solution": "b", "problem_type": "OCR"}', 'completion must be a text, not 3'],
    ['{"completion": "a", "solution": "b", "problem_type": "ocr"}', 'the nearest is "OCR"'],
    [
      JSON.stringify({ completion: '', solution: 'x'.repeat(20_001), problem_type: 'OCR' }),
      'solution must be a text of at most',
    ],
  ])('that is bad says why: %.60s', (text, message) => {
    expect(() => scoreLine(Buffer.from(text), training)).toThrow(message);
  });

  it('refuses bytes that are not UTF-8 instead of replacing them', () => {
    expect(() => scoreLine(Buffer.from([0x7b, 0xff, 0x7d]), training)).toThrow('not UTF-8');
  });

  it('gives a value in 0..1 or an error for people, whatever the line', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('<answer>', '<think></think><answer>1</answer>', '\ud800', 'nan'),
    );
    const types = fc.constantFrom('multiple choice', 'numerical', 'OCR', 'free-form', 'regression', 'other');
    fc.assert(
      fc.property(
        fc.record({ completion: text, solution: text, problem_type: types }),
        fc.boolean(),
        (value, evaluation) => {
          try {
            const { accuracy } = line(value, { evaluation }).reward;
            return accuracy >= 0 && accuracy <= 1;
          } catch (thrown) {
            return thrown instanceof StudioError;
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
