/** The link of what is read: the answer, what is selected of it, and the filter and order of the list beside it. */
import { type PlaceLink, projectName } from '../../trainer/protocol/place.ts';
import type { Rollout } from '../../trainer/protocol/records.ts';
import { selectedSpan } from '../rollout/completion-text.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import type { RolloutsPlace } from './reading.ts';

/** @param text where the answer's text stands; null where none does */
export function linkOfRollout(
  feed: RunFeed,
  { id, step }: Rollout,
  { line, sort }: RolloutsPlace,
  text: HTMLElement | null,
): PlaceLink {
  const { trainer } = feed.connection.state.get();
  const span = text && selectedSpan(text);
  return {
    project: trainer && projectName(trainer.folder),
    place: {
      page: 'rollouts',
      runId: feed.id,
      step,
      rolloutId: id,
      ...(span && { span }),
      ...(line.trim() !== '' && { query: line }),
      ...(sort && { sort }),
    },
  };
}
