/** Where commands take effect, by a loop that is nothing but its safe points. What a whole run does stands in `run.test.ts`. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Interrupted } from '../../trainer/learning/training.ts';
import type { CommandRecord, CommandRequest } from '../../trainer/protocol/commands.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { Standing } from '../../trainer/protocol/run-state.ts';
import { CommandLog } from '../../trainer/runs/command-log.ts';
import { Steering } from '../../trainer/runs/steering.ts';

/** A steering with everything it does written down. */
function harness(save: () => Promise<string> = async () => 'saved') {
  const records: CommandRecord[] = [];
  const stood: Standing[] = [];
  const values = new Map<string, unknown>([['learningRate', 1]]);
  const log = new CommandLog({
    store: { command: () => null, commands: () => [], nextCommandNumber: () => records.length + 1 },
    record: (body) => {
      if (body.type === 'command') records.push(body.command);
      return { runId: 'r', seq: records.length, at: 0, body };
    },
    inText: (sentence) => sentence.replaceAll('/projects/mine/', ''),
    log: () => {},
  });
  const steering = new Steering(log, {
    stand: (standing) => stood.push(standing),
    goOn: (doing) => stood.push({ state: 'running', doing }),
    save,
    evaluate: async () => {
      throw new Error('no dataset');
    },
    readLabels: async () => 'read',
    parameter: (name) => values.get(name),
    setParameter: (name, value) => {
      const old = values.get(name);
      values.set(name, value);
      return old;
    },
    correct: () => 'no advantage changes',
    changeQuestions: () => null,
    interruptSampling: () => {},
  });
  let id = 0;
  const send = (request: CommandRequest) => steering.take(log.take(`c${++id}`, request, 'me'));
  return { steering, records, stood, values, send, last: () => records.at(-1) };
}

const set: CommandRequest = { kind: 'set', parameter: 'learningRate', value: 0.5 };

afterEach(() => {
  vi.useRealTimers();
});

describe('steering', () => {
  it('cuts a loop short that stands still when it is closed without a command that ends it, as a full disk makes it', async () => {
    const { steering } = harness();
    const held = steering.holdBecause(new StudioError('disk-full', 'No space is left.'), {
      point: 'before-step',
      step: 3,
    });
    await Promise.resolve();
    steering.close();
    await expect(held).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('says the step that a change waits for: the one after the step under way, and this one where it has not begun', async () => {
    const { steering, send, last } = harness();
    // Nothing was passed yet: who knows where the run goes on?
    expect(send(set)).not.toHaveProperty('step');
    await steering.at('before-step', 3);
    expect(send(set)).toMatchObject({ state: 'scheduled', point: 'before-step', step: 4 });
    send({ kind: 'pause', release: false });
    const loop = steering.at('before-update', 3);
    await Promise.resolve();
    expect(send(set)).toMatchObject({ state: 'scheduled', step: 4 });
    send({ kind: 'resume' });
    await loop;
    await steering.at('after-update', 3);
    expect(send(set)).toMatchObject({ state: 'scheduled', step: 4 });
    await steering.at('before-step', 4);
    expect(last()).toMatchObject({ state: 'applied', at: { point: 'before-step', step: 4 } });
  });

  it('holds the loop at the next safe point, and tells it for how long', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { steering, stood, send, last } = harness();
    expect(send({ kind: 'pause', release: false })).toMatchObject({ state: 'scheduled', point: null });
    let heldMs: number | null = null;
    const loop = steering.at('after-sampling', 3).then((ms) => {
      heldMs = ms;
    });
    await Promise.resolve();
    const at = { point: 'after-sampling', step: 3 };
    expect(last()).toMatchObject({ state: 'applied', at });
    expect(stood).toEqual([
      { state: 'pausing', release: false },
      { state: 'paused', at, why: null, fault: null, memory: 'held' },
    ]);
    expect(steering.heldAt).toEqual(at);
    vi.advanceTimersByTime(5000);
    expect(heldMs).toBeNull();
    send({ kind: 'resume' });
    await loop;
    expect(heldMs).toBe(5000);
    expect(stood.at(-1)).toEqual({ state: 'running', doing: null });
    expect(await steering.at('before-update', 3)).toBe(0);
  });

  it('tells what it was held between two steps, and by a fault, before the next', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { steering, send } = harness();
    send({ kind: 'pause', release: false });
    const after = steering.at('after-update', 3);
    await Promise.resolve();
    vi.advanceTimersByTime(1000);
    send({ kind: 'resume' });
    expect(await after).toBe(0);
    const faulty = steering.holdBecause(new StudioError('not-finite', 'NaN'), { point: 'before-step', step: 4 });
    vi.advanceTimersByTime(500);
    send({ kind: 'resume' });
    await faulty;
    expect(await steering.at('before-step', 4)).toBe(1500);
    expect(await steering.at('after-sampling', 4)).toBe(0);
  });

  it('holds the loop at the safe point that a pause names, and lets it pass the others', async () => {
    const { steering, stood, send, last } = harness();
    expect(send({ kind: 'pause', release: false, at: 'before-update' })).toMatchObject({ point: 'before-update' });
    expect(stood).toEqual([{ state: 'pausing', release: false, at: 'before-update' }]);
    await steering.at('after-update', 3);
    expect(await steering.between({ point: 'after-update', step: 3 })).toBe(0);
    for (const point of ['before-step', 'after-sampling'] as const) await steering.at(point, 4);
    expect(steering.heldAt).toBeNull();
    const held = steering.at('before-update', 4);
    await Promise.resolve();
    expect(last()).toMatchObject({ state: 'applied', at: { point: 'before-update', step: 4 } });
    send({ kind: 'resume' });
    await held;
  });

  it('goes on to a safe point of a step, from wherever it is, and holds there', async () => {
    const { steering, stood, send } = harness();
    send({ kind: 'run-to', point: 'before-update', step: 5 });
    expect(stood.at(-1)).toEqual({ state: 'running', doing: 'to before-update of step 5, then pause' });
    for (const step of [4, 5])
      for (const point of ['before-step', 'after-sampling'] as const) await steering.at(point, step);
    const held = steering.at('before-update', 5);
    await Promise.resolve();
    const reached = { state: 'paused', at: { point: 'before-update', step: 5 }, why: 'the point asked for is reached' };
    expect(stood.at(-1)).toMatchObject(reached);
    // The next that comes is not the one at which it stands.
    send({ kind: 'run-to', point: 'before-update' });
    await held;
    for (const point of ['after-update', 'before-step'] as const) await steering.at(point, 6);
    const again = steering.at('before-update', 6);
    await Promise.resolve();
    expect(steering.heldAt).toEqual({ point: 'before-update', step: 6 });
    send({ kind: 'resume' });
    await again;
    await steering.at('before-update', 7);
  });

  it('goes nowhere any more once it was resumed or paused on its way', async () => {
    const { steering, send } = harness();
    send({ kind: 'run-to', point: 'after-sampling' });
    send({ kind: 'pause', release: false });
    const held = steering.at('before-step', 2);
    await Promise.resolve();
    send({ kind: 'resume' });
    await held;
    await steering.at('after-sampling', 2);
    send({ kind: 'run-to', point: 'before-update' });
    send({ kind: 'pause', release: false });
    send({ kind: 'resume' });
    await steering.at('before-update', 2);
    expect(steering.heldAt).toBeNull();
  });

  it('sets a parameter at before-step and nowhere else', async () => {
    const { steering, values, send, last } = harness();
    expect(send(set)).toMatchObject({ point: 'before-step', change: { from: 1, to: 0.5 } });
    for (const point of ['after-sampling', 'before-update', 'after-update'] as const) await steering.at(point, 7);
    expect(values.get('learningRate')).toBe(1);
    await steering.at('before-step', 8);
    expect(values.get('learningRate')).toBe(0.5);
    expect(last()).toMatchObject({
      state: 'applied',
      at: { point: 'before-step', step: 8 },
      change: { from: 1, to: 0.5 },
    });
  });

  it('stops after a step at its end, not in its middle, and leaves the end of the command to who saves', async () => {
    const { steering, send, last } = harness();
    send({ kind: 'stop', when: 'after-step' });
    await steering.at('after-sampling', 4);
    await steering.at('before-update', 4);
    await expect(steering.at('after-update', 4)).rejects.toBeInstanceOf(Interrupted);
    expect(steering.ending).toMatchObject({ kind: 'stopped', at: { point: 'after-update', step: 4 } });
    expect(last()?.state).toBe('scheduled');
  });

  it('carries commands out in their order where several fit, and goes on where one fails', async () => {
    const { steering, records, send } = harness();
    for (const kind of ['evaluate', 'save'] as const) send({ kind });
    send(set);
    await steering.at('before-step', 1);
    const ends = records.flatMap((record) => ('endedAt' in record ? [[record.request.kind, record.state]] : []));
    expect(ends).toEqual([
      ['evaluate', 'failed'],
      ['save', 'applied'],
      ['set', 'applied'],
    ]);
  });

  it('gives a command that the end of the run cuts short an end of its own', async () => {
    const { steering, send, last } = harness(() => Promise.reject(new Interrupted()));
    send({ kind: 'save' });
    await expect(steering.at('before-step', 1)).rejects.toBeInstanceOf(Interrupted);
    expect(last()).toMatchObject({ state: 'failed', why: 'the run ended before it was done' });
  });

  it('lets nothing change how the loop ends once it is closed', async () => {
    const { steering, records, send } = harness();
    send({ kind: 'pause', release: true });
    steering.close();
    send({ kind: 'resume' });
    send({ kind: 'stop', when: 'now' });
    const ending = await steering.endAt({ point: 'before-step', step: 2 });
    expect(ending.kind).toBe('released');
    steering.abandon('the run is paused');
    expect(records.filter(({ state }) => state === 'failed').map(({ request }) => request.kind)).toEqual([
      'resume',
      'stop',
    ]);
  });

  it('does not invent an end that no command asked for', async () => {
    await expect(harness().steering.endAt({ point: 'before-step', step: 1 })).rejects.toMatchObject({
      kind: 'internal',
    });
  });
});
