/**
 * The one door to the outside. In VS Code messages go to the extension host, which passes them to the trainer; in a
 * browser tab a WebSocket goes to the trainer that served the page. Nothing else in the pages knows which it is.
 */
import type { Transport } from '../trainer/protocol/connection.ts';
import type { PageToDataset } from '../trainer/protocol/dataset-editor.ts';
import { asStudioError, StudioError } from '../trainer/protocol/errors.ts';
import { shownText } from '../trainer/protocol/hostile-text.ts';
import type { WebviewPage } from '../trainer/protocol/pages.ts';
import { linkPath, type PlaceLink, webviewPage } from '../trainer/protocol/place.ts';
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
  /** @param author who signs labels; null where nobody has been named */
  onOpen(transport: Transport, author: string | null): void;
  onStatus(status: LinkStatus): void;
  /** Someone asks to see something; `by` is who points there, null where it is whoever reads. */
  onShow(link: PlaceLink, by: string | null): void;
  /** The page was opened at this path, with what stands behind it: as a link is written, or not. */
  onAddress(text: string): void;
  /** Something was done outside of the page, such as a copy; `more` is what can be done besides. */
  onSaid(words: string, more: { readonly label: string; act(): void } | null): void;
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
  /** Keeps who signs labels for the next link; an editor has a setting for it. */
  keepAuthor(author: string): void;
  /** Has a person say where to, or downloads it. */
  saveFile(name: string, content: string | Uint8Array<ArrayBuffer>): void;
  /** Fetches a file that the trainer made; only a browser tab can. */
  download(path: string): void;
  /** Shows a text that a model or a dataset wrote in an editor, or a tab, of its own. */
  openDocument(name: string, text: string): void;
  /**
   * Copies, and says so. Rejects with StudioError where the clipboard can't be had.
   * @param what how the text is called in what is said
   * @param other another form of the same, which is offered then
   */
  copy(text: string, what?: string, other?: { readonly what: string; readonly text: string }): Promise<void>;
  /** How links begin that the editor opens. */
  readonly scheme: string;
  /** What the page wants to find again after a reload. */
  loadState(): unknown;
  saveState(state: unknown): void;
  /** What is shown now: the address of a browser tab follows it, and the editor hears of the run. */
  navigated(link: PlaceLink): void;
}

/** Of the panels of runs, and of the editor of datasets: each page sends what its side of the editor takes. */
interface VsCodeApi {
  postMessage(message: PageToHostInput | PageToDataset): void;
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
  scheme = 'vscode';
  private readonly api: VsCodeApi;
  private transport: HeldTransport | null = null;
  private listener: HostListener | null = null;
  private runShown: string | null = null;
  /** Copies that the editor has not answered yet, the oldest first. */
  private readonly copying: ((fault: string | undefined) => void)[] = [];

  constructor(api: VsCodeApi) {
    this.api = api;
  }

  listen(listener: HostListener): void {
    this.listener = listener;
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
          this.scheme = message.scheme ?? this.scheme;
          listener.onStatus({ state: message.state, reason: message.reason });
          if (message.state === 'open') {
            this.transport = new HeldTransport(
              (data) => this.api.postMessage({ type: 'send', data }),
              () => {},
            );
            listener.onOpen(this.transport, message.author ?? 'editor');
          }
          break;
        case 'show': {
          const { type: _, by = null, ...place } = message;
          listener.onShow({ project: null, place }, by);
          break;
        }
        case 'copied':
          this.copying.shift()?.(message.fault);
          break;
        case 'theme':
          listener.onTheme();
          break;
      }
    });
    this.api.postMessage({ type: 'ready' });
  }

  keepAuthor(): void {}

  openFile(path: string, row?: number): void {
    this.api.postMessage({ type: 'open-file', path, ...(row === undefined ? {} : { row }) });
  }

  command(command: HostRequest): void {
    this.api.postMessage({ type: 'run-command', ...command });
  }

  saveFile(name: string, content: string | Uint8Array<ArrayBuffer>): void {
    this.api.postMessage({ type: 'save-file', name, content: typeof content === 'string' ? content : content.buffer });
  }

  download(): void {}

  openDocument(name: string, text: string): void {
    this.api.postMessage({ type: 'open-document', title: name, text });
  }

  async copy(text: string, what = 'Text'): Promise<void> {
    this.api.postMessage({ type: 'copy', text });
    const fault = await new Promise<string | undefined>((answered) => this.copying.push(answered));
    if (fault !== undefined) throw notCopied(fault);
    this.listener?.onSaid(`${what} copied.`, null);
  }

  loadState(): unknown {
    return this.api.getState();
  }

  saveState(state: unknown): void {
    this.api.setState(state);
  }

  navigated({ place: { runId } }: PlaceLink): void {
    if (runId === undefined || runId === this.runShown) return;
    this.runShown = runId;
    this.api.postMessage({ type: 'shows', runId });
  }
}

const stateKey = 'video-r1';
/** The address that the page itself wrote last. */
const addressKey = 'video-r1-address';
/** Who signs labels on this browser. */
const authorKey = 'video-r1-author';
const firstRetryMs = 250;
const longestRetryMs = 4000;
/** After this many failed tries in a row the page says that the trainer is gone; it goes on trying. */
const goneAfter = 4;
/** How long a text that was given to another tab, or to be saved, is held. */
const documentKeptMs = 60_000;

class BrowserHost implements Host {
  readonly place = 'browser';
  readonly page = pageOfDocument();
  readonly scheme = 'vscode';
  private failures = 0;
  private listener: HostListener | null = null;
  /** The socket goes by it where the browser keeps no cookies; the address lets go of it, so that it is not passed on. */
  private readonly token = takeToken();

  listen(listener: HostListener): void {
    this.listener = listener;
    listener.onStatus({ state: 'connecting', reason: '' });
    const path = location.pathname === '/' ? `/${this.page}` : location.pathname;
    /* After a reload the state says where one was, and more than the address does. */
    if (sessionStorage.getItem(addressKey) !== path + location.search) listener.onAddress(path + location.search);
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
      listener.onOpen(transport, localStorage.getItem(authorKey));
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

  keepAuthor(author: string): void {
    localStorage.setItem(authorKey, author);
  }

  openFile(path: string): void {
    this.copy(path, 'Path of the file').catch((thrown: unknown) => this.listener?.onFault(asStudioError(thrown)));
  }

  command(): void {}

  saveFile(name: string, content: string | Uint8Array<ArrayBuffer>): void {
    const address = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
    fetchAs(address, name);
    setTimeout(() => URL.revokeObjectURL(address), documentKeptMs);
  }

  download(path: string): void {
    fetchAs(path, '');
  }

  /** Plain text in a tab of its own; what would deceive there is shown as its code, as in the page. */
  openDocument(_name: string, text: string): void {
    const address = URL.createObjectURL(new Blob([shownText(text)], { type: 'text/plain;charset=utf-8' }));
    window.open(address, '_blank', 'noopener');
    setTimeout(() => URL.revokeObjectURL(address), documentKeptMs);
  }

  async copy(text: string, what = 'Text', other?: { readonly what: string; readonly text: string }): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch (thrown) {
      throw notCopied(asStudioError(thrown).message);
    }
    const copyOther = other && {
      label: `Copy the ${other.what.charAt(0).toLowerCase()}${other.what.slice(1)} instead`,
      act: () =>
        void this.copy(other.text, other.what).catch((thrown: unknown) =>
          this.listener?.onFault(asStudioError(thrown)),
        ),
    };
    this.listener?.onSaid(`${what} copied.`, copyOther ?? null);
  }

  loadState(): unknown {
    const held = sessionStorage.getItem(stateKey);
    return held === null ? null : JSON.parse(held);
  }

  saveState(state: unknown): void {
    sessionStorage.setItem(stateKey, JSON.stringify(state));
  }

  navigated(link: PlaceLink): void {
    const address = linkPath(link);
    sessionStorage.setItem(addressKey, address);
    const shown = pageOfPath();
    /* Nobody goes back to an address that names no page. */
    if (shown === null || link.place.page === shown) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
  }
}

/** A name takes the place of what the address says. */
function fetchAs(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

function notCopied(why: string): StudioError {
  return new StudioError('no-access', `Nothing was copied: ${why}`, {
    remedy: 'Allow the page to use the clipboard, and copy again.',
  });
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

function pageOfPath(): WebviewPage | null {
  return webviewPage.safeParse(location.pathname.split('/').at(-1)).data ?? null;
}

/** Takes the token out of the address; the rest of it stays as it is written. */
function takeToken(): string | null {
  const token = new URLSearchParams(location.search).get('token');
  if (token === null) return null;
  const kept = location.search
    .slice(1)
    .split('&')
    .filter((part) => !part.startsWith('token='));
  history.replaceState(null, '', location.pathname + (kept.length > 0 ? `?${kept.join('&')}` : ''));
  return token;
}
