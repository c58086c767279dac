/**
 * The trainer's front door on loopback: takes the project folder, listens, opens what it serves, tells clients where by
 * the discovery file, and lets in those who hold the token. Pages over HTTP, everything else over one WebSocket a client.
 */
import { createServer, maxHeaderSize, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { processIdentity } from '../programs/process-identity.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { longestLink, type Place } from '../protocol/place.ts';
import { textOf } from '../protocol/records.ts';
import { protocolVersion } from '../protocol/version.ts';
import type { TrainerService } from '../runs/service.ts';
import { Access, isLoopback } from './access.ts';
import { ClientConnection } from './client-connection.ts';
import { Exports } from './exports.ts';
import { lockFolder } from './folder-lock.ts';
import { servePage } from './pages.ts';
import { openSocketServer } from './websocket.ts';

export interface ServerOptions<S extends TrainerService> {
  readonly projectFolder: string;
  /** A loopback name or address. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  /** Where `page.html` and its assets lie. */
  readonly pagesFolder: string;
  /** How often clients are asked whether they are there. */
  readonly heartbeatMs?: number;
  log(line: string): void;
  /** Opens what is to be served; called when the folder is ours and the port is open. */
  open(): Promise<S>;
}

export interface TrainerServer<S extends TrainerService = TrainerService> {
  readonly service: S;
  readonly discovery: Discovery;
  /** What could not be kept private, for a person to read; all works in spite of it. */
  readonly warnings: readonly string[];
  /** Shuts the service down, says goodbye to every client, removes the discovery file, lets go of the folder. */
  close(): Promise<void>;
}

const defaultHeartbeatMs = 30_000;
/** How long a client has to answer the goodbye. */
const goodbyeMs = 1000;

/** @throws StudioError `folder-busy`, `port-taken`, `bad-request` for a host that is not loopback, or what `open` throws */
export async function startServer<S extends TrainerService>(options: ServerOptions<S>): Promise<TrainerServer<S>> {
  const { host = '127.0.0.1', port = 0, log } = options;
  if (host === '::1' || !isLoopback(host)) {
    throw new StudioError('bad-request', `The trainer listens on this machine only, not on ${host}.`, {
      remedy: 'Use 127.0.0.1, and an SSH tunnel or Remote-SSH to reach it from elsewhere.',
    });
  }
  const lock = lockFolder(options.projectFolder);
  // The path of a page is a link, and the usual headers stand beside it.
  const http = createServer({ maxHeaderSize: longestLink + maxHeaderSize });
  try {
    const access = new Access();
    await listen(http, host, port);
    const service = await options.open();
    const identity = processIdentity(process.pid);
    const discovery: Discovery = {
      pid: process.pid,
      ...(identity !== null && { identity }),
      host,
      port: (http.address() as AddressInfo).port,
      token: access.token,
      protocol: protocolVersion,
      version: service.info.version,
      startedAt: service.info.startedAt,
      project: path.resolve(options.projectFolder),
    };

    const connections = new Set<ClientConnection>();
    let shutdown: Promise<void> | null = null;
    const exports = new Exports(options.projectFolder);
    const surroundings = {
      service,
      log,
      exports,
      shutdown: () => {
        shutdown ??= service.shutdown();
        return shutdown;
      },
      showPlace: (place: Place, by: string) =>
        [...connections].filter((connection) => connection.onPlaceShown(place, by)).length,
    };
    const sockets = openSocketServer(options.heartbeatMs ?? defaultHeartbeatMs, (transport) => {
      const connection = new ClientConnection(transport, surroundings);
      connections.add(connection);
      transport.onClose(() => connections.delete(connection));
    });
    const listening = service.listen({
      onEvent: (event) => {
        const text = textOf(event);
        for (const connection of connections) connection.onEvent(event.runId, text);
      },
      onSampling: (hint) => {
        for (const connection of connections) connection.onSampling(hint);
      },
      onRunsChanged: (run) => {
        for (const connection of connections) connection.onRunsChanged(run);
      },
    });
    http.removeAllListeners('request').on('request', (request, response) => {
      servePage(request, response, { access, exports, pagesFolder: options.pagesFolder }).catch((thrown: unknown) => {
        log(`a page could not be served: ${asStudioError(thrown)}`);
        response.destroy();
      });
    });
    http.removeAllListeners('upgrade').on('upgrade', (request, socket, head) => {
      const refusal = access.refusal(request, 'socket');
      if (refusal) refuseUpgrade(socket, refusal.status, refusal.reason);
      else if (request.url?.split('?', 1)[0] !== '/socket') refuseUpgrade(socket, 404, 'The socket is at /socket.');
      else sockets.accept(request, socket, head);
    });
    const published = lock.publish(discovery);

    const end = async () => {
      try {
        await surroundings.shutdown();
      } finally {
        // An answer to trainer/shutdown is on its way in this turn.
        await nextTurn();
        listening.dispose();
        const closed = closeHttp(http);
        await sockets.close('the trainer ends', goodbyeMs);
        http.closeAllConnections();
        await closed;
        exports.dispose();
        lock.dispose();
      }
    };
    let closing: Promise<void> | null = null;
    return {
      service,
      discovery,
      warnings: published === null ? lock.warnings : [...lock.warnings, published],
      close: () => {
        closing ??= end();
        return closing;
      },
    };
  } catch (thrown) {
    http.close();
    http.closeAllConnections();
    lock.abandon();
    throw thrown;
  }
}

/** Until the service is open, whoever comes is told to wait. */
function listen(http: Server, host: string, port: number): Promise<void> {
  const starting = 'The trainer is starting; try again in a moment.';
  http.on('request', (_, response) =>
    response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${starting}\n`),
  );
  http.on('upgrade', (_, socket) => refuseUpgrade(socket, 503, starting));
  http.on('clientError', (_, socket) => {
    if (socket.writable) refuseUpgrade(socket, 400, 'This is not HTTP.');
    else socket.destroy();
  });
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return reject(error);
      const why = error.code === 'EACCES' ? 'may not be used by this user' : 'is in use by another program';
      reject(
        new StudioError('port-taken', `Port ${port} ${why}.`, {
          place: `${host}:${port}`,
          remedy: 'Choose another port, or 0 for any free one.',
          cause: error,
        }),
      );
    });
    http.listen(port, host, () => resolve());
  });
}

function closeHttp(http: Server): Promise<void> {
  return new Promise((resolve) => http.close(() => resolve()));
}

/** Answers a raw connection in HTTP and ends it. */
function refuseUpgrade(socket: Duplex, status: number, reason: string): void {
  // The other side may be gone already; there is nobody left to tell.
  socket.on('error', () => socket.destroy());
  const body = `${reason}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
