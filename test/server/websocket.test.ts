import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { closeCode, SocketTransport } from '../../trainer/server/websocket.ts';

/** The part of a ws socket that the transport uses, with a buffer that a test fills by hand. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  terminated = false;
  readonly closed: { code: number; reason: string }[] = [];
  readonly written: (() => void)[] = [];
  send(_message: unknown, done: () => void) {
    this.written.push(done);
  }
  close(code: number, reason: string) {
    this.closed.push({ code, reason });
  }
  terminate() {
    this.terminated = true;
  }
}

function transportOver(): { socket: FakeSocket; transport: SocketTransport } {
  const socket = new FakeSocket();
  return { socket, transport: new SocketTransport(socket as unknown as WebSocket, new PassThrough()) };
}

test('whoever waits for a full transport is called once, when what was written brought it below the mark', () => {
  const { socket, transport } = transportOver();
  let calls = 0;
  transport.send('a');
  transport.send('b');
  socket.bufferedAmount = 2 * 1024 * 1024;
  expect([transport.isFull, transport.isIdle]).toEqual([true, false]);
  transport.onceDrained(() => {
    calls += 1;
  });
  socket.written[0]?.();
  expect(calls).toBe(0);
  socket.bufferedAmount = 0;
  socket.written[1]?.();
  socket.written[1]?.();
  expect(calls).toBe(1);
  expect([transport.isFull, transport.isIdle]).toEqual([false, true]);
});

test('a client for which a quarter of a gigabyte waits is cut off', () => {
  const { socket, transport } = transportOver();
  socket.bufferedAmount = 200 * 1024 * 1024;
  transport.send('a');
  expect(socket.terminated).toBe(false);
  socket.bufferedAmount = 300 * 1024 * 1024;
  transport.send('b');
  expect(socket.terminated).toBe(true);
});

test('after the end nothing is sent, nobody is called, and who asks is told the reason', () => {
  const { socket, transport } = transportOver();
  const reasons: string[] = [];
  let calls = 0;
  transport.onClose((reason) => reasons.push(reason));
  transport.send('a');
  transport.onceDrained(() => {
    calls += 1;
  });
  socket.readyState = 3;
  socket.emit('error', new Error('Invalid UTF-8 sequence'));
  socket.emit('close', 1007, Buffer.from(''));
  transport.onClose((reason) => reasons.push(reason));
  socket.written[0]?.();
  transport.send('b');
  expect(socket.written).toHaveLength(1);
  expect(calls).toBe(0);
  expect(reasons).toEqual(['Invalid UTF-8 sequence', 'Invalid UTF-8 sequence']);
});

test('a reason too long for a close frame is cut between characters', () => {
  const { socket, transport } = transportOver();
  transport.close(closeCode.policy, `x${'é'.repeat(100)}`);
  expect(socket.closed).toEqual([{ code: 1008, reason: `x${'é'.repeat(61)}` }]);
  transport.close(closeCode.policy, 'é'.repeat(100));
  expect(socket.closed[1]?.reason).toBe('é'.repeat(61));
});

test('what is sent together is written together, and what fails meanwhile holds nothing back', () => {
  const stream = new PassThrough();
  const transport = new SocketTransport(new FakeSocket() as unknown as WebSocket, stream);
  const held: number[] = [];
  transport.together(() => held.push(stream.writableCorked));
  expect(() =>
    transport.together(() => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect([...held, stream.writableCorked]).toEqual([1, 0]);
});
