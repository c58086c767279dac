import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ProblemType, problemTypes } from '../../trainer/protocol/dataset.ts';
import { extractAnswer } from '../../trainer/rewards/answer.ts';
import { evaluationScore } from '../../trainer/rewards/evaluation-score.ts';
import { hasRightForm } from '../../trainer/rewards/format.ts';
import { meanRelativeAccuracy } from '../../trainer/rewards/mean-relative-accuracy.ts';
import { answerNumber, numericalReward } from '../../trainer/rewards/numerical.ts';
import { porterStem } from '../../trainer/rewards/porter-stemmer.ts';
import { pythonRoundTo2, pythonStrip } from '../../trainer/rewards/python-text.ts';
import { regressionReward } from '../../trainer/rewards/regression.ts';
import { commonSubsequenceLength, rougeScores } from '../../trainer/rewards/rouge.ts';
import { score } from '../../trainer/rewards/score.ts';
import { ocrReward } from '../../trainer/rewards/word-errors.ts';

interface Fixture {
  numbers: { text: string; value: number | string | null }[];
  rounded: [number, number][];
  numerical: { answer: string; solution: string; value: number }[];
  regression: { answer: string; solution: string; value: number }[];
  ocr: { answer: string; solution: string; value: number }[];
  freeForm: { answer: string; solution: string; rouge: [number, number, number] }[];
  stems: [string, string][];
  forms: { text: string; value: number; answer: string }[];
  meanRelativeAccuracy: { answer: string; solution: string; value: number }[];
  evaluation: { completion: string; solution: string; type: ProblemType; value: number }[];
}

/** Made by test/fidelity/rewards.py with CPython, rouge_score, NLTK and torch. */
const fixture: Fixture = JSON.parse(readFileSync(new URL('../fixtures/rewards.json', import.meta.url), 'utf8'));

const wrong = <T>(cases: readonly T[], right: (one: T) => boolean) => cases.filter((one) => !right(one));
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-12;

describe('rewards agree with CPython, rouge_score and NLTK', () => {
  it('parses numbers as float() does', () => {
    const shown = (value: number | null) =>
      value === null || Number.isFinite(value) ? value : Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
    expect(fixture.numbers.length).toBeGreaterThan(200);
    expect(wrong(fixture.numbers, ({ text, value }) => shown(answerNumber(text)) === value)).toEqual([]);
  });

  it('rounds to two decimals as round() does', () => {
    expect(wrong(fixture.rounded, ([value, rounded]) => pythonRoundTo2(value) === rounded)).toEqual([]);
  });

  it('scores numerical answers', () => {
    expect(
      wrong(
        fixture.numerical,
        ({ answer, solution, value }) => numericalReward(pythonStrip(answer), pythonStrip(solution)).value === value,
      ),
    ).toEqual([]);
  });

  it('scores regression answers, nan included where it is asked for', () => {
    expect(
      wrong(fixture.regression, ({ answer, solution, value }) =>
        close(regressionReward(pythonStrip(answer), pythonStrip(solution), true).value, value),
      ),
    ).toEqual([]);
  });

  it('scores OCR answers', () => {
    expect(
      wrong(fixture.ocr, ({ answer, solution, value }) => close(ocrReward(answer, solution).value, value)),
    ).toEqual([]);
  });

  it('scores free-form answers with ROUGE-1, ROUGE-2 and ROUGE-L', () => {
    expect(
      wrong(fixture.freeForm, ({ answer, solution, rouge }) => {
        const { rouge1, rouge2, rougeL } = rougeScores(solution, answer);
        return close(rouge1, rouge[0]) && close(rouge2, rouge[1]) && close(rougeL, rouge[2]);
      }),
    ).toEqual([]);
  });

  it('scores regression by mean relative accuracy in float32', () => {
    expect(fixture.meanRelativeAccuracy.length).toBeGreaterThan(200);
    expect(
      wrong(
        fixture.meanRelativeAccuracy,
        ({ answer, solution, value }) =>
          // The mean of ten float32 zeros and ones is a float32 upstream.
          Math.fround(meanRelativeAccuracy(answer, solution).value) === Math.fround(value),
      ),
    ).toEqual([]);
  });

  it('scores completions as the benchmarks do, the whole text where there is no answer', () => {
    expect(fixture.evaluation.length).toBeGreaterThan(200);
    expect(
      wrong(fixture.evaluation, ({ completion, solution, type, value }) => {
        const scored = evaluationScore(completion, { problemType: type, solution: extractAnswer(solution) ?? '' });
        return Math.fround(scored.accuracy) === Math.fround(value) && scored.correct === (value === 1);
      }),
    ).toEqual([]);
  });

  it('takes the whole text, tags and all, where the answer tag is empty', () => {
    const scored = evaluationScore('<answer> </answer>', { problemType: 'multiple choice', solution: 'B' });
    expect(scored.answer).toBe('<answer> </answer>');
    expect(scored.explanation).toContain('The answer tag is empty, so the whole text is taken.');
  });

  it('stems words', () => {
    expect(fixture.stems.length).toBeGreaterThan(2000);
    expect(
      wrong(fixture.stems, ([word, stem]) => porterStem(word) === stem).map(([w, s]) => [w, s, porterStem(w)]),
    ).toEqual([]);
  });

  it('tells the right form from others, and finds the answer', () => {
    expect(fixture.forms.filter(({ value }) => value === 1).length).toBeGreaterThan(5);
    expect(
      wrong(
        fixture.forms,
        ({ text, value, answer }) => hasRightForm(text) === (value === 1) && (extractAnswer(text) ?? '') === answer,
      ),
    ).toEqual([]);
  });
});

const question = (problemType: (typeof problemTypes)[number], solution: string) => ({ problemType, solution });
const completion = (answer: string) => `<think>a</think><answer>${answer}</answer>`;

describe('score', () => {
  it('pays choice for the same string alone, case included', () => {
    expect(score(completion('B'), question('multiple choice', 'B')).accuracy).toBe(1);
    expect(score(completion('b'), question('multiple choice', 'B')).accuracy).toBe(0);
    expect(score(completion('B. Left'), question('multiple choice', 'B')).accuracy).toBe(0);
    expect(score('no tags', question('multiple choice', '')).accuracy).toBe(1);
  });

  it('takes the first answer, stripped, across lines', () => {
    expect(score('<answer>\n B\n</answer> <answer>C</answer>', question('multiple choice', 'B'))).toMatchObject({
      accuracy: 1,
      format: 0,
      answer: 'B',
    });
  });

  it('explains each value in a sentence', () => {
    expect(score(completion('a b x d'), question('OCR', 'a b c d e f g')).accuracyExplanation).toBe(
      '4 of 7 words wrong, WER 0.57.',
    );
    expect(score(completion('7'), question('numerical', '8')).accuracyExplanation).toBe('7 is not 8 to two decimals.');
    expect(score(completion('3.0'), question('numerical', '3')).accuracyExplanation).toContain('point or comma');
    expect(score(completion('9'), question('regression', '10')).accuracyExplanation).toBe('9 is off from 10 by 10 %.');
    expect(score(`${completion('1')}\n`, question('numerical', '1')).formatExplanation).toBe(
      'There is whitespace after </answer>.',
    );
  });

  it('refuses a regression answer of nan, and pays it where the released behaviour is asked for', () => {
    expect(score(completion('nan'), question('regression', '5')).accuracy).toBe(0);
    expect(score(completion('nan'), question('regression', '5'), { nanRegressionPays: true }).accuracy).toBe(1);
  });

  it('gives a value in 0..1 and sentences for any text and type', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(
            '<think>',
            '</think>',
            '<answer>',
            '</answer>',
            '1',
            '.',
            ',',
            'e',
            ' ',
            '\ud800',
            'word',
            'nan',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...problemTypes), text, (said, type, solution) => {
        const { accuracy, format, accuracyExplanation, formatExplanation } = score(said, question(type, solution));
        expect(accuracy >= 0 && accuracy <= 1 && (format === 0 || format === 1)).toBe(true);
        expect(accuracyExplanation.length * formatExplanation.length).toBeGreaterThan(0);
      }),
      { numRuns: 10_000 },
    );
  });

  it('finds the same common subsequence as the plain table', () => {
    const tokens = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 130 });
    fc.assert(
      fc.property(tokens, tokens, (a, b) => {
        const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
        for (let i = 1; i <= a.length; i++) {
          for (let j = 1; j <= b.length; j++) {
            const row = table[i] as number[];
            const above = table[i - 1] as number[];
            row[j] =
              a[i - 1] === b[j - 1] ? (above[j - 1] as number) + 1 : Math.max(above[j] as number, row[j - 1] as number);
          }
        }
        expect(commonSubsequenceLength(Int32Array.from(a), Int32Array.from(b))).toBe(table[a.length]?.[b.length]);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes completions of 10 MB of any kind within seconds', () => {
    const size = 10_000_000;
    const hostile = [
      '<answer>'.repeat(size / 8),
      '</think>'.repeat(size / 8),
      `<think>${'</think> '.repeat(size / 9)}</answer>`,
      completion('1'.repeat(size)),
      completion('1_'.repeat(size / 2)),
      completion('word '.repeat(size / 5)),
      completion('y'.repeat(size)),
      completion(' '.repeat(size)),
      `<think>${' '.repeat(size)}`,
    ];
    for (const text of hostile) {
      for (const type of problemTypes) {
        const started = process.cpuUsage();
        score(text, question(type, 'the answer of several words'));
        expect(process.cpuUsage(started).user / 1e6, `${type}: ${text.slice(0, 40)}`).toBeLessThan(10);
      }
    }
  });
});
