/** Any row of a long list is read where one looks; far ones are let go; what arrives, waits; moves go through all of it. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ListMoves } from '../../../../webview/rollouts/list/list-moves.ts';
import { RolloutFeed } from '../../../../webview/rollouts/list/rollout-feed.ts';
import { inGroupOrder } from '../../../../webview/rollouts/list/row-pages.ts';
import { held, until } from '../../state/scripted-trainer.ts';
import { groupOfStep, ListModel } from './list-model.ts';

/** Six rollouts a step. */
const groups = Array.from({ length: 1200 }, (_, step) => groupOfStep(step + 1));

let over: (() => void)[] = [];
afterEach(() => {
  for (const end of over) end();
  over = [];
});

async function opened(line = '', sort: ConstructorParameters<typeof RolloutFeed>[2] = null, from = groups) {
  const model = new ListModel(from);
  const feed = new RolloutFeed(model.feed, line, sort);
  over.push(
    () => feed.dispose(),
    () => model.feed.dispose(),
  );
  await until(feed.state, ({ list }) => list > 0);
  await until(feed.counts.state, ({ state }) => state === 'counted');
  return { model, feed, rows: () => feed.state.get().rows };
}

/** The ids of the list from the newest step, answers of a question as the group view has them. */
const newestFirst = (steps: number) =>
  Array.from({ length: steps }, (_, place) => groupOfStep(steps - place).rollouts.map(({ id }) => id)).flat();

describe('pages of the list', () => {
  it('has the length of what the filter keeps, and any row of it is read where one looks', async () => {
    const { model, feed, rows } = await opened('correct:true');
    const ids = model.ids('correct:true');
    expect(rows().length).toBe(ids.length);
    expect(rows().at(4000)).toBeNull();
    feed.see(4000, 4030);
    const { rows: read } = await until(
      feed.state,
      (state) => state.rows.at(4000) !== null && state.rows.at(4030) !== null,
    );
    expect(ids).toContain(read.at(4000)?.id);
    expect(read.at(4000)?.step).toBe(groups[Number(ids[4000]?.slice(1).split('-')[0]) - 1]?.step);
  });

  it('shows the answers of a question in the order of the group view, across the ends of pages too', async () => {
    const { feed, rows } = await opened();
    const ids = newestFirst(1200);
    for (let at = 0; at < 600; at += 90) {
      feed.see(at, at + 30);
      await until(feed.state, (state) => state.rows.at(at + 30) !== null);
    }
    for (let index = 0; index < 600; index += 1) expect(rows().at(index)?.id).toBe(ids[index]);
    expect(rows().startsGroup(96)).toBe(true);
    expect(rows().startsGroup(100)).toBe(false);
  });

  it('holds at most a few thousand rows however far one goes, and the one that is read among them', async () => {
    const { feed, rows } = await opened();
    feed.choose('s1200-o0');
    for (let at = 0; at < 7000; at += 200) {
      feed.see(at, at + 30);
      await until(feed.state, (state) => state.rows.at(at) !== null && state.rows.at(at + 30) !== null);
    }
    expect(rows().heldRows).toBeLessThanOrEqual(43 * 100);
    expect(rows().indexOf('s1200-o0')).toBe(0);
    expect(rows().at(1000)).toBeNull();
  });

  it('orders by a field with ties the newest first, and tells the trainer so', async () => {
    const sort = { by: 'length', descending: true } as const;
    const { model, feed, rows } = await opened('half:ordered', sort);
    const ids = model.ids('half:ordered', sort);
    feed.see(2500, 2510);
    await until(feed.state, (state) => state.rows.at(2500) !== null);
    for (const index of [0, 1, 150, 2500]) expect(rows().at(index)?.id).toBe(ids[index]);
    expect(model.trainer.asked.find(({ method }) => method === 'rollouts/count')?.params).toMatchObject({ sort });
  });

  it('shows new rows on top while one follows, and lets them wait once one reads', async () => {
    const { model, feed, rows } = await opened('half:ordered');
    model.arrive(groupOfStep(1201));
    await until(feed.state, (state) => state.rows.top.length === 4);
    expect(rows().at(0)?.id).toBe('s1201-o0');
    feed.hold();
    model.arrive(groupOfStep(1202));
    await until(feed.state, ({ waiting }) => waiting === 4);
    expect(rows().at(0)?.id).toBe('s1201-o0');
    feed.see(3000, 3020);
    await until(feed.state, (state) => state.rows.at(3000) !== null);
    const newest = Array.from({ length: 1201 }, (_, place) => 1201 - place).flatMap((step) =>
      [0, 1, 2, 3].map((index) => `s${step}-o${index}`),
    );
    expect(rows().at(3000)?.id).toBe(newest[3000]);
    expect(feed.counts.state.get().matching).toBe(4 * 1202);
    feed.follow();
    expect(rows().at(0)?.id).toBe('s1202-o0');
    expect(rows().length).toBe(4 * 1202);
  });

  it('leaves an order as it is when rows arrive, and puts them in their place when it is read again', async () => {
    const sort = { by: 'step', descending: false } as const;
    const { model, feed, rows } = await opened('', sort);
    model.arrive(groupOfStep(1201));
    await until(feed.state, ({ waiting }) => waiting === 6);
    expect(rows().length).toBe(7200);
    expect(feed.counts.state.get().matching).toBe(7206);
    feed.follow();
    await until(feed.state, ({ list }) => list === 2);
    await until(feed.state, (state) => state.rows.length === 7206);
  });

  it('goes back to what is shown when one stops what takes long, order and filter too', async () => {
    const { model, feed, rows } = await opened('half:ordered');
    const never = held<never>();
    model.trainer.script['rollouts/list'] = () => never.promise;
    model.trainer.script['rollouts/count'] = () => never.promise;
    feed.setSort({ by: 'reward', descending: true });
    feed.setLine('"left"');
    expect(feed.stop()).toBe(false);
    await until(feed.state, ({ slow }) => slow);
    expect(feed.stop()).toBe(true);
    expect(feed.state.get()).toMatchObject({ line: 'half:ordered', sort: null, reading: false, slow: false });
    expect(feed.counts.state.get()).toMatchObject({ state: 'counted', matching: 4800 });
    expect(rows().length).toBe(4800);
    expect(model.trainer.methods().filter((method) => method === 'rollouts/cancel').length).toBeGreaterThan(0);
  });

  it('says that its rows are not counted when one stops their own count', async () => {
    const { model, feed } = await opened('half:ordered');
    model.trainer.script['rollouts/count'] = () => held<never>().promise;
    feed.setLine('half:shuffled');
    await until(feed.state, ({ reading }) => !reading);
    await until(feed.state, ({ slow }) => slow);
    expect(feed.stop()).toBe(true);
    expect(feed.state.get().line).toBe('half:shuffled');
    expect(feed.counts.state.get().state).toBe('stopped');
  });

  it('tells no number of another filter when one stops before its rows are there', async () => {
    const { model, feed } = await opened('half:ordered');
    model.trainer.script['rollouts/list'] = () => held<never>().promise;
    const nothing = { matching: 0, total: 7200, facets: { 'purpose:train': 0 }, outdated: 0, weighed: null, filled: 1 };
    model.trainer.script['rollouts/count'] = async () => nothing;
    feed.setLine('step>999999');
    await until(feed.counts.state, ({ state, matching }) => state === 'counted' && matching === 0);
    model.trainer.script['rollouts/count'] = () => held<never>().promise;
    feed.setLine('step>9999999');
    await until(feed.state, ({ slow }) => slow);
    expect(feed.stop()).toBe(true);
    expect(feed.state.get().line).toBe('half:ordered');
    expect(feed.counts.state.get()).toMatchObject({ state: 'stopped', matching: null });
    expect(feed.counts.state.get().facets).toEqual({});
  });

  it('says how far a scan is', async () => {
    const { model, feed } = await opened();
    const { promise, give } = held<{
      matching: number;
      total: number;
      facets: Record<string, number>;
      outdated: number;
      weighed: null;
      filled: number;
    }>();
    model.trainer.script['rollouts/count'] = () => promise;
    feed.setLine('"left"');
    await until(feed.state, ({ reading }) => !reading);
    model.link.peer.notify('rollouts/progress', { runId: 'a', done: 300, total: 1200 });
    await until(feed.state, ({ progress }) => progress === 0.25);
    give({ matching: 0, total: 7200, facets: {}, outdated: 0, weighed: null, filled: 1 });
    await until(feed.state, ({ progress }) => progress === null);
  });

  it('finds the row of a rollout that somebody links to, however deep, and says when the filter does not keep it', async () => {
    const { feed, rows } = await opened('half:ordered');
    feed.choose('s100-o2');
    await until(feed.state, ({ chosen }) => chosen?.is === 'held');
    expect(rows().indexOf('s100-o2')).toBe(4 * 1100 + 2);
    feed.choose('s100-s0');
    await until(feed.state, ({ chosen }) => chosen?.is === 'outside');
    feed.choose('nowhere');
    await until(feed.state, ({ chosen }) => chosen?.id === 'nowhere' && chosen.is === 'outside');
    feed.setLine('');
    feed.choose('s100-s0');
    await until(feed.state, ({ chosen }) => chosen?.is === 'held');
  });

  it('says as of when its rows are once the trainer is gone, and reads on over the next link', async () => {
    const { model, feed } = await opened();
    model.link.cut();
    model.connection.setLink({ state: 'closed', reason: 'it ended' });
    const { lostAt } = feed.state.get();
    expect(lostAt).toBeGreaterThan(0);
    feed.see(3000, 3020);
    await until(model.connection.state, ({ fault }) => fault !== null);
    model.trainer.link(model.connection);
    await until(feed.state, (state) => state.rows.at(3000) !== null);
    expect(feed.state.get().lostAt).toBeNull();
  });

  it('says what its rows are of when what is asked for finds no trainer, and reads that over the next link', async () => {
    const { model, feed, rows } = await opened('half:ordered');
    model.link.cut();
    model.connection.setLink({ state: 'gone', reason: 'it was killed' });
    feed.setLine('step>1199');
    feed.setSort({ by: 'length', descending: true });
    const { behind } = await until(feed.state, ({ behind }) => behind !== null);
    expect(behind).toMatchObject({ line: 'half:ordered', sort: null });
    expect(feed.state.get()).toMatchObject({ line: 'step>1199', reading: false });
    expect(rows().length).toBe(4800);
    model.trainer.link(model.connection);
    await until(feed.state, (state) => state.behind === null);
    const asked = model.ids('step>1199', { by: 'length', descending: true });
    expect(rows().length).toBe(asked.length);
    expect(asked.map((_, index) => rows().at(index)?.id)).toEqual(asked);
  });

  it('is behind nothing when one asks for what is shown', async () => {
    const { model, feed } = await opened('half:ordered');
    model.link.cut();
    model.connection.setLink({ state: 'gone', reason: 'it was killed' });
    feed.setLine('step>1199');
    await until(feed.state, ({ behind }) => behind !== null);
    feed.setLine('half:ordered');
    await until(feed.state, ({ behind }) => behind === null);
  });

  it('says what each part of a filter keeps by itself', async () => {
    const { feed } = await opened('step>1199 length<0');
    const counted = await feed.countEach(['step>1199', 'length<0', 'half:ordered']);
    expect(counted?.map(({ matching }) => matching)).toEqual([6, 0, 4800]);
  });
});

describe('moves through the list', () => {
  async function moving(line = '', from = groups) {
    const { model, feed, rows } = await opened(line, null, from);
    let at: string | null = null;
    const said: string[] = [];
    const moves = new ListMoves(
      feed,
      () => at,
      ({ id }) => {
        at = id;
        feed.choose(id);
      },
      (note) => said.push(note),
    );
    return { model, feed, rows, moves, said, at: () => at };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('ask for nothing where rows are held', async () => {
    const { model, feed, moves, at } = await moving();
    moves.by(1);
    expect(at()).toBe('s1200-o0');
    feed.see(0, 30);
    await until(feed.state, ({ rows }) => rows.at(100) !== null);
    const asked = model.trainer.asked.length;
    for (const [move, id] of [
      [() => moves.byQuestion(1), 's1199-o0'],
      [() => moves.by(2), 's1199-o2'],
      [() => moves.byQuestion(-1), 's1200-o0'],
    ] as const) {
      await settle();
      move();
      await settle();
      expect(at()).toBe(id);
    }
    expect(model.trainer.asked.length).toBe(asked);
  });

  it('reach the last row and every question on the way, one press after the other', async () => {
    const { feed, moves, at, rows } = await moving('', groups.slice(0, 120));
    moves.by(1);
    for (let press = 0; press < 200; press += 1) moves.byQuestion(1);
    await until(feed.state, ({ chosen }) => chosen?.id === 's1-o0');
    await settle();
    moves.toEnd();
    await settle();
    expect(at()).toBe('s1-s1');
    expect(rows().indexOf('s1-s1')).toBe(719);
  });

  it('jump to a step and to a row by its number', async () => {
    const { feed, moves, said, at } = await moving('half:shuffled');
    void moves.jump({ step: 300 });
    await until(feed.state, ({ chosen }) => chosen?.id === 's300-s0');
    void moves.jump({ index: 2001 });
    await until(feed.state, ({ chosen }) => chosen?.id === 's200-s1');
    expect(at()).toBe('s200-s1');
    expect(said).toEqual([]);
  });

  it('say that a step or a row is not there, and which is shown in its place', async () => {
    const { feed, moves, said } = await moving('half:shuffled');
    void moves.jump({ step: 5000 });
    await until(feed.state, ({ chosen }) => chosen?.id === 's1200-s0');
    void moves.jump({ index: 999_998 });
    await until(feed.state, ({ chosen }) => chosen?.id === 's1-s1');
    expect(said).toEqual([
      'Step 5000 has no rollouts in this list; shown is the nearest that has some, 1200.',
      'There is no row #999,999 in this list; shown is the nearest, #2,400.',
    ]);
  });
});

describe('answers of one question', () => {
  it('are put in order without leaving the place of their question', () => {
    const rows = groups
      .slice(0, 3)
      .flatMap(({ id: groupId, rollouts }) => rollouts.map((one) => ({ ...one, groupId })));
    fc.assert(
      fc.property(fc.shuffledSubarray(rows), (some) => {
        const shown = inGroupOrder(some as never) as unknown as typeof some;
        expect(shown.map(({ groupId }) => groupId)).toEqual(some.map(({ groupId }) => groupId));
        expect(new Set(shown)).toEqual(new Set(some));
      }),
    );
  });
});
