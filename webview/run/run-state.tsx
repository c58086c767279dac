/** A run's state in an icon and words. */
import type { RunState, RunSummary } from '../../trainer/protocol/run-state.ts';
import type { LinkStatus } from '../host.ts';
import { shownLine } from '../ui/hostile-text.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { grouped } from '../ui/numbers.ts';

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
  switch (run.state) {
    case 'created':
      return 'Created, not started';
    case 'starting':
      return withDoing('Starting', run.doing);
    case 'running':
      return withDoing(`Running, step ${grouped(Math.min(run.step + 1, run.steps))}`, run.doing);
    case 'pausing':
      return run.release ? 'Pausing after this step, to free the memory' : 'Pausing at the next safe point';
    case 'paused':
      return `Paused at ${run.at.point}, step ${grouped(run.at.step)}${run.memory === 'released' ? ', memory freed' : ''}`;
    case 'stopping':
      return run.when === 'now' ? 'Stopping now' : 'Stopping after this step';
    case 'stopped':
      return `Stopped at step ${grouped(run.step)}`;
    case 'evaluating':
      return withDoing('Evaluating', run.doing);
    case 'completed':
      return 'Completed';
    case 'failed':
      return `Failed in step ${grouped(run.step + 1)}`;
  }
}

function withDoing(words: string, doing: string | null): string {
  return doing ? `${words}: ${shownLine(doing)}` : words;
}

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
