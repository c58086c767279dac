/** Who uses a run's engine beside it has turns: at once while it stands still, within its share at safe points, and never without it. */
import { expect, test } from 'vitest';
import { Turns } from '../../trainer/runs/turns.ts';

test('pieces wait until the run stands still, and then come one at a time, in their order', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const piece = (name: string) =>
    turns.take(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      return name;
    });
  const both = [piece('a'), piece('b')];
  await Promise.resolve();
  expect(log).toEqual([]);
  turns.open();
  expect(await Promise.all(both)).toEqual(['a', 'b']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('a run that goes on refuses those that wait, unless it gives a share of its time', async () => {
  const turns = new Turns();
  const refused = turns.take(async () => 1);
  turns.shut('r goes on.');
  await expect(refused).rejects.toThrow('r goes on.');
  const kept = turns.take(async () => 2);
  turns.shut(null);
  expect(await turns.use(0)).toBeLessThan(50);
  const later = turns.use(1000);
  expect(await kept).toBe(2);
  await later;
});

test('what a piece takes over its share is owed at the next safe points', async () => {
  const turns = new Turns();
  let now = 0;
  const real = performance.now;
  performance.now = () => now;
  try {
    const done: string[] = [];
    const piece = (name: string, ms: number) =>
      turns.take(async () => {
        now += ms;
        done.push(name);
      });
    void piece('a', 25);
    void piece('b', 5);
    await turns.use(10);
    expect(done).toEqual(['a']);
    await turns.use(10);
    expect(done).toEqual(['a']);
    await turns.use(10);
    expect(done).toEqual(['a', 'b']);
  } finally {
    performance.now = real;
  }
});

test('a piece that fails fails alone', async () => {
  const turns = new Turns();
  turns.open();
  await expect(turns.take(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await turns.take(async () => 3)).toBe(3);
});

test('once the run has left the memory nobody has a turn, and the piece under way is waited for', async () => {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  turns.open();
  const underWay = turns.take(() => gate.promise);
  const waiting = turns.take(async () => 1);
  let closed = false;
  const closing = turns.close('r is no longer in memory.').then(() => {
    closed = true;
  });
  await expect(waiting).rejects.toThrow('no longer in memory');
  expect(closed).toBe(false);
  gate.resolve();
  await underWay;
  await closing;
  await expect(turns.take(async () => 1)).rejects.toThrow('no longer in memory');
});
