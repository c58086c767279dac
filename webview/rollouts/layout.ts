/** How the rollouts page lies at a width, and how wide its panes are, which is remembered for each such layout. */
import { z } from 'zod';
import { Store } from '../ui/store.ts';

/** `wide`: list, group and rollout. `editor`, as VS Code's ordinary window: list and reading. `narrow`: one pane behind tabs. */
export type Layout = 'wide' | 'editor' | 'narrow';

/** The widest page, in CSS pixels, that is narrow, that is an editor's, and on which the list begins hidden. */
export const narrowest = 760;
export const editors = 1120;
export const listHiddenTo = 859;
/** The widest page whose rows take two lines. */
export const slimmest = 559;
/** Lower than this the staircase of the reward would leave the text no room. */
export const lowPage = 819;

type Pane = 'list' | 'group';

const initial = {
  wide: { list: 440, group: 316 },
  editor: { list: 264, group: 264 },
} as const satisfies Record<Exclude<Layout, 'narrow'>, Record<Pane, number>>;

/** The list of a wide page gives way on one that is hardly wide, down to this width and at this share of the page. */
const listShare = 440 / 1400;
const narrowList = 380;

/** Least width of a pane, and what is left at least to the panes at its right, in CSS pixels. */
const least = { list: 180, group: 240 } as const satisfies Record<Pane, number>;
const leftForReading = 380;

const held = z.record(z.string(), z.record(z.string(), z.number().positive()));
const storageKey = 'video-r1-rollouts-panes';

/** What keeps texts from one visit to the next. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

export class PaneWidths {
  /** Only what was moved. */
  readonly state: Store<z.infer<typeof held>>;
  private readonly shelf: Shelf;

  constructor(shelf: Shelf) {
    this.shelf = shelf;
    this.state = new Store(read(shelf));
  }

  /** In CSS pixels, within what the page has room for. */
  of(layout: Layout, pane: Pane, pageWidth: number): { value: number; min: number; max: number } {
    const known = layout === 'narrow' ? 'editor' : layout;
    const beside = known === 'wide' && pane === 'list' ? least.group : 0;
    const min = least[pane];
    const max = Math.max(min, pageWidth - leftForReading - beside);
    const drawn =
      known === 'wide' && pane === 'list'
        ? Math.min(initial.wide.list, Math.max(narrowList, Math.round(pageWidth * listShare)))
        : initial[known][pane];
    const wanted = this.state.get()[known]?.[pane] ?? drawn;
    return { value: Math.min(max, Math.max(min, wanted)), min, max };
  }

  /** Null resets it. */
  set(layout: Layout, pane: Pane, width: number | null): void {
    const { [pane]: _, ...others } = this.state.get()[layout] ?? {};
    this.state.update((widths) => ({ ...widths, [layout]: width === null ? others : { ...others, [pane]: width } }));
    try {
      this.shelf.setItem(storageKey, JSON.stringify(this.state.get()));
    } catch {
      /* A browser that keeps nothing: the width holds until the page is closed. */
    }
  }
}

/** What can't be read, such as what a newer version wrote, is as if nothing had been moved. */
function read(shelf: Shelf): z.infer<typeof held> {
  try {
    return held.parse(JSON.parse(shelf.getItem(storageKey) ?? '{}'));
  } catch {
    return {};
  }
}
