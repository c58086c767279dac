import { expect, it } from 'vitest';
import { flaggedIn } from '../../../trainer/protocol/annotations/flagged-words.ts';

it('flagged words are found as whole words one after the other, case, accents and marks aside', () => {
  const found = (text: string, ...quotes: string[]) => flaggedIn(text, quotes);
  expect(found('The RÉD ball, then', 'red ball', 'then')).toEqual(['red ball', 'then']);
  expect(found('The red balloon', 'red ball')).toEqual([]);
  expect(found('red and ball', 'red ball')).toEqual([]);
  expect(found('anything ... at all', '...', '')).toEqual([]);
  expect(found('球在左边', '在左')).toEqual(['在左']);
});
