/** What a component shows once the trainer has sent it. */
import { useEffect, useState } from 'preact/hooks';
import type { RunFeed } from '../state/run-feed.ts';
import { useStore } from '../ui/store.ts';

/**
 * The answer for a key; null while it is on its way, and while the key is null. What can't be had without a trainer is asked
 * for again when there is one; what goes wrong otherwise is shown by the feed.
 */
export function useFetched<T>(feed: RunFeed, key: string | null, fetch: (key: string) => Promise<T>): T | null {
  const [held, setHeld] = useState<{ readonly feed: RunFeed; readonly key: string; readonly value: T } | null>(null);
  const isHeld = held?.feed === feed && held.key === key;
  const isThere = useStore(feed.connection.state, ({ link }) => link.state === 'open');
  useEffect(() => {
    if (key === null || isHeld) return;
    let wanted = true;
    fetch(key).then(
      (value) => {
        if (wanted) setHeld({ feed, key, value });
      },
      (thrown: unknown) => {
        if (wanted && isThere) feed.fail(thrown);
      },
    );
    return () => {
      wanted = false;
    };
  }, [feed, key, isThere]);
  return isHeld ? held.value : null;
}
