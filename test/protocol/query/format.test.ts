/** A query printed as a line is read as the same query. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { everything } from '../../../trainer/protocol/query/expression.ts';
import { formatQuery } from '../../../trainer/protocol/query/format.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import { anyExpression } from './subjects.ts';

it('prints what one would type', () => {
  for (const [typed, printed] of [
    ['', ''],
    ['order=shuffled   (flagged)', 'half:shuffled flagged'],
    ['type:choice,ocr ball', '(type:choice or type:ocr) "ball"*'],
    ['not(a or correct!=true)', 'not ("a" or correct!=true)'],
    ['step:20..40 accuracy:0.5..', 'step:20..40 accuracy>=0.5'],
    ['time>=2025-11-28', 'time>=2025-11-28T00:00:00.000Z'],
    ['answer:"a ""b"""', 'answer:"a ""b"""'],
  ] as const) {
    const { expression } = parseQuery(typed);
    expect(expression && formatQuery(expression), typed).toBe(printed);
  }
  expect(formatQuery(everything)).toBe('');
});

it('is read as the same query', () => {
  fc.assert(
    fc.property(anyExpression, (expression) => {
      expect(parseQuery(formatQuery(expression))).toMatchObject({ faults: [], expression });
    }),
    { numRuns: 500 },
  );
});
