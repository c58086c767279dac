/** Label entries of several authors on a few items, as they may stand in label files: with history, in any order. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { KnownItem } from '../../../trainer/annotations/exchange/to-entries.ts';
import { Vocabulary } from '../../../trainer/annotations/exchange/vocabulary.ts';
import { anchorOf } from '../../../trainer/protocol/annotations/anchors.ts';
import type { Entry } from '../../../trainer/protocol/annotations/entries.ts';
import { withWholeCharacters } from '../../../trainer/protocol/text-spans.ts';

export const categories = [
  { id: 'not-in-frames', name: 'not in the frames' },
  { id: 'wrong-order', name: 'wrong order of events' },
  { id: 'other', name: 'other' },
  { id: 'drop', name: 'not for training' },
];
export const vocabulary = new Vocabulary(categories, new Map());

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

export const authors = [
  { name: 'Ada', email: 'ada@example.org' },
  { name: 'Ada', email: 'ada@example.com' },
  { name: 'Béa 🦊', email: null },
  { name: 'Ada', email: null },
  { name: 'Ben', email: 'ada@example.org' },
];

const piece = fc.constantFrom(
  'First ',
  'the ball ',
  'hits\n',
  '🎬',
  '先に',
  'e\u0301 ',
  '"<&>" ',
  'wait, ',
  '\u{1F926}\u200D♂️',
);
const words = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(''));

const item = fc.record({ number: fc.nat(1_000_000), text: words, question: words, rollout: fc.boolean() }).map(
  ({ number, text, question, rollout }): KnownItem => ({
    item: rollout
      ? { kind: 'rollout', run: `run-${number}`, rollout: `${number}`, hash: hashOf(text) }
      : { kind: 'row', dataset: 'data/cot.json', row: number % 5 === 0 ? null : `${number}`, hash: hashOf(text) },
    content: {
      question,
      options: ['A. yes', 'B. no'],
      problemType: 'multiple choice',
      text,
      solution: 'A',
      answer: 'A',
      media: ['clips/a.mp4'],
    },
  }),
);

const draw = fc.record({
  item: fc.nat(),
  author: fc.nat(authors.length - 1),
  kind: fc.constantFrom(
    'flag',
    'flag',
    'flag',
    'verdict',
    'verdict',
    'answer',
    'settlement',
    'assignment',
    'retraction',
  ),
  category: fc.constantFrom(...categories.map(({ id }) => id)),
  severity: fc.constantFrom('minor' as const, 'major' as const),
  verdict: fc.constantFrom('keep' as const, 'fix' as const, 'drop' as const),
  note: fc.oneof(fc.constant(''), words),
  fixed: fc.option(fc.oneof(fc.constant(''), words)),
  from: fc.option(fc.constant('commits-elsewhere')),
  at0: fc.double({ min: 0, max: 1, noNaN: true }),
  length0: fc.double({ min: 0, max: 1, noNaN: true }),
  whole: fc.boolean(),
  minute: fc.nat(59),
});

/** Unique by id; every author who says something of an item has its `item` entry. */
export const entries: fc.Arbitrary<Entry[]> = fc
  .record({
    items: fc.uniqueArray(item, { minLength: 1, maxLength: 3, selector: ({ content }) => content.text }),
    draws: fc.array(draw, { maxLength: 14 }),
    turned: fc.boolean(),
  })
  .map(({ items, draws, turned }) => {
    const made: Entry[] = [];
    const line = (author: number, minute: number) => ({
      v: 1 as const,
      id: `entry-${made.length}`,
      at: `2026-02-13T10:${String(minute).padStart(2, '0')}:00.000Z`,
      author: authors[author] as (typeof authors)[number],
    });
    for (const one of draws) {
      const { item, content } = items[one.item % items.length] as KnownItem;
      const by = authors[one.author];
      if (!made.some((other) => other.kind === 'item' && other.item === item && other.author === by))
        made.push({ ...line(one.author, 0), kind: 'item', item, ...content });
      const { text } = content;
      const start = Math.min(text.length - 1, Math.floor(one.at0 * text.length));
      const end = Math.min(text.length, start + 1 + Math.floor(one.length0 * (text.length - start)));
      const span = one.whole ? null : anchorOf(text, withWholeCharacters(text, { start, end }));
      const base = line(one.author, one.minute);
      switch (one.kind) {
        case 'flag': {
          const { category, severity, note, from } = one;
          made.push({ ...base, kind: 'flag', item, category, severity, note, span, from });
          break;
        }
        case 'verdict':
          made.push({ ...base, kind: 'verdict', item, verdict: one.verdict, fixed: one.fixed });
          break;
        case 'answer':
          made.push({ ...base, kind: 'answer', item, detector: 'commits-elsewhere', span, accepted: one.whole });
          break;
        case 'settlement':
          made.push({ ...base, kind: 'settlement', item, verdict: one.verdict, fixed: one.fixed });
          break;
        case 'assignment':
          made.push({ ...base, kind: 'assignment', item, annotators: [...authors], shared: one.whole });
          break;
        default: {
          const mine = made.filter((other) => other.author === by && other.kind !== 'item');
          const of = mine[Math.floor(one.at0 * (mine.length - 1))];
          if (of) made.push({ ...base, kind: 'retraction', of: of.id });
        }
      }
    }
    return turned ? made.toReversed() : made;
  });

export const byId = (list: readonly Entry[]): Entry[] => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
