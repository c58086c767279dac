/** Feeds follow their run over one connection: each its own, nothing missed, nothing taken twice, nothing of an earlier link. */
import { describe, expect, it } from 'vitest';
import type { GroupWithRollouts } from '../../../trainer/protocol/records.ts';
import type { Connection } from '../../../webview/state/connection.ts';
import { Fetched, RunFeed } from '../../../webview/state/run-feed.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { aCheckpoint, aGroup, anAnnotation, someMetrics } from '../../store/records.ts';
import { curvesOf } from './curves-answer.ts';
import { held, newConnection, ScriptedTrainer, until } from './scripted-trainer.ts';

const running = { state: 'running', doing: null } as const;
const runs = ['a', 'b'].map((id) => aRunThat(running, { id, name: id, step: 0 }));

function feedsOf(connection: Connection, fetched = new Fetched()): [RunFeed, RunFeed] {
  const source = { connection, fetched, nextPaint: (run: () => void) => void setImmediate(run) };
  return runs.map((run) => new RunFeed(source, run)) as [RunFeed, RunFeed];
}

const step = (number: number) => ({ type: 'step' as const, metrics: someMetrics(number) });
const steps = (feed: RunFeed, number: number) =>
  until(feed.state, ({ view }) => view.metrics.steps.length === number).then(({ view }) => view.metrics.steps);

/** Every message that is under way has arrived. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('RunFeed', () => {
  it('follows its own run beside another', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    trainer.link(connection);
    const [a, b] = feedsOf(connection);
    trainer.record('a', step(1));
    trainer.record('b', step(1));
    trainer.record('a', step(2));
    expect(await steps(a, 2)).toEqual([1, 2]);
    expect(await steps(b, 1)).toEqual([1]);
    expect([a.state.get().view.run.step, b.state.get().view.run.step]).toEqual([2, 1]);
    a.dispose();
    trainer.record('a', step(3));
    trainer.record('b', step(2));
    expect(await steps(b, 2)).toEqual([1, 2]);
    expect(a.state.get().view.metrics.steps).toEqual([1, 2]);
    await connection.request('runs/list', {});
    expect(trainer.asked.filter(({ method }) => method === 'runs/unsubscribe')).toMatchObject([
      { params: { runId: 'a' } },
    ]);
  });

  it('misses nothing and takes nothing twice over lost links, each feed from where it was', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    const link = trainer.link(connection);
    const [a, b] = feedsOf(connection);
    const seen: string[] = [];
    for (const feed of [a, b]) feed.watchEvents((events) => seen.push(...events.map(({ seq }) => `${feed.id}${seq}`)));
    trainer.record('a', step(1));
    trainer.record('a', step(2));
    trainer.record('b', step(1));
    await Promise.all([steps(a, 2), steps(b, 1)]);
    link.cut();
    trainer.record('a', step(3));
    trainer.record('b', step(2));
    trainer.link(connection);
    await Promise.all([steps(a, 3), steps(b, 2)]);
    trainer.record('b', step(3));
    expect(await steps(b, 3)).toEqual([1, 2, 3]);
    expect(seen.sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    expect(
      trainer.asked
        .filter(({ method }) => method === 'runs/subscribe')
        .map(({ params }) => [params.runId, params.since]),
    ).toEqual([
      ['a', 0],
      ['b', 0],
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('has read what is shown, and no more', async () => {
    const trainer = new ScriptedTrainer(runs, {
      'annotations/list': async () => ({ annotations: [anAnnotation(1, 'x')] }),
      'metrics/curves': async () => curvesOf([someMetrics(1)]),
    });
    const connection = newConnection();
    const [feed] = feedsOf(connection);
    feed.need('annotations');
    trainer.link(connection);
    const { view, loaded } = await until(feed.state, (state) => state.loaded.size > 0);
    expect([...loaded]).toEqual(['annotations']);
    expect([view.annotations.length, view.metrics.steps.length]).toEqual([1, 0]);
    expect(
      trainer.methods().filter((method) => /^(metrics|commands|checkpoints|evaluations|notices)/.test(method)),
    ).toEqual([]);
    feed.need('curves', 'annotations');
    expect(await steps(feed, 1)).toEqual([1]);
    expect(trainer.methods().filter((method) => method === 'annotations/list')).toHaveLength(1);
  });

  it('keeps what events have brought while a list was on its way, and does not bring back what they took', async () => {
    const listed = held<void>();
    const read = held<void>();
    const trainer = new ScriptedTrainer(runs, {
      'checkpoints/list': async () => {
        read.give();
        await listed.promise;
        return { checkpoints: [aCheckpoint(1), aCheckpoint(2)] };
      },
    });
    const connection = newConnection();
    trainer.link(connection);
    const [feed] = feedsOf(connection);
    feed.need('checkpoints');
    await read.promise;
    trainer.record('a', { type: 'checkpoint-removed', id: aCheckpoint(1).id });
    trainer.record('a', { type: 'checkpoint', checkpoint: aCheckpoint(3) });
    await until(feed.state, ({ view }) => view.checkpoints.length === 1);
    listed.give();
    const { view } = await until(feed.state, ({ loaded }) => loaded.has('checkpoints'));
    expect(view.checkpoints.map(({ step: at }) => at).sort()).toEqual([2, 3]);
  });

  it('drops a list that comes late, over the link before, and has it read again over the new one', async () => {
    const answers = [held<void>(), held<void>()];
    const asked: (() => void)[] = [];
    let reads = 0;
    const trainer = new ScriptedTrainer(runs, {
      'metrics/curves': async () => {
        reads += 1;
        asked[reads - 1]?.();
        await answers[reads - 1]?.promise;
        return curvesOf([someMetrics(reads)]);
      },
    });
    const connection = newConnection();
    const first = new Promise<void>((resolve) => asked.push(resolve));
    const second = new Promise<void>((resolve) => asked.push(resolve));
    trainer.link(connection);
    const [feed] = feedsOf(connection);
    feed.need('curves');
    await first;
    trainer.link(connection);
    await second;
    answers[0]?.give();
    await settled();
    expect(feed.state.get().loaded.size).toBe(0);
    answers[1]?.give();
    const { view } = await until(feed.state, ({ loaded }) => loaded.has('curves'));
    expect([view.metrics.steps, reads]).toEqual([[2], 2]);
    expect(connection.state.get().fault).toBeNull();
  });

  it('takes nothing more once it is disposed', async () => {
    const answer = held<void>();
    const trainer = new ScriptedTrainer(runs, {
      'metrics/curves': async () => {
        await answer.promise;
        return curvesOf([someMetrics(1)]);
      },
    });
    const connection = newConnection();
    trainer.link(connection);
    const [feed] = feedsOf(connection);
    feed.need('curves');
    await settled();
    const before = feed.state.get();
    feed.dispose();
    answer.give();
    trainer.record('a', step(1));
    await settled();
    expect(feed.state.get()).toBe(before);
    expect(connection.state.get().fault).toBeNull();
  });

  it('starts anew where the trainer has another history', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    const link = trainer.link(connection);
    const [feed] = feedsOf(connection);
    feed.need('curves');
    for (const number of [1, 2, 3]) trainer.record('a', step(number));
    await steps(feed, 3);
    link.cut();
    trainer.forgetHistory('a');
    trainer.link(connection);
    expect(await steps(feed, 0)).toEqual([]);
    trainer.record('a', step(1));
    expect(await steps(feed, 1)).toEqual([1]);
  });

  it('holds groups that have arrived, drops those that a rewind voids, and keeps those of other runs', async () => {
    const groups = new Map<string, GroupWithRollouts>();
    const trainer = new ScriptedTrainer(runs, {
      'groups/get': async ({ groupId }) => {
        const group = groups.get(groupId);
        if (!group) throw new Error(`no ${groupId}`);
        return { group };
      },
    });
    const connection = newConnection();
    trainer.link(connection);
    const [a, b] = feedsOf(connection);
    for (const number of [1, 2]) trainer.record('a', { type: 'group', group: aGroup(number) });
    trainer.record('b', { type: 'group', group: aGroup(2, { explanation: ['of b'] }) });
    trainer.record('a', { type: 'rewound', toStep: 1 });
    await until(a.state, ({ view }) => view.seq === 3);
    await until(b.state, ({ view }) => view.seq === 1);
    await expect(a.group(aGroup(1).id)).resolves.toMatchObject({ step: 1 });
    await expect(a.group(aGroup(2).id)).rejects.toThrow();
    await expect(b.group(aGroup(2).id)).resolves.toMatchObject({ explanation: ['of b'] });
  });

  it('gives the groups that it holds what the update of their step tells, and those of other runs nothing', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    trainer.link(connection);
    const [a, b] = feedsOf(connection);
    for (const run of ['a', 'b']) trainer.record(run, { type: 'group', group: aGroup(1) });
    trainer.record('a', { type: 'group', group: aGroup(2) });
    await until(a.state, ({ view }) => view.seq === 2);
    const other = await a.group(aGroup(2).id);
    trainer.record('a', { type: 'references', step: 1, kl: { 's1-g0-o0': 0.25, 's1-g0-o1': null } });
    await until(a.state, ({ view }) => view.seq === 3);
    await until(b.state, ({ view }) => view.seq === 1);
    const kl = async (feed: RunFeed) => (await feed.group(aGroup(1).id)).rollouts.map((rollout) => rollout.kl);
    expect(await kl(a)).toEqual([0.25, null, undefined]);
    expect(await kl(b)).toEqual([undefined, undefined, undefined]);
    expect(await a.group(aGroup(2).id)).toBe(other);
  });

  it('asks a person before a resume gives up more than a kill costs, and sends it when they agree', async () => {
    const paused = aRunThat({ state: 'stopped' }, { id: 'a', name: 'a', step: 50 });
    const asks = {
      from: 20,
      steps: 30,
      rollouts: 4272,
      evaluations: 0,
      bad: [],
      seeds: 'exact' as const,
      asks: 'It is not there any more.',
    };
    const trainer = new ScriptedTrainer([paused], {
      'runs/resumption': async () => asks,
      'runs/command': async ({ id, command }) => ({
        command: { id, number: 1, request: command, by: 'ada', requestedAt: 1, state: 'requested' },
      }),
    });
    const connection = newConnection();
    trainer.link(connection);
    const source = { connection, fetched: new Fetched(), nextPaint: (run: () => void) => void setImmediate(run) };
    const feed = new RunFeed(source, paused);
    await settled();
    expect(await feed.command({ kind: 'resume' })).toBeNull();
    expect(feed.state.get().asking).toEqual({ ...asks, request: { kind: 'resume' } });
    expect(trainer.methods()).not.toContain('runs/command');
    feed.leaveAsItIs();
    expect(feed.state.get().asking).toBeNull();
    await feed.command({ kind: 'resume', confirmed: true });
    expect(trainer.asked.at(-1)?.params).toMatchObject({ command: { kind: 'resume', confirmed: true } });
  });

  it('asks about the checkpoint that a resume names, and keeps it named for the answer', async () => {
    const stopped = aRunThat({ state: 'stopped' }, { id: 'a', name: 'a', step: 50 });
    const trainer = new ScriptedTrainer([stopped], {
      'runs/resumption': async ({ from }) => ({
        ...{
          from: from ?? 50,
          steps: 40,
          rollouts: 0,
          evaluations: 0,
          bad: [],
          seeds: 'exact' as const,
          asks: 'There is a newer checkpoint.',
        },
      }),
    });
    const connection = newConnection();
    trainer.link(connection);
    const source = { connection, fetched: new Fetched(), nextPaint: (run: () => void) => void setImmediate(run) };
    const feed = new RunFeed(source, stopped);
    await settled();
    expect(await feed.command({ kind: 'resume', from: 10 })).toBeNull();
    expect(feed.state.get().asking).toMatchObject({ from: 10, request: { kind: 'resume', from: 10 } });
  });

  it('has the curves read again after the run went back, with what it went back over', async () => {
    const answers = [curvesOf([]), curvesOf([someMetrics(1)], { attempts: [{ attempt: 1, from: 2, to: 2 }] })];
    const trainer = new ScriptedTrainer(runs, {
      'metrics/curves': async () => answers.shift() ?? curvesOf([]),
    });
    const connection = newConnection();
    trainer.link(connection);
    const [a] = feedsOf(connection);
    a.need('curves');
    await until(a.state, ({ loaded }) => loaded.has('curves'));
    trainer.record('a', { type: 'rewound', toStep: 1 });
    const { view } = await until(a.state, ({ view: held }) => held.metrics.attempts.length === 1);
    expect(view.metrics.steps).toEqual([1]);
  });

  it('has the sums of an older run read again while they are made anew, as the trainer tells of it', async () => {
    const shares = [0.2, 0.7, 1];
    const trainer = new ScriptedTrainer(runs, {
      'counts/list': async () => ({ counts: [], seq: 0, counted: shares.shift() ?? 0, outdated: 0 }),
    });
    const connection = newConnection();
    const { peer } = trainer.link(connection);
    const [a] = feedsOf(connection);
    a.need('counted');
    await until(a.state, ({ view }) => view.counted.counted === 0.2);
    const tell = () => peer.notify('runs/changed', { run: a.state.get().view.run });
    tell();
    await until(a.state, ({ view }) => view.counted.counted === 0.7);
    tell();
    await until(a.state, ({ view }) => view.counted.counted === 1);
    tell();
    await settled();
    expect(trainer.methods().filter((method) => method === 'counts/list')).toHaveLength(3);
  });

  it('keeps a bounded number of groups for all feeds together', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    trainer.link(connection);
    const fetched = new Fetched();
    const [a, b] = feedsOf(connection, fetched);
    for (let number = 1; number <= 60; number += 1) {
      trainer.record('a', { type: 'group', group: aGroup(number) });
      trainer.record('b', { type: 'group', group: aGroup(number) });
    }
    await until(a.state, ({ view }) => view.seq === 60);
    await until(b.state, ({ view }) => view.seq === 60);
    expect(fetched.groups.size).toBe(80);
  });

  it('shows the answers under way of its own run until their step is done', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    const link = trainer.link(connection);
    const [a, b] = feedsOf(connection);
    await until(connection.state, ({ trainer: there }) => there !== null);
    const hint = { runId: 'a', step: 4, done: 1, total: 8, text: 'It', problem: 'Which?' };
    link.peer.notify('run/sampling', hint);
    await until(a.state, ({ sampling }) => sampling !== null);
    expect(b.state.get().sampling).toBeNull();
    trainer.record('a', step(3));
    await steps(a, 1);
    expect(a.state.get().sampling).toEqual(hint);
    trainer.record('a', step(4));
    await steps(a, 2);
    expect(a.state.get().sampling).toBeNull();
  });

  it('takes the newer of what is told of the run, by the number of its last event', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    const link = trainer.link(connection);
    const [a] = feedsOf(connection);
    trainer.record('a', step(1));
    await steps(a, 1);
    const told = aRunThat({ state: 'completed' }, { id: 'a', step: 1 });
    link.peer.notify('runs/changed', { run: { ...told, seq: 0 } });
    link.peer.notify('runs/changed', { run: { ...told, seq: 2 } });
    const { view } = await until(a.state, ({ view: { run } }) => run.state === 'completed');
    expect(view.run.seq).toBe(2);
  });

  it('sends each command under an id of its own, and shows why one was refused', async () => {
    const trainer = new ScriptedTrainer(runs);
    const connection = newConnection();
    trainer.link(connection);
    const [a] = feedsOf(connection);
    await expect(a.command({ kind: 'pause', release: false })).resolves.toBeNull();
    expect(connection.state.get().fault?.message).toContain('runs/command');
    trainer.script['runs/command'] = async ({ id, command }) => ({
      command: { id, number: 1, request: command, by: 'ada', requestedAt: 1, state: 'requested' },
    });
    const taken = [await a.command({ kind: 'save' }), await a.command({ kind: 'save' })];
    expect(taken.map((record) => record?.request)).toEqual([{ kind: 'save' }, { kind: 'save' }]);
    expect(new Set(taken.map((record) => record?.id)).size).toBe(2);
    expect(connection.state.get().fault).toBeNull();
  });

  it('sends a command again under its id when the link was lost before the answer, and no other', async () => {
    const ids: string[] = [];
    const arrived = [held<void>(), held<void>()];
    const trainer = new ScriptedTrainer(runs, {
      'runs/command': async ({ id, command }) => {
        ids.push(id);
        arrived[ids.length - 1]?.give();
        if (ids.length === 1) await new Promise(() => {});
        return { command: { id, number: 1, request: command, by: 'ada', requestedAt: 1, state: 'requested' } };
      },
    });
    const connection = newConnection();
    const [a] = feedsOf(connection);
    await expect(a.command({ kind: 'save' })).resolves.toBeNull();
    const link = trainer.link(connection);
    await new Promise<void>((resolve) => connection.whenReady(resolve));
    const asked = a.command({ kind: 'pause', release: false });
    await arrived[0]?.promise;
    link.cut();
    await expect(asked).resolves.toBeNull();
    trainer.link(connection);
    await arrived[1]?.promise;
    await settled();
    trainer.link(connection);
    await settled();
    expect(ids).toEqual([ids[0], ids[0]]);
    expect(connection.state.get().fault).toBeNull();
  });

  it('fetches frames once, for as long as they are held', async () => {
    const connection = newConnection();
    const fetched = new Fetched();
    const [a, b] = feedsOf(connection, fetched);
    const frames = { width: 1, height: 1, count: 1, pixels: new Uint8Array(3) };
    fetched.frames.set('a k', frames);
    await expect(a.frames('k')).resolves.toBe(frames);
    await expect(b.frames('k')).rejects.toMatchObject({ kind: 'connection-lost' });
  });
});
