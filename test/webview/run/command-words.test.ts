/** A command's life in words: where it waits, where it took effect, what it changed, and why not. */
import { describe, expect, it } from 'vitest';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import { changeWords, commandTitle, placeWords } from '../../../webview/run/command-words.ts';

const set = {
  id: 'c1',
  number: 1,
  request: { kind: 'set', parameter: 'learningRate', value: 7e-4 },
  by: 'ada',
  requestedAt: 1,
} as const;
const change = { from: 0.0015, to: 7e-4 };
const at = { point: 'before-step', step: 35 } as const;
const life: Record<string, CommandRecord> = {
  requested: { ...set, state: 'requested' },
  rejected: { ...set, state: 'rejected', endedAt: 2, why: 'the run is stopping' },
  scheduled: { ...set, state: 'scheduled', point: 'before-step', change },
  applied: { ...set, state: 'applied', endedAt: 2, at, change, note: null },
  failed: { ...set, state: 'failed', endedAt: 2, at, why: 'the disk is full' },
};
const words = (tell: (command: CommandRecord) => string) =>
  Object.fromEntries(Object.entries(life).map(([state, command]) => [state, tell(command)]));

describe('a command', () => {
  it('says where it waits, where it took effect, or why it did not', () => {
    expect(words(placeWords)).toEqual({
      requested: '',
      rejected: 'the run is stopping',
      scheduled: 'waits for before-step',
      applied: 'before-step 35',
      failed: 'before-step 35: the disk is full',
    });
    const save = { ...set, request: { kind: 'save' } } as const;
    expect(placeWords({ ...save, state: 'scheduled', point: null, change: null })).toBe(
      'waits for the next safe point',
    );
    expect(placeWords({ ...save, state: 'applied', endedAt: 2, at: null, change: null, note: 'nothing to do' })).toBe(
      'nothing to do',
    );
  });

  it('says old and new value once both are known, else the value that is asked for', () => {
    expect(words(changeWords)).toEqual({
      requested: '7e−4',
      rejected: '7e−4',
      scheduled: '0.0015 → 7e−4',
      applied: '0.0015 → 7e−4',
      failed: '7e−4',
    });
    expect(changeWords({ ...set, request: { kind: 'resume' }, state: 'requested' })).toBe('');
  });

  it('is one line on a curve', () => {
    expect(commandTitle(life.applied as CommandRecord)).toBe('set learning rate 0.0015 → 7e−4, applied, by ada');
  });
});
