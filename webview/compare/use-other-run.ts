/** The second run of a comparison: followed for as long as it is compared. */
import { useEffect, useState } from 'preact/hooks';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../ui/store.ts';

/** That of the first where both are the same run; null while there is none, or no such run. */
export function useOtherRun(session: Session, feed: RunFeed, runId: string | null): RunFeed | null {
  const known = useStore(session.state, ({ runs }) => runs?.some(({ id }) => id === runId) ?? false);
  const [other, setOther] = useState<RunFeed | null>(null);
  useEffect(() => {
    if (runId === null || runId === feed.id || !known) return setOther(null);
    const followed = session.follow(runId);
    followed?.need('evaluations');
    setOther(followed);
    return () => followed?.dispose();
  }, [session, feed, runId, known]);
  if (runId === feed.id) return feed;
  return other?.id === runId ? other : null;
}
