/** A run's state in an icon and words, and the notice that it calls for. */
import { type RunState, type RunSummary, safePoint } from '../../trainer/protocol/records.ts';
import type { Host, LinkStatus } from '../host.ts';
import type { Session, SessionState } from '../state/session.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { Notice } from '../ui/notice.tsx';
import { grouped } from '../ui/numbers.ts';
import { Button } from '../ui/toolkit.tsx';
import styles from './run-state.module.css';

const icons: Readonly<Record<RunState, IconName>> = {
  created: 'circle',
  starting: 'clock',
  running: 'play',
  pausing: 'clock',
  paused: 'pause',
  stopping: 'clock',
  stopped: 'stop',
  completed: 'check',
  failed: 'warning',
};

const colours: Readonly<Record<RunState, string | undefined>> = {
  created: undefined,
  starting: undefined,
  running: styles.running,
  pausing: styles.paused,
  paused: styles.paused,
  stopping: undefined,
  stopped: undefined,
  completed: styles.completed,
  failed: styles.failed,
};

/** Why nothing can be asked of the trainer; null when it is there. */
export function noTrainer(link: LinkStatus): string | null {
  switch (link.state) {
    case 'open':
      return null;
    case 'connecting':
      return 'connecting to the trainer';
    case 'starting':
      return 'the trainer is starting';
    case 'closed':
      return 'the connection to the trainer is lost; trying again';
    case 'gone':
      return 'there is no trainer';
  }
}

export function stateWords(run: RunSummary): string {
  const detail = run.detail ? shownLine(run.detail) : null;
  switch (run.state) {
    case 'created':
      return 'Created, not started';
    case 'starting':
      return detail ? `Starting: ${detail}` : 'Starting';
    case 'running':
      return `Running, step ${grouped(Math.min(run.step + 1, run.steps))}`;
    case 'pausing':
      return 'Pausing at the next safe point';
    case 'paused':
      if (detail && safePoint.safeParse(detail).success) return `Paused at ${detail}, step ${grouped(run.step)}`;
      return `Paused, step ${grouped(run.step)}`;
    case 'stopping':
      return 'Stopping after this step';
    case 'stopped':
      return `Stopped at step ${grouped(run.step)}`;
    case 'completed':
      return 'Completed';
    case 'failed':
      return `Failed in step ${grouped(run.step + 1)}`;
  }
}

/** Announced politely when it changes. */
export function StateLabel({ run, link }: { run: RunSummary; link: LinkStatus }) {
  const lost = link.state === 'gone' || link.state === 'closed';
  return (
    <span class={styles.state} data-part="state" role="status" aria-live="polite">
      <span class={lost ? styles.failed : colours[run.state]}>
        <Icon name={lost ? 'plug' : icons[run.state]} />
      </span>
      <span class="cut">{lost ? `No trainer; last seen in step ${grouped(run.step)}` : stateWords(run)}</span>
    </span>
  );
}

/** The gravest thing that a person should know of, on whatever page; null when there is none. */
export function RunNotice({ session, state, host }: { session: Session; state: SessionState; host: Host }) {
  const { link, fault, view } = state;
  if (link.state === 'gone' || link.state === 'closed') {
    return (
      <Notice
        kind={link.state === 'gone' ? 'error' : 'warning'}
        icon="plug"
        title={link.state === 'gone' ? 'The trainer is gone.' : 'The connection to the trainer is lost.'}
        actions={
          host.place === 'vscode' && (
            <>
              <Button onPress={() => host.command('show-log')}>Show log</Button>
              {link.state === 'gone' && (
                <Button primary onPress={() => host.command('start-trainer')}>
                  Start the trainer
                </Button>
              )}
            </>
          )
        }
      >
        {sentence(link.reason)} What was read stays readable{view ? `, up to step ${grouped(view.run.step)}` : ''}; a
        run that was under way goes on from its last checkpoint once a trainer is there.
      </Notice>
    );
  }
  if (fault) {
    return (
      <Notice
        kind="error"
        title={shownLine(fault.message)}
        actions={<Button onPress={() => session.dismissFault()}>Dismiss</Button>}
      >
        {fault.place && <span class="mono">{shownLine(fault.place)}</span>} {fault.remedy && shownLine(fault.remedy)}
      </Notice>
    );
  }
  const run = view?.run;
  if (run?.error) {
    return (
      <Notice
        kind={run.state === 'failed' ? 'error' : 'warning'}
        title={`${run.state === 'failed' ? 'Failed' : 'Paused'}: ${shownLine(run.error.message)}`}
      >
        {run.error.place && <span class="mono">{shownLine(run.error.place)}</span>} The weights are those of step{' '}
        {grouped(run.step)}. {run.error.remedy && shownLine(run.error.remedy)}
      </Notice>
    );
  }
  if (run?.state === 'paused' && run.detail && !safePoint.safeParse(run.detail).success) {
    return (
      <Notice kind="warning" icon="pause" title="Paused.">
        {sentence(run.detail)}
      </Notice>
    );
  }
  return null;
}

function sentence(text: string): string {
  const line = shownLine(text);
  if (line === '') return '';
  const upper = line.charAt(0).toUpperCase() + line.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
