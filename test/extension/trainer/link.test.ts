/** The lasting link to a trainer, against one that the test drives over a real socket. */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TrainerLink } from '../../../extension/trainer/link.ts';
import { protocolVersion } from '../../../trainer/protocol/version.ts';
import { FakeTrainer, recordOf, runOf } from './fake-trainer.ts';

const goneProcess = { pid: 2 ** 22 - 3, port: 1 };

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
    trainer.runs = [
      runOf({ id: 'old', createdAt: 1, standing: { state: 'completed' } }),
      runOf({ id: 'new', createdAt: 2, seq: 7 }),
    ];
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
    trainer.announce(goneProcess);
    expect(await link.attach()).toBe(false);
    expect(link.state).toBe('none');
  });

  test('to another major version says which process to shut down', async () => {
    trainer.protocolMajor = protocolVersion.major + 1;
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

  test('change the summary as the one reducer says: a run that goes back to a checkpoint is at its step again', async () => {
    trainer.runs = [runOf()];
    await link.attach();
    trainer.emit('r1', 6, { type: 'rewound', toStep: 2 });
    await until(() => link.runs[0]?.step === 2);
    expect(link.runs[0]?.seq).toBe(6);
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

describe('a run that changed', () => {
  test('is taken from the message, and the list is not read again', async () => {
    trainer.runs = [runOf({ standing: { state: 'stopped' } })];
    await link.attach();
    trainer.tellChanged(runOf({ seq: 6, standing: { state: 'evaluating', doing: '3 of 16 questions' } }));
    await until(() => link.runs[0]?.state === 'evaluating');
    expect(trainer.listed).toBe(1);
    // It is under way again: its events are followed.
    await trainer.until(() => trainer.subscriptions.length === 1);
    expect(trainer.subscriptions).toEqual([{ runId: 'r1', since: 6 }]);
  });

  test('is not taken back to what it was before an event that came first', async () => {
    trainer.runs = [runOf()];
    await link.attach();
    trainer.emit('r1', 6, { type: 'state', run: runOf({ seq: 6, standing: { state: 'pausing', release: false } }) });
    trainer.tellChanged(runOf({ seq: 5 }));
    trainer.tellChanged(runOf({ id: 'r2', seq: 1 }));
    await until(() => link.runs.length === 2);
    expect(link.runs.find(({ id }) => id === 'r1')?.state).toBe('pausing');
  });

  test('by being deleted is gone, once the list was read', async () => {
    trainer.runs = [runOf(), runOf({ id: 'r2' })];
    await link.attach();
    trainer.runs = [runOf({ id: 'r2' })];
    trainer.tellChanged(null);
    await until(() => link.runs.length === 1);
    expect(link.runs[0]?.id).toBe('r2');
    expect(trainer.listed).toBe(2);
  });
});

describe('a command', () => {
  test('ends when its record says so, not when it was taken down', async () => {
    trainer.runs = [runOf()];
    const pause = { kind: 'pause', release: false } as const;
    trainer.handlers['runs/command'] = async ({ id }) => ({ command: recordOf(id, pause, { state: 'scheduled' }) });
    await link.attach();
    const { id, taken, ended } = await link.command('r1', pause);
    expect((await taken).state).toBe('scheduled');
    let over = false;
    void ended.then(() => {
      over = true;
    });
    trainer.emit('r1', 6, { type: 'command', command: recordOf('another', pause, { state: 'applied' }) });
    await once(link, 'change');
    expect(over).toBe(false);
    trainer.emit('r1', 7, { type: 'command', command: recordOf(id, pause, { state: 'applied' }) });
    expect(await ended).toMatchObject({ id, state: 'applied', at: { step: 4 } });
  });

  test('whose end is told before the answer to its request is not waited for in vain', async () => {
    trainer.runs = [runOf()];
    trainer.handlers['runs/command'] = async ({ id, command }) => {
      const failed = recordOf(id, command, { state: 'failed', why: 'no space' });
      trainer.emit('r1', 6, { type: 'command', command: failed });
      return { command: recordOf(id, command, { state: 'scheduled' }) };
    };
    await link.attach();
    const { ended } = await link.command('r1', { kind: 'save' });
    expect(await ended).toMatchObject({ state: 'failed', why: 'no space' });
  });

  test('to a run that is over follows it first, so that its end is heard', async () => {
    trainer.runs = [runOf({ seq: 9, standing: { state: 'stopped' } })];
    trainer.handlers['runs/command'] = async ({ id, command }) => ({
      command: recordOf(id, command, { state: 'scheduled' }),
    });
    await link.attach();
    expect(trainer.subscriptions).toEqual([]);
    await link.command('r1', { kind: 'resume' });
    expect(trainer.subscriptions).toEqual([{ runId: 'r1', since: 9 }]);
  });

  test('whose answer was lost with the connection is sent again under its id, and ends', async () => {
    trainer.runs = [runOf({ standing: { state: 'stopped' } })];
    trainer.handlers['runs/command'] = async ({ id, command }) => {
      if (trainer.commands.length === 1) {
        trainer.cut();
        return new Promise(() => {});
      }
      return { command: recordOf(id, command, { state: 'applied' }) };
    };
    await link.attach();
    const { id, ended } = await link.command('r1', { kind: 'resume' });
    expect(await ended).toMatchObject({ id, state: 'applied' });
    expect(trainer.commands.map((sent) => sent.id)).toEqual([id, id]);
    // The run is over, and was followed again before: an end that comes as an event would be heard.
    expect(trainer.subscriptions).toHaveLength(2);
  });

  test('fails when the trainer goes before its end was told, with the id to look for', async () => {
    trainer.runs = [runOf()];
    trainer.handlers['runs/command'] = async ({ id, command }) => ({
      command: recordOf(id, command, { state: 'scheduled' }),
    });
    await link.attach();
    const { id, ended } = await link.command('r1', { kind: 'save' });
    const gone = once(link, 'gone');
    trainer.announce(goneProcess);
    await trainer.end();
    await expect(ended).rejects.toMatchObject({
      kind: 'connection-lost',
      message: expect.stringContaining('not known'),
      remedy: expect.stringContaining(id),
    });
    const [{ runs }] = await gone;
    expect(runs).toMatchObject([{ id: 'r1', state: 'running' }]);
    expect(link.state).toBe('none');
  });
});

test('an attach by hand that finds no trainer any more ends the wait for a lost one', async () => {
  trainer.runs = [runOf()];
  await link.attach();
  trainer.announce(goneProcess);
  await trainer.end();
  await until(() => link.state === 'lost');
  const gone = once(link, 'gone');
  expect(await link.attach()).toBe(false);
  await gone;
  expect(link.state).toBe('none');
});

test('a trainer that is told to end is not mourned', async () => {
  trainer.runs = [runOf()];
  let mourned = false;
  link.on('gone', () => {
    mourned = true;
  });
  trainer.handlers['trainer/shutdown'] = async () => {
    trainer.announce(goneProcess);
    setImmediate(() => trainer.cut());
    return {};
  };
  await link.attach();
  await link.shutDown();
  await until(() => link.state === 'none');
  expect(mourned).toBe(false);
  expect(link.runs).toEqual([]);
});
