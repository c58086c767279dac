/** Questions that two runs share, page by page, as far as somebody has looked. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';
import type { PairMeasure, SharedQuestion, SharedQuestions } from '../../trainer/protocol/questions.ts';
import type { GroupPurpose } from '../../trainer/protocol/records.ts';
import type { RunFeed } from '../state/run-feed.ts';

interface SharedState {
  readonly shared: SharedQuestions | null;
  readonly questions: readonly SharedQuestion[];
  readonly fault: StudioError | null;
}

export interface Shared extends SharedState {
  readonly by: PairMeasure;
  readonly setBy: (by: PairMeasure) => void;
  readonly more: () => void;
}

export function useShared(feed: RunFeed, other: RunFeed, purpose: GroupPurpose): Shared {
  const [by, setBy] = useState<PairMeasure>('right');
  const [state, setState] = useState<SharedState>({ shared: null, questions: [], fault: null });
  const turn = useRef(0);
  const reading = useRef(false);
  const read = (from: number) => {
    const own = ++turn.current;
    reading.current = true;
    feed.connection
      .request('questions/shared', { runIds: [feed.id, other.id], purpose, by, from })
      .then(
        (shared) => {
          if (own !== turn.current) return;
          setState(({ questions }) => ({
            shared,
            questions: from === 0 ? shared.questions : [...questions, ...shared.questions],
            fault: null,
          }));
        },
        (thrown: unknown) => {
          if (own === turn.current) setState({ shared: null, questions: [], fault: asStudioError(thrown) });
        },
      )
      .finally(() => {
        if (own === turn.current) reading.current = false;
      });
  };
  useEffect(() => {
    read(0);
    return () => {
      turn.current += 1;
    };
  }, [feed, other, purpose, by]);
  const { shared, questions } = state;
  const more = () => {
    if (shared && questions.length < shared.total && !reading.current) read(questions.length);
  };
  return { ...state, by, setBy, more };
}
