import { expect, it } from 'vitest';
import { everything } from '../../../trainer/protocol/query/expression.ts';
import { formatQuery } from '../../../trainer/protocol/query/format.ts';
import { butForFindings, ruleFieldsOf } from '../../../trainer/protocol/query/found-by-rules.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';

const queryOf = (line: string) => parseQuery(line).expression ?? everything;

it('names what a query asks of what rules find, however deep it stands', () => {
  expect(ruleFieldsOf(queryOf('step>3 ball'))).toEqual([]);
  expect(ruleFieldsOf(queryOf('analysis:2'))).toEqual([]);
  expect(ruleFieldsOf(queryOf('pattern:cut (step>3 or not aha>=2)'))).toEqual(['aha', 'pattern']);
  expect(ruleFieldsOf(queryOf('change:corrected namesTime:true'))).toEqual(['change', 'namesTime']);
});

it('leaves out the conditions on findings, and no other', () => {
  const left = (line: string) => butForFindings(queryOf(line))?.map(formatQuery);
  expect(left('correct:false pattern:cut step>500')).toEqual(['correct:false', 'step>500']);
  expect(left('pattern:cut or step>500')).toEqual([]);
  expect(left('correct:false step>500')).toBeUndefined();
});
