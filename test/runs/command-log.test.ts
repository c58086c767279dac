/** Commands under the ids of who sent them, over a real store. */
import { beforeEach, describe, expect, it } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { CommandLog } from '../../trainer/runs/command-log.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aRun } from '../store/records.ts';

let store: RunStore;
let log: CommandLog;
let lines: string[];
let full: boolean;
beforeEach(() => {
  store = RunStore.create(temporaryFolder(), aRun());
  lines = [];
  full = false;
  log = new CommandLog({
    store,
    record: (body) => {
      if (full) throw new StudioError('disk-full', 'No space is left.');
      return store.append(body);
    },
    inText: (sentence) => sentence.replaceAll('/projects/mine/', ''),
    log: (line) => lines.push(line),
  });
});

const save = { kind: 'save' } as const;

describe('a command log', () => {
  it('numbers commands in the order in which they come, and holds the newest of each', () => {
    const first = log.take('a', save, 'ada');
    const second = log.take('b', { kind: 'set', parameter: 'beta', value: 1 }, 'bob');
    log.schedule(second, 'before-step', { from: 0, to: 1 });
    log.apply(first, { point: 'before-step', step: 1 }, null, 'saved');
    expect(store.commands()).toMatchObject([
      { id: 'a', number: 1, by: 'ada', state: 'applied', at: { point: 'before-step', step: 1 }, note: 'saved' },
      { id: 'b', number: 2, by: 'bob', state: 'scheduled', point: 'before-step', change: { from: 0, to: 1 } },
    ]);
    expect(log.known('b', { kind: 'set', parameter: 'beta', value: 1 })).toEqual(store.command('b'));
    expect(log.known('c', save)).toBeNull();
    expect(log.fail(second, null, '/projects/mine/runs/a: no space')).toMatchObject({ why: 'runs/a: no space' });
  });

  it('knows the same request by its values, whatever the order of their keys, and refuses another', () => {
    log.take('a', { kind: 'set', parameter: 'imageShare', value: { x: [1, null], y: 2 } }, 'ada');
    expect(log.known('a', { value: { y: 2, x: [1, null] }, parameter: 'imageShare', kind: 'set' })).not.toBeNull();
    expect(() => log.known('a', { kind: 'set', parameter: 'imageShare', value: { x: [1, null], y: 3 } })).toThrow(
      expect.objectContaining({ kind: 'bad-request', place: 'command 1' }),
    );
  });

  it('does not take down what can not be stored; what has happened it says all the same', () => {
    const taken = log.take('a', save, 'ada');
    full = true;
    expect(() => log.take('b', save, 'ada')).toThrow(expect.objectContaining({ kind: 'disk-full' }));
    expect(log.apply(taken, null, null, 'saved')).toMatchObject({ state: 'applied', note: 'saved' });
    expect(lines).toEqual(['command 1, save, is applied, which is not stored: No space is left.']);
    expect(store.command('b')).toBeNull();
  });

  it('ends what a trainer that died has left, once', () => {
    log.reject(log.take('a', save, 'ada'), 'the run is paused');
    log.take('b', save, 'ada');
    log.schedule(log.take('c', { kind: 'set', parameter: 'beta', value: 1 }, 'bob'), 'before-step', { from: 0, to: 1 });
    log.recover('the trainer ended');
    expect(store.commands()).toMatchObject([
      { id: 'a', state: 'rejected', why: 'the run is paused' },
      { id: 'b', number: 2, by: 'ada', state: 'failed', at: null, why: 'the trainer ended' },
      { id: 'c', number: 3, by: 'bob', state: 'failed', at: null, why: 'the trainer ended' },
    ]);
    const { seq } = store.summary();
    log.recover('the trainer ended');
    expect(store.summary().seq).toBe(seq);
  });
});
