/** The client's end of the gateway's socket: greeting, requests and what answers them, and whether the other end still lives. */
import { createConnection, type Socket } from 'node:net';
import { asStudioError, errorFrom, StudioError, withPlace } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import {
  envelope,
  greeting,
  type Hello,
  hello,
  type Method,
  type Params,
  protocolVersion,
  type Result,
  results,
} from './messages.ts';
import { encodeMessage, MessageReader, WireFault } from './wire.ts';

export interface LinkOptions {
  /** Milliseconds from ping to ping. */
  readonly pingEveryMs?: number;
  /** Pings that may stay without an answer, one after the other, before the gateway is given up. */
  readonly mostUnanswered?: number;
  /** How long the gateway may take to greet. */
  readonly greetingMs?: number;
  /** Says more of why the link was lost, such as what the gateway's log ends with. It is awaited before anybody is told. */
  explain?(lost: StudioError): Promise<StudioError>;
}

const defaults = { pingEveryMs: 5000, mostUnanswered: 6, greetingMs: 30_000 };

/** A request under way. */
export interface Call<M extends Method> {
  readonly id: number;
  readonly answer: Promise<Result<M>>;
}

interface Open {
  readonly method: Method;
  resolve(result: unknown): void;
  reject(error: unknown): void;
  /** What it throws ends the link. */
  onEvent(event: unknown): void;
}

const fault = (message: string, at: { place?: string; remedy?: string; cause?: unknown } = {}) =>
  new StudioError('engine-failed', message, at);

export class GatewayLink {
  readonly address: string;
  /** Resolves with the reason when the link was lost; never where it was closed. */
  readonly lost: Promise<StudioError>;
  private readonly socket: Socket;
  private readonly options: typeof defaults & Pick<LinkOptions, 'explain'>;
  private readonly reader = new MessageReader();
  private readonly calls = new Map<number, Open>();
  private ids = 0;
  private unanswered = 0;
  private heartbeat: NodeJS.Timeout | null = null;
  private over: Promise<StudioError> | null = null;
  private readonly loss = Promise.withResolvers<StudioError>();

  private constructor(address: string, socket: Socket, options: LinkOptions) {
    this.address = address;
    this.lost = this.loss.promise;
    this.socket = socket;
    this.options = { ...defaults, ...options };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.take(chunk));
    socket.on(
      'error',
      (error) =>
        void this.lose(
          fault(`The connection to the gateway failed: ${error.message}.`, { place: address, cause: error }),
        ),
    );
    socket.on('close', () => {
      const cut = this.reader.isAmidMessage ? ' in the middle of a message' : '';
      void this.lose(fault(`The gateway closed the connection${cut}.`, { place: address }));
    });
  }

  /**
   * Connects and greets.
   * @param address `host:port`
   * @throws StudioError `engine-failed` where nothing listens, nothing answers, or what answers is no gateway of this version
   */
  static async open(
    address: string,
    token: string,
    options: LinkOptions = {},
  ): Promise<{ link: GatewayLink; hello: Hello }> {
    const socket = await connected(address);
    const link = new GatewayLink(address, socket, options);
    try {
      return { link, hello: await link.greet(token) };
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** @param onEvent is given what comes before the answer; what it throws ends the link */
  call<M extends Method>(method: M, params: Params[M], onEvent: (event: unknown) => void = unexpected): Call<M> {
    const id = this.ids++;
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.over !== null) {
        this.over.then(reject);
        return;
      }
      // Written first: a request that is too long leaves nothing behind.
      const parts = encodeMessage({ id, method, params });
      this.calls.set(id, { method, resolve, reject, onEvent });
      this.socket.cork();
      for (const part of parts) this.socket.write(part);
      this.socket.uncork();
    });
    return { id, answer: answer as Promise<Result<M>> };
  }

  request<M extends Method>(method: M, params: Params[M]): Promise<Result<M>> {
    return this.call(method, params).answer;
  }

  /** Fails what is open, and all that follows. */
  close(): void {
    void this.lose(fault('The engine was closed.'), false);
  }

  private async greet(token: string): Promise<Hello> {
    const { greetingMs } = this.options;
    const late = setTimeout(() => {
      void this.lose(
        fault(`Nothing answered the greeting within ${greetingMs / 1000} s.`, {
          place: this.address,
          remedy: 'What listens there may be no gateway, or one that serves another client: end that first.',
        }),
      );
    }, greetingMs);
    try {
      const said = await this.request('hello', { protocol: protocolVersion, token });
      const version = greeting.safeParse(said);
      if (version.success && version.data.protocol !== protocolVersion)
        throw fault(
          `The gateway speaks version ${version.data.protocol} of the protocol, this client ${protocolVersion}.`,
          {
            place: this.address,
            remedy: 'Start the gateway that comes with this version of the extension.',
          },
        );
      const checked = hello.safeParse(said);
      if (!checked.success)
        throw fault(`What answered is no gateway: ${faultLine(hello, said, checked.error, 'its greeting')}.`, {
          place: this.address,
        });
      this.heartbeat = setInterval(() => this.ping(), this.options.pingEveryMs);
      this.heartbeat.unref();
      return checked.data;
    } finally {
      clearTimeout(late);
    }
  }

  /** By number and not by time: a machine that slept does not take that for the gateway's silence. */
  private ping(): void {
    const { mostUnanswered, pingEveryMs } = this.options;
    if (this.unanswered >= mostUnanswered) {
      const seconds = (mostUnanswered * pingEveryMs) / 1000;
      void this.lose(
        fault(`The gateway has not answered for ${seconds} s: it hangs, or its machine is gone.`, {
          place: this.address,
        }),
      );
      return;
    }
    this.unanswered++;
    this.request('ping', {}).then(
      () => {
        this.unanswered = 0;
      },
      () => undefined,
    );
  }

  private take(chunk: Uint8Array): void {
    if (this.over !== null) return;
    try {
      for (const message of this.reader.push(chunk)) this.answer(message);
    } catch (error) {
      const lost =
        error instanceof WireFault
          ? fault(`The gateway sent what is no message of its protocol: ${error.message}.`, { place: this.address })
          : asStudioError(error);
      void this.lose(lost);
    }
  }

  private answer(message: unknown): void {
    const checked = envelope.safeParse(message);
    if (!checked.success) throw new WireFault(faultLine(envelope, message, checked.error, 'the message'));
    const { data } = checked;
    const error = 'error' in data ? sentError(data.error) : null;
    // Said before the gateway knew what it answers: of the greeting, or of what it can't read.
    if (data.id === null) throw withPlace(error, this.address);
    const open = this.calls.get(data.id);
    if (open === undefined) throw new WireFault(`it answers request ${data.id}, which nobody made`);
    if ('event' in data) {
      open.onEvent(data.event);
      return;
    }
    this.calls.delete(data.id);
    if (error !== null) {
      open.reject(error);
      return;
    }
    const schema = results[open.method];
    const { result } = data as { result: unknown };
    const said = schema.safeParse(result);
    if (said.success) open.resolve(said.data);
    else {
      const lost = new WireFault(`of ${open.method}, ${faultLine(schema, result, said.error, 'the answer')}`);
      this.calls.set(data.id, open);
      throw lost;
    }
  }

  /** @param isUnforeseen whether there is more to be said of why */
  private lose(error: StudioError, isUnforeseen = true): Promise<StudioError> {
    if (this.over !== null) return this.over;
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    const explained = isUnforeseen ? this.options.explain?.(error) : undefined;
    this.over = explained?.catch(() => error) ?? Promise.resolve(error);
    this.socket.destroy();
    const open = [...this.calls.values()];
    this.calls.clear();
    this.over.then((told) => {
      if (isUnforeseen) this.loss.resolve(told);
      for (const { reject } of open) reject(told);
    });
    return this.over;
  }
}

function sentError({
  code,
  message,
  place,
  remedy,
}: {
  code: StudioError['kind'];
  message: string;
  place?: string | undefined;
  remedy?: string | undefined;
}): StudioError {
  return errorFrom({
    kind: code,
    message,
    ...(place !== undefined && { place }),
    ...(remedy !== undefined && { remedy }),
  });
}

function unexpected(): never {
  throw new WireFault('it is an event of a request that has none');
}

/** @throws StudioError `engine-failed` */
function connected(address: string): Promise<Socket> {
  const [, host = '', port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    const no = (error: Error): void =>
      reject(
        fault(`There is no gateway: ${error.message}.`, {
          place: address,
          remedy:
            'Start one, or correct the address (engine.attach.address); through an SSH tunnel, see that it is open.',
          cause: error,
        }),
      );
    if (port === undefined || Number(port) > 65535) {
      no(new Error('this is no host:port'));
      return;
    }
    const socket = createConnection({ host, port: Number(port) });
    socket.once('error', no);
    socket.once('connect', () => {
      socket.off('error', no);
      resolve(socket);
    });
  });
}
