/** Rows of a list keep their elements while they are drawn, and never share any. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Slots } from '../../../webview/ui/slots.ts';

const windowOf = (first: number, rows: number) => Array.from({ length: rows }, (_, row) => `r${first + row}`);

it('a row that stays keeps its own, and one that comes takes those of one that went', () => {
  const slots = new Slots();
  expect(slots.give(windowOf(0, 4))).toEqual([0, 1, 2, 3]);
  expect(slots.give(windowOf(2, 4))).toEqual([2, 3, 1, 0]);
  expect(slots.give(['new', ...windowOf(2, 4)])).toEqual([4, 2, 3, 1, 0]);
  expect(slots.give(['r3', 'r5'])).toEqual([3, 0]);
  expect(slots.give(windowOf(3, 3))).toEqual([3, 1, 0]);
});

it('whatever is drawn, no two rows share any, those that stay keep theirs, and there are no more than were needed', () => {
  const drawn = fc.array(fc.record({ first: fc.nat(30), rows: fc.nat(12) }), { maxLength: 20 });
  fc.assert(
    fc.property(drawn, (windows) => {
      const slots = new Slots();
      let before = new Map<string, number>();
      for (const { first, rows } of windows) {
        const ids = windowOf(first, rows);
        const given = slots.give(ids);
        expect(new Set(given).size).toBe(ids.length);
        for (const [place, id] of ids.entries()) if (before.has(id)) expect(given[place]).toBe(before.get(id));
        expect(Math.max(-1, ...given)).toBeLessThan(12);
        before = new Map(ids.map((id, place) => [id, given[place] as number]));
      }
    }),
  );
});
