/** Every control says why it can't be used, and none is offered that the run's state refuses. */
import { describe, expect, it } from 'vitest';
import { runStates } from '../../../trainer/protocol/run-state.ts';
import { runControls } from '../../../webview/run/run-controls.ts';

const usable = (state: (typeof runStates)[number]) =>
  runControls(state, null)
    .filter(({ refused }) => refused === null)
    .map(({ name }) => name);

describe('runControls', () => {
  it('offers what each state allows', () => {
    expect(usable('created')).toEqual(['start']);
    expect(usable('running')).toEqual(['pause', 'step', 'stop', 'save', 'evaluate']);
    expect(usable('paused')).toEqual(['resume', 'step', 'stop', 'save', 'evaluate']);
    expect(usable('stopped')).toEqual(['resume', 'step']);
    expect(usable('failed')).toEqual(['resume']);
    expect(usable('completed')).toEqual([]);
  });

  it('gives the one reason for all when there is no trainer', () => {
    for (const state of runStates) {
      for (const { refused } of runControls(state, 'there is no trainer')) expect(refused).toBe('there is no trainer');
    }
  });

  it('has words for every refusal', () => {
    for (const state of runStates) for (const { refused } of runControls(state, null)) expect(refused).not.toBe('');
  });
});
