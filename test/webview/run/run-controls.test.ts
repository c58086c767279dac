/** What the pages offer of a run is what the trainer would take, in every standing; what is not says why. */
import { describe, expect, it } from 'vitest';
import { commands, refusal } from '../../../trainer/protocol/commands.ts';
import { safePoint } from '../../../trainer/protocol/run-state.ts';
import { pointControls, runControls } from '../../../webview/run/run-controls.ts';
import { aRunThat, everyRun, everyStanding, standingName } from '../../protocol/every-standing.ts';

const other = aRunThat({ state: 'running', doing: null }, { id: 'other', name: 'other' });

describe('runControls', () => {
  it.each(everyStanding.map((standing) => [standingName(standing), standing] as const))(
    'is held to the rules of the commands: %s',
    (_, standing) => {
      for (const run of everyRun.filter((one) => standingName(one) === standingName(standing))) {
        for (const runs of [[run], [run, other]]) {
          for (const { name, label, request, refused } of runControls(run, runs, null)) {
            expect(request.kind).toBe(name);
            expect(refused).toBe(refusal(request, run, runs));
            expect(label.startsWith(commands[name].label)).toBe(true);
          }
        }
      }
    },
  );

  it('offers what a person knows from each state', () => {
    const offered = (standing: (typeof everyStanding)[number], step = 3) =>
      runControls(aRunThat(standing, { step }), [], null)
        .filter(({ refused }) => refused === null)
        .map(({ name }) => name);
    const at = { point: 'before-update', step: 4 } as const;
    const paused = { state: 'paused', at, why: null, fault: null } as const;
    expect(offered({ state: 'created' })).toEqual(['start', 'step', 'evaluate']);
    expect(offered({ state: 'running', doing: null })).toEqual(['pause', 'stop', 'save', 'evaluate']);
    expect(offered({ ...paused, memory: 'held' })).toEqual(['resume', 'step', 'stop', 'save', 'evaluate']);
    expect(offered({ ...paused, memory: 'released' })).toEqual(['resume', 'step', 'stop', 'evaluate']);
    expect(offered({ state: 'completed' }, 100)).toEqual(['evaluate']);
    expect(offered({ state: 'queued', since: 1, before: { state: 'stopped' } })).toEqual(['start', 'dequeue']);
  });

  it('offers the queue where the run would go on if no other computed', () => {
    const beside = (standing: (typeof everyStanding)[number], step = 3) =>
      runControls(aRunThat(standing, { step }), [aRunThat(standing, { step }), other], null)
        .filter(({ refused }) => refused === null)
        .map(({ name }) => name);
    expect(beside({ state: 'created' })).toEqual(['queue']);
    expect(beside({ state: 'stopped' })).toEqual(['queue']);
    expect(beside({ state: 'completed' }, 100)).toEqual([]);
    expect(beside({ state: 'queued', since: 1, before: { state: 'created' } })).toEqual(['dequeue']);
  });

  it('has one key for each, and one for starting and resuming', () => {
    const keys = (standing: (typeof everyStanding)[number]) =>
      runControls(aRunThat(standing), [], null).map(({ key }) => key);
    expect(keys({ state: 'created' })).toEqual(['F5', 'F6', 'F10', 'Shift+F5', 's', 'e']);
    expect(keys({ state: 'stopped' })).toEqual(keys({ state: 'created' }));
  });

  it('gives the one reason for all when there is no trainer', () => {
    for (const run of everyRun) {
      for (const { refused } of runControls(run, [run], 'there is no trainer'))
        expect(refused).toBe('there is no trainer');
    }
  });
});

describe('pointControls', () => {
  it('pauses at every safe point and goes on to it, where the rules take that, and says why where they do not', () => {
    for (const run of everyRun) {
      const offered = pointControls(run, [run], null);
      for (const { request, refused } of offered) expect(refused).toBe(refusal(request, run, [run]));
      const at = offered.flatMap(({ request }) => (request.kind === 'pause' && request.at ? [request.at] : []));
      const to = offered.flatMap(({ request }) => (request.kind === 'run-to' ? [request.point] : []));
      expect([at, to]).toEqual([safePoint.options, safePoint.options]);
      for (const { refused } of pointControls(run, [run], 'there is no trainer'))
        expect(refused).toBe('there is no trainer');
    }
  });
});
