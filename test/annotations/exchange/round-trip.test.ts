import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../trainer/annotations/exchange/entry.ts';
import {
  exportArgilla,
  exportLabelStudio,
  importArgilla,
  importLabelStudio,
} from '../../../trainer/annotations/exchange/exchange.ts';
import { authorKey, standingLabels } from '../../../trainer/annotations/exchange/standing.ts';
import { authors, byId, entries, vocabulary } from './arbitrary-entries.ts';

const options = { vocabulary, textField: null };
const now = '2026-03-01T00:00:00.000Z';
const throughFile = (content: unknown): unknown => JSON.parse(JSON.stringify(content));

/** The project's items, as an import finds them. */
const contextOf = (list: readonly Entry[]) => ({
  now,
  authors: new Map(authors.map((author) => [author.email ?? author.name, author])),
  itemsWith: (hash: string) => {
    const found = list.flatMap((entry) =>
      entry.kind === 'item' && entry.item.hash === hash ? [{ item: entry.item, content: entry }] : [],
    );
    return Array.from(new Map(found.map((one) => [JSON.stringify(one.item), one])).values());
  },
});

const nothing = { now, authors: new Map(), itemsWith: () => [] };

/** What stands, without what another tool has no place for: ids, times, contexts of spans. */
function standing(list: readonly Entry[]) {
  const byItem = Map.groupBy(
    list.filter((entry) => entry.kind !== 'retraction'),
    (entry) => JSON.stringify(entry.item),
  );
  const retractions = list.filter((entry) => entry.kind === 'retraction');
  return Array.from(byItem)
    .flatMap(([item, of]) =>
      standingLabels([...of, ...retractions]).map(({ author, flags, verdict }) => ({
        item,
        author: authorKey(author),
        flags: Array.from(
          new Set(
            flags.map(({ category, severity, note, span }) =>
              JSON.stringify([category, span && [span.start, span.end], ...(span ? [severity, note] : [])]),
            ),
          ),
        ).sort(),
        verdict: verdict && [verdict.verdict, verdict.fixed],
      })),
    )
    .sort((a, b) => (a.item + a.author < b.item + b.author ? -1 : 1));
}

describe('an export that is imported again', () => {
  it('from Label Studio’s form gives the same entries, one by one, and has nothing to tell', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const { content, notices } = exportLabelStudio(list);
        expect(notices).toEqual([]);
        const back = importLabelStudio(throughFile(content), options, nothing);
        expect(back.notices).toEqual([]);
        expect(byId(back.entries)).toEqual(byId(list));
      }),
    );
  });

  it('from Argilla’s form gives the same entries, one by one, and has nothing to tell', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const { content, notices } = exportArgilla(list);
        expect(notices).toEqual([]);
        const back = importArgilla(throughFile(content), options, nothing);
        expect(back.notices).toEqual([]);
        expect(byId(back.entries)).toEqual(byId(list));
      }),
    );
  });

  it('from Label Studio’s form says the same without our own metadata: what stands is in its own fields', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const bare = exportLabelStudio(list).content.map(({ meta, ...task }) => task);
        const back = importLabelStudio(throughFile(bare), options, contextOf(list)).entries;
        expect(standing(back)).toEqual(standing(list));
      }),
    );
  });

  it('twice adds nothing the second time', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const bare = throughFile(exportLabelStudio(list).content.map(({ meta, ...task }) => task));
        const once = importLabelStudio(bare, options, contextOf(list)).entries;
        const later = importLabelStudio(bare, options, { ...contextOf(list), now: '2026-04-01T00:00:00.000Z' }).entries;
        expect(later.map(({ id }) => id)).toEqual(once.map(({ id }) => id));
      }),
    );
  });
});
