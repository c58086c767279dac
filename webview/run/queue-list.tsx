/** The runs that wait for their turn: their places, what they wait for, and what can be done about it. */
import { type CommandRequest, refusal } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { inTheWay, type QueuedRun, queueOf, type RunSummary } from '../../trainer/protocol/run-state.ts';
import { queueWords } from '../../trainer/protocol/run-words.ts';
import type { Session } from '../state/session.ts';
import { Notice } from '../ui/notice.tsx';
import { useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';

interface QueueListProps {
  readonly session: Session;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly noTrainer: string | null;
}

export function QueueList({ session, noTrainer }: QueueListProps) {
  const runs = useStore(session.state, (state) => state.runs) ?? [];
  const queue = queueOf(runs);
  return (
    <>
      {queue.map((run) => (
        <QueuedNotice key={run.id} {...{ session, run, runs, queue, noTrainer }} />
      ))}
    </>
  );
}

interface QueuedNoticeProps extends QueueListProps {
  readonly run: QueuedRun;
  readonly runs: readonly RunSummary[];
  readonly queue: readonly QueuedRun[];
}

function QueuedNotice({ session, run, runs, queue, noTrainer }: QueuedNoticeProps) {
  const action = (request: CommandRequest, label: string) => {
    const refused = noTrainer ?? refusal(request, run, runs);
    return (
      <Button
        disabled={refused !== null}
        title={refused ?? label}
        onPress={() => void session.command(run.id, request)}
      >
        {label}
      </Button>
    );
  };
  return (
    <Notice
      kind="info"
      icon="clock"
      title={`${shownLine(run.id)} is queued:`}
      actions={
        <>
          {action({ kind: 'start' }, 'Start now')}
          {action({ kind: 'dequeue' }, 'Take off the queue')}
        </>
      }
    >
      {shownLine(queueWords(run, queue, inTheWay(runs)))}.
    </Notice>
  );
}
