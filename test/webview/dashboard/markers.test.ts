/** Marks on the axis of steps: what covers each other stands together, and none is lost. */
import { expect, it } from 'vitest';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import {
  inOrder,
  type Marker,
  markerPlaces,
  markersOf,
  nextMarker,
  placeTitle,
} from '../../../webview/dashboard/markers.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { aCheckpoint } from '../../store/records.ts';

const marker = (id: string, step: number, kind: Marker['kind'] = 'command'): Marker => ({
  ...{ id, step, kind, title: id },
  target: { open: 'command', id },
});

const run = aRunThat({ state: 'stopped' }, { id: 'r-1' });

const saved = (number: number, step: number): CommandRecord => ({
  ...{ id: `c${number}`, number, request: { kind: 'save' }, by: 'ada', requestedAt: 1 },
  ...{ state: 'applied', endedAt: 2, at: { point: 'before-step', step }, change: null, note: null },
});

it('are made of the commands that were applied and of the checkpoints, by step', () => {
  const {
    at: _,
    change: __,
    note: ___,
    endedAt: ____,
    ...asked
  } = saved(3, 9) as Extract<CommandRecord, { state: 'applied' }>;
  const commands = [saved(2, 40), saved(1, 5), { ...asked, state: 'requested' as const }];
  const markers = markersOf({ run, commands, checkpoints: [aCheckpoint(20), aCheckpoint(5)], hits: [] });
  expect(markers.map(({ step, kind }) => [step, kind])).toEqual([
    [5, 'command'],
    [5, 'checkpoint'],
    [20, 'checkpoint'],
    [40, 'command'],
  ]);
  expect(markers[0]).toMatchObject({ title: 'save, applied, by ada', target: { open: 'command', id: 'c1' } });
});

it('of one step stand in the order in which the commands were given', () => {
  const commands = [saved(3, 7), saved(2, 7), saved(1, 7)];
  const markers = markersOf({ run, commands, checkpoints: [], hits: [] });
  expect(markers.map(({ id }) => id)).toEqual(['command c1', 'command c2', 'command c3']);
});

it('are made of hits of breakpoints, which lead to the answer that caused them, or to the breakpoint', () => {
  const hit = {
    ...{ number: 2, condition: 'any(aha >= 5)', logOnly: false, hits: 1 },
    place: { point: 'before-update' as const, step: 7 },
    cause: { sentence: 'answer 5 of question 1: aha 5', rolloutId: 's7-g0-o4', groupId: 's7-g0', values: [] },
  };
  const ofSteps = { ...hit, number: 3, logOnly: true, cause: { ...hit.cause, rolloutId: null, groupId: null } };
  const hits = [
    { seq: 4, hit },
    { seq: 9, hit: ofSteps },
  ];
  const [first, second] = markersOf({ run, commands: [], checkpoints: [], hits });
  expect(first).toMatchObject({
    ...{ step: 7, kind: 'breakpoint', title: 'Breakpoint 2: any(aha >= 5): answer 5 of question 1: aha 5' },
    target: { open: 'link', link: '/rollouts?run=r-1&group=s7-g0&rollout=s7-g0-o4' },
  });
  expect(second).toMatchObject({ kind: 'log only', target: { open: 'breakpoint', id: '3' } });
});

it('have a place on the axis, which those of a kind share that are close', () => {
  const markers = [marker('a', 10), marker('b', 11), marker('c', 11, 'checkpoint'), marker('d', 110), marker('e', 500)];
  const places = markerPlaces(markers, [10, 110], 10, 500);
  expect(places.map(({ at, kind, markers: held }) => [at, kind, held.map(({ id }) => id)])).toEqual([
    [0, 'command', ['a', 'b']],
    [0.01, 'checkpoint', ['c']],
    [1, 'command', ['d']],
  ]);
  expect(placeTitle(places[0] as (typeof places)[number])).toBe('step 10: a\nstep 11: b');
  const many = markerPlaces(
    Array.from({ length: 9 }, (_, at) => marker(`m${at}`, 10)),
    [10, 110],
    10,
    500,
  );
  expect(placeTitle(many[0] as (typeof many)[number])).toMatch(/^(step 10: m\d\n){6}and 3 more$/);
});

it('of the step that is under way stand at the last one that is drawn', () => {
  const [one] = markerPlaces([marker('a', 57, 'breakpoint')], [1, 56], 10, 56);
  expect([one?.at, one && placeTitle(one)]).toEqual([1, 'step 57: a']);
  expect(markerPlaces([marker('a', 57)], [1, 40], 10, 56)).toEqual([]);
});

it('are gone through one by one, and the ends hold', () => {
  const markers = inOrder([marker('b', 2), marker('a', 1)]);
  const through = (held: string | null, by: 1 | -1) => nextMarker(markers, held, by)?.id;
  expect([through(null, 1), through('a', 1), through('b', 1), through(null, -1), through('b', -1)]).toEqual([
    'a',
    'b',
    'b',
    'b',
    'a',
  ]);
  expect(nextMarker([], null, 1)).toBeNull();
});
