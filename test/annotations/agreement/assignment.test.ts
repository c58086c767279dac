import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignment, assign } from '../../../trainer/annotations/agreement/assignment.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, k) => `${name} ${k}`);
const loadsOf = (plan: readonly Assignment[]) => {
  const loads = new Map<string, number>();
  for (const annotator of plan.flatMap(({ annotators }) => annotators))
    loads.set(annotator, (loads.get(annotator) ?? 0) + 1);
  return loads;
};

const request = fc.record({
  items: fc.nat(60).map((count) => numbered('item', count)),
  annotators: fc.integer({ min: 1, max: 6 }).map((count) => numbered('annotator', count)),
  overlap: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.nat(),
});

describe('the assignment of items', () => {
  it('gives each item to one, the asked share to two, and everyone about as many', () => {
    fc.assert(
      fc.property(request, ({ items, annotators, overlap, seed }) => {
        const plan = assign({ given: [], items, annotators, overlap, seed });
        expect(plan.map(({ item }) => item)).toEqual(items);
        expect(plan.filter(({ shared }) => shared)).toHaveLength(Math.round(overlap * items.length));
        for (const { shared, annotators: of } of plan) {
          expect(of).toHaveLength(Math.min(shared ? 2 : 1, annotators.length));
          expect(new Set(of).size).toBe(of.length);
        }
        const loads = annotators.map((annotator) => loadsOf(plan).get(annotator) ?? 0);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is the same for the same request, and no one’s items depend on the order of items or annotators', () => {
    fc.assert(
      fc.property(request, ({ items, annotators, overlap, seed }) => {
        const plan = assign({ given: [], items, annotators, overlap, seed });
        const turned = assign({
          given: [],
          items: items.toReversed(),
          annotators: annotators.toReversed(),
          overlap,
          seed,
        });
        expect(turned.toReversed()).toEqual(plan);
      }),
    );
  });

  it('moves nothing that is given when items, annotators or the overlap change', () => {
    const later = fc.record({
      more: fc.nat(40),
      joined: fc.nat(3),
      left: fc.nat(2),
      overlap: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(request, later, ({ items, annotators, overlap, seed }, { more, joined, left, overlap: changed }) => {
        const given = assign({ given: [], items, annotators, overlap, seed });
        const plan = assign({
          given,
          items: [...items, ...numbered('new', more)],
          annotators: [...annotators.slice(left), ...numbered('joined', joined + 1)],
          overlap: changed,
          seed,
        });
        expect(plan).toHaveLength(items.length + more);
        for (const [k, before] of given.entries()) {
          expect(plan[k]?.item).toBe(before.item);
          expect(plan[k]?.shared).toBe(before.shared);
          expect(plan[k]?.annotators.slice(0, before.annotators.length)).toEqual(before.annotators);
        }
      }),
    );
  });

  it('gives new items to a newcomer until all have as many', () => {
    const given = assign({ given: [], items: numbered('item', 20), annotators: ['ada', 'bea'], overlap: 0, seed: 1 });
    const plan = assign({
      given,
      items: numbered('new', 16),
      annotators: ['ada', 'bea', 'cyd'],
      overlap: 0,
      seed: 1,
    });
    expect(Object.fromEntries(loadsOf(plan))).toEqual({ ada: 12, bea: 12, cyd: 12 });
  });

  it('gives a shared item that had one annotator to a second as soon as there is one', () => {
    const given = assign({ given: [], items: numbered('item', 10), annotators: ['ada'], overlap: 0.5, seed: 1 });
    const shared = given.filter((entry) => entry.shared);
    expect(shared.map(({ annotators }) => annotators)).toEqual(new Array(5).fill(['ada']));
    const plan = assign({ given, items: [], annotators: ['ada', 'bea'], overlap: 0.5, seed: 1 });
    expect(plan.filter((entry) => entry.shared).map(({ annotators }) => annotators)).toEqual(
      new Array(5).fill(['ada', 'bea']),
    );
  });

  it('counts what is given into the share that is asked for', () => {
    const annotators = ['ada', 'bea'];
    const given = assign({ given: [], items: numbered('item', 20), annotators, overlap: 0.5, seed: 1 });
    const plan = assign({ given, items: numbered('new', 20), annotators, overlap: 0.3, seed: 1 });
    expect(plan.filter(({ shared }) => shared)).toHaveLength(12);
    expect(plan.slice(20).filter(({ shared }) => shared)).toHaveLength(2);
  });

  it('has every two annotators share some items', () => {
    const annotators = ['ada', 'bea', 'cyd', 'dee'];
    const plan = assign({ given: [], items: numbered('item', 100), annotators, overlap: 0.3, seed: 3 });
    const pairs = Map.groupBy(
      plan.filter(({ shared }) => shared),
      (entry) => entry.annotators.toSorted().join(),
    );
    expect(pairs.size).toBe(6);
    for (const entries of pairs.values()) expect(entries.length).toBeGreaterThanOrEqual(4);
  });

  it('draws other items to share with another seed', () => {
    const of = (seed: number) =>
      assign({ given: [], items: numbered('item', 40), annotators: ['a', 'b'], overlap: 0.5, seed });
    expect(of(1)).not.toEqual(of(2));
  });

  it('refuses nobody, a share that is none, and an item that is given twice, with place and remedy', () => {
    const plain = { given: [], items: ['a'], annotators: ['ada'], overlap: 0.5, seed: 1 };
    const twice = { item: 'a', shared: false, annotators: ['ada'] };
    for (const [wrong, place] of [
      [{ ...plain, annotators: [] }, 'annotators'],
      [{ ...plain, overlap: 1.5 }, 'overlap'],
      [{ ...plain, overlap: Number.NaN }, 'overlap'],
      [{ ...plain, given: [twice, twice] }, 'given'],
    ] as const) {
      expect(() => assign(wrong)).toThrow(expect.objectContaining({ place, remedy: expect.any(String) }));
      expect(() => assign(wrong)).toThrow(StudioError);
    }
  });
});
