/** In which states a run takes which command. The trainer has the last word; this decides what is offered. */
import type { RunState } from '../trainer/protocol/run-state.ts';

export const controls = {
  pause: ['starting', 'running'],
  resume: ['created', 'paused', 'stopped', 'failed'],
  stop: ['starting', 'running', 'pausing', 'paused'],
  step: ['paused'],
  set: ['created', 'starting', 'running', 'pausing', 'paused'],
  save: ['running', 'pausing', 'paused'],
  evaluate: ['running', 'pausing', 'paused'],
  delete: ['created', 'paused', 'stopped', 'completed', 'failed'],
} as const satisfies Record<string, readonly RunState[]>;

export type Control = keyof typeof controls;

export const controlNames = Object.keys(controls) as Control[];

export function takes(state: RunState, control: Control): boolean {
  return (controls[control] as readonly RunState[]).includes(state);
}

/** The controls that a run in this state takes, as a tree item's `contextValue`: `run;pause;stop;`. */
export function contextValueOf(state: RunState): string {
  return `run;${controlNames
    .filter((control) => takes(state, control))
    .map((control) => `${control};`)
    .join('')}`;
}
