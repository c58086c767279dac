/** The one door to `ws` on the trainer's side: takes over upgraded requests and hands out transports that say how far behind their reader is. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Transport } from '../protocol/connection.ts';

/** Close codes of RFC 6455 that are used here. */
export const closeCode = { goingAway: 1001, policy: 1008, internal: 1011 } as const;

/** Largest message that a client may send. */
export const maxMessageBytes = 16 * 1024 * 1024;

/** A reader with more than this waiting gets no more until it has read. */
const fullBytes = 1024 * 1024;
/** Answers may go beyond that; a client that asks and asks and never reads is cut off here. */
const hopelessBytes = 256 * 1024 * 1024;

export class SocketTransport implements Transport {
  private readonly socket: WebSocket;
  private readonly stream: Duplex;
  private readonly closers: ((reason: string) => void)[] = [];
  private drained: (() => void)[] = [];
  private closeReason: string | null = null;

  /** @param stream that the socket writes to */
  constructor(socket: WebSocket, stream: Duplex) {
    this.socket = socket;
    this.stream = stream;
    let fault = '';
    // Comes before `close`: a message too large, text that is not UTF-8, a frame that breaks the protocol, a lost connection.
    socket.on('error', (error) => {
      fault = error.message;
    });
    socket.on('close', (code, reason) => {
      this.closeReason = fault || reason.toString('utf8') || `code ${code}`;
      this.drained = [];
      for (const closer of this.closers) closer(this.closeReason);
    });
  }

  send(message: string | Uint8Array): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.socket.send(message, () => this.afterWrite());
    if (this.socket.bufferedAmount > hopelessBytes) this.socket.terminate();
  }

  /** Hands the system in one piece what is sent meanwhile. */
  together(sending: () => void): void {
    this.stream.cork();
    try {
      sending();
    } finally {
      this.stream.uncork();
    }
  }

  onMessage(listener: (message: string | Uint8Array) => void): void {
    this.socket.on('message', (data: RawData, isBinary: boolean) =>
      listener(isBinary ? (data as Buffer) : (data as Buffer).toString('utf8')),
    );
  }

  onClose(listener: (reason: string) => void): void {
    if (this.closeReason === null) this.closers.push(listener);
    else listener(this.closeReason);
  }

  /** @param reason at most 123 bytes of it are sent */
  close(code: number = closeCode.goingAway, reason = ''): void {
    this.socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 123)
        .toString('utf8')
        .replace(/\uFFFD$/, ''),
    );
  }

  terminate(): void {
    this.socket.terminate();
  }

  /** True when the reader is behind: what can wait should. */
  get isFull(): boolean {
    return this.socket.bufferedAmount > fullBytes;
  }

  /** True when nothing waits to be sent. */
  get isIdle(): boolean {
    return this.socket.bufferedAmount === 0;
  }

  /** Calls back once when a full transport is no longer so; never after it closed. */
  onceDrained(callback: () => void): void {
    if (this.closeReason === null) this.drained.push(callback);
  }

  private afterWrite(): void {
    if (this.drained.length === 0 || this.isFull) return;
    const waiting = this.drained;
    this.drained = [];
    for (const callback of waiting) callback();
  }
}

export interface SocketServer {
  /** Takes over a request that was let in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells every client why and closes; those that do not answer within `graceMs` are cut off. */
  close(reason: string, graceMs: number): Promise<void>;
}

/**
 * Asks every client every `heartbeatMs` whether it is there, and cuts off those that did not answer the last time: after a
 * lid was closed or a network went away nothing else would tell.
 */
export function openSocketServer(
  heartbeatMs: number,
  onConnection: (transport: SocketTransport) => void,
): SocketServer {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  const answered = new WeakSet<WebSocket>();
  const begin = (socket: WebSocket, stream: Duplex) => {
    answered.add(socket);
    socket.on('pong', () => answered.add(socket));
    onConnection(new SocketTransport(socket, stream));
  };
  const ask = () => {
    for (const client of server.clients) {
      if (!answered.delete(client)) client.terminate();
      else client.ping();
    }
  };
  // After this process itself was held up (a lid closed), answers that lie in the system's buffer are read first.
  const heartbeat = setInterval(() => setImmediate(ask), heartbeatMs);
  heartbeat.unref();
  return {
    accept(request, socket, head) {
      server.handleUpgrade(request, socket, head, (client) => begin(client, socket));
    },
    async close(reason, graceMs) {
      clearInterval(heartbeat);
      const clients = [...server.clients];
      const gone = clients.map((client) => new Promise<void>((resolve) => client.once('close', () => resolve())));
      for (const client of clients) client.close(closeCode.goingAway, reason);
      const cutOff = setTimeout(() => {
        for (const client of clients) client.terminate();
      }, graceMs);
      await Promise.all(gone);
      clearTimeout(cutOff);
      server.close();
    },
  };
}
