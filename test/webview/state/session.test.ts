/** A page's session against a real server: what happens while the connection is gone is not missed. */
import { describe, expect, it } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { connectSocket } from '../../../trainer/client/socket.ts';
import type { Transport } from '../../../trainer/protocol/connection.ts';
import { Session, type SessionState } from '../../../webview/state/session.ts';
import { type Serving, serve } from '../../server/serving.ts';
import { aGroup, aRun, someMetrics } from '../../store/records.ts';

function until(session: Session, condition: (state: SessionState) => boolean): Promise<SessionState> {
  return new Promise((resolve) => {
    const look = () => {
      const state = session.state.get();
      if (!condition(state)) return false;
      resolve(state);
      return true;
    };
    if (look()) return;
    const stop = session.state.watch(() => {
      if (look()) stop();
    });
  });
}

async function open(session: Session, { server }: Serving): Promise<Transport> {
  const transport = await connectSocket(server.discovery);
  session.setLink({ state: 'open', reason: '' });
  session.open(transport, 'ada');
  return transport;
}

const newSession = () => new Session({ place: 'browser', rpc, nextPaint: (run) => setImmediate(run) });

describe('Session', () => {
  it('shows the run that is under way, with what its lists hold', async () => {
    const serving = await serve();
    serving.service.addRun('done');
    serving.service.record('done', { type: 'state', run: aRun({ id: 'done', state: 'completed', createdAt: 2 }) });
    serving.service.addRun('live');
    serving.service.record('live', { type: 'step', metrics: someMetrics(1) });
    const session = newSession();
    await open(session, serving);
    const state = await until(session, ({ loaded }) => loaded);
    expect(state.runId).toBe('live');
    expect(state.view?.metrics.steps).toEqual([1]);
    expect(state.runs?.map(({ id }) => id).sort()).toEqual(['done', 'live']);
  });

  it('misses nothing and takes nothing twice over a lost connection', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    const seen: number[] = [];
    session.watchEvents((events) => seen.push(...events.map(({ seq }) => seq)));
    const first = await open(session, serving);
    await until(session, ({ loaded }) => loaded);
    serving.service.record('a', { type: 'step', metrics: someMetrics(1) });
    await until(session, ({ view }) => view?.metrics.steps.length === 1);
    const lost = new Promise<string>((resolve) => first.onClose(resolve));
    first.close();
    await lost;
    for (const step of [2, 3]) serving.service.record('a', { type: 'step', metrics: someMetrics(step) });
    await open(session, serving);
    const state = await until(session, ({ view }) => view?.metrics.steps.length === 3);
    serving.service.record('a', { type: 'step', metrics: someMetrics(4) });
    await until(session, ({ view }) => view?.metrics.steps.length === 4);
    expect(state.view?.metrics.steps).toEqual([1, 2, 3]);
    expect(seen).toEqual([...new Set(seen)].sort((x, y) => x - y));
    expect(seen).toHaveLength(4);
  });

  it('holds groups that have arrived, and drops those that a rewind voids', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    await open(session, serving);
    await until(session, ({ loaded }) => loaded);
    serving.service.record('a', { type: 'group', group: aGroup(1) });
    serving.service.record('a', { type: 'group', group: aGroup(2) });
    serving.service.record('a', { type: 'rewound', toStep: 1 });
    serving.service.record('a', { type: 'step', metrics: someMetrics(2) });
    await until(session, ({ view }) => view?.metrics.steps.length === 1);
    await expect(session.group(aGroup(1).id)).resolves.toMatchObject({ step: 1 });
    await expect(session.group(aGroup(2).id)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('fetches frames once and keeps them', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    const transport = await open(session, serving);
    await until(session, ({ loaded }) => loaded);
    const frames = await session.frames('k');
    expect([frames.width, frames.height, frames.count, frames.pixels.length]).toEqual([2, 3, 2, 36]);
    transport.close();
    await expect(session.frames('k')).resolves.toBe(frames);
    await expect(session.frames('other')).rejects.toThrow();
  });

  it('gives the command as it was taken down, and shows why one could not be asked for', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    await open(session, serving);
    await until(session, ({ loaded }) => loaded);
    await expect(session.command({ kind: 'pause', release: false })).resolves.toMatchObject({
      state: 'requested',
      by: 'ada',
    });
    await until(session, ({ view }) => view?.commands.length === 1);
    const transport = await open(session, serving);
    transport.close();
    await expect(session.command({ kind: 'resume' })).resolves.toBeNull();
    expect(session.state.get().fault?.message).toContain('connection');
  });
});
