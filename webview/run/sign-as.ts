/** Names who signs what is said over a page's connection. */
import type { Host } from '../host.ts';
import type { RunFeed } from '../state/run-feed.ts';

/** Kept for the next link too. @returns false where it is no name, which is shown */
export async function signAs(feed: RunFeed, host: Host, name: string): Promise<boolean> {
  try {
    host.keepAuthor(await feed.connection.signAs(name));
    return true;
  } catch (thrown) {
    feed.fail(thrown);
    return false;
  }
}
