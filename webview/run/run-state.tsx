/** A run's state in an icon and words. */
import type { RunState, RunSummary } from '../../trainer/protocol/run-state.ts';
import type { LinkStatus } from '../host.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { grouped } from '../ui/numbers.ts';
import styles from './run-state.module.css';
import { phaseWords, stateWords } from './run-words.ts';

const icons: Readonly<Record<RunState, IconName>> = {
  created: 'circle',
  queued: 'clock',
  starting: 'clock',
  running: 'play',
  pausing: 'clock',
  paused: 'pause',
  stopping: 'clock',
  stopped: 'stop',
  evaluating: 'evaluate',
  completed: 'check',
  failed: 'warning',
};

const colours: Readonly<Record<RunState, string | undefined>> = {
  created: undefined,
  queued: undefined,
  starting: undefined,
  running: styles.running,
  pausing: styles.paused,
  paused: styles.paused,
  stopping: undefined,
  stopped: undefined,
  evaluating: styles.running,
  completed: styles.completed,
  failed: styles.failed,
};

/** Its phase is announced when it changes; the steps that it counts are not. */
export function StateLabel({ run, link }: { run: RunSummary; link: LinkStatus }) {
  const lost = link.state === 'gone' || link.state === 'closed';
  const words = lost ? `No trainer; last seen in step ${grouped(run.step)}` : stateWords(run);
  return (
    <>
      <span class={styles.state} data-part="state">
        <span class={lost ? styles.failed : colours[run.state]}>
          <Icon name={lost ? 'plug' : icons[run.state]} />
        </span>
        <span class="cut" title={words}>
          {words}
        </span>
      </span>
      <span class="sr-only" role="status">
        {lost ? 'No trainer' : phaseWords(run)}
      </span>
    </>
  );
}
