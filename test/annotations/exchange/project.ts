/** A project into which others' labels are imported. */
import type { Notice } from '../../../trainer/annotations/exchange/notices.ts';
import type { KnownItem } from '../../../trainer/annotations/exchange/to-entries.ts';
import type { Entry } from '../../../trainer/protocol/annotations/entries.ts';
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
  said: () => undefined,
  itemsWith: (hash: string) => items.filter(({ item }) => item.hash === hash),
});

/** An export as a whole: what was written, and what was told. */
export async function written<Form>(
  entries: Iterable<Entry>,
  into: (entries: Iterable<Entry>, write: (content: Form) => void) => Promise<readonly Notice[]>,
): Promise<{ readonly content: readonly Form[]; readonly notices: readonly Notice[] }> {
  const content: Form[] = [];
  const notices = await into(entries, (one) => {
    content.push(one);
  });
  return { content, notices };
}
