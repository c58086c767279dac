/** The typed filter: terms that are known become the trainer's filter; a faulty word is found with its place and a way out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corrected, holds, matches, nearest, parseFilter, toggled } from '../../../webview/rollouts/filter.ts';
import type { RolloutRow } from '../../../webview/rollouts/rollout-row.ts';

describe('parseFilter', () => {
  it('reads terms and words', () => {
    const { filter, faults } = parseFilter(
      'step>20 order:shuffled correct:false media:video aha>=2 flagged ball rolls',
    );
    expect(faults).toEqual([]);
    expect(filter).toEqual({
      fromStep: 21,
      order: 'shuffled',
      correct: false,
      dataType: 'video',
      minAha: 2,
      flagged: true,
      text: 'ball rolls',
    });
  });

  it('reads every operator of a step', () => {
    expect(parseFilter('step:7').filter).toEqual({ step: 7 });
    expect(parseFilter('step=7').filter).toEqual({ step: 7 });
    expect(parseFilter('step>=7').filter).toEqual({ fromStep: 7 });
    expect(parseFilter('step>7').filter).toEqual({ fromStep: 8 });
  });

  it('takes short names of problem types and quotes for words', () => {
    expect(parseFilter('type:choice').filter).toEqual({ problemType: 'multiple choice' });
    expect(parseFilter('TYPE:OCR').filter).toEqual({ problemType: 'OCR' });
    expect(parseFilter('type:"multiple choice"').filter).toEqual({ problemType: 'multiple choice' });
    expect(parseFilter('"step:9 of" it').filter).toEqual({ text: 'step:9 of it' });
  });

  it('underlines an unknown field and offers the nearest known one', () => {
    const line = 'step>120 media:video ahaa>=2';
    const { faults } = parseFilter(line);
    expect(faults).toHaveLength(1);
    expect(line.slice(faults[0]?.start, faults[0]?.end)).toBe('ahaa');
    expect(faults[0]?.suggestion).toBe('aha');
    expect(faults[0] && corrected(line, faults[0])).toBe('step>120 media:video aha>=2');
  });

  it('underlines a faulty value or operator', () => {
    const value = parseFilter('order:shufled').faults[0];
    expect(value).toMatchObject({ start: 6, end: 13, suggestion: 'shuffled' });
    expect(parseFilter('step<20').faults[0]).toMatchObject({
      start: 4,
      end: 5,
      message: expect.stringContaining('step>20'),
    });
    for (const line of ['aha>=6', 'aha>=0', 'aha>5', 'step>x', 'step:', 'step:-1', 'correct:', 'correct:maybe']) {
      expect(parseFilter(line).faults, line).toHaveLength(1);
    }
  });

  it('knows no field of Object itself', () => {
    expect(parseFilter('constructor:1').faults).toHaveLength(1);
    expect(parseFilter('order:toString').faults).toHaveLength(1);
  });

  it('never throws, and every fault lies inside the line', () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        for (const { start, end } of parseFilter(line).faults) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(line.length);
          expect(start).toBeLessThanOrEqual(end);
        }
      }),
    );
  });
});

describe('toggled', () => {
  it('adds a term, replaces one of its field, and takes it out again', () => {
    expect(toggled('ball', 'order:ordered')).toBe('ball order:ordered');
    expect(toggled('order:ordered ball', 'order:shuffled')).toBe('ball order:shuffled');
    expect(toggled('ball order:shuffled', 'order:shuffled')).toBe('ball');
    expect(holds('a flagged b', 'flagged')).toBe(true);
    expect(holds('a unflagged', 'flagged')).toBe(false);
  });
});

describe('nearest', () => {
  it('gives nothing when nothing is near', () => {
    expect(nearest('zzzzzzzz', ['step', 'order'])).toBeNull();
    expect(nearest('ord', ['step', 'order'])).toBe('order');
  });
});

describe('matches', () => {
  const row: RolloutRow = {
    key: 1,
    id: 'r',
    groupId: 'g',
    step: 21,
    purpose: 'train',
    order: 'shuffled',
    index: 0,
    correct: false,
    total: 1,
    parts: [],
    advantage: null,
    tokenCount: 10,
    ahaTier: 3,
    flags: 0,
    problem: 'Where does the Ball go?',
    problemType: 'numerical',
    dataType: 'video',
  };
  const keeps = (line: string) => matches(parseFilter(line).filter, row, 'it rolls left');

  it('judges a new row as the trainer would', () => {
    for (const line of [
      '',
      'step>20 order:shuffled correct:false media:video aha>=3 flagged:false ball LEF',
      'type:number purpose:train step:21',
    ]) {
      expect(keeps(line), line).toBe(true);
    }
    for (const line of [
      'step>21',
      'step:20',
      'order:ordered',
      'correct:true',
      'media:image',
      'aha>=4',
      'flagged',
      'type:choice',
      'purpose:probe',
      'ball right',
      'lef ball',
      '"..."',
    ]) {
      expect(keeps(line), line).toBe(false);
    }
  });
});
