import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuestionOrder } from '../../trainer/data/mixing.ts';

const rows = (videos: number, images: number) =>
  Array.from({ length: videos + images }, (_, i) => ({ row: 10 * i, isImage: i >= videos }));
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
