/** How well the line under words can be seen, as a browser paints it. */
import type { Locator } from 'playwright-core';

/** WCAG's contrast of an element's lower border to what it lies on, from 1 to 21, and the border's style. */
export const lineUnder = (element: Locator): Promise<{ readonly style: string; readonly contrast: number }> =>
  element.evaluate((of) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (canvas === null) throw new Error('this browser has no canvas');
    const behind = [];
    for (let at: Element | null = of; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const luminance = (colours: readonly string[]) => {
      for (const colour of colours) {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
      }
      const [red = 0, green = 0, blue = 0] = Array.from(canvas.getImageData(0, 0, 1, 1).data, (byte) => {
        const share = byte / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const { borderBottomStyle: style, borderBottomColor } = getComputedStyle(of);
    const pair = [luminance(behind), luminance([...behind, borderBottomColor])];
    return { style, contrast: (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05) };
  });
