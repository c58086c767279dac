/**
 * The one door to the outside. In VS Code messages go to the extension host, which passes them to the trainer; in a
 * browser tab a WebSocket goes to the trainer that served the page. Nothing else in the pages knows which it is.
 */
import type { Transport } from '../trainer/protocol/connection.ts';
import { StudioError } from '../trainer/protocol/errors.ts';
import { type Place, type WebviewPage, webviewPage } from '../trainer/protocol/place.ts';
import {
  type HostCommand,
  hostToPage,
  type LinkState,
  type PageToHostInput,
} from '../trainer/protocol/webview-messages.ts';

export interface LinkStatus {
  readonly state: LinkState | 'connecting';
  readonly reason: string;
}

/** A command of the editor with what belongs to it. */
export type HostRequest = HostCommand extends infer C ? (C extends HostCommand ? Omit<C, 'type'> : never) : never;

export interface HostListener {
  /** A connection is open. Every one is new: nothing of an earlier one holds. */
  onOpen(transport: Transport, author: string): void;
  onStatus(status: LinkStatus): void;
  /** Someone asks to see something. */
  onShow(show: Place): void;
  onTheme(): void;
  /** The editor said something that the page does not know. */
  onFault(fault: StudioError): void;
}

export interface Host {
  readonly place: 'vscode' | 'browser';
  /** The page that was asked for. */
  readonly page: WebviewPage;
  listen(listener: HostListener): void;
  openFile(path: string, row?: number): void;
  /** Has the editor do what only it can; a browser tab has no such commands. */
  command(command: HostRequest): void;
  saveFile(name: string, text: string): void;
  copy(text: string): Promise<void>;
  /** What the page wants to find again after a reload. */
  loadState(): unknown;
  saveState(state: unknown): void;
  /** What was remembered under a name, whatever page or run it was in; null where nothing was. */
  remembered(name: string): unknown;
  remember(name: string, value: unknown): void;
  /** A link to what is shown, for a person to pass on; null where there is no such link. */
  link(show: Place): string | null;
  /** Browser tab only: the address of another page follows what is shown. */
  navigated(show: Place): void;
}

interface VsCodeApi {
  postMessage(message: PageToHostInput): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  function acquireVsCodeApi(): VsCodeApi;
}

export function connectHost(): Host {
  return typeof acquireVsCodeApi === 'function' ? new EditorHost(acquireVsCodeApi()) : new BrowserHost();
}

/** A transport whose other end is driven by hand: what arrives is passed to `receive`, what ends it to `end`. */
class HeldTransport implements Transport {
  private readonly listeners: ((message: string | Uint8Array) => void)[] = [];
  private readonly closers: ((reason: string) => void)[] = [];
  private readonly sendMessage: (message: string) => void;
  private readonly closeLink: () => void;
  private closed: string | null = null;

  constructor(sendMessage: (message: string) => void, closeLink: () => void) {
    this.sendMessage = sendMessage;
    this.closeLink = closeLink;
  }

  send(message: string | Uint8Array): void {
    if (typeof message !== 'string') throw new TypeError('Pages send text only.');
    if (this.closed === null) this.sendMessage(message);
  }

  onMessage(listener: (message: string | Uint8Array) => void): void {
    this.listeners.push(listener);
  }

  onClose(listener: (reason: string) => void): void {
    if (this.closed === null) this.closers.push(listener);
    else listener(this.closed);
  }

  close(): void {
    this.closeLink();
    this.end('closed by the page');
  }

  receive(message: string | Uint8Array): void {
    if (this.closed === null) for (const listener of this.listeners) listener(message);
  }

  end(reason: string): void {
    if (this.closed !== null) return;
    this.closed = reason;
    for (const closer of this.closers) closer(reason);
  }
}

class EditorHost implements Host {
  readonly place = 'vscode';
  readonly page = pageOfDocument();
  private readonly api: VsCodeApi;
  private transport: HeldTransport | null = null;

  constructor(api: VsCodeApi) {
    this.api = api;
  }

  listen(listener: HostListener): void {
    window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const checked = hostToPage.safeParse(data);
      if (!checked.success) {
        listener.onFault(unknownMessage(data, checked.error.issues[0]?.path));
        return;
      }
      const message = checked.data;
      switch (message.type) {
        case 'message':
          this.transport?.receive(message.data);
          break;
        case 'binary':
          this.transport?.receive(new Uint8Array(message.data));
          break;
        case 'status':
          this.transport?.end(message.reason || message.state);
          this.transport = null;
          listener.onStatus({ state: message.state, reason: message.reason });
          if (message.state === 'open') {
            this.transport = new HeldTransport(
              (data) => this.api.postMessage({ type: 'send', data }),
              () => {},
            );
            listener.onOpen(this.transport, message.author ?? 'editor');
          }
          break;
        case 'show':
          listener.onShow(message);
          break;
        case 'theme':
          listener.onTheme();
          break;
      }
    });
    this.api.postMessage({ type: 'ready' });
  }

  openFile(path: string, row?: number): void {
    this.api.postMessage({ type: 'open-file', path, ...(row === undefined ? {} : { row }) });
  }

  command(command: HostRequest): void {
    this.api.postMessage({ type: 'run-command', ...command });
  }

  saveFile(name: string, text: string): void {
    this.api.postMessage({ type: 'save-file', name, text });
  }

  async copy(text: string): Promise<void> {
    this.api.postMessage({ type: 'copy', text });
  }

  loadState(): unknown {
    return this.api.getState();
  }

  saveState(state: unknown): void {
    this.api.setState(state);
  }

  remembered(name: string): unknown {
    return null;
  }

  remember(name: string, value: unknown): void {}

  link(): string | null {
    return null;
  }

  navigated(): void {}
}

const stateKey = 'video-r1';
const firstRetryMs = 250;
const longestRetryMs = 4000;
/** After this many failed tries in a row the page says that the trainer is gone; it goes on trying. */
const goneAfter = 4;

class BrowserHost implements Host {
  readonly place = 'browser';
  readonly page = pageOfDocument();
  private failures = 0;
  private readonly token = new URLSearchParams(location.search).get('token');

  listen(listener: HostListener): void {
    listener.onStatus({ state: 'connecting', reason: '' });
    const asked = new URLSearchParams(location.search);
    const part = (name: string) => asked.get(name) ?? undefined;
    const runId = part('run');
    const groupId = part('group');
    const rolloutId = part('rollout');
    listener.onShow({
      page: this.page,
      ...(runId && { runId }),
      ...(groupId && { groupId }),
      ...(rolloutId && { rolloutId }),
    });
    window.addEventListener('popstate', () => location.reload());
    this.connect(listener);
  }

  private connect(listener: HostListener): void {
    const address = new URL('/socket', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    if (this.token) address.searchParams.set('token', this.token);
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    const transport = new HeldTransport(
      (message) => socket.send(message),
      () => socket.close(),
    );
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      transport.receive(typeof data === 'string' ? data : new Uint8Array(data));
    });
    socket.addEventListener('open', () => {
      this.failures = 0;
      listener.onStatus({ state: 'open', reason: '' });
      listener.onOpen(transport, 'browser');
    });
    socket.addEventListener('close', ({ reason, code }) => {
      const why =
        reason ||
        (code === 1006 ? `nothing answers at ${location.host}` : `the trainer closed the connection (${code})`);
      transport.end(why);
      this.failures += 1;
      listener.onStatus({ state: this.failures > goneAfter ? 'gone' : 'closed', reason: why });
      setTimeout(() => this.connect(listener), Math.min(longestRetryMs, firstRetryMs * 2 ** this.failures));
    });
  }

  openFile(path: string): void {
    void this.copy(path);
  }

  command(): void {}

  saveFile(name: string, text: string): void {
    const address = URL.createObjectURL(new Blob([text], { type: 'application/jsonl' }));
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  copy(text: string): Promise<void> {
    return navigator.clipboard.writeText(text);
  }

  loadState(): unknown {
    const held = sessionStorage.getItem(stateKey);
    return held === null ? null : JSON.parse(held);
  }

  saveState(state: unknown): void {
    sessionStorage.setItem(stateKey, JSON.stringify(state));
  }

  remembered(name: string): unknown {
    const held = localStorage.getItem(`${stateKey} ${name}`);
    return held === null ? null : JSON.parse(held);
  }

  remember(name: string, value: unknown): void {
    localStorage.setItem(`${stateKey} ${name}`, JSON.stringify(value));
  }

  link(show: Place): string {
    return this.address(show, null);
  }

  navigated(show: Place): void {
    const address = this.address(show, this.token);
    if (show.page === pageOfPath()) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
  }

  private address(show: Place, token: string | null): string {
    const address = new URL(`/${show.page}`, location.href);
    if (show.runId) address.searchParams.set('run', show.runId);
    if (show.groupId) address.searchParams.set('group', show.groupId);
    if (show.rolloutId) address.searchParams.set('rollout', show.rolloutId);
    if (token) address.searchParams.set('token', token);
    return address.href;
  }
}

/** @param at what of the message does not fit */
function unknownMessage(data: unknown, at: readonly PropertyKey[] = []): StudioError {
  const type = typeof data === 'object' && data !== null && 'type' in data ? String(data.type) : typeof data;
  return new StudioError('bad-request', `The editor sent a message that this page does not know: ${type}.`, {
    ...(at.length > 0 && { place: at.map(String).join('.') }),
    remedy:
      'Nothing of it was taken. Where the extension was just updated, reload the window (Developer: Reload Window).',
  });
}

function pageOfDocument(): WebviewPage {
  const named = webviewPage.safeParse(document.body.dataset.page);
  return named.success ? named.data : 'dashboard';
}

function pageOfPath(): string {
  return location.pathname.replace(/^\/+/, '');
}
