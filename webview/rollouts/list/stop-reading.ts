/** Gives up what the list reads or counts for long, by its button or by Escape. */
import type { ChoiceStore } from './list-choices.ts';
import type { RolloutFeed } from './rollout-feed.ts';

/** @returns whether there was something to give up */
export function stopReading(feed: RolloutFeed, choices: ChoiceStore): boolean {
  const { line } = feed.state.get();
  const stopped = feed.stop();
  /* What was typed is behind the arrow. */
  if (stopped && line !== feed.state.get().line) choices.used(line);
  return stopped;
}
