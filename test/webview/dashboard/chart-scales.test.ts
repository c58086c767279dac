import { describe, expect, it } from 'vitest';
import { bandEdges, drawnExtent, stepSplits, verticalRange } from '../../../webview/dashboard/chart-scales.ts';

describe('the extent of a chart', () => {
  it('is that of the steps that are drawn, over all lines', () => {
    const columns = [
      [1, 9, null, 3],
      [null, 2, 2, 4],
    ];
    expect(drawnExtent([1, 2, 3, 4], [1, 4], columns)).toEqual({ low: 1, high: 9 });
    expect(drawnExtent([1, 2, 3, 4], [2.5, 4], columns)).toEqual({ low: 2, high: 4 });
    expect(drawnExtent([1, 2, 3, 4], [3, 3], [[1, 9, null, 3]])).toBeNull();
  });

  it('has its first and its last step as labels, and round ones where there is room', () => {
    expect(stepSplits(1, 200, 50)).toEqual([1, 50, 100, 150, 200]);
    expect(stepSplits(1, 143, 50)).toEqual([1, 50, 100, 143]);
    expect(stepSplits(38.4, 71.9, 10)).toEqual([39, 50, 60, 71]);
    expect(stepSplits(0.5, 1.5, 1)).toEqual([1]);
  });
});

describe('a vertical scale', () => {
  it('leaves room for the line at fixed ends', () => {
    expect(verticalRange({ range: [0, 1] }, 0.5, 1)).toEqual([-0.02, 1.02]);
  });

  it('begins at 0 where it is asked to', () => {
    expect(verticalRange({ fromZero: true }, 0.5, 1)).toEqual([0, 1.06]);
  });

  it('reaches a band’s end that is near', () => {
    // Values 300 to 400 with 6 on either side; 320 is inside, 412 is not far.
    const [from, to] = verticalRange({ band: [320, 412] }, 300, 400);
    expect([from, to]).toEqual([294, 418]);
    expect(bandEdges([320, 412], [from, to]).map(({ edge }) => edge)).toEqual([null, null]);
  });

  it('leaves out an end that is far, which is written at the edge beyond which it lies', () => {
    const scale = verticalRange({ band: [8, 64] }, 30, 40);
    expect(scale).toEqual([29.4, 40.6]);
    expect(bandEdges([8, 64], scale)).toEqual([
      { at: 8, words: 'from 8 ↓', edge: 'bottom' },
      { at: 64, words: 'to 64 ↑', edge: 'top' },
    ]);
    expect(bandEdges([320, 512], scale)).toEqual([{ at: 320, words: '320–512 ↑', edge: 'top' }]);
    expect(bandEdges([1, 5], scale)).toEqual([{ at: 5, words: '1–5 ↓', edge: 'bottom' }]);
  });
});
