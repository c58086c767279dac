/** The rollouts page as it was left while there was no trainer. */
import { noTrainer } from '../run/run-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Store } from '../ui/store.ts';
import type { RolloutFeed } from './list/rollout-feed.ts';
import type { Reading, RolloutsPlace } from './reading.ts';

interface Left {
  readonly feed: RunFeed;
  readonly place: Store<RolloutsPlace>;
  readonly list: RolloutFeed;
  readonly reading: Reading;
}

/** What was read when the page was left without a trainer, which no one could read again. */
let left: Left | null = null;

/** Keeps the list and the reading of a page that is left without a trainer; else lets go of them. */
export function keepLeft(page: Left): void {
  disposeLeft();
  left = page;
  if (noTrainer(page.feed.connection.state.get().link) === null) disposeLeft();
}

/** What was kept of it; null where there is nothing, or a trainer to read it anew from. */
export function takeLeft(feed: RunFeed, place: Store<RolloutsPlace>): Left | null {
  const held = left;
  if (held?.feed === feed && held.place === place && noTrainer(feed.connection.state.get().link) !== null) {
    left = null;
    return held;
  }
  disposeLeft();
  return null;
}

function disposeLeft(): void {
  left?.reading.dispose();
  left?.list.dispose();
  left = null;
}
