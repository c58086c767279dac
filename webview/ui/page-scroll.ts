/** Where panes stand below each other and the page scrolls as one: its part that is wanted comes into sight, and keys go on and back. */

/** A long one from its start; a short one no further than it has to. */
export function bringIntoSight(pane: string): void {
  const found = document.querySelector(`[data-pane=${pane}]`);
  found?.scrollIntoView({ block: found.clientHeight > innerHeight / 2 ? 'start' : 'nearest' });
}

/** On and back by most of what is in sight. */
export const pageScrollKeys: Readonly<Record<'PageDown' | 'PageUp', () => boolean>> = {
  PageDown: () => scrollPage(1),
  PageUp: () => scrollPage(-1),
};

/** False where the page does not scroll: the key is another's. */
function scrollPage(by: 1 | -1): boolean {
  const main = document.querySelector('main');
  if (!main || main.scrollHeight <= main.clientHeight) return false;
  main.scrollBy({ top: by * 0.85 * main.clientHeight });
  return true;
}
