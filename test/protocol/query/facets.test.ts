/** What is counted for a chip is what pressing it would show. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holds, toggled } from '../../../trainer/protocol/query/edit.ts';
import { type Expression, everything } from '../../../trainer/protocol/query/expression.ts';
import { facetQueries, facetTerms } from '../../../trainer/protocol/query/facets.ts';
import { formatQuery } from '../../../trainer/protocol/query/format.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import { anyExpression } from './subjects.ts';

const terms = facetTerms.flatMap((row) => [...row.terms]);
const read = (line: string) => parseQuery(line).expression ?? everything;

it('other conditions on the field of the chip give way', () => {
  const queries = facetQueries(read('half:ordered type:ocr,choice "ball"'));
  expect(Object.keys(queries)).toEqual(terms);
  expect(queries['half:shuffled']).toEqual(read('type:ocr,choice "ball" half:shuffled'));
  expect(queries['type:free']).toEqual(read('half:ordered "ball" type:free'));
  expect(queries.flagged).toEqual(read('half:ordered type:ocr,choice "ball" flagged'));
  expect(facetQueries(everything).flagged).toEqual(read('flagged'));
  expect(facetQueries(read('flagged:false')).flagged).toEqual(read('flagged'));
});

it('is the query of the line with the chip pressed', () => {
  fc.assert(
    fc.property(anyExpression, (expression: Expression) => {
      const line = formatQuery(expression);
      const queries = facetQueries(expression);
      for (const term of terms) if (!holds(line, term)) expect(read(toggled(line, term))).toEqual(queries[term]);
    }),
    { numRuns: 300 },
  );
});
