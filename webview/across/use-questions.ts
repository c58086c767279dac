/** The questions that came up in a run, page by page, as far as somebody has looked. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import type { AskedQuestion } from '../../trainer/protocol/questions.ts';
import type { RunFeed } from '../state/run-feed.ts';

export interface QuestionsState {
  readonly search: string;
  readonly questions: readonly AskedQuestion[];
  /** Null until they were read once. */
  readonly total: number | null;
  readonly next: string | null;
  readonly filled: number;
  /** Until the answer to this search is there; without a trainer it waits for one. */
  readonly reading: boolean;
}

const none: QuestionsState = { search: '', questions: [], total: null, next: null, filled: 1, reading: true };

export function useQuestions(feed: RunFeed, search: string): QuestionsState & { readonly more: () => void } {
  const [state, setState] = useState(none);
  const asking = useRef(0);
  const read = useCallback(
    (after: string | null, held: readonly AskedQuestion[]) => {
      const turn = ++asking.current;
      feed.request('questions/list', { search, ...(after !== null && { after }) }).then(
        ({ questions, ...page }) => {
          if (turn === asking.current)
            setState(({ total }) => ({
              ...{ ...page, search, reading: false },
              questions: [...held, ...questions],
              total: after === null ? page.total : total,
            }));
        },
        (thrown: unknown) => {
          if (turn !== asking.current) return;
          /* The next link has them read. */
          if (asStudioError(thrown).kind !== 'connection-lost') feed.fail(thrown);
        },
      );
    },
    [feed, search],
  );
  useEffect(() => {
    setState((before) => ({ ...before, reading: true }));
    const stop = feed.connection.whenReady(() => read(null, []));
    return () => {
      stop();
      asking.current += 1;
    };
  }, [read]);
  const { next, questions, reading } = state;
  return { ...state, more: () => next !== null && !reading && read(next, questions) };
}
