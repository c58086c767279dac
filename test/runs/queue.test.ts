/** The queue: what makes it go on, what holds it, in which order, and that it outlives the trainer. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { isComputing, type RunSummary, type Standing } from '../../trainer/protocol/run-state.ts';
import { queueWords } from '../../trainer/protocol/run-words.ts';
import { RunQueue } from '../../trainer/runs/queue.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { aRunThat } from '../protocol/every-standing.ts';
import { temporaryFolder } from '../store/folders.ts';

const at = { point: 'after-update', step: 3 } as const;
const released: Standing = { state: 'paused', at, why: null, fault: null, memory: 'released' };
const running: Standing = { state: 'running', doing: null };
const failed: Standing = { state: 'failed', fault: { kind: 'engine-failed', message: 'It died.' } };

/** Runs that stand as a test says, and those that the queue has started. */
function scripted() {
  const runs = new Map<string, RunSummary>();
  const started: string[] = [];
  const queue = new RunQueue({
    runs: () => [...runs.values()],
    start: (id) => {
      started.push(id);
      stand(id, running);
    },
    log: () => {},
  });
  function stand(id: string, standing: Standing): void {
    const run = aRunThat(standing, { id, name: id });
    runs.set(id, run);
    queue.take(run);
  }
  const wait = (id: string) => stand(id, { state: 'queued', since: queue.nextSince(), before: { state: 'created' } });
  return { runs, started, queue, stand, wait, settled: () => setImmediate() };
}

describe('the next run starts', () => {
  it.each([
    ['completes', { state: 'completed' }],
    ['is stopped', { state: 'stopped' }],
    ['fails', failed],
  ] as [string, Standing][])('when the one before it %s, and no other', async (_, rest) => {
    const { started, stand, wait, settled } = scripted();
    stand('a', running);
    wait('b');
    wait('c');
    await settled();
    expect(started).toEqual([]);
    stand('a', rest);
    await settled();
    expect(started).toEqual(['b']);
    stand('b', rest);
    await settled();
    expect(started).toEqual(['b', 'c']);
  });

  it('at once where nothing is before it', async () => {
    const { started, wait, settled } = scripted();
    wait('a');
    await settled();
    expect(started).toEqual(['a']);
  });

  it('after an evaluation of a run that was at rest, which rests as before', async () => {
    for (const rest of [released, { state: 'created' }, { state: 'stopped' }] as const) {
      const { started, stand, wait, settled } = scripted();
      stand('a', { state: 'evaluating', doing: null });
      wait('b');
      stand('a', rest);
      await settled();
      expect(started).toEqual(['b']);
    }
  });

  it('when the paused run before it is stopped, deleted or queued behind it', async () => {
    for (const end of ['stop', 'delete', 'queue'] as const) {
      const { runs, started, queue, stand, wait, settled } = scripted();
      stand('a', running);
      wait('b');
      stand('a', released);
      await settled();
      expect(started).toEqual([]);
      if (end === 'stop') stand('a', { state: 'stopped' });
      else if (end === 'queue') wait('a');
      else if (runs.delete('a')) queue.remove('a');
      await settled();
      expect(started).toEqual(['b']);
    }
  });
});

describe('the queue is held', () => {
  it('by a pause, in memory or not, also where another run is queued meanwhile', async () => {
    for (const memory of ['held', 'released'] as const) {
      const { started, stand, wait, settled } = scripted();
      stand('a', running);
      wait('b');
      stand('a', { ...released, memory });
      wait('c');
      await settled();
      expect(started).toEqual([]);
      stand('a', running);
      stand('a', { state: 'completed' });
      await settled();
      expect(started).toEqual(['b']);
    }
  });

  it('when the trainer ends', async () => {
    const { started, queue, stand, wait, settled } = scripted();
    stand('a', running);
    wait('b');
    queue.close();
    stand('a', { state: 'completed' });
    await settled();
    expect(started).toEqual([]);
  });
});

it('never has two runs compute, and starts in the order in which they were queued, whatever happens', async () => {
  const act = fc.record({
    run: fc.constantFrom('a', 'b', 'c', 'd'),
    to: fc.constantFrom('queue', 'end', 'pause', 'dequeue'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 20 }), async (acts) => {
      const { runs, started, stand, wait, settled } = scripted();
      const order: string[] = [];
      for (const { run, to } of acts) {
        const state = runs.get(run)?.state ?? 'created';
        if (to === 'queue' && state !== 'running' && state !== 'queued') {
          wait(run);
          order.push(run);
        }
        if (to === 'end' && state === 'running') stand(run, { state: 'completed' });
        if (to === 'pause' && state === 'running') stand(run, released);
        if (to === 'dequeue' && state === 'queued') {
          stand(run, { state: 'created' });
          order.splice(order.lastIndexOf(run), 1);
        }
        await settled();
        expect([...runs.values()].filter((one) => isComputing(one.state)).length).toBeLessThanOrEqual(1);
      }
      expect(started).toEqual(order.slice(0, started.length));
    }),
  );
});

it('is told with place and cause', () => {
  const waiting = (id: string, since: number) =>
    ({ ...aRunThat({ state: 'created' }, { id }), state: 'queued', since, before: { state: 'created' } }) as const;
  const queue = [waiting('b', 1), waiting('c', 2)] as const;
  expect(queueWords(queue[1], queue, aRunThat(running, { id: 'sft-1' }))).toBe('2 of 2, while sft-1 is running');
  expect(queueWords(queue[0], queue, undefined)).toBe(
    '1 of 2, until the run before it goes on to its end, or this one is started',
  );
});

/** A trainer whose engines fail when a test says so; until then their runs are starting. */
async function project() {
  const projectFolder = temporaryFolder();
  const row = {
    ...{ problem_id: 1, problem: 'Where?', data_type: 'video', problem_type: 'multiple choice', path: 'a.mp4' },
    ...{ options: ['A. left', 'B. right'], solution: '<answer>B</answer>', process: '<think>ab</think>' },
  };
  writeFileSync(path.join(projectFolder, 'a.mp4'), '');
  mkdirSync(path.join(projectFolder, 'start'));
  writeFileSync(path.join(projectFolder, 'start/config.json'), '{}');
  writeFileSync(path.join(projectFolder, 'data.json'), JSON.stringify([row]));
  const file = { version: 1, name: 'sft', method: 'sft', dataset: 'data.json', model: { checkpoint: 'start' } };
  writeFileSync(path.join(projectFolder, 'sft.run.json'), JSON.stringify(file));
  const asked: (() => void)[] = [];
  let isOver = false;
  /** Engines that are asked for from now on fail at once, so that a trainer can end. */
  const over = () => {
    isOver = true;
    for (const fail of asked) fail();
  };
  const open = async () => {
    const trainer = await Trainer.open({
      projectFolder,
      version: '1.0.0',
      createEngine: () =>
        new Promise((_, reject) => {
          const fail = () => reject(new StudioError('engine-failed', 'The engine died.'));
          if (isOver) fail();
          else asked.push(fail);
        }),
      log: () => {},
    });
    const changed = new Set<() => void>();
    trainer.listen({
      onEvent: () => {},
      onSampling: () => {},
      onRunsChanged: () => {
        for (const look of [...changed]) look();
      },
    });
    const until = async (id: string, state: RunSummary['state']) => {
      while (trainer.runs().find((run) => run.id === id)?.state !== state)
        await new Promise<void>((resolve) => {
          const look = () => {
            changed.delete(look);
            resolve();
          };
          changed.add(look);
        });
    };
    const create = (start: boolean | 'queue') => trainer.create({ runFile: 'sft.run.json', start }, 'ada');
    const send = (id: string, kind: 'queue' | 'dequeue' | 'start') =>
      trainer.command(id, randomUUID(), { kind }, 'ada');
    return { trainer, until, create, send };
  };
  return { projectFolder, asked, over, open };
}

describe('a trainer', () => {
  it('creates no run that it can not start, starts the queued one after the run before it, and takes one off', async () => {
    const { projectFolder, asked, over, open } = await project();
    const { trainer, until, create, send } = await open();
    onTestFinished(() => {
      over();
      return trainer.shutdown();
    });
    await create(true);
    await until('sft-1', 'starting');
    await expect(create(true)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('sft-1 is'),
    });
    expect(trainer.runs().map(({ id }) => id)).toEqual(['sft-1']);
    expect(existsSync(path.join(projectFolder, '.video-r1/runs/sft-2'))).toBe(false);

    const second = await create('queue');
    const third = await create('queue');
    expect([second.state, third.state]).toEqual(['queued', 'queued']);
    expect(send(third.id, 'dequeue')).toMatchObject({ state: 'applied', note: 'queued → created' });
    expect(trainer.runs().find(({ id }) => id === third.id)?.state).toBe('created');
    while (asked.length === 0) await setImmediate();
    asked.shift()?.();
    await until('sft-1', 'failed');
    await until(second.id, 'starting');
    const [start] = trainer.store(second.id).commands().slice(-1);
    expect(start).toMatchObject({ request: { kind: 'start' }, by: 'the queue' });
  });

  it('finds its queue again, in order, and starts none of it by itself', async () => {
    const { asked, over, open } = await project();
    const first = await open();
    await first.create(true);
    const ids = [(await first.create('queue')).id, (await first.create('queue')).id];
    while (asked.length === 0) await setImmediate();
    asked.shift()?.();
    await first.until(ids[0] as string, 'starting');
    while (asked.length === 0) await setImmediate();
    // The second engine is never given; the trainer's end must not wait for it.
    const ending = first.trainer.shutdown();
    asked.shift()?.();
    await ending;

    const { trainer, until, send } = await open();
    onTestFinished(() => {
      over();
      return trainer.shutdown();
    });
    await setImmediate();
    expect(trainer.runs().map(({ id, state }) => [id, state])).toEqual([
      ['sft-3', 'queued'],
      ['sft-2', 'failed'],
      ['sft-1', 'failed'],
    ]);
    send('sft-3', 'start');
    await until('sft-3', 'starting');
  });
});
