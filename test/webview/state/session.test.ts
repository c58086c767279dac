/** A page's session against a real server: what happens while the connection is gone is not missed. */
import { describe, expect, it } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { connectSocket } from '../../../trainer/client/socket.ts';
import type { Transport } from '../../../trainer/protocol/connection.ts';
import { Connection } from '../../../webview/state/connection.ts';
import type { RunFeed } from '../../../webview/state/run-feed.ts';
import { Session } from '../../../webview/state/session.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { type Serving, serve } from '../../server/serving.ts';
import { aGroup, someMetrics } from '../../store/records.ts';
import { until } from './scripted-trainer.ts';

async function open({ connection }: Session, { server }: Serving): Promise<Transport> {
  const transport = await connectSocket(server.discovery);
  connection.setLink({ state: 'open', reason: '' });
  connection.open(transport, 'ada');
  return transport;
}

const newSession = () => new Session(new Connection(rpc, 'browser'), (run) => setImmediate(run));

/** The feed of the shown run once its metrics were read. */
async function shown(session: Session): Promise<RunFeed> {
  const { feed } = await until(session.state, (state) => state.feed !== null);
  feed?.need('curves');
  if (feed) await until(feed.state, ({ loaded }) => loaded.has('curves'));
  return feed as RunFeed;
}

const stepsOf = (feed: RunFeed, number: number) =>
  until(feed.state, ({ view }) => view.metrics.steps.length === number).then(({ view }) => view.metrics.steps);

describe('Session', () => {
  it('shows the run that is under way, with what its lists hold', async () => {
    const serving = await serve();
    serving.service.addRun('done');
    serving.service.record('done', {
      type: 'state',
      run: aRunThat({ state: 'completed' }, { id: 'done', createdAt: 2 }),
    });
    serving.service.addRun('live');
    serving.service.record('live', { type: 'step', metrics: someMetrics(1) });
    const session = newSession();
    await open(session, serving);
    const feed = await shown(session);
    expect(feed.id).toBe('live');
    expect(feed.state.get().view.metrics.steps).toEqual([1]);
    expect(
      session.state
        .get()
        .runs?.map(({ id }) => id)
        .sort(),
    ).toEqual(['done', 'live']);
  });

  it('misses nothing and takes nothing twice over a lost connection', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    const first = await open(session, serving);
    const feed = await shown(session);
    const seen: number[] = [];
    feed.watchEvents((events) => seen.push(...events.map(({ seq }) => seq)));
    serving.service.record('a', { type: 'step', metrics: someMetrics(1) });
    await stepsOf(feed, 1);
    const lost = new Promise<string>((resolve) => first.onClose(resolve));
    first.close();
    await lost;
    for (const step of [2, 3]) serving.service.record('a', { type: 'step', metrics: someMetrics(step) });
    await open(session, serving);
    expect(await stepsOf(feed, 3)).toEqual([1, 2, 3]);
    serving.service.record('a', { type: 'step', metrics: someMetrics(4) });
    await stepsOf(feed, 4);
    expect(session.state.get().feed).toBe(feed);
    expect(seen).toEqual([...new Set(seen)].sort((x, y) => x - y));
    expect(seen).toHaveLength(4);
  });

  it('holds groups that have arrived, and drops those that a rewind voids', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    await open(session, serving);
    const feed = await shown(session);
    serving.service.record('a', { type: 'group', group: aGroup(1) });
    serving.service.record('a', { type: 'group', group: aGroup(2) });
    serving.service.record('a', { type: 'rewound', toStep: 1 });
    serving.service.record('a', { type: 'step', metrics: someMetrics(2) });
    await stepsOf(feed, 1);
    await expect(feed.group(aGroup(1).id)).resolves.toMatchObject({ step: 1 });
    await expect(feed.group(aGroup(2).id)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('fetches frames once and keeps them', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    const transport = await open(session, serving);
    const feed = await shown(session);
    const frames = await feed.frames('k');
    expect([frames.width, frames.height, frames.count, frames.pixels.length]).toEqual([2, 3, 2, 36]);
    transport.close();
    await expect(feed.frames('k')).resolves.toBe(frames);
    await expect(feed.frames('other')).rejects.toThrow();
  });

  it('gives the command as it was taken down, and shows why one could not be asked for', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    await open(session, serving);
    const feed = await shown(session);
    await expect(feed.command({ kind: 'pause', release: false })).resolves.toMatchObject({
      state: 'requested',
      by: 'ada',
    });
    await until(feed.state, ({ view }) => view.commands.length === 1);
    const transport = await open(session, serving);
    transport.close();
    await expect(feed.command({ kind: 'resume' })).resolves.toBeNull();
    expect(session.connection.state.get().fault?.message).toContain('connection');
  });

  it('shows another run with its place in the list, and says of one that is not there that it is not', async () => {
    const serving = await serve();
    for (const id of ['a', 'b']) serving.service.addRun(id);
    const session = newSession();
    session.choose('b');
    await open(session, serving);
    const b = await shown(session);
    expect(b.id).toBe('b');
    session.choose('a');
    expect((await shown(session)).id).toBe('a');
    session.choose('c');
    expect(session.state.get().feed).toBeNull();
    expect(session.connection.state.get().fault).toMatchObject({ kind: 'not-found', remedy: 'Choose another run.' });
    serving.service.addRun('c');
    serving.service.change(aRunThat({ state: 'created' }, { id: 'c' }));
    expect((await shown(session)).id).toBe('c');
    expect(session.connection.state.get().fault).toBeNull();
  });

  it('shows another run where the one that was shown before a reload is gone, and says so', async () => {
    const serving = await serve();
    serving.service.addRun('a');
    const session = newSession();
    session.choose('deleted');
    await open(session, serving);
    expect((await shown(session)).id).toBe('a');
    expect(session.state.get().runId).toBe('a');
    expect(session.connection.state.get().fault?.message).toBe('There is no run deleted in this project.');
  });
});
