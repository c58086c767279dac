/** What is known of a step's update, read again where the run adds to it or stands otherwise, and over every new link. */
import { useEffect, useState } from 'preact/hooks';
import { asStudioError } from '../../../trainer/protocol/errors.ts';
import type { ReceiptState } from '../../../trainer/protocol/receipts.ts';
import type { RunFeed } from '../../state/run-feed.ts';

/** Null until it is there. @param step null where there is no update */
export function useReceipt(feed: RunFeed, step: number | null): ReceiptState | null {
  const [held, setHeld] = useState<{ readonly step: number; readonly state: ReceiptState } | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (step === null) return;
    let wanted = true;
    const read = () => {
      feed.request('receipts/get', { step }).then(
        (state) => wanted && setHeld({ step, state }),
        (thrown: unknown) => {
          /* The next link has it read. */
          if (wanted && asStudioError(thrown).kind !== 'connection-lost') feed.fail(thrown);
        },
      );
    };
    const stop = feed.connection.whenReady(read);
    return () => {
      wanted = false;
      stop();
    };
  }, [feed, step, turn]);
  useEffect(
    () =>
      feed.watchEvents((events) => {
        const matters = events.some(({ body }) => ['receipt', 'state', 'step', 'rewound'].includes(body.type));
        if (matters) setTurn((before) => before + 1);
      }),
    [feed],
  );
  return held?.step === step ? held.state : null;
}
