/** The buttons and keys of a run: what each asks for, and why it can't be asked for now. */
import { type CommandKind, type CommandRequest, commands, refusal } from '../../trainer/protocol/commands.ts';
import { type RunSummary, safePoint } from '../../trainer/protocol/run-state.ts';

/** The others stand where what they are about is read: parameters, points, breakpoints, answers, questions, labels, checkpoints. */
export type ControlName = Exclude<
  CommandKind,
  | 'set'
  | 'break'
  | 'run-to'
  | 'read-labels'
  | 'mask'
  | 'rescore'
  | 'skip'
  | 'mix'
  | 'pin'
  | 'unpin'
  | 'remove-checkpoint'
>;

export interface Control {
  readonly name: ControlName;
  readonly label: string;
  /** As `useKeys` and the tooltip name it. */
  readonly key: string;
  readonly request: CommandRequest;
  /** Why it can't be asked for now; null when it can. */
  readonly refused: string | null;
}

const keys: Readonly<Record<ControlName, string>> = {
  start: 'F5',
  queue: 'q',
  dequeue: 'q',
  resume: 'F5',
  pause: 'F6',
  step: 'F10',
  stop: 'Shift+F5',
  save: 's',
  evaluate: 'e',
};

function requestOf(name: ControlName): CommandRequest {
  switch (name) {
    case 'pause':
      return { kind: 'pause', release: false };
    case 'step':
      return { kind: 'step', count: 1 };
    case 'stop':
      return { kind: 'stop', when: 'after-step' };
    case 'start':
    case 'queue':
    case 'dequeue':
    case 'resume':
    case 'save':
    case 'evaluate':
      return { kind: name };
  }
}

/**
 * The controls in the order in which they stand. A run that was never started, or waits for its turn, has Start where others have
 * Resume; one that can't go on because another computes can be queued, and one that is queued can be taken off.
 * @param runs all runs of the trainer: two do not compute at once
 * @param noTrainer why nothing can be asked of the trainer; null when it is there
 */
export function runControls(run: RunSummary, runs: readonly RunSummary[], noTrainer: string | null): Control[] {
  const goOn = run.state === 'created' || run.state === 'queued' ? 'start' : 'resume';
  const isHeldUp = refusal(requestOf(goOn), run, runs) !== null && refusal(requestOf('queue'), run, runs) === null;
  const names: ControlName[] = [
    goOn,
    ...(isHeldUp ? (['queue'] as const) : []),
    ...(run.state === 'queued' ? (['dequeue'] as const) : []),
    'pause',
    'step',
    'stop',
    'save',
    'evaluate',
  ];
  return names.map((name) => {
    const request = requestOf(name);
    return {
      name,
      label: name === 'stop' ? `${commands.stop.label} after this step` : commands[name].label,
      key: keys[name],
      request,
      refused: noTrainer ?? refusal(request, run, runs),
    };
  });
}

export interface PointControl {
  readonly label: string;
  readonly request: CommandRequest;
  /** Why it can't be asked for now; null when it can. */
  readonly refused: string | null;
}

/** To pause at each safe point and to go on to each, in the order of a step; as `runControls`. */
export function pointControls(run: RunSummary, runs: readonly RunSummary[], noTrainer: string | null): PointControl[] {
  const control = (label: string, request: CommandRequest): PointControl => ({
    ...{ label, request },
    refused: noTrainer ?? refusal(request, run, runs),
  });
  return [
    ...safePoint.options.map((at) => control(`Pause at ${at}`, { kind: 'pause', release: false, at })),
    ...safePoint.options.map((point) => control(`Run to ${point}`, { kind: 'run-to', point })),
    control('Pause after this step, and free the memory', { kind: 'pause', release: true }),
  ];
}
