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
import { aCheckpoint } from '../../store/records.ts';

const marker = (id: string, step: number, kind: Marker['kind'] = 'command'): Marker => ({
  ...{ id, step, kind, title: id },
  target: { open: 'command', id },
});

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
  const markers = markersOf(
    [saved(2, 40), saved(1, 5), { ...asked, state: 'requested' }],
    [aCheckpoint(20), aCheckpoint(5)],
  );
  expect(markers.map(({ step, kind }) => [step, kind])).toEqual([
    [5, 'command'],
    [5, 'checkpoint'],
    [20, 'checkpoint'],
    [40, 'command'],
  ]);
  expect(markers[0]).toMatchObject({ title: 'save, applied, by ada', target: { open: 'command', id: 'c1' } });
});

it('have a place on the axis, which those of a kind share that are close', () => {
  const markers = [marker('a', 10), marker('b', 11), marker('c', 11, 'checkpoint'), marker('d', 110), marker('e', 500)];
  const places = markerPlaces(markers, [10, 110], 10);
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
  );
  expect(placeTitle(many[0] as (typeof many)[number])).toMatch(/^(step 10: m\d\n){6}and 3 more$/);
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
