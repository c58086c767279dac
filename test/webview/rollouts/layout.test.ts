/** Widths of panes are remembered for each layout, and never leave the reading without room. */
import { describe, expect, it } from 'vitest';
import { PaneWidths, type Shelf } from '../../../webview/rollouts/layout.ts';

function aShelf(): Shelf & { held: Map<string, string> } {
  const held = new Map<string, string>();
  return { held, getItem: (key) => held.get(key) ?? null, setItem: (key, value) => void held.set(key, value) };
}

describe('PaneWidths', () => {
  it('begins as the page is drawn', () => {
    const widths = new PaneWidths(aShelf());
    expect(widths.of('editor', 'list', 1000).value).toBe(264);
    expect(widths.of('wide', 'list', 1400).value).toBe(440);
    expect(widths.of('wide', 'group', 1400).value).toBe(316);
    expect([1900, 1300, 1125].map((page) => widths.of('wide', 'list', page).value)).toEqual([440, 409, 380]);
  });

  it('is found again by the next visit, for the layout in which it was set', () => {
    const shelf = aShelf();
    new PaneWidths(shelf).set('editor', 'list', 300);
    const again = new PaneWidths(shelf);
    expect(again.of('editor', 'list', 1000).value).toBe(300);
    expect(again.of('wide', 'list', 1400).value).toBe(440);
    again.set('editor', 'list', null);
    expect(new PaneWidths(shelf).of('editor', 'list', 1000).value).toBe(264);
  });

  it('leaves the reading its room on a smaller page', () => {
    const widths = new PaneWidths(aShelf());
    widths.set('editor', 'list', 600);
    // 800 − 380 for the reading.
    expect(widths.of('editor', 'list', 800)).toEqual({ value: 420, min: 180, max: 420 });
  });

  it('takes what it can’t read for nothing moved, and holds where nothing is kept', () => {
    const shelf = aShelf();
    shelf.held.set('video-r1-rollouts-panes', '{"editor":{"list":"wide"}}');
    expect(new PaneWidths(shelf).of('editor', 'list', 1000).value).toBe(264);
    const closed: Shelf = {
      getItem: () => {
        throw new Error('denied');
      },
      setItem: () => {
        throw new Error('denied');
      },
    };
    const widths = new PaneWidths(closed);
    widths.set('editor', 'list', 300);
    expect(widths.of('editor', 'list', 1000).value).toBe(300);
  });
});
