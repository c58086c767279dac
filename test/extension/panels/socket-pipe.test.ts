/** A panel's own socket: passed through while a page listens, opened again when it is lost, closed while the page is hidden. */
import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SocketPipe } from '../../../extension/panels/socket-pipe.ts';
import { findTrainer } from '../../../trainer/client/find-trainer.ts';
import { connectSocket } from '../../../trainer/client/socket.ts';
import type { Discovery } from '../../../trainer/protocol/discovery.ts';
import { FakeTrainer } from '../trainer/fake-trainer.ts';

let trainer: FakeTrainer;
let at: Discovery;
let told: EventEmitter<{ status: [string, string]; message: [string | Uint8Array] }>;
let pipe: SocketPipe;

beforeEach(async () => {
  trainer = new FakeTrainer();
  await trainer.listen();
  at = (await findTrainer(trainer.project)) as Discovery;
  told = new EventEmitter();
  pipe = new SocketPipe({
    onStatus: (state, reason) => told.emit('status', state, reason),
    onMessage: (message) => told.emit('message', message),
  });
});
afterEach(async () => {
  pipe.dispose();
  await trainer.dispose();
});

const ask = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'runs/list', params: {} });

async function open(): Promise<void> {
  const opened = once(told, 'status');
  pipe.greet();
  expect(await opened).toEqual(['open', '']);
}

test('nothing is opened before a page listens; then what it sends is answered as it came', async () => {
  pipe.follow(at);
  expect(trainer.connections).toBe(0);
  await open();
  pipe.send(ask);
  const [answer] = await once(told, 'message');
  expect(JSON.parse(answer as string)).toEqual({ jsonrpc: '2.0', id: 1, result: { runs: [], unreadable: [] } });
});

test('a socket that is lost is told and opened again', async () => {
  pipe.follow(at);
  await open();
  const closed = once(told, 'status');
  trainer.cut();
  expect((await closed)[0]).toBe('closed');
  expect(await once(told, 'status')).toEqual(['open', '']);
});

test('a page that was loaded anew gets a connection of its own', async () => {
  pipe.follow(at);
  await open();
  await open();
  await trainer.until(() => trainer.connections === 1);
});

test('a hidden page holds no socket', async () => {
  pipe.follow(at);
  await open();
  pipe.rest();
  await trainer.until(() => trainer.connections === 0);
  pipe.follow(at);
  // Another client's connection comes after any that the pipe would have asked for.
  const other = await connectSocket(at);
  other.close();
  expect(trainer.accepted).toBe(2);
});

test('a page without a trainer is told why, and is connected when one comes', async () => {
  pipe.leave('gone', 'none is at work');
  const first = once(told, 'status');
  pipe.greet();
  expect(await first).toEqual(['gone', 'none is at work']);
  const second = once(told, 'status');
  pipe.follow(at);
  expect(await second).toEqual(['open', '']);
});
