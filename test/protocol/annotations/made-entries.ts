/** Entries of label files for tests: what a test does not say is made up. */
import type {
  Author,
  Entry,
  FlagEntry,
  Item,
  ItemEntry,
  RetractionEntry,
  SettlementEntry,
  VerdictEntry,
} from '../../../trainer/protocol/annotations/entries.ts';

export const ann: Author = { name: 'Ann', email: 'ann@example.org' };
export const ben: Author = { name: 'Ben', email: null };

export const row = (name: string): Item => ({ kind: 'row', dataset: 'data/cot.json', row: name, hash: '0'.repeat(32) });

let made = 0;
/** @param second of one day */
const head = (author: Author, second: number) => ({
  v: 1 as const,
  id: `e${++made}`,
  at: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
  author,
});

export const flag = (author: Author, second: number, change: Partial<FlagEntry> = {}): FlagEntry => ({
  ...head(author, second),
  kind: 'flag',
  item: row('a'),
  category: 'wrong-order',
  severity: 'major',
  note: '',
  span: null,
  from: null,
  ...change,
});

export const verdictOf = (
  author: Author,
  second: number,
  verdict: VerdictEntry['verdict'],
  change: Partial<VerdictEntry> = {},
): VerdictEntry => ({ ...head(author, second), kind: 'verdict', item: row('a'), verdict, fixed: null, ...change });

export const settlement = (
  author: Author,
  second: number,
  verdict: VerdictEntry['verdict'],
  change: Partial<SettlementEntry> = {},
): SettlementEntry => ({
  ...head(author, second),
  kind: 'settlement',
  item: row('a'),
  verdict,
  fixed: null,
  ...change,
});

export const retraction = (author: Author, second: number, of: Entry): RetractionEntry => ({
  ...head(author, second),
  kind: 'retraction',
  of: of.id,
});

export const itemEntry = (author: Author, second: number, change: Partial<ItemEntry> = {}): ItemEntry => ({
  ...head(author, second),
  kind: 'item',
  item: row('a'),
  question: 'Which came first?',
  options: ['A. red', 'B. blue'],
  problemType: 'multiple choice',
  text: 'First red.',
  solution: 'A',
  answer: 'A',
  media: ['videos/1.mp4'],
  ...change,
});
