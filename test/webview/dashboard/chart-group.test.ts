import { expect, it } from 'vitest';
import { ChartGroup, lastShown, shownSteps } from '../../../webview/dashboard/chart-group.ts';

it('is zoomed around the middle, inside what there is, and out again', () => {
  const group = new ChartGroup();
  group.scaleBy(0.5, 1, 101);
  expect(group.zoom.get()).toEqual([26, 76]);
  group.scaleBy(2, 1, 101);
  expect(group.zoom.get()).toBeNull();
});

it('moves to a step that is not drawn, as long as it is', () => {
  const group = new ChartGroup();
  group.show(90, 1, 101);
  expect(group.zoom.get()).toBeNull();
  group.zoom.set([10, 30]);
  group.show(20, 1, 101);
  expect(group.zoom.get()).toEqual([10, 30]);
  group.show(60, 1, 101);
  expect(group.zoom.get()).toEqual([50, 70]);
  group.show(2, 1, 101);
  expect(group.zoom.get()).toEqual([1, 21]);
  group.show(101, 1, 101);
  expect(group.zoom.get()).toEqual([81, 101]);
});

it('draws from the first to the last step, or what one has zoomed into', () => {
  expect([shownSteps([3, 4, 9], null), shownSteps([3], null), shownSteps([3, 4], [3.5, 8])]).toEqual([
    [3, 9],
    [2.5, 3.5],
    [3.5, 8],
  ]);
  expect([lastShown([3, 4, 9], null), lastShown([3, 4, 9], [3, 8]), lastShown([3], [1, 2])]).toEqual([2, 1, -1]);
});
