/** The history of a question as the trainer has it, read again where the run adds to it and over every new link. */
import { useEffect, useState } from 'preact/hooks';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';
import type { RequestParams } from '../../trainer/protocol/messages.ts';
import type { QuestionHistory } from '../../trainer/protocol/questions.ts';
import type { RunFeed } from '../state/run-feed.ts';

export interface HistoryState {
  /** That of before stays until the next is there; without a trainer it waits for one. */
  readonly history: QuestionHistory | null;
  /** Why there is none. */
  readonly fault: StudioError | null;
}

const nothing: HistoryState = { history: null, fault: null };

/** @param of null while no question is chosen */
export function useHistory(feed: RunFeed, of: RequestParams<'questions/history'>['of'] | null): HistoryState {
  const [state, setState] = useState<HistoryState>(nothing);
  const [turn, setTurn] = useState(0);
  const asked = JSON.stringify(of);
  useEffect(() => {
    if (of === null) return setState(nothing);
    let wanted = true;
    const read = () => {
      feed.request('questions/history', { of }).then(
        (history) => {
          if (wanted) setState({ history, fault: null });
        },
        (thrown: unknown) => {
          const fault = asStudioError(thrown);
          /* The next link has it read. */
          if (wanted && fault.kind !== 'connection-lost') setState({ history: null, fault });
        },
      );
    };
    const stop = feed.connection.whenReady(read);
    return () => {
      wanted = false;
      stop();
    };
  }, [feed, asked, turn]);
  const shown = state.history?.question;
  useEffect(
    () =>
      feed.watchEvents((events) => {
        const isAbout = events.some(
          ({ body }) =>
            body.type === 'rewound' || (body.type === 'group' && body.group.question.problem === shown?.problem),
        );
        if (isAbout) setTurn((before) => before + 1);
      }),
    [feed, shown],
  );
  return state;
}
