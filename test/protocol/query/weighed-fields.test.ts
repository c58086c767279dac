/** What a query asks of evidence is told from the rest, which says what it may keep. */
import { expect, it } from 'vitest';
import { everything } from '../../../trainer/protocol/query/expression.ts';
import { formatQuery } from '../../../trainer/protocol/query/format.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import { butForEvidence } from '../../../trainer/protocol/query/weighed-fields.ts';

it('leaves out the conditions on evidence, and no other', () => {
  const left = (line: string) => butForEvidence(parseQuery(line).expression ?? everything)?.map(formatQuery);
  expect(left('orderWorth<0.5 temporal>0')).toEqual(['temporal>0']);
  expect(left('usesOrder:false step>3 orderError<1')).toEqual(['step>3']);
  expect(left('orderWorth>1 or step>3')).toEqual([]);
  expect(left('temporal>0')).toBeUndefined();
});
