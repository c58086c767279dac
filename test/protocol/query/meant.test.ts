import { expect, it } from 'vitest';
import { conditionsOf } from '../../../trainer/protocol/query/edit.ts';
import { termsMeant } from '../../../trainer/protocol/query/meant.ts';
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
