/** The other end of the socket for programs of the trainer itself, such as `video-r1 ctl`. */
import { WebSocket } from 'ws';
import type { Transport } from '../protocol/connection.ts';
import { StudioError } from '../protocol/errors.ts';

/** Frames of one question come as one message. */
const maxMessageBytes = 256 * 1024 * 1024;
const openTimeoutMs = 10_000;

/**
 * @param address as `socketAddress` of the discovery file gives it
 * @throws StudioError `connection-lost` when nobody listens there, or with the trainer's words when it refuses
 */
export function connectSocket(address: string): Promise<Transport> {
  const socket = new WebSocket(address, { handshakeTimeout: openTimeoutMs, maxPayload: maxMessageBytes });
  const messageListeners: ((message: string | Uint8Array) => void)[] = [];
  const closers: ((reason: string) => void)[] = [];
  let fault = '';
  let closed: string | null = null;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    for (const listener of messageListeners) listener(isBinary ? data : data.toString('utf8'));
  });
  socket.on('error', (error) => {
    fault ||= error.message || (error as NodeJS.ErrnoException).code || 'the connection failed';
  });
  socket.on('close', (code, reason) => {
    closed = reason.toString('utf8') || fault || `code ${code}`;
    for (const closer of closers) closer(closed);
  });
  const transport: Transport = {
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
    },
    onMessage(listener) {
      messageListeners.push(listener);
    },
    onClose(listener) {
      if (closed === null) closers.push(listener);
      else listener(closed);
    },
    close: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    const place = new URL(address).host;
    socket.once('open', () => resolve(transport));
    socket.once('close', () =>
      reject(new StudioError('connection-lost', `The trainer does not answer: ${closed}.`, { place })),
    );
    socket.once('unexpected-response', (_, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('close', () => {
        const words = Buffer.concat(parts).toString('utf8').trim();
        reject(
          new StudioError(
            'connection-lost',
            `The trainer refused the connection (HTTP ${response.statusCode}): ${words}`,
            { place },
          ),
        );
        socket.terminate();
      });
    });
  });
}
