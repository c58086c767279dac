/** A gateway that breaks off in the middle of any request. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Method } from '../../../trainer/engines/verl/messages.ts';
import { never, one, plain, prompt, type Started, started, told } from './attached.ts';
import { writtenAnswer } from './scripted-gateway.ts';

describe('a gateway that dies', () => {
  const step = { learningRate: 1, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, gradClipNorm: 0 };
  const asks: [Method, (s: Started, folder: string) => Promise<unknown>][] = [
    ['createModel', ({ engine, policy }) => engine.createModel({ kind: 'copy', of: policy }, 'reference')],
    ['publish', (s) => told(s, [1])],
    ['sample', (s) => told(s, [1])],
    ['frames', ({ engine, policy }) => engine.forward(policy, [one(prompt)])],
    ['putFrames', ({ engine, policy }) => engine.forward(policy, [one(prompt)])],
    ['forward', ({ engine, policy }) => engine.forward(policy, [one(plain)])],
    [
      'forwardBackward',
      ({ engine, policy }) =>
        engine.forwardBackward(policy, { kind: 'cross-entropy', promptTokens: false, sequences: [one(plain)] }),
    ],
    ['optimStep', ({ engine, policy }) => engine.optimStep(policy, step)],
    ['snapshot', ({ engine, policy }) => engine.snapshot(policy)],
    ['restore', async ({ engine, policy }) => engine.restore(await engine.snapshot(policy))],
    ['release', async ({ engine, policy }) => engine.release(await engine.snapshot(policy))],
    ['saveState', ({ engine, policy }, folder) => engine.saveState(policy, folder)],
    ['unload', ({ engine, policy }) => engine.unload(policy)],
    ['memory', ({ engine }) => engine.memory()],
  ];

  it.each(asks)('in the middle of %s fails it, and all that follows, as engine-failed', async (method, ask) => {
    const s = await started();
    const folder = await mkdtemp(path.join(tmpdir(), 'verl-dies-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    (s.gateway.handlers as Record<string, unknown>)[method] = () => {
      s.gateway.breakOff();
      return new Promise(() => undefined);
    };
    const lost = { kind: 'engine-failed', message: 'The gateway closed the connection.', place: s.gateway.address };
    const queued = s.engine.memory().catch((error: unknown) => error);
    if (method === 'memory') expect(await queued).toMatchObject(lost);
    await expect(ask(s, folder)).rejects.toMatchObject(lost);
    await expect(s.engine.memory()).rejects.toMatchObject(lost);
    await s.engine.dispose();
  });

  it('while nothing is asked of it says so, and not when it was let go', async () => {
    const idle = await started();
    idle.gateway.breakOff();
    expect(await idle.engine.died).toMatchObject({
      kind: 'engine-failed',
      message: 'The gateway closed the connection.',
    });
    const { engine, gateway } = await started();
    let hasDied = false;
    engine.died.then(() => {
      hasDied = true;
    });
    await engine.dispose();
    await gateway.stop();
    expect(hasDied).toBe(false);
  });

  it('while answers are written has told what came before', async () => {
    const s = await started({
      sample: (_, tell) => {
        tell({ finished: [writtenAnswer(1, [40])] });
        setImmediate(() => s.gateway.breakOff());
        return new Promise(() => undefined);
      },
    });
    const done: number[] = [];
    const options = { maxTokens: 8, temperature: 1, topP: 1 };
    const reading = async () => {
      for await (const event of s.engine.sample(s.policy, [{ prompt: plain, seeds: [1, 2] }], options, never))
        if (event.kind === 'done') done.push(event.index);
    };
    await expect(reading()).rejects.toMatchObject({ kind: 'engine-failed' });
    expect(done).toEqual([1]);
  });
});
