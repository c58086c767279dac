/** From pane to pane, as the page's width has them, with the focus going along. */
import type { Focus } from './focus.ts';
import type { Layout } from './layout.ts';
import type { Pane, Reading } from './reading.ts';

interface PanesNow {
  readonly reading: Reading;
  readonly layout: Layout;
  /** The list opens over the reading. */
  readonly overlaid: boolean;
  readonly isListShown: boolean;
  /** The whole group stands in the rollout's place. */
  readonly isGroupInPlace: boolean;
  readonly focusOn: (target: Focus) => void;
  /** Null where the keys are not shown. */
  readonly closeHelp: (() => void) | null;
  /** Gives up what the list reads or counts for long. @returns whether it did */
  readonly stopList: () => boolean;
}

export interface PaneMoves {
  show(wanted: Pane): void;
  toggleList(): void;
  /** Reads an answer. */
  choose(groupId: string, rolloutId: string): void;
  /**
   * Leaves what was opened last, or gives up what the list reads for long: what is picked, and a group that was opened, go
   * first, since a list that is slow is nothing that the reader did. @returns false where there was neither
   */
  leave(): boolean;
}

export function paneMoves(now: PanesNow): PaneMoves {
  const { reading, layout, overlaid, isListShown, isGroupInPlace, focusOn, closeHelp, stopList } = now;
  const show = (wanted: Pane) => {
    if (wanted === 'list' && layout !== 'narrow') reading.showList(true);
    else {
      reading.show(wanted);
      if (overlaid) reading.showList(false);
    }
    focusOn(wanted);
  };
  const toggleList = () => {
    if (!isListShown) show('list');
    else if (layout === 'narrow') show('rollout');
    else {
      reading.showList(false);
      focusOn(isGroupInPlace ? 'group' : 'rollout');
    }
  };
  const choose = (groupId: string, chosen: string) => {
    reading.select(groupId, chosen);
    show('rollout');
  };
  const leave = () => {
    const state = reading.state.get();
    const isGroupWhole = state.exact || isGroupInPlace;
    const isListOver = overlaid && isListShown;
    if (closeHelp) closeHelp();
    else if (reading.flagging.state.get().draft) reading.flagging.leave();
    else if (state.token !== null) {
      reading.leaveToken();
      focusOn('rollout');
    } else if (reading.evidence.cancel() || reading.evidence.letGo()) return true;
    else if (state.flipping) reading.toggleFlip();
    else if (isGroupWhole && !isListOver) show('rollout');
    else if (stopList()) return true;
    else if (isListOver) toggleList();
    else return false;
    return true;
  };
  return { show, toggleList, choose, leave };
}
