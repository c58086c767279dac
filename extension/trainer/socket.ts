/** The one place that knows `ws`: opens the trainer's WebSocket as a transport of whole messages. */
import { WebSocket } from 'ws';
import type { Transport } from '../../trainer/protocol/connection.ts';
import { type Discovery, socketAddress } from '../../trainer/protocol/discovery.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';

const openTimeoutMs = 10_000;

/** @throws StudioError `engine-failed` when the trainer does not answer, or turns us away. */
export function openSocket(at: Discovery): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(socketAddress(at), { handshakeTimeout: openTimeoutMs, maxPayload: 256 * 1024 * 1024 });
    socket.binaryType = 'nodebuffer';
    let lastError = '';
    const messageListeners: ((message: string | Uint8Array) => void)[] = [];
    const closeListeners: ((reason: string) => void)[] = [];
    let closed: string | undefined;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const message = isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.toString('utf8');
      for (const listener of messageListeners) listener(message);
    });
    socket.on('error', (failure) => {
      lastError = failure.message;
    });
    socket.on('unexpected-response', (_request, response) => {
      const code = response.statusCode ?? 0;
      response.resume();
      socket.terminate();
      lastError =
        code === 401 || code === 403
          ? 'it did not accept the token of its own discovery file'
          : `it answered with HTTP status ${code}`;
    });
    socket.on('close', (code, reason) => {
      closed = reason.toString('utf8') || lastError || `closed with code ${code}`;
      reject(
        new StudioError(
          'engine-failed',
          `The trainer (process ${at.pid}) does not answer at ${at.host}:${at.port}: ${closed}.`,
          {
            remedy: `If the process hangs, end process ${at.pid} and try again; runs go on from their last checkpoint.`,
          },
        ),
      );
      for (const listener of closeListeners) listener(closed);
    });
    socket.on('open', () =>
      resolve({
        send: (message) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(message);
        },
        onMessage: (listener) => {
          messageListeners.push(listener);
        },
        onClose: (listener) => {
          if (closed === undefined) closeListeners.push(listener);
          else listener(closed);
        },
        close: () => socket.close(),
      }),
    );
  });
}
