/** Places come in the order of their values, whatever the numbers; those of one value stay as they were, and none come last. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sortPlaces } from '../../trainer/store/sort-places.ts';

const value = fc.oneof(
  fc.double({ noDefaultInfinity: true }).map((number) => number + 0),
  fc.integer({ min: -3, max: 70_000 }),
  fc.constantFrom(0, 1, 0.1, -0.1, Number.NaN, 5e-324, 1e300, -1e300),
);

function finished<T>(work: Generator<null, T>): T {
  let result = work.next();
  while (!result.done) result = work.next();
  return result.value;
}

it('sorts as a comparison would', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), fc.boolean(), (values, descending) => {
      const places = Uint32Array.from(values, (_, number) => 1000 - number);
      const sorted = finished(
        sortPlaces(places, (into, from, to) => into.set(values.slice(from, to), from), descending),
      );
      const order = values.map((held, number) => ({ held, number }));
      order.sort((a, b) => {
        if (Number.isNaN(a.held) || Number.isNaN(b.held))
          return Number(Number.isNaN(a.held)) - Number(Number.isNaN(b.held)) || a.number - b.number;
        return (descending ? b.held - a.held : a.held - b.held) || a.number - b.number;
      });
      expect([...sorted]).toEqual(order.map(({ number }) => 1000 - number));
      expect([...places]).toEqual(values.map((_, number) => 1000 - number));
    }),
    { numRuns: 500 },
  );
});
