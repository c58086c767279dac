import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  exportArgilla,
  exportLabelStudio,
  importArgilla,
  importLabelStudio,
} from '../../../trainer/annotations/exchange/exchange.ts';
import { Vocabulary } from '../../../trainer/annotations/exchange/vocabulary.ts';
import { authorKey, type Entry } from '../../../trainer/protocol/annotations/entries.ts';
import { LabelBook } from '../../../trainer/protocol/annotations/label-book.ts';
import { byId, entries, vocabulary } from './arbitrary-entries.ts';
import { written } from './project.ts';

const options = { vocabulary, textField: null };
/** A project that lacks categories of the exported labels, and calls another by the id of one. */
const elsewhere = { vocabulary: new Vocabulary([{ id: 'x', name: 'Wrong-order' }], new Map()), textField: null };
const now = '2026-03-01T00:00:00.000Z';
const throughFile = (content: unknown): unknown => JSON.parse(JSON.stringify(content));

/** The project's items, as an import finds them. */
const contextOf = (list: readonly Entry[]) => ({
  now,
  authors: new Map(),
  said: () => undefined,
  itemsWith: (hash: string) => {
    const found = list.flatMap((entry) =>
      entry.kind === 'item' && entry.item.hash === hash ? [{ item: entry.item, content: entry }] : [],
    );
    return Array.from(new Map(found.map((one) => [JSON.stringify(one.item), one])).values());
  },
});

const nothing = { now, authors: new Map(), said: () => undefined, itemsWith: () => [] };

/** What stands, without what another tool has no place for: ids, times, empty texts, and of a whole item how grave and why. */
function standing(list: readonly Entry[]) {
  const book = new LabelBook(list.filter((entry) => entry.kind !== 'item'));
  return Array.from(book.keys())
    .sort()
    .map((key) => {
      const { flags = [], verdicts = [] } = book.get(key) ?? {};
      return {
        key,
        flags: flags
          .map(({ author, category, severity, note, span }) =>
            JSON.stringify([authorKey(author), category, ...(span ? [span, severity, note] : [])]),
          )
          .sort(),
        verdicts: verdicts
          .map(({ author, verdict, fixed }) => JSON.stringify([authorKey(author), verdict, fixed || null]))
          .sort(),
      };
    })
    .filter(({ flags, verdicts }) => flags.length + verdicts.length > 0);
}

describe('an export that is imported again', () => {
  it('from Label Studio’s form gives the same entries, one by one, and has nothing to tell', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        const { content, notices } = await written(list, exportLabelStudio);
        expect(notices).toEqual([]);
        for (const project of [options, elsewhere]) {
          const back = await importLabelStudio(throughFile(content), project, nothing);
          expect(back.notices).toEqual([]);
          expect(byId(back.entries)).toEqual(byId(list));
        }
      }),
    );
  });

  it('from Argilla’s form gives the same entries, one by one, and has nothing to tell', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        const { content, notices } = await written(list, exportArgilla);
        expect(notices).toEqual([]);
        for (const project of [options, elsewhere]) {
          const back = await importArgilla(throughFile(content), project, nothing);
          expect(back.notices).toEqual([]);
          expect(byId(back.entries)).toEqual(byId(list));
        }
      }),
    );
  });

  it('from Label Studio’s form says the same without our own metadata: what stands is in its own fields', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        const bare = (await written(list, exportLabelStudio)).content.map(({ meta, ...task }) => task);
        const back = (await importLabelStudio(throughFile(bare), options, contextOf(list))).entries;
        expect(standing(back)).toEqual(standing(list));
      }),
    );
  });

  it('twice adds nothing the second time', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        const bare = throughFile((await written(list, exportLabelStudio)).content.map(({ meta, ...task }) => task));
        const once = (await importLabelStudio(bare, options, contextOf(list))).entries;
        const later = (await importLabelStudio(bare, options, { ...contextOf(list), now: '2026-04-01T00:00:00.000Z' }))
          .entries;
        expect(later.map(({ id }) => id)).toEqual(once.map(({ id }) => id));
      }),
    );
  });
});
