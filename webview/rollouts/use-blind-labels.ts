/**
 * What the rollouts page shows of what people say of an answer. Of one that was dealt out to who looks and waits for that verdict
 * it hides what others say, which the trainer knows; until it has told, nothing of others is shown.
 */
import type { Annotation } from '../../trainer/protocol/records.ts';
import { type BlindLabels, blindLabels } from '../rollout/blind-labels.ts';
import { useFetched } from '../rollout/use-fetched.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { useStore } from '../ui/store.ts';

export interface SeenLabels extends BlindLabels<Annotation> {
  /** Why others' are hidden, a sentence; null where they are not, and while that is asked. */
  readonly why: string | null;
}

/** @param said all of this rollout, oldest first */
export function useBlindLabels(feed: RunFeed, rolloutId: string, said: readonly Annotation[]): SeenLabels {
  const author = useStore(feed.connection.state, (state) => state.author);
  const others = said.some((label) => label.author !== author);
  // One's verdict shows what others say, and to take it back hides it again.
  const key = others ? JSON.stringify([rolloutId, author, feed.ownVerdict(rolloutId)?.id]) : null;
  const history = useFetched(feed, key, () => feed.request('annotations/history', { rolloutId, settling: true }));
  const isHidden = others && (history === null || history.hidden !== null);
  return { ...blindLabels(said, author, isHidden), why: history?.hidden ?? null };
}
