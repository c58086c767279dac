import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OrderedRow, QuestionOrder } from '../../trainer/data/mixing.ts';
import { ShareSequence, wholeWeights } from '../../trainer/data/share-sequence.ts';

const rows = (videos: number, images: number) =>
  Array.from({ length: videos + images }, (_, i) => ({ row: 10 * i, isImage: i >= videos, source: 'all' }));
const take = (order: QuestionOrder, count: number, share: number | null, from = 0) =>
  Array.from({ length: count }, (_, i) => order.at(from + i, share));
const sorted = (values: number[]) => [...values].sort((a, b) => a - b);

describe('QuestionOrder', () => {
  it('shows each row once a round, in another order each round and each seed', () => {
    const order = new QuestionOrder(rows(5, 4), 1);
    const [first, second] = [take(order, 9, null), take(order, 9, null, 9)];
    const everyRow = rows(5, 4).map(({ row }) => row);
    expect(sorted(first)).toEqual(everyRow);
    expect(sorted(second)).toEqual(everyRow);
    expect(first).not.toEqual(second);
    expect(take(new QuestionOrder(rows(5, 4), 2), 9, null)).not.toEqual(first);
  });

  it('gives a position the same row whatever was asked before', () => {
    const asked = take(new QuestionOrder(rows(5, 4), 7), 40, 0.3);
    const resumed = new QuestionOrder(rows(5, 4), 7);
    expect([39, 3, 27, 0, 12].map((position) => resumed.at(position, 0.3))).toEqual(
      [39, 3, 27, 0, 12].map((position) => asked[position]),
    );
  });

  it('keeps the share of images in every stretch to within one, and goes through both kinds in rounds', () => {
    const share = fc.constantFrom(0.1, 0.25, 1 / 3, 0.5, 0.9);
    fc.assert(
      fc.property(
        share,
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 60 }),
        (imageShare, from, length) => {
          const order = new QuestionOrder(rows(20, 20), 3);
          const images = take(order, length, imageShare, from).filter((row) => row >= 200).length;
          expect(Math.abs(images - length * imageShare)).toBeLessThan(1 + 1e-9);
        },
      ),
    );
    const images = take(new QuestionOrder(rows(6, 4), 3), 16, 0.5).filter((row) => row >= 60);
    expect(sorted(images.slice(0, 4))).toEqual([60, 70, 80, 90]);
    expect(sorted(images.slice(4))).toEqual([60, 70, 80, 90]);
    const videos = take(new QuestionOrder(rows(6, 4), 3), 24, 0.5).filter((row) => row < 60);
    expect(sorted(videos.slice(0, 6))).toEqual([0, 10, 20, 30, 40, 50]);
    expect(sorted(videos.slice(6))).toEqual([0, 10, 20, 30, 40, 50]);
  });

  it('trains without images at 0 and with nothing else at 1', () => {
    const order = new QuestionOrder(rows(3, 3), 3);
    expect(take(order, 30, 0).every((row) => row < 30)).toBe(true);
    expect(take(order, 30, 1).every((row) => row >= 30)).toBe(true);
  });

  it('refuses a share that the dataset has no rows for, and a dataset without rows', () => {
    expect(() => new QuestionOrder([], 1)).toThrow('no question');
    expect(() => new QuestionOrder(rows(3, 0), 1).at(0, 0.5)).toThrow('no image question');
    expect(() => new QuestionOrder(rows(0, 3), 1).at(0, 0.5)).toThrow('no video question');
    expect(new QuestionOrder(rows(3, 0), 1).at(0, 0)).toBeLessThan(30);
  });
});

describe('QuestionOrder by source', () => {
  /** Rows 0, 1, 2, …, as many of each source and kind as said. */
  const mixed = (counts: Record<string, { videos: number; images: number }>): OrderedRow[] =>
    Object.entries(counts)
      .flatMap(([source, { videos, images }]) => [
        ...Array.from({ length: videos }, () => ({ source, isImage: false })),
        ...Array.from({ length: images }, () => ({ source, isImage: true })),
      ])
      .map((one, row) => ({ ...one, row }));
  const sources = mixed({ a: { videos: 5, images: 4 }, b: { videos: 30, images: 0 }, c: { videos: 1, images: 7 } });
  const sourceOf = (row: number) => sources[row]?.source;

  it('takes sources by weight, however many rows they have, each in rounds of its own', () => {
    const taken = take(new QuestionOrder(sources, 1, { a: 3, b: 1.5, c: 0 }), 90, null);
    expect(['a', 'b', 'c'].map((name) => taken.filter((row) => sourceOf(row) === name).length)).toEqual([60, 30, 0]);
    const ofA = taken.filter((row) => sourceOf(row) === 'a');
    for (let round = 0; round < 6; round++)
      expect(sorted(ofA.slice(9 * round, 9 * round + 9))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(sorted(taken.filter((row) => sourceOf(row) === 'b'))).toEqual(Array.from({ length: 30 }, (_, i) => 9 + i));
  });

  it('keeps every source within one question of its share at any position, and of any stretch within two', () => {
    const weights = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(0, 0.25, 0.7, 1.125)), {
      minLength: 1,
      maxLength: 7,
    });
    fc.assert(
      fc.property(
        weights,
        fc.integer({ min: 0, max: 900 }),
        fc.integer({ min: 1, max: 400 }),
        (given, from, length) => {
          fc.pre(given.some((weight) => weight > 0));
          const rows = given.flatMap((_, s) =>
            [0, 1].map((k) => ({ row: 2 * s + k, isImage: false, source: `s${s}` })),
          );
          const order = new QuestionOrder(rows, 5, Object.fromEntries(given.map((weight, s) => [`s${s}`, weight])));
          const sum = given.reduce((total, weight) => total + weight, 0);
          const taken = take(order, from + length, null);
          given.forEach((weight, s) => {
            const count = (list: number[]) => list.filter((row) => row === 2 * s || row === 2 * s + 1).length;
            const share = weight / sum;
            expect(Math.abs(count(taken) - taken.length * share)).toBeLessThan(1);
            const bound = given.filter((one) => one > 0).length <= 2 ? 1 + 1e-9 : 2;
            expect(Math.abs(count(taken.slice(from)) - length * share)).toBeLessThan(bound);
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps the share of images beside the weights, which then hold among images and among videos', () => {
    const weights = { a: 1, b: 2, c: 3 };
    const taken = take(new QuestionOrder(sources, 1, weights), 240, 0.25);
    const isImage = (row: number) => sources[row]?.isImage === true;
    const counts = (rows: number[]) =>
      ['a', 'b', 'c'].map((name) => rows.filter((row) => sourceOf(row) === name).length);
    expect(counts(taken.filter(isImage))).toEqual([15, 0, 45]);
    expect(counts(taken.filter((row) => !isImage(row)))).toEqual([30, 60, 90]);
    expect(() => new QuestionOrder(sources, 1, { a: 0, b: 1, c: 0 }).at(0, 0.5)).toThrow('no image question to take');
  });

  it('gives a position the same row whatever was asked before, also far on, and another order by another seed', () => {
    const weights = { a: 0.5, b: 1, c: 7 };
    const asked = take(new QuestionOrder(sources, 7, weights), 300, null);
    const resumed = new QuestionOrder(sources, 7, weights);
    expect([299, 3, 127, 0].map((at) => resumed.at(at, null))).toEqual([299, 3, 127, 0].map((at) => asked[at]));
    const far = 1e12 + 5;
    expect(resumed.at(far, null)).toBe(new QuestionOrder(sources, 7, weights).at(far, null));
    expect(take(new QuestionOrder(sources, 8, weights), 300, null)).not.toEqual(asked);
  });

  it('names a source that is not known with the nearest, and those without a weight', () => {
    const thrown = (weights: Record<string, number>): unknown => {
      try {
        new QuestionOrder(mixed({ STAR: { videos: 2, images: 0 }, Math: { videos: 0, images: 1 } }), 1, weights);
      } catch (error) {
        return error;
      }
      return null;
    };
    expect(thrown({ STARS: 1, Math: 1 })).toMatchObject({
      kind: 'bad-run-file',
      message: 'No question of this run is from the source "STARS". Did you mean "STAR"?',
      remedy: 'The sources, with how many questions each has, are "Math" (1), "STAR" (2).',
    });
    expect(thrown({ Math: 1 })).toMatchObject({ message: 'No weight is given for the sources "STAR" (2).' });
    expect(thrown({ Math: 0, STAR: 0 })).toMatchObject({ message: 'Every weight is 0.' });
    expect(thrown({ Math: 1 / 3, STAR: 1 })).toMatchObject({ message: expect.stringContaining('decimals') });
    expect(thrown({ Math: 0.000001, STAR: 999_999 })).toMatchObject({ message: expect.stringContaining('too fine') });
  });
});

describe('ShareSequence', () => {
  it('knows the turn and the rank of any position, as counting from the start gives them', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 500 }), (given, position) => {
        const turns = new ShareSequence(given);
        const before = Array.from({ length: position }, (_, i) => turns.at(i).party);
        const { party, rank } = turns.at(position);
        expect(rank).toBe(before.filter((one) => one === party).length);
      }),
    );
  });

  it('takes weights as ratios of whole numbers', () => {
    expect(wholeWeights([0.5, 1.5, 2])).toEqual([1, 3, 4]);
    expect(wholeWeights([0.1, 0.2, 0.3])).toEqual([1, 2, 3]);
    expect(wholeWeights([0, 7])).toEqual([0, 1]);
    expect(wholeWeights([116_248, 15_031, 37_000])).toEqual([116_248, 15_031, 37_000]);
  });
});
