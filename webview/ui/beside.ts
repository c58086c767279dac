/** Where a box that belongs to something on the page is put. */

/** Between the box and what it belongs to, and to the page's edges, in CSS pixels. */
const gap = 4;
const edge = 8;

/** Below the anchor, above it where there is more room, and inside the page's edges always. The box has a fixed position. */
export function placeBeside(box: HTMLElement, anchor: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = box;
  const { innerWidth, innerHeight } = window;
  const below = innerHeight - anchor.bottom;
  const top = below >= height + gap + edge || below >= anchor.top ? anchor.bottom + gap : anchor.top - gap - height;
  const inside = (at: number, length: number, whole: number) => Math.max(edge, Math.min(at, whole - length - edge));
  box.style.left = `${inside(anchor.left, width, innerWidth)}px`;
  box.style.top = `${inside(top, height, innerHeight)}px`;
}
