/** A project into which others' labels are imported. */
import type { KnownItem } from '../../../trainer/annotations/exchange/to-entries.ts';
import { hashOf } from './arbitrary-entries.ts';

export { vocabulary } from './arbitrary-entries.ts';

export const rowOf = (row: string, text: string): KnownItem => ({
  item: { kind: 'row', dataset: 'data/cot.json', row, hash: hashOf(text) },
  content: {
    question: 'What happens?',
    options: [],
    problemType: 'multiple choice',
    text,
    solution: 'A',
    answer: 'A',
    media: [],
  },
});

export const contextWith = (...items: readonly KnownItem[]) => ({
  now: '2026-03-01T00:00:00.000Z',
  authors: new Map<string, { name: string; email: string | null }>(),
  itemsWith: (hash: string) => items.filter(({ item }) => item.hash === hash),
});
