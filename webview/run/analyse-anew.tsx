/** A button that has answers read again which older rules have read, with how far that is; and what it is about, beside it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { RunFeed } from '../state/run-feed.ts';
import { count, grouped } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import styles from './analyse-anew.module.css';
import { noTrainer } from './run-words.ts';

/** @param which answers they are, behind their number */
export const olderRulesRead = (answers: number, which: string): string =>
  `${count(answers, 'answer')} ${which} ${answers === 1 ? 'was' : 'were'} read by rules of an older version`;

/** @param children what older rules have read, as a sentence */
export function AnalyseAnew({ feed, children }: { feed: RunFeed; children: ComponentChildren }) {
  const missing = noTrainer(useStore(feed.connection.state, ({ link }) => link));
  const [progress, setProgress] = useState<{ readonly done: number; readonly total: number } | null>(null);
  useEffect(() => {
    const stops = [
      feed.connection.on('runs/analysing', ({ runId, done, total }) => {
        if (runId === feed.id) setProgress({ done, total });
      }),
      /* It may have been started elsewhere, which then is told of its end. */
      feed.watchEvents((events) => {
        if (events.some(({ body }) => body.type === 'analysed')) setProgress(null);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [feed]);
  const start = () => {
    setProgress({ done: 0, total: 0 });
    feed.request('runs/analyse', {}).then(
      () => setProgress(null),
      (thrown: unknown) => {
        setProgress(null);
        feed.fail(thrown);
      },
    );
  };
  const stop = () => void feed.request('runs/cancel-analysis', {}).catch((thrown: unknown) => feed.fail(thrown));
  return (
    <p class={styles.line} role="status" data-part="analyse">
      <span>{children}</span>{' '}
      {progress === null || missing !== null ? (
        <button
          type="button"
          class="link"
          aria-disabled={missing !== null ? 'true' : undefined}
          title={missing ?? 'Reads them again by the present rules; texts and rewards stay as they are'}
          onClick={() => {
            if (missing === null) start();
          }}
        >
          Analyse anew
        </button>
      ) : (
        <>
          <progress
            {...(progress.total > 0 && { value: progress.done, max: progress.total })}
            aria-label="Analysed anew"
          />{' '}
          {progress.total > 0 && `${grouped(progress.done)} of ${grouped(progress.total)} `}
          <button type="button" class="link" onClick={stop}>
            Stop
          </button>
        </>
      )}
    </p>
  );
}
