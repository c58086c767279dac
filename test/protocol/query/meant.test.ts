import { describe, expect, it } from 'vitest';
import { conditionsOf } from '../../../trainer/protocol/query/edit.ts';
import { mended, misreadsOf, termsMeant, wordRead } from '../../../trainer/protocol/query/meant.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';

const meant = (line: string) => conditionsOf(line).flatMap(termsMeant);
const named = (value: string) => [`dataset:${value}`, `source:${value}`, `family:${value}`];

it('a word may be meant as a value of what has names, or as one that a field knows', () => {
  expect(meant('bounces')).toEqual(named('bounces'));
  expect(meant('"first colour"')).toEqual(named('"first colour"'));
  expect(meant('shuffled')).toContain('half:shuffled');
  expect(meant('OCR')).toContain('type:ocr');
  expect(meant('repetition')).toEqual(expect.arrayContaining(['pattern:repetition', 'flag:repetition']));
  expect(meant('paid')).toContain('paid:true');
  expect(meant('wrong')).toContain('correct:false');
  expect(meant('"right answer wrong way"')).toContain('pattern:"wrong way"');
});

it('nothing else is meant as something else', () => {
  expect(meant('step>3 not bounces (red or blue)')).toEqual([]);
});

it('what is offered is read as one condition on a field, whatever is typed', () => {
  for (const typed of ['bounces', 'a"b', '"a, (b) ""c"""', 'shuffled*', '三只猫'])
    for (const term of meant(typed)) {
      const { expression, faults } = parseQuery(term);
      expect([typed, faults, expression?.kind]).toEqual([typed, [], 'compare']);
    }
});

describe('words that may be meant as a condition', () => {
  it.each<[string, string, string]>([
    ['length<20 right', 'right', 'correct:true'],
    ['step>3 Wrong flagged', 'Wrong', 'correct:false'],
    ['flat step>3', 'flat', 'flat:true'],
    ['wrong way', 'wrong way', 'pattern:"wrong way"'],
    ['right by a wrong way, flagged', 'right by a wrong way', 'pattern:"wrong way"'],
    ['flagged category wrong order', 'category wrong order', 'flag:wrong-order'],
    ['category not supported', 'category not supported', 'flag:unsupported-answer'],
    ['flagged, family bounces', 'family bounces', 'family:bounces'],
    ['family first colour', 'family first colour', 'family:"first colour"'],
    ['step 150, flagged', 'step 150', 'step:150'],
    ['shorter than 20 tokens and right', 'shorter than 20 tokens', 'length<20'],
    ['longer than 40', 'longer than 40', 'length>40'],
    ['fewer than 20 tokens', 'fewer than 20 tokens', 'length<20'],
    ['step over 150', 'step over 150', 'step>150'],
    ['after step 150', 'after step 150', 'step>150'],
    ['aha is at least 3', 'aha is at least 3', 'aha>=3'],
    ['at most 2 flags', 'at most 2 flags', 'flags<=2'],
  ])('of %s: %s may be %s', (line, text, term) => {
    const [found, ...others] = misreadsOf(line);
    expect(others).toEqual([]);
    expect(found?.text).toBe(text);
    expect(found?.terms[0]).toBe(term);
    expect(parseQuery(found ? mended(line, found, term) : line).faults).toEqual([]);
  });

  it('are not those in quotes, nor any others', () => {
    for (const line of [
      '"right" flagged',
      '"wrong way"',
      'the ball',
      'constructor x',
      'red and "wrong"',
      'step over it',
    ])
      expect(misreadsOf(line), line).toEqual([]);
  });

  it('are taken out whole, and the rest stays as it is typed and means the same', () => {
    const put = (line: string) =>
      misreadsOf(line).reduceRight((held, one) => mended(held, one, one.terms[0] ?? ''), line);
    expect(put('wrong, step > 150, family bounces, aha >= 3')).toBe('wrong, step > 150, family:bounces, aha >= 3');
    expect(put('wrong way, cut')).toBe('pattern:"wrong way" and cut');
    expect(put('family bounces,red')).toBe('family:bounces and red');
    expect(put('(wrong way or x) step 3')).toBe('(pattern:"wrong way" or x) step:3');
  });
});

it('right among nothing but words may be one of them', () => {
  expect(wordRead('left and right')).toMatchObject({ text: 'right', terms: ['"right"'] });
  expect(wordRead('left, right')).toMatchObject({ text: 'right' });
  for (const line of ['left right', 'left, right, flagged', 'right, step>3', 'left and "right"', 'flagged left'])
    expect(wordRead(line), line).toBeNull();
});
