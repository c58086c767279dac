/** Chips put terms into a line and take them out, whatever else stands there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionsOf, holds, toggled, without } from '../../../trainer/protocol/query/edit.ts';
import { facetTerms } from '../../../trainer/protocol/query/facets.ts';
import { formatQuery } from '../../../trainer/protocol/query/format.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import { anyExpression } from './subjects.ts';

describe('toggled', () => {
  it('adds a term, replaces others on its field, and takes it out again', () => {
    for (const [line, term, expected] of [
      ['', 'flagged', 'flagged'],
      ['ball', 'half:ordered', 'ball half:ordered'],
      ['half:ordered ball', 'half:shuffled', 'ball half:shuffled'],
      ['order:ordered ball', 'half:shuffled', 'ball half:shuffled'],
      ['ball order:shuffled', 'half:shuffled', 'ball'],
      ['type:choice,ocr and ball', 'type:free', 'ball type:free'],
      ['not type:ocr', 'type:ocr', 'type:ocr'],
      ['aha>=3 aha<5', 'aha>=2', 'aha>=2'],
      ['step:1 or ball', 'flagged', '(step:1 or ball) flagged'],
      ['(step:1 or ball) flagged', 'flagged', '(step:1 or ball)'],
      ['(a b) or c', 'flagged', '((a b) or c) flagged'],
      ['type:ocr or type:choice', 'type:free', 'type:free'],
      ['(half:ordered ball)', 'half:shuffled', 'ball half:shuffled'],
    ] as const) {
      expect(toggled(line, term), line).toBe(expected);
    }
  });

  it('leaves what has a fault in the line', () => {
    expect(toggled('ordr:x ball', 'flagged')).toBe('flagged ordr:x ball');
    expect(toggled('flagged "ball', 'flagged')).toBe('"ball');
    expect(toggled('"ball', 'flagged')).toBe('flagged "ball');
  });

  it('is undone by toggling once more, where nothing gave way', () => {
    fc.assert(
      fc.property(anyExpression, (expression) => {
        const line = formatQuery({ kind: 'all', of: [{ kind: 'words', words: ['x'], prefix: false }, expression] });
        const term = facetTerms[0].terms[0];
        const on = toggled(line, term);
        if (holds(line, term)) return;
        expect(holds(on, term)).toBe(true);
        if (conditionsOf(on).length <= conditionsOf(line).length) return;
        expect(parseQuery(toggled(on, term)).expression).toEqual(parseQuery(line).expression);
      }),
    );
  });
});

it('holds looks at what a term means', () => {
  expect(holds('a flagged:true b', 'flagged')).toBe(true);
  expect(holds('a unflagged', 'flagged')).toBe(false);
  expect(holds('TYPE:"multiple choice"', 'type:choice')).toBe(true);
  expect(holds('not flagged', 'flagged')).toBe(false);
  expect(holds('flagged or a', 'flagged')).toBe(false);
});

it('a condition can be dropped', () => {
  const line = 'step>3 and (a or b) "not c"';
  expect(conditionsOf(line).map(({ text }) => text)).toEqual(['step>3', '(a or b)', '"not c"']);
  expect([0, 1, 2].map((place) => without(line, [place]))).toEqual([
    '(a or b) "not c"',
    'step>3 "not c"',
    'step>3 (a or b)',
  ]);
  expect(without('ball', [0])).toBe('');
  expect(without(line, [0, 1])).toBe('"not c"');
});

it('what means something between commas alone keeps its meaning when others go', () => {
  expect(toggled('wrong, step > 150, category wrong order', 'step>150')).toBe('correct:false flag:wrong-order');
  expect(toggled('wrong, flagged', 'half:ordered')).toBe('correct:false flagged half:ordered');
  expect(without('right, left', [1])).toBe('correct:true');
});

it('a condition by itself asks for what it asks for in its line', () => {
  for (const [line, texts, alone] of [
    ['wrong, step > 500', ['wrong', 'step > 500'], ['correct:false', 'step>500']],
    ['flagged, category wrong order', ['flagged', 'category wrong order'], ['flagged', 'flag:wrong-order']],
    ['wrong, bounces, aha >= 3', ['wrong', 'bounces', 'aha >= 3'], ['correct:false', '"bounces"*', 'aha>=3']],
    ['red ball', ['red', 'ball'], ['"red"', '"ball"*']],
  ] as const) {
    const conditions = conditionsOf(line);
    expect(conditions.map(({ text }) => text)).toEqual(texts);
    expect(conditions.map((condition) => condition.alone)).toEqual(alone);
    for (const condition of conditions) expect(parseQuery(condition.alone).expression).toEqual(condition.expression);
  }
});
