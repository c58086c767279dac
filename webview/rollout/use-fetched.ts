/** What a component shows once the trainer has sent it. */
import { useEffect, useState } from 'preact/hooks';
import type { RunFeed } from '../state/run-feed.ts';

/** The answer for a key; null while it is on its way, and while the key is null. What goes wrong is shown by the feed. */
export function useFetched<T>(feed: RunFeed, key: string | null, fetch: (key: string) => Promise<T>): T | null {
  const [held, setHeld] = useState<{ readonly key: string; readonly value: T } | null>(null);
  useEffect(() => {
    if (key === null) return;
    let wanted = true;
    fetch(key).then(
      (value) => {
        if (wanted) setHeld({ key, value });
      },
      (thrown: unknown) => {
        if (wanted) feed.fail(thrown);
      },
    );
    return () => {
      wanted = false;
    };
  }, [feed, key]);
  return held?.key === key ? held.value : null;
}
