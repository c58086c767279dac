/** A run's state in an icon and words. */
import type { RunState, RunSummary } from '../../trainer/protocol/run-state.ts';
import type { LinkStatus } from '../host.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { grouped } from '../ui/numbers.ts';
import { stateWords } from './run-words.ts';

const icons: Readonly<Record<RunState, IconName>> = {
  created: 'circle',
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

const classes: Readonly<Record<RunState, string>> = {
  created: '',
  starting: '',
  running: 'c-go',
  pausing: 'paused',
  paused: 'paused',
  stopping: '',
  stopped: '',
  evaluating: 'c-go',
  completed: 'ok',
  failed: 'no',
};

/** Announced politely when it changes. */
export function StateLabel({ run, link }: { run: RunSummary; link: LinkStatus }) {
  const lost = link.state === 'gone' || link.state === 'closed';
  return (
    <span class="state" role="status" aria-live="polite">
      <span class={lost ? 'no' : classes[run.state]}>
        <Icon name={lost ? 'plug' : icons[run.state]} />
      </span>
      <span class="cut">{lost ? `No trainer; last seen in step ${grouped(run.step)}` : stateWords(run)}</span>
    </span>
  );
}
