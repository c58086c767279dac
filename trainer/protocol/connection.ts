/**
 * A typed, validated JSON-RPC connection over any transport that carries strings and bytes: a WebSocket in the trainer,
 * the extension and a browser tab, postMessage in a webview. Both sides check every message against `messages.ts`.
 */
import type { Message, MessageConnection, MessageReader, MessageWriter } from 'vscode-jsonrpc';
import { decodeFrames, type FramesHeader } from './binary.ts';
import { asStudioError, errorData, errorFrom, StudioError } from './errors.ts';
import { faultLine } from './issues.ts';
import {
  type NotificationName,
  type NotificationParams,
  notifications,
  type RequestInput,
  type RequestName,
  type RequestParams,
  type RequestResult,
  requests,
} from './messages.ts';

/** Carries whole messages. `onClose` is told once, with the reason; at once when the transport is closed already. */
export interface Transport {
  send(message: string | Uint8Array): void;
  onMessage(listener: (message: string | Uint8Array) => void): void;
  onClose(listener: (reason: string) => void): void;
  close(): void;
}

/** The part of vscode-jsonrpc that is needed here; its Node and its browser build both fit. */
export type JsonRpc = Pick<
  typeof import('vscode-jsonrpc'),
  'createMessageConnection' | 'AbstractMessageReader' | 'AbstractMessageWriter' | 'ResponseError'
>;

/** Codes of JSON-RPC 2.0; application errors carry their kind in `data`. */
export const rpcCode = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  applicationError: -32000,
} as const;

type MessageId = string | number;

/** What one end does with the messages that vscode-jsonrpc is not given. */
interface ChannelListener {
  onBinary(message: Uint8Array): void;
  onNotification(method: string, params: unknown): void;
  /** A message that can't be read, with the id to answer to when it has one. */
  onUnreadable(fault: StudioError, code: number, id: MessageId | null): void;
  /** The other side could not read a message of ours. */
  onRefused(fault: StudioError): void;
}

/** At most this many requests of one client are under way; more wait. */
const maxParallelism = 64;

/**
 * Requests and their answers go through vscode-jsonrpc. Notifications are handed on as they come: there are thousands of
 * them after a reload, and of its own ones a malformed `$/cancelRequest` would throw out of the transport.
 */
function openChannel(rpc: JsonRpc, transport: Transport, listener: ChannelListener): MessageConnection {
  const { AbstractMessageReader, AbstractMessageWriter } = rpc;
  class Reader extends AbstractMessageReader implements MessageReader {
    listen(deliver: (message: Message) => void) {
      transport.onMessage((data) =>
        typeof data === 'string' ? receive(data, deliver, listener) : listener.onBinary(data),
      );
      transport.onClose(() => this.fireClose());
      return { dispose() {} };
    }
  }
  class Writer extends AbstractMessageWriter implements MessageWriter {
    async write(message: Message): Promise<void> {
      transport.send(JSON.stringify(message));
    }
    end() {}
  }
  return rpc.createMessageConnection(new Reader(), new Writer(), undefined, { maxParallelism });
}

/** Checks the envelope, which vscode-jsonrpc trusts, and hands the message to whom it is for. */
function receive(data: string, deliver: (message: Message) => void, listener: ChannelListener): void {
  const envelope = readEnvelope(data);
  switch (envelope.kind) {
    case 'notification':
      listener.onNotification(envelope.method, envelope.params);
      break;
    case 'for-jsonrpc':
      deliver(envelope.message);
      break;
    case 'refused':
      listener.onRefused(envelope.fault);
      break;
    case 'unreadable':
      listener.onUnreadable(
        new StudioError('bad-request', envelope.why, { cause: envelope.cause }),
        envelope.code,
        envelope.id,
      );
      break;
  }
}

type Envelope =
  | { readonly kind: 'notification'; readonly method: string; readonly params: object }
  | { readonly kind: 'for-jsonrpc'; readonly message: Message }
  | { readonly kind: 'refused'; readonly fault: StudioError }
  | {
      readonly kind: 'unreadable';
      readonly why: string;
      readonly code: number;
      readonly id: MessageId | null;
      readonly cause?: unknown;
    };

function readEnvelope(data: string): Envelope {
  const unreadable = (why: string, code: number, id: MessageId | null = null): Envelope => ({
    kind: 'unreadable',
    why,
    code,
    id,
  });
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch (cause) {
    return { kind: 'unreadable', why: 'A message is not JSON.', code: rpcCode.parseError, id: null, cause };
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return unreadable('A message is not a JSON-RPC object.', rpcCode.invalidRequest);
  }
  const given: { jsonrpc?: unknown; id?: unknown; method?: unknown; params?: unknown; error?: unknown } = message;
  const id = typeof given.id === 'string' || typeof given.id === 'number' ? given.id : null;
  if (given.jsonrpc !== '2.0') return unreadable('A message is not JSON-RPC 2.0.', rpcCode.invalidRequest, id);
  if (given.method !== undefined) {
    if (typeof given.method !== 'string')
      return unreadable("A message's method is not a text.", rpcCode.invalidRequest, id);
    const params = given.params ?? {};
    if (typeof params !== 'object' || Array.isArray(params)) {
      return unreadable(
        `The parameters of ${given.method.slice(0, 100)} are not given by name.`,
        rpcCode.invalidParams,
        id,
      );
    }
    if (given.id === undefined) return { kind: 'notification', method: given.method, params };
    if (id === null) return unreadable("A request's id is neither a number nor a text.", rpcCode.invalidRequest);
    return { kind: 'for-jsonrpc', message: { ...given, params } as unknown as Message };
  }
  if ('error' in given && id === null) return { kind: 'refused', fault: errorFromPeer(given.error) };
  if (id === null || !('result' in given || 'error' in given)) {
    return unreadable('A message is neither a request, nor a notification, nor an answer.', rpcCode.invalidRequest, id);
  }
  return { kind: 'for-jsonrpc', message: given as unknown as Message };
}

/** The StudioError that the other side sent; `internal` when the error carries none of our data. */
function errorFromPeer(thrown: unknown): StudioError {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as { message?: unknown; data?: unknown };
  const message = typeof error.message === 'string' ? error.message : 'The other side sent an error without a message.';
  const data = errorData.safeParse(error.data);
  if (!data.success) return new StudioError('internal', message, { cause: thrown });
  return errorFrom({ ...data.data, message }, thrown);
}

/** What helps where the other end speaks the same major version and still says something else. */
const otherVersion =
  'The trainer may be of another version than this end: shut it down (runs under way are saved) and start it again.';

/** Frames that were announced and not yet fetched; more than this are never under way at once. */
const maxTransfers = 64;

/** The client's end: ask, be told, receive frames. */
export class Client {
  /** Resolves with the reason when the connection ends, from whichever side. */
  readonly closed: Promise<string>;
  private readonly channel: MessageConnection;
  private readonly transport: Transport;
  private readonly onFault: (fault: StudioError) => void;
  private readonly listeners = new Map<string, Set<(params: unknown) => void>>();
  private readonly transfers = new Map<number, { header: FramesHeader; pixels: Uint8Array }>();
  private readonly resolveClosed: (reason: string) => void;
  private lost: string | null = null;

  /** @param onFault told of messages from the trainer that can't be read, and of listeners that throw */
  constructor(rpc: JsonRpc, transport: Transport, onFault: (fault: StudioError) => void = () => {}) {
    this.transport = transport;
    this.onFault = onFault;
    const closed = Promise.withResolvers<string>();
    this.closed = closed.promise;
    this.resolveClosed = closed.resolve;
    this.channel = openChannel(rpc, transport, {
      onBinary: (message) => this.receiveFrames(message),
      onNotification: (method, params) => {
        for (const listener of [...(this.listeners.get(method) ?? [])]) listener(params);
      },
      onUnreadable: (fault) => onFault(fault),
      onRefused: (fault) => onFault(fault),
    });
    this.channel.onError(([fault]) => onFault(asStudioError(fault)));
    this.channel.listen();
    transport.onClose((reason) => this.end(reason));
  }

  /**
   * @throws StudioError as the trainer sent it; `connection-lost` when the connection ends before the answer; `bad-request`
   *   when the answer does not fit the contract.
   */
  async request<M extends RequestName>(method: M, params: RequestParams<M>): Promise<RequestResult<M>> {
    let answer: unknown;
    try {
      answer = await this.channel.sendRequest(method, params);
    } catch (thrown) {
      if (this.lost === null) throw errorFromPeer(thrown);
      throw new StudioError('connection-lost', `The connection to the trainer was lost: ${this.lost}`, {
        cause: thrown,
      });
    }
    const result = requests[method].result.safeParse(answer);
    if (!result.success) {
      throw new StudioError(
        'bad-request',
        `The trainer's answer to ${method} does not fit the contract: ${faultLine(requests[method].result, answer, result.error, 'the answer')}.`,
        { remedy: otherVersion },
      );
    }
    return result.data as RequestResult<M>;
  }

  /** The pixels of `frames/get`: RGB, 8 bits a channel. */
  async frames(runId: string, key: string): Promise<{ header: FramesHeader; pixels: Uint8Array }> {
    const { transfer } = await this.request('frames/get', { runId, key });
    const frames = this.transfers.get(transfer);
    this.transfers.delete(transfer);
    if (!frames) throw new StudioError('bad-request', 'The trainer announced frames that did not arrive.');
    return frames;
  }

  /** Several listeners may be told of the same notification. What does not fit the contract goes to `onFault` alone. */
  on<N extends NotificationName>(
    name: N,
    listener: (params: NotificationParams<N>) => void,
    onFault: (fault: StudioError) => void = this.onFault,
  ): { dispose(): void } {
    const check = (params: unknown) => {
      const checked = notifications[name].safeParse(params);
      if (!checked.success) {
        onFault(
          new StudioError(
            'bad-request',
            `A ${name} message does not fit the contract: ${faultLine(notifications[name], params, checked.error, 'the message')}.`,
            { remedy: otherVersion },
          ),
        );
        return;
      }
      try {
        listener(checked.data as NotificationParams<N>);
      } catch (thrown) {
        onFault(asStudioError(thrown));
      }
    };
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(check));
    return { dispose: () => listeners.delete(check) };
  }

  close(): void {
    this.end('closed by this side');
    this.transport.close();
  }

  private end(reason: string): void {
    if (this.lost !== null) return;
    this.lost = reason;
    this.resolveClosed(reason);
    // Rejects the requests that wait for an answer.
    this.channel.dispose();
  }

  private receiveFrames(message: Uint8Array): void {
    try {
      const frames = decodeFrames(message);
      this.transfers.set(frames.header.transfer, frames);
      for (const transfer of this.transfers.keys()) {
        if (this.transfers.size <= maxTransfers) break;
        this.transfers.delete(transfer);
      }
    } catch (fault) {
      this.onFault(asStudioError(fault));
    }
  }
}

export type Handlers = { [M in RequestName]: (params: RequestInput<M>) => Promise<RequestResult<M>> };

/** The trainer's end of one connection. */
export class Peer {
  private readonly channel: MessageConnection;
  private readonly transport: Transport;

  /**
   * @param onFault told of faults of ours (`internal`) and of messages that can't be read (`bad-request`); the latter are
   *   answered with an error, under the id null where they have none. Neither ends the process.
   */
  constructor(rpc: JsonRpc, transport: Transport, handlers: Handlers, onFault: (fault: StudioError) => void) {
    this.transport = transport;
    const refuse = (code: number, fault: StudioError) => new rpc.ResponseError(code, fault.message, fault.data);
    this.channel = openChannel(rpc, transport, {
      onBinary: () => onFault(new StudioError('bad-request', 'A client sent bytes; only text is expected.')),
      // Clients have nothing to notify; `$/` messages are JSON-RPC libraries' own and may be ignored.
      onNotification: (method) => {
        if (!method.startsWith('$/'))
          onFault(new StudioError('bad-request', `There is no notification ${method.slice(0, 100)}.`));
      },
      onUnreadable: (fault, code, id) => {
        transport.send(
          JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: fault.message, data: fault.data } }),
        );
        onFault(fault);
      },
      onRefused: onFault,
    });
    for (const method of Object.keys(requests) as RequestName[]) {
      this.channel.onRequest(method, async (params: unknown) => {
        const checked = requests[method].params.safeParse(params);
        if (!checked.success) {
          return refuse(
            rpcCode.invalidParams,
            new StudioError(
              'bad-request',
              `${faultLine(requests[method].params, params, checked.error, 'the request')}.`,
              {
                place: method,
              },
            ),
          );
        }
        try {
          return await (handlers[method] as (input: unknown) => Promise<unknown>)(checked.data);
        } catch (thrown) {
          const fault = asStudioError(thrown);
          if (fault.kind === 'internal') onFault(fault);
          return refuse(rpcCode.applicationError, fault);
        }
      });
    }
    this.channel.onRequest((method) =>
      refuse(rpcCode.methodNotFound, new StudioError('bad-request', `There is no request ${method.slice(0, 100)}.`)),
    );
    this.channel.onError(([fault]) => onFault(asStudioError(fault)));
    this.channel.listen();
    transport.onClose(() => this.channel.dispose());
  }

  notify<N extends NotificationName>(name: N, params: NotificationParams<N>): void {
    this.notifyText(name, JSON.stringify(params));
  }

  /** @param params as JSON that fits the contract */
  notifyText(name: NotificationName, params: string): void {
    this.transport.send(`{"jsonrpc":"2.0","method":${JSON.stringify(name)},"params":${params}}`);
  }

  sendBinary(message: Uint8Array): void {
    this.transport.send(message);
  }

  close(): void {
    this.transport.close();
    this.channel.dispose();
  }
}
