/** The socket to a trainer: what is said when it does not open, and that what comes over it is the reader's own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { connectSocket } from '../../trainer/client/socket.ts';

const at = (port: number) => ({
  pid: 4711,
  host: '127.0.0.1',
  port,
  token: 't',
  protocol: { major: 1, minor: 0 },
  version: '0',
  startedAt: 0,
});

test('where nobody listens, it says which process should, and what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(connectSocket(at(port))).rejects.toMatchObject({
    kind: 'connection-lost',
    message: expect.stringMatching(/process 4711\) does not answer: .*ECONNREFUSED/),
    place: `127.0.0.1:${port}`,
    remedy: expect.stringContaining('end process 4711'),
  });
});

test('where it is turned away, it passes on the words of who did', async () => {
  const server = createServer((_, response) => response.end());
  server.on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 15\r\nConnection: close\r\n\r\nAnother token.\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  await expect(connectSocket(at((server.address() as AddressInfo).port))).rejects.toMatchObject({
    kind: 'connection-lost',
    message: expect.stringMatching(/refused the connection \(HTTP 401\): Another token\.$/),
  });
});

test('bytes arrive as bytes whose slice is a copy, texts as texts', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  server.on('connection', (socket) => {
    socket.on('message', () => {
      socket.send('hello');
      socket.send(Buffer.from([1, 2, 3]));
    });
  });
  const transport = await connectSocket(at((server.address() as AddressInfo).port));
  onTestFinished(() => transport.close());
  const got = await new Promise<(string | Uint8Array)[]>((resolve) => {
    const all: (string | Uint8Array)[] = [];
    transport.onMessage((message) => {
      if (all.push(message) === 2) resolve(all);
    });
    transport.send('speak');
  });
  expect(got[0]).toBe('hello');
  expect([...new Uint8Array((got[1] as Uint8Array<ArrayBuffer>).slice().buffer)]).toEqual([1, 2, 3]);
});
