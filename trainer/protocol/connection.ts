/**
 * A typed, validated JSON-RPC connection over any transport that carries strings and bytes: a WebSocket in the trainer,
 * the extension and a browser tab, postMessage in a webview. Both sides check every message against `messages.ts`.
 */
import type { Message, MessageConnection, MessageReader, MessageWriter } from 'vscode-jsonrpc';
import { z } from 'zod';
import { decodeFrames, type FramesHeader } from './binary.ts';
import { asStudioError, errorData, StudioError } from './errors.ts';
import {
  type NotificationName, type NotificationParams, notifications, type RequestInput, type RequestName, type RequestParams, type RequestResult, requests,
} from './messages.ts';

/** Carries whole messages. `onClose` is told once, with the reason. */
export interface Transport {
  send(message: string | Uint8Array): void;
  onMessage(listener: (message: string | Uint8Array) => void): void;
  onClose(listener: (reason: string) => void): void;
  close(): void;
}

/** The part of vscode-jsonrpc that is needed here; its Node and its browser build both fit. */
export type JsonRpc = Pick<typeof import('vscode-jsonrpc'), 'createMessageConnection' | 'AbstractMessageReader' | 'AbstractMessageWriter' | 'ResponseError'>;

const methodNotFound = -32601;
const invalidParams = -32602;
const applicationError = -32000;

function openChannel(rpc: JsonRpc, transport: Transport, onBinary: (message: Uint8Array) => void): MessageConnection {
  const { AbstractMessageReader, AbstractMessageWriter } = rpc;
  class Reader extends AbstractMessageReader implements MessageReader {
    listen(deliver: (message: Message) => void) {
      transport.onMessage((data) => {
        if (typeof data !== 'string') return onBinary(data);
        let message: unknown;
        try {
          message = JSON.parse(data);
        } catch (cause) {
          return this.fireError(new StudioError('bad-request', 'A message is not JSON.', { cause }));
        }
        if (typeof message !== 'object' || message === null || (message as Message).jsonrpc !== '2.0') {
          return this.fireError(new StudioError('bad-request', 'A message is not JSON-RPC 2.0.'));
        }
        deliver(message as Message);
      });
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
  return rpc.createMessageConnection(new Reader(), new Writer());
}

/** The client's end: ask, be told, receive frames. */
export class Client {
  readonly closed: Promise<string>;
  private readonly channel: MessageConnection;
  private readonly transport: Transport;
  private readonly transfers = new Map<number, { header: FramesHeader; pixels: Uint8Array }>();

  constructor(rpc: JsonRpc, transport: Transport, onFault: (fault: StudioError) => void = () => {}) {
    this.transport = transport;
    this.closed = new Promise((resolve) => transport.onClose(resolve));
    this.channel = openChannel(rpc, transport, (message) => {
      try {
        const frames = decodeFrames(message);
        this.transfers.set(frames.header.transfer, frames);
      } catch (fault) {
        onFault(asStudioError(fault));
      }
    });
    this.channel.onError(([fault]) => onFault(asStudioError(fault)));
    this.channel.listen();
  }

  /** @throws StudioError as the trainer sent it, or `bad-request` when the answer does not fit the contract. */
  async request<M extends RequestName>(method: M, params: RequestParams<M>): Promise<RequestResult<M>> {
    let answer: unknown;
    const lost = this.closed.then((reason) => {
      throw new StudioError('engine-failed', `The connection to the trainer was lost: ${reason}`);
    });
    lost.catch(() => {});
    try {
      answer = await Promise.race([this.channel.sendRequest(method, params), lost]);
    } catch (thrown) {
      const data = errorData.safeParse((thrown as { data?: unknown }).data);
      if (!data.success) throw asStudioError(thrown);
      const { kind, place, remedy } = data.data;
      throw new StudioError(kind, (thrown as Error).message, { ...(place && { place }), ...(remedy && { remedy }) });
    }
    const result = requests[method].result.safeParse(answer);
    if (!result.success) throw new StudioError('bad-request', `The trainer's answer to ${method} does not fit the contract: ${z.prettifyError(result.error)}`);
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

  on<N extends NotificationName>(name: N, listener: (params: NotificationParams<N>) => void, onFault: (fault: StudioError) => void = () => {}): void {
    this.channel.onNotification(name, (params: unknown) => {
      const checked = notifications[name].safeParse(params);
      if (checked.success) listener(checked.data as NotificationParams<N>);
      else onFault(new StudioError('bad-request', `A ${name} message does not fit the contract: ${z.prettifyError(checked.error)}`));
    });
  }

  close(): void {
    this.transport.close();
    this.channel.dispose();
  }
}

export type Handlers = { [M in RequestName]: (params: RequestInput<M>) => Promise<RequestResult<M>> };

/** The trainer's end of one connection. */
export class Peer {
  private readonly channel: MessageConnection;
  private readonly transport: Transport;

  /** `onFault` is told of messages that can't be read at all; they are answered where they can be, and never end the process. */
  constructor(rpc: JsonRpc, transport: Transport, handlers: Handlers, onFault: (fault: StudioError) => void) {
    this.transport = transport;
    this.channel = openChannel(rpc, transport, () => onFault(new StudioError('bad-request', 'A client sent bytes; only text is expected.')));
    const refuse = (code: number, fault: StudioError) => new rpc.ResponseError(code, fault.message, fault.data);
    for (const method of Object.keys(requests) as RequestName[]) {
      this.channel.onRequest(method, async (params: unknown) => {
        const checked = requests[method].params.safeParse(params ?? {});
        if (!checked.success) return refuse(invalidParams, new StudioError('bad-request', z.prettifyError(checked.error), { place: method }));
        try {
          return await (handlers[method] as (input: unknown) => Promise<unknown>)(checked.data);
        } catch (thrown) {
          const fault = asStudioError(thrown);
          if (fault.kind === 'internal') onFault(fault);
          return refuse(applicationError, fault);
        }
      });
    }
    this.channel.onRequest((method) => refuse(methodNotFound, new StudioError('bad-request', `There is no request ${method}.`)));
    this.channel.onError(([fault]) => onFault(asStudioError(fault)));
    this.channel.listen();
  }

  notify<N extends NotificationName>(name: N, params: NotificationParams<N>): void {
    this.channel.sendNotification(name, params).catch(() => {});
  }

  sendBinary(message: Uint8Array): void {
    this.transport.send(message);
  }

  close(): void {
    this.transport.close();
    this.channel.dispose();
  }
}
