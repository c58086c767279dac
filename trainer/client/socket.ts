/** The one place outside the trainer that knows `ws`: opens its WebSocket as a transport of whole messages. */
import { WebSocket } from 'ws';
import type { Transport } from '../protocol/connection.ts';
import { type Discovery, socketAddress } from '../protocol/discovery.ts';
import { StudioError } from '../protocol/errors.ts';

/** Frames of one question come as one message. */
const maxMessageBytes = 256 * 1024 * 1024;
const openTimeoutMs = 10_000;

/** @throws StudioError `connection-lost` when the trainer does not answer, or with its words when it turns us away */
export function connectSocket(at: Discovery): Promise<Transport> {
  const socket = new WebSocket(socketAddress(at), { handshakeTimeout: openTimeoutMs, maxPayload: maxMessageBytes });
  const listeners: ((message: string | Uint8Array) => void)[] = [];
  const closers: ((reason: string) => void)[] = [];
  let fault = '';
  let closed: string | null = null;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    // Not as a Buffer, whose `slice` is a view of a pool that others share.
    const message = isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.toString('utf8');
    for (const listener of listeners) listener(message);
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
      listeners.push(listener);
    },
    onClose(listener) {
      if (closed === null) closers.push(listener);
      else listener(closed);
    },
    close: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    const refuse = (what: string, remedy: string) =>
      reject(
        new StudioError('connection-lost', `The trainer (process ${at.pid}) ${what}`, {
          place: `${at.host}:${at.port}`,
          remedy,
        }),
      );
    socket.once('open', () => resolve(transport));
    socket.once('close', () =>
      refuse(
        `does not answer: ${closed}.`,
        `If the process hangs, end process ${at.pid} and try again; runs go on from their last checkpoint.`,
      ),
    );
    socket.once('unexpected-response', (_, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('close', () => {
        const words = Buffer.concat(parts).toString('utf8').trim();
        refuse(
          `refused the connection (HTTP ${response.statusCode}): ${words}`,
          'If it is not the trainer that left its address in the folder, end that process and try again.',
        );
        socket.terminate();
      });
    });
  });
}
