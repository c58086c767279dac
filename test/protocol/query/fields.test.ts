/** Each field reads what its name says from a rollout; what a rollout lacks is missing, and names and values have their synonyms. */
import { describe, expect, it } from 'vitest';
import { analysisVersion } from '../../../trainer/protocol/analysis.ts';
import {
  type FieldName,
  fieldNamed,
  fieldNames,
  fields,
  foldedText,
  knownValue,
  roundedNumber,
} from '../../../trainer/protocol/query/fields.ts';
import { subjectOf } from './subjects.ts';

const read = (subject: ReturnType<typeof subjectOf>) =>
  Object.fromEntries(fieldNames.map((name) => [name, fields[name].of(subject)]));

describe('fields', () => {
  it('read a rollout, its group and its flags', () => {
    const annotations = [
      { category: 'wrong-order', author: 'ann' },
      { category: 'format', author: 'bob' },
      { category: null, verdict: 'drop' as const, author: 'eve' },
    ];
    expect(read(subjectOf({ annotations }))).toEqual({
      step: 21,
      superseded: false,
      half: 'ordered',
      nth: 2,
      purpose: 'train',
      time: 1764338730000,
      run: ['First try', 'r1'],
      id: 'o1',
      group: 'g1',
      question: '17',
      row: 5,
      dataset: 'train.json',
      source: 'CLEVRER',
      family: 'bounces',
      type: 'multiple choice',
      needsOrder: true,
      solution: 'A',
      media: 'video',
      file: 'clips/1.mp4',
      frames: 4,
      duration: 4,
      visionTokens: 8,
      answer: 'A',
      length: 40,
      stop: 'stop',
      aha: 3,
      change: 'wrong to right',
      namesTime: true,
      analysis: analysisVersion,
      pattern: [],
      logprob: -0.4,
      entropy: 0.7,
      kl: 0.0125,
      orderWorth: 6.8,
      orderError: 0.3,
      usesOrder: true,
      correct: true,
      accuracy: 1,
      reward: 1.3,
      format: 0.1,
      temporal: 0.2,
      ...{ credit: null, creditWorth: null, mismatch: null, mismatchK3: null, importance: null },
      lengthBonus: 0,
      advantage: 0.3,
      paid: true,
      felt: false,
      passed: true,
      p: 0.75,
      pShuffled: 0.5,
      flat: false,
      flatBecause: null,
      groupMean: 1.2,
      groupStd: 0.5,
      masked: false,
      cameBack: false,
      flaggedWords: [],
      flagged: true,
      flags: 2,
      flag: ['wrong-order', 'format'],
      flagBy: ['ann', 'bob', 'eve'],
      verdict: ['drop'],
    });
  });

  it('are null where a shuffled answer, an image or a dataset has nothing to say', () => {
    const missing = read(
      subjectOf({
        question: { family: null, needsOrder: null },
        group: { temporal: null, stats: { mean: 1, std: 0, count: 4 } },
        rollout: {
          reward: { parts: [{ name: 'accuracy', value: 1, possible: 1, explanation: '' }], total: 1 },
          advantage: null,
          aha: [],
          meanEntropy: Number.NaN,
          kl: null,
        },
      }),
    );
    expect(missing.flatBecause).toBe('all right');
    const nulls = Object.entries(missing).filter(([, value]) => value === null);
    expect(nulls.map(([name]) => name).sort()).toEqual(
      [
        ...[
          'family',
          'needsOrder',
          'entropy',
          'kl',
          ...['mismatch', 'mismatchK3', 'importance'],
          'format',
          'temporal',
          'credit',
          'creditWorth',
          'lengthBonus',
          'advantage',
          'paid',
          'felt',
          'passed',
        ],
        ...['p', 'pShuffled'],
      ].sort(),
    );
    expect(missing).toMatchObject({ flat: true, aha: 0, flagged: false, flags: 0, flag: [], flagBy: [] });
  });

  it('tell an answer that was not paid from one without a test', () => {
    const unpaid = { parts: [{ name: 'temporal' as const, value: 0, possible: 0.3, explanation: '' }], total: 0 };
    expect(fields.paid.of(subjectOf({ rollout: { reward: unpaid } }))).toBe(false);
    expect(fields.paid.of(subjectOf({ rollout: { reward: unpaid }, group: { temporal: null } }))).toBeNull();
  });

  it('have one owner for every name, however it is written', () => {
    const words = fieldNames.flatMap((name) => [name, ...fields[name].synonyms]);
    expect(new Set(words.map((word) => word.toLowerCase())).size).toBe(words.length);
    const meant: Record<string, FieldName> = {
      order: 'half',
      STEP: 'step',
      'p~': 'pShuffled',
      'p\u0303': 'pShuffled',
      p_shuffled: 'pShuffled',
      'needs-order': 'needsOrder',
      problem_id: 'question',
    };
    for (const [typed, name] of Object.entries(meant)) expect(fieldNamed(typed), typed).toBe(name);
    for (const typed of ['constructor', '__proto__', 'toString', '']) expect(fieldNamed(typed), typed).toBeNull();
  });
});

it('values are known by their synonyms, with any case, space or hyphen', () => {
  const types = fields.type.kind === 'choice' ? fields.type.values : {};
  for (const typed of ['choice', 'Multiple Choice', 'multiple-choice', 'MULTIPLE_CHOICE']) {
    expect(knownValue(types, typed), typed).toBe('multiple choice');
  }
  expect(knownValue(types, 'toString')).toBeNull();
});

it('numbers are rounded to nine decimals and texts lose the case of 26 letters', () => {
  expect(roundedNumber(0.1 + 0.2)).toBe(0.3);
  expect(Object.is(roundedNumber(-1e-12), 0)).toBe(true);
  expect(roundedNumber(1 / 3)).toBe(0.333333333);
  expect(roundedNumber(Number.POSITIVE_INFINITY)).toBeNull();
  expect(foldedText('ÄBc\u0000\ud800')).toBe('Äbc\u0000\ufffd');
});
