import { describe, expect, it } from 'vitest';
import { matchSpans, type SpanCounts, spanAgreement } from '../../../trainer/annotations/agreement/span-agreement.ts';
import { fixture } from './fixture.ts';

const span = ([start, end]: readonly [number, number]) => ({ start, end });

describe('F1 of spans', () => {
  it('is what SciPy’s and networkx’s matchings give, with the same counts, per category and over all', () => {
    for (const { items, scores } of fixture.spans) {
      for (const matching of ['exact', 'overlapping'] as const) {
        const added: SpanCounts[] = items.map(() => ({ both: 0, first: 0, second: 0 }));
        const compare = (name: string, counts: readonly SpanCounts[]) => {
          const { both, onlyFirst, onlySecond, f1 } = spanAgreement(items.length, counts, 1);
          const score = scores[matching][name];
          expect({ both, onlyFirst, onlySecond }).toEqual({
            both: score?.both,
            onlyFirst: score?.onlyFirst,
            onlySecond: score?.onlySecond,
          });
          if (score?.f1 === null) expect(f1).toEqual({ value: null, why: 'nothing-marked' });
          else expect(Math.abs((f1.value ?? Number.NaN) - (score?.f1 ?? 0))).toBeLessThan(1e-12);
        };
        for (const category of ['order', 'frames']) {
          const counts = items.map(({ first, second }) =>
            matchSpans((first[category] ?? []).map(span), (second[category] ?? []).map(span), matching),
          );
          compare(category, counts);
          for (const [k, { both, first, second }] of counts.entries()) {
            const sum = added[k] as SpanCounts;
            added[k] = { both: sum.both + both, first: sum.first + first, second: sum.second + second };
          }
        }
        compare('overall', added);
      }
    }
  });

  it('pairs each span once: one long span over two short ones is one pair', () => {
    const long = [{ start: 0, end: 20 }];
    const short = [
      { start: 1, end: 4 },
      { start: 10, end: 12 },
    ];
    expect(matchSpans(long, short, 'overlapping')).toEqual({ both: 1, first: 1, second: 2 });
    expect(spanAgreement(1, [matchSpans(long, short, 'overlapping')], 1)).toMatchObject({
      both: 1,
      onlyFirst: 0,
      onlySecond: 1,
      f1: { value: 2 / 3 },
    });
  });

  it('gives a span to the one that no other fits', () => {
    const first = [
      { start: 0, end: 10 },
      { start: 0, end: 3 },
    ];
    const second = [
      { start: 0, end: 2 },
      { start: 8, end: 9 },
    ];
    expect(matchSpans(first, second, 'overlapping').both).toBe(2);
  });

  it('takes spans that touch for apart, and one that is marked twice for one', () => {
    expect(matchSpans([{ start: 0, end: 5 }], [{ start: 5, end: 9 }], 'overlapping').both).toBe(0);
    const twice = [
      { start: 0, end: 5 },
      { start: 0, end: 5 },
    ];
    expect(matchSpans(twice, twice, 'exact')).toEqual({ both: 1, first: 1, second: 1 });
  });

  it('is undefined without an item in common and without a span, and has no interval of one item', () => {
    expect(spanAgreement(0, [], 1).f1).toEqual({ value: null, why: 'no-item-in-common' });
    expect(spanAgreement(3, [], 1).f1).toEqual({ value: null, why: 'nothing-marked' });
    expect(spanAgreement(1, [{ both: 1, first: 1, second: 2 }], 1).interval).toEqual({
      low: null,
      high: null,
      why: 'one-item',
    });
    // One only is not undefined: nothing that was marked was marked by both.
    expect(spanAgreement(3, [{ both: 0, first: 2, second: 0 }], 1)).toMatchObject({ onlyFirst: 2, f1: { value: 0 } });
  });

  it('has an interval over items in which resamples without a span are counted as undefined', () => {
    const found = spanAgreement(
      6,
      [
        { both: 1, first: 1, second: 1 },
        { both: 0, first: 1, second: 1 },
      ],
      1,
    );
    expect(found.interval).toMatchObject({ low: 0, high: 1 });
    if (found.interval.low === null) throw new Error('no interval');
    // Four of six items have no span: (4 / 6)^6 of resamples hold none.
    expect(found.interval.undefinedResamples / 10_000).toBeCloseTo((4 / 6) ** 6, 1);
    expect(found.interval.undefinedResamples).toBeGreaterThan(0);
  });
});
