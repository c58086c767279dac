/** The lasting link to a trainer, against one that the test drives over a real socket. */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TrainerLink } from '../../../extension/trainer/link.ts';
import { commandOf, FakeTrainer, runOf } from './fake-trainer.ts';

let trainer: FakeTrainer;
let link: TrainerLink;
beforeEach(async () => {
  trainer = new FakeTrainer();
  await trainer.listen();
  link = new TrainerLink(trainer.project, 'tester');
});
afterEach(async () => {
  link.dispose();
  await trainer.dispose();
});

/** Waits until something holds, looking whenever the link says that it changed. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await once(link, 'change');
}

describe('attaching', () => {
  test('knows the runs, newest first, and follows those that are not over from their last event', async () => {
    trainer.runs = [runOf({ id: 'old', createdAt: 1, state: 'completed' }), runOf({ id: 'new', createdAt: 2, seq: 7 })];
    expect(await link.attach()).toBe(true);
    expect(link.runs.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(trainer.subscriptions).toEqual([{ runId: 'new', since: 7 }]);
  });

  test('two at once make one connection', async () => {
    trainer.runs = [runOf()];
    await Promise.all([link.attach(), link.attach()]);
    expect(trainer.subscriptions).toHaveLength(1);
  });

  test('is refused where the discovery file is of a process that is gone', async () => {
    trainer.announce({ pid: 2 ** 22 - 3, port: 1 });
    expect(await link.attach()).toBe(false);
    expect(link.state).toBe('none');
  });

  test('to another major version says which process to shut down', async () => {
    trainer.protocolMajor = 2;
    await expect(link.attach()).rejects.toMatchObject({
      kind: 'protocol-version',
      remedy: expect.stringContaining(String(process.pid)),
    });
    expect(link.state).toBe('none');
  });

  test('to a port where nobody answers says so, and which process it is', async () => {
    await trainer.end();
    await expect(link.attach()).rejects.toThrow(new RegExp(`process ${process.pid}.*does not answer`));
  });
});

describe('events', () => {
  test('move the run on, once each, whatever is sent twice', async () => {
    trainer.runs = [runOf()];
    await link.attach();
    const seen: number[] = [];
    link.on('runEvent', ({ seq }) => seen.push(seq));
    const state = { type: 'state', run: runOf({ step: 4, seq: 6 }) } as const;
    trainer.emit('r1', 6, state);
    trainer.emit('r1', 6, state);
    trainer.emit('r1', 7, { type: 'state', run: runOf({ step: 5, seq: 7 }) });
    await until(() => link.runs[0]?.step === 5);
    expect(seen).toEqual([6, 7]);
  });

  test('that were missed while the connection was lost come after it is back', async () => {
    trainer.runs = [runOf()];
    await link.attach();
    trainer.emit('r1', 6, { type: 'state', run: runOf({ step: 4, seq: 6 }) });
    await until(() => link.runs[0]?.step === 4);
    trainer.cut();
    await until(() => link.state === 'lost');
    trainer.runs = [runOf({ step: 5, seq: 7 })];
    trainer.events.push({ runId: 'r1', seq: 7, at: 0, body: { type: 'warning', message: 'missed' } });
    const [missed] = await once(link, 'runEvent');
    expect(missed).toMatchObject({ seq: 7, body: { message: 'missed' } });
    expect(trainer.subscriptions.at(-1)).toEqual({ runId: 'r1', since: 6 });
    await until(() => link.state === 'connected');
  });
});

describe('a command', () => {
  test('ends when its record says so, not when it was taken down', async () => {
    trainer.runs = [runOf()];
    trainer.handlers['runs/command'] = async () => ({ command: commandOf() });
    await link.attach();
    const { record, ended } = await link.command('r1', { kind: 'pause', release: false });
    expect(record.state).toBe('scheduled');
    let over = false;
    void ended.then(() => {
      over = true;
    });
    trainer.emit('r1', 6, { type: 'command', command: commandOf({ id: 2, state: 'applied' }) });
    await until(() => true);
    await once(link, 'change');
    expect(over).toBe(false);
    trainer.emit('r1', 7, { type: 'command', command: commandOf({ state: 'applied', step: 4 }) });
    expect(await ended).toMatchObject({ id: 1, state: 'applied', step: 4 });
  });

  test('whose end is told before the answer to its request is not waited for in vain', async () => {
    trainer.runs = [runOf()];
    trainer.handlers['runs/command'] = async () => {
      trainer.emit('r1', 6, { type: 'command', command: commandOf({ state: 'failed', note: 'no space' }) });
      return { command: commandOf() };
    };
    await link.attach();
    const { ended } = await link.command('r1', { kind: 'save' });
    expect(await ended).toMatchObject({ state: 'failed', note: 'no space' });
  });

  test('to a run that is over follows it first, so that its end is heard', async () => {
    trainer.runs = [runOf({ state: 'stopped', seq: 9 })];
    trainer.handlers['runs/command'] = async () => ({ command: commandOf() });
    await link.attach();
    expect(trainer.subscriptions).toEqual([]);
    await link.command('r1', { kind: 'resume' });
    expect(trainer.subscriptions).toEqual([{ runId: 'r1', since: 9 }]);
  });

  test('fails when the trainer goes before it was applied', async () => {
    trainer.runs = [runOf()];
    trainer.handlers['runs/command'] = async () => ({ command: commandOf() });
    await link.attach();
    const { ended } = await link.command('r1', { kind: 'save' });
    const gone = once(link, 'gone');
    trainer.announce({ pid: 2 ** 22 - 3, port: 1 });
    await trainer.end();
    await expect(ended).rejects.toThrow('not seen to be applied');
    const [{ runs }] = await gone;
    expect(runs).toMatchObject([{ id: 'r1', state: 'running' }]);
    expect(link.state).toBe('none');
  });
});

test('a trainer that is told to end is not mourned', async () => {
  trainer.runs = [runOf()];
  let mourned = false;
  link.on('gone', () => {
    mourned = true;
  });
  trainer.handlers['trainer/shutdown'] = async () => {
    trainer.announce({ pid: 2 ** 22 - 3, port: 1 });
    setImmediate(() => trainer.cut());
    return {};
  };
  await link.attach();
  await link.shutDown();
  await until(() => link.state === 'none');
  expect(mourned).toBe(false);
  expect(link.runs).toEqual([]);
});
