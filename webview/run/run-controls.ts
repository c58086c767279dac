/** What can be asked of a run in each state, and why not where it can't. */
import type { CommandRequest, RunState } from '../../trainer/protocol/records.ts';

export type ControlName = 'start' | 'resume' | 'pause' | 'step' | 'stop' | 'save' | 'evaluate';

export interface Control {
  readonly name: ControlName;
  readonly label: string;
  /** As written in the tooltip; null for none. */
  readonly key: string | null;
  readonly request: CommandRequest;
  /** Why it can't be asked for now; null when it can. */
  readonly refused: string | null;
}

const ended: readonly RunState[] = ['completed'];
const resumable: readonly RunState[] = ['paused', 'stopped', 'failed'];

/** `noTrainer`: why nothing can be asked of the trainer; null when it is there. */
export function runControls(state: RunState, noTrainer: string | null): Control[] {
  const control = (
    name: ControlName,
    label: string,
    key: string | null,
    request: CommandRequest,
    refused: string | null,
  ): Control => ({
    name,
    label,
    key,
    request,
    refused: noTrainer ?? refused,
  });
  const first =
    state === 'created'
      ? control('start', 'Start', 'F5', { kind: 'start' }, null)
      : control('resume', 'Resume', 'F5', { kind: 'resume' }, resumable.includes(state) ? null : whyNotResume(state));
  return [
    first,
    control('pause', 'Pause', 'F6', { kind: 'pause', release: false }, state === 'running' ? null : whyNotPause(state)),
    control(
      'step',
      'One step, then pause',
      'F10',
      { kind: 'step', count: 1 },
      state === 'paused' || state === 'stopped' || state === 'running' ? null : whyNotResume(state),
    ),
    control(
      'stop',
      'Stop after this step',
      'Shift+F5',
      { kind: 'stop', when: 'after-step' },
      ['running', 'pausing', 'paused', 'starting'].includes(state) ? null : whyNotPause(state),
    ),
    control(
      'save',
      'Save',
      's',
      { kind: 'save' },
      ['running', 'pausing', 'paused'].includes(state) ? null : whyNotSave(state),
    ),
    control(
      'evaluate',
      'Evaluate',
      'e',
      { kind: 'evaluate' },
      ['running', 'paused'].includes(state) ? null : whyNotSave(state),
    ),
  ];
}

function whyNotResume(state: RunState): string {
  switch (state) {
    case 'created':
      return 'not started yet';
    case 'starting':
      return 'it is starting';
    case 'running':
      return 'already running';
    case 'pausing':
      return 'it is pausing at the next safe point';
    case 'stopping':
      return 'it is stopping after this step';
    case 'completed':
      return 'the run is complete; raise its steps in a new run to go on';
    default:
      return `the run is ${state}`;
  }
}

function whyNotPause(state: RunState): string {
  switch (state) {
    case 'paused':
      return 'already paused';
    case 'pausing':
      return 'already pausing at the next safe point';
    case 'stopping':
      return 'it is stopping after this step';
    case 'created':
      return 'not started yet';
    case 'starting':
      return 'it is starting';
    default:
      return ended.includes(state) ? 'the run is complete' : `the run is ${state}`;
  }
}

function whyNotSave(state: RunState): string {
  if (state === 'created') return 'not started yet; there are no weights';
  if (state === 'starting') return 'it is starting; the model is not loaded yet';
  return `the run is ${state}; no model is loaded`;
}
