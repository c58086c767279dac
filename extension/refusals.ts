/**
 * Why a run would not take a control of the editor. The rules are the protocol's; here is only which requests a control stands
 * for. Loaded with the link to a trainer: before that there is no run to ask about.
 */
import { readyMades } from '../trainer/protocol/breakpoints/ready-made.ts';
import { type CommandRequest, commands, deleteRefusal, refusal } from '../trainer/protocol/commands.ts';
import { StudioError } from '../trainer/protocol/errors.ts';
import { type RunSummary, safePoint } from '../trainer/protocol/run-state.ts';
import { liveParameters } from './commands/parameter-input.ts';
import type { Control } from './contributions.ts';

/** The first row that is not skipped already. */
function firstAsked({ skippedRows = [] }: RunSummary): number {
  let row = 0;
  while (skippedRows.includes(row)) row++;
  return row;
}

/** What a control may ask of a run; it is offered when one of them would be taken. */
function requestsOf(control: Exclude<Control, 'delete'>, run: RunSummary): readonly CommandRequest[] {
  switch (control) {
    case 'pause':
      return [{ kind: 'pause', release: false }];
    case 'stop':
      return [
        { kind: 'stop', when: 'after-step' },
        { kind: 'stop', when: 'now' },
      ];
    case 'step':
      return [{ kind: 'step', count: 1 }];
    case 'run-to':
      return safePoint.options.map((point) => ({ kind: 'run-to', point }));
    case 'mask':
      return [{ kind: 'mask', step: run.step + 1, rollouts: ['any'], masked: true, why: 'any' }];
    case 'rescore':
      return [{ kind: 'rescore', step: run.step + 1, rollout: 'any', scores: null, why: 'any' }];
    case 'skip':
      return [{ kind: 'skip', row: firstAsked(run), skipped: true, why: 'any' }];
    case 'mix':
      return [{ kind: 'mix', weights: null }];
    case 'set':
      return liveParameters(run.method).map((parameter) => ({
        kind: 'set',
        parameter,
        value: run.parameters[parameter],
      }));
    case 'break':
      return [{ kind: 'break', change: { do: 'add', condition: readyMades['disk-low'].condition, logOnly: false } }];
    case 'pin':
      return [{ kind: 'pin', step: run.step, note: '' }];
    case 'unpin':
    case 'remove-checkpoint':
      return [{ kind: control, step: run.step }];
    case 'start':
    case 'queue':
    case 'dequeue':
    case 'resume':
    case 'save':
    case 'evaluate':
    case 'read-labels':
      return [{ kind: control }];
  }
}

/** Why nothing that the control stands for would be taken now, as a clause; null when something would. */
export function controlRefusal(control: Control, run: RunSummary, runs: readonly RunSummary[]): string | null {
  if (control === 'delete') return deleteRefusal(run);
  let first: string | null = null;
  for (const request of requestsOf(control, run)) {
    const why = refusal(request, run, runs);
    if (why === null) return null;
    first ??= why;
  }
  return first;
}

/** The refusal as a failure, for people. @param why a clause */
export function refused(run: RunSummary, control: Control, why: string): StudioError {
  const end = /[.!?]$/.test(why) ? '' : '.';
  return new StudioError('conflict', `${run.id} can't be ${controlWords(control).participle}: ${why}${end}`);
}

/** What a control is called, and what it does to a run. */
export function controlWords(control: Control): { readonly label: string; readonly participle: string } {
  return control === 'delete' ? { label: 'Delete', participle: 'deleted' } : commands[control];
}
