/** Whether people can see what a page has, as a browser draws it. */
import type { Locator } from 'playwright-core';

/** All four corners of an element stand on the page with nothing over them, neither a pane's edge nor another part. */
export const inSight = (element: Locator): Promise<boolean> =>
  element.evaluate((of) => {
    const { left, right, top, bottom } = of.getBoundingClientRect();
    const corners = [left + 1, right - 1].flatMap((x) => [top + 1, bottom - 1].map((y) => [x, y] as const));
    return corners.every(([x, y]) => {
      const drawn = document.elementFromPoint(x, y);
      return drawn !== null && (of.contains(drawn) || drawn.contains(of));
    });
  });

/** The end of a line is cut short, or of what is chosen in a list the end lies under its arrow. */
export const isCut = (element: Locator): Promise<boolean> =>
  element.evaluate((of) => {
    if (!(of instanceof HTMLSelectElement)) return of.scrollWidth > of.clientWidth;
    const arrow = 20;
    const canvas = document.createElement('canvas').getContext('2d');
    if (canvas === null) throw new Error('this browser has no canvas');
    canvas.font = getComputedStyle(of).font;
    return canvas.measureText(of.selectedOptions[0]?.text ?? '').width + arrow > of.clientWidth;
  });

/** The words of one element lie over another. */
export const liesOver = (words: Locator, other: Locator): Promise<boolean> =>
  Promise.all([
    words.evaluate((of) => {
      const range = document.createRange();
      range.selectNodeContents(of);
      return Array.from(range.getClientRects(), ({ left, right, top, bottom }) => ({ left, right, top, bottom }));
    }),
    other.evaluate((of) => {
      const { left, right, top, bottom } = of.getBoundingClientRect();
      return { left, right, top, bottom };
    }),
  ]).then(([lines, box]) =>
    lines.some(
      ({ left, right, top, bottom }) =>
        left < box.right && right > box.left && top < box.bottom - 1 && bottom > box.top + 1,
    ),
  );
