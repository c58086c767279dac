/** What is known of an entry is checked, and what a later version wrote is kept and told. */
import { describe, expect, test } from 'vitest';
import {
  authorKey,
  authorOf,
  compareEntries,
  type Entry,
  itemKey,
  readEntry,
} from '../../../trainer/protocol/annotations/entries.ts';
import { ann, ben, flag, itemEntry, retraction, row, settlement, verdictOf } from './made-entries.ts';

const answer: Entry = {
  v: 1,
  id: 'answer',
  at: '2026-01-01T00:00:00Z',
  author: ann,
  kind: 'answer',
  item: { kind: 'rollout', run: 'tgrpo-1', rollout: 'r1', hash: 'a'.repeat(32) },
  detector: 'repetition',
  span: null,
  accepted: false,
};
const drop = verdictOf(ann, 1, 'drop');

describe('an entry', () => {
  test.each<Entry>([
    answer,
    flag(ann, 1),
    drop,
    settlement(ben, 1, 'fix', { fixed: '' }),
    retraction(ann, 1, drop),
    itemEntry(ann, 1),
  ])('of the kind $kind is read as it was written', (entry) => {
    expect(readEntry(JSON.parse(JSON.stringify(entry)))).toEqual({ state: 'read', entry, unknown: null });
  });

  test('with keys that are not known is read, keeps them, and says which', () => {
    const more = { ...drop, colour: 'red', item: { ...drop.item, chapter: 2 } };
    const read = readEntry(more);
    expect(read).toMatchObject({ state: 'read', entry: more });
    expect(read).toHaveProperty('unknown', expect.stringMatching(/"chapter".*"colour"/));
    expect(readEntry({ ...drop, v: 2 })).toMatchObject({ state: 'read', unknown: 'version 2' });
    expect(readEntry({ ...drop, v: 2, colour: 'red' })).toMatchObject({
      state: 'read',
      unknown: expect.stringMatching(/colour/),
    });
  });

  test('of a kind or form that only a later version knows is told as such', () => {
    expect(readEntry({ ...drop, kind: 'vote' })).toEqual({ state: 'newer', why: 'its kind "vote" is not known' });
    expect(readEntry({ ...drop, v: 2, verdict: 'later' })).toMatchObject({
      state: 'newer',
      why: expect.stringContaining('version 2, in which verdict must be "keep", "fix" or "drop"'),
    });
  });

  test.each([
    [{ ...drop, verdict: 'later' }, /verdict must be/],
    [{ ...drop, v: 0 }, /v must be 1/],
    [{ ...drop, v: undefined }, /v is missing/],
    [{ ...drop, at: 'yesterday' }, /at must be/],
    [{ ...drop, at: '2026-01-01T00:00:00+02:00' }, /at must be/],
    [{ ...drop, author: 'Ann' }, /author must be an object/],
    [{ ...drop, author: { name: 'Ann\nBen', email: null } }, /author.name: must be one line/],
    [{ ...drop, author: { name: ' ', email: null } }, /author.name: must be one line/],
    [{ ...drop, item: { ...drop.item, hash: 'F'.repeat(32) } }, /hexadecimal/],
    [{ ...drop, item: { ...drop.item, dataset: '/data/a.json' } }, /relative to the project/],
    [{ ...drop, item: { ...drop.item, dataset: 'data\\a.json' } }, /relative to the project/],
    [{ ...flag(ann, 1), category: 'Wrong order' }, /category/],
    [{ ...drop, kind: undefined }, /kind is missing/],
    [[drop], /the entry must be an object/],
    [null, /the entry/],
  ])('is at fault: %#', (value, fault) => {
    const read = readEntry(value);
    expect(read.state).toBe('fault');
    expect('fault' in read && read.fault).toMatch(fault);
  });
});

test('an author is one by name and e-mail together, however the name is encoded', () => {
  expect(authorKey({ name: 'Zoe\u0301', email: null })).toBe(authorKey({ name: 'Zo\u00e9', email: null }));
  expect(authorKey(ann)).not.toBe(authorKey({ ...ann, email: 'ann@example.com' }));
  expect(authorOf(authorKey(ann))).toEqual(ann);
});

test('an item is one by all that names it', () => {
  const a = row('a');
  expect(itemKey({ ...a })).toBe(itemKey(a));
  expect(itemKey(row('b'))).not.toBe(itemKey(a));
  expect(itemKey({ ...a, hash: '1'.repeat(32) })).not.toBe(itemKey(a));
  expect(itemKey({ kind: 'row', dataset: 'd', row: null, hash: a.hash })).not.toBe(
    itemKey({ kind: 'row', dataset: 'd', row: 'null', hash: a.hash }),
  );
});

test('entries are in the order of their times, whatever decimals those have, then of their ids', () => {
  const at = (time: string, id: string) => ({ ...drop, at: time, id });
  const all = [
    at('2026-01-01T00:00:00.5Z', 'c'),
    at('2026-01-01T00:00:00Z', 'b'),
    at('2026-01-01T00:00:00.000Z', 'a'),
    at('2026-01-01T00:00:00.123456Z', 'd'),
  ];
  expect(all.toSorted(compareEntries).map(({ id }) => id)).toEqual(['a', 'b', 'd', 'c']);
});
