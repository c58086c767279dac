/** A query keeps a rollout when what it says of it is so; what is missing compares with nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldNames, fields } from '../../../trainer/protocol/query/fields.ts';
import { matches } from '../../../trainer/protocol/query/matches.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import { anyExpression, anySubject, type SubjectParts, subjectOf } from './subjects.ts';

const keeps = (line: string, parts: SubjectParts = {}) => {
  const { expression, faults } = parseQuery(line);
  expect(faults, line).toEqual([]);
  return expression !== null && matches(expression, subjectOf(parts));
};

describe('matches', () => {
  it('keeps what every term says', () => {
    for (const line of [
      ...['', 'step>20 half:ordered correct:true media:video aha>=3 flagged:false ball LEF', 'step:21', 'step:..21'],
      ...[
        'type:ocr,choice',
        'reward:1.3',
        'advantage:0.3',
        'p:0.7..0.8 p~<0.51',
        'paid:true',
        'run:r1',
        'run:"first try"',
      ],
      ...['source:clevrer', 'answer:a', 'family!=light', 'time:2025-11-28', 'time>2025-11-28T14:04', 'nth:2'],
      ...['correct:false or step:21', 'not (ball wrong or correct:false)', 'not step:20', '"rolls left"', '"the ball"'],
    ]) {
      expect(keeps(line), line).toBe(true);
    }
    for (const line of [
      ...['step>21', 'step:20', 'half:shuffled', 'correct:false', 'media:image', 'aha>=4', 'flagged', 'type:ocr'],
      ...['purpose:probe', 'lef ball', 'ball rights', '"left rolls"', '"roll"', '"ball it"', 'time>2025-11-28T14:05'],
      ...['run:r2', 'answer:b', 'reward!=1.3', 'not step:21', 'step:21 correct:false'],
    ]) {
      expect(keeps(line), line).toBe(false);
    }
  });

  it('finds text without spaces by any part of it', () => {
    const rollout = { text: '视频中的人先做什么动作？红色的球向左移动' };
    for (const line of ['红色', '视频', '先做', '动作', '向左', '"的球"'])
      expect(keeps(line, { rollout }), line).toBe(true);
    for (const line of ['红球', '左向']) expect(keeps(line, { rollout }), line).toBe(false);
  });

  it('asks each flag', () => {
    const annotations = [
      { category: 'wrong-order', author: 'Ann' },
      { category: 'format', author: 'bob' },
      { category: null, verdict: 'drop' as const, author: 'eve' },
    ];
    for (const line of [
      'flagged',
      'flag:wrong-order',
      'flag:format flagBy:ann',
      'flags:2',
      'flagBy:eve',
      'verdict:drop',
      'not flag:other',
    ]) {
      expect(keeps(line, { annotations }), line).toBe(true);
      expect(keeps(line), line).toBe(line.startsWith('not'));
    }
  });

  it('compares nothing with what is missing', () => {
    const parts: SubjectParts = {
      question: { family: null, needsOrder: null },
      group: { temporal: null },
      rollout: { advantage: null },
    };
    for (const term of [
      ...['family:bounces', 'family!=bounces', 'needsOrder:true', 'needsOrder:false', 'paid:false', 'flagBy:ann'],
      ...['advantage<0', 'advantage>=0', 'advantage!=0', 'advantage:-9..9', 'p:0', 'p!=0'],
    ]) {
      expect(keeps(term, parts), term).toBe(false);
      expect(keeps(`not ${term}`, parts), term).toBe(true);
    }
  });

  it('a field equals what was read from it, and what it equals it is neither below nor above', () => {
    fc.assert(
      fc.property(anySubject, (subject) => {
        for (const field of fieldNames) {
          const held = fields[field].of(subject);
          const value = Array.isArray(held) ? held[0] : held;
          if (value === null || value === undefined) continue;
          const is = (comparison: '=' | '!=' | '<' | '<=' | '>' | '>=') =>
            matches({ kind: 'compare', field, comparison, value }, subject);
          expect(is('='), field).toBe(true);
          if (typeof value !== 'number') continue;
          expect([is('!='), is('<'), is('>'), is('<='), is('>=')], field).toEqual([false, false, false, true, true]);
        }
      }),
    );
  });

  it('not is the opposite, and all and any are what they are made of', () => {
    fc.assert(
      fc.property(anyExpression, anyExpression, anySubject, (a, b, subject) => {
        const [left, right] = [matches(a, subject), matches(b, subject)];
        expect(matches({ kind: 'not', of: a }, subject)).toBe(!left);
        expect(matches({ kind: 'all', of: [a, b] }, subject)).toBe(left && right);
        expect(matches({ kind: 'any', of: [a, b] }, subject)).toBe(left || right);
      }),
      { numRuns: 300 },
    );
  });
});
