/** Evidence as a run's feed asks the trainer for it. */
import type { RunFeed } from '../../state/run-feed.ts';
import type { EvidenceDoor } from './evidence-model.ts';

export type EvidenceFeed = Pick<RunFeed, 'request' | 'fail'> & {
  readonly connection: Pick<RunFeed['connection'], 'on' | 'request'>;
};

export function evidenceDoor(feed: EvidenceFeed): EvidenceDoor {
  return {
    get: (rolloutId) => feed.request('evidence/get', { rolloutId }),
    cost: (asked) => feed.request('evidence/cost', asked),
    compute: (asked) => feed.request('evidence/compute', asked),
    cancel: (id) => feed.connection.request('evidence/cancel', { id }),
    onProgress: (listener) => feed.connection.on('evidence/progress', listener),
    newId: () => crypto.randomUUID(),
    fail: (thrown) => feed.fail(thrown),
  };
}
