import { expect, it } from 'vitest';
import { awayOf, begunBy } from '../../../../webview/rollouts/list/in-sight.ts';

const byLength = { by: 'length', descending: true } as const;

it('the row that is read is sought in another list, but not in one that another order begins', () => {
  const first = begunBy({ list: 0, sort: null, placed: 0 }, 1, null);
  expect(first.placed).toBe(1);
  // The order is asked for before its list is there.
  expect(begunBy(first, 1, byLength)).toBe(first);
  const ordered = begunBy(first, 2, byLength);
  expect(ordered.placed).toBe(1);
  const filtered = begunBy(ordered, 3, byLength);
  expect(filtered.placed).toBe(3);
  expect(begunBy(filtered, 4, { ...byLength, descending: false }).placed).toBe(3);
});

it('a page that opens on an order begins where its link leads', () => {
  expect(begunBy({ list: 0, sort: byLength, placed: 0 }, 1, byLength).placed).toBe(1);
  expect(begunBy({ list: 0, sort: null, placed: 0 }, 1, byLength).placed).toBe(1);
});

it('the row that is read is away above what is in sight, or below, or not at all', () => {
  const rows = { first: 10, last: 20 };
  expect([9, 10, 20, 21, null].map((selected) => awayOf(rows, selected))).toEqual(['up', null, null, 'down', null]);
});
