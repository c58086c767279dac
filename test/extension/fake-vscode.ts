/**
 * As much of the editor's module as the extension touches outside an editor: events and values behave as the real ones do,
 * what would be shown or executed is kept for a test to look at.
 */
import { EventEmitter as NodeEmitter } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';

export class Disposable {
  private readonly end: () => void;

  constructor(end: () => void) {
    this.end = end;
  }

  static from(...parts: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) part.dispose();
    });
  }

  dispose(): void {
    this.end();
  }
}

export class EventEmitter<T> {
  private readonly emitter = new NodeEmitter().setMaxListeners(0);

  readonly event = (listener: (value: T) => unknown): Disposable => {
    this.emitter.on('fire', listener);
    return new Disposable(() => this.emitter.off('fire', listener));
  };

  fire(value: T): void {
    this.emitter.emit('fire', value);
  }

  dispose(): void {
    this.emitter.removeAllListeners();
  }
}

export class CancellationError extends Error {}

export class Uri {
  readonly scheme: string;
  readonly fsPath: string;
  readonly query: string;

  private constructor(fsPath: string, scheme = 'file', query = '') {
    this.fsPath = fsPath;
    this.scheme = scheme;
    this.query = query;
  }

  get path(): string {
    return this.fsPath;
  }

  /** With its percent signs undone, as the real one is. */
  static parse(text: string): Uri {
    const [, scheme = '', path = '', query = ''] = /^([^:]+):\/\/[^/]*([^?]*)(?:\?(.*))?$/s.exec(text) ?? [];
    return new Uri(decodeURIComponent(path), scheme, decodeURIComponent(query));
  }

  static from({ scheme, path }: { readonly scheme: string; readonly path: string }): Uri {
    return new Uri(path, scheme);
  }

  static file(fsPath: string): Uri {
    return new Uri(fsPath);
  }

  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri([base.fsPath, ...parts].join('/'));
  }

  toString(): string {
    return `file://${this.fsPath}`;
  }
}

export class ThemeColor {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export class ThemeIcon {
  readonly id: string;
  readonly color: ThemeColor | undefined;

  constructor(id: string, color?: ThemeColor) {
    this.id = id;
    this.color = color;
  }
}

export class MarkdownString {
  value: string;
  isTrusted: boolean | { readonly enabledCommands: readonly string[] } = false;

  constructor(value = '') {
    this.value = value;
  }

  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }

  appendText(text: string): this {
    this.value += text;
    return this;
  }
}

export class TreeItem {
  readonly label: string;
  readonly collapsibleState: number;

  constructor(label: string, collapsibleState = 0) {
    this.label = label;
    this.collapsibleState = collapsibleState;
  }
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const TreeItemCheckboxState = { Unchecked: 0, Checked: 1 };
export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 };
export const StatusBarAlignment = { Left: 1, Right: 2 };
export const ViewColumn = { Active: -1 };

export class RelativePattern {}

export class TabInputWebview {
  readonly viewType: string;

  constructor(viewType: string) {
    this.viewType = viewType;
  }
}

export class TabInputText {
  readonly uri: Uri;

  constructor(uri: Uri) {
    this.uri = uri;
  }
}

export class TabInputCustom {
  readonly uri: Uri;
  readonly viewType: string;

  constructor(uri: Uri, viewType: string) {
    this.uri = uri;
    this.viewType = viewType;
  }
}

export interface Tab {
  readonly input: unknown;
  readonly group: { readonly viewColumn: number };
}

function makePanel(_type: string, _title: string, column: number) {
  editor.panels.push(column);
  const event = new EventEmitter<unknown>().event;
  return {
    webview: { html: '', cspSource: '', asWebviewUri: (uri: Uri) => uri, onDidReceiveMessage: event },
    visible: true,
    reveal: ignore,
    onDidChangeViewState: event,
    onDidDispose: event,
  };
}

interface TerminalOptions {
  readonly name: string;
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What a test reads and sets. */
export const editor = {
  /** Commands that were executed, with their arguments; `setContext` is in `context` instead. */
  executed: [] as unknown[][],
  context: new Map<string, unknown>(),
  /** Messages that were shown, with their buttons. */
  messages: [] as string[][],
  /** The buttons that are pressed, each once, where a message offers them. */
  presses: [] as string[],
  /** Items of the quick picks that were shown; the first is picked. */
  picks: [] as { readonly label: string; readonly description?: string }[][],
  /** What is typed into the input boxes, each once; without any they are left. */
  typed: [] as string[],
  /** Titles of the input boxes that were shown. */
  asked: [] as string[],
  /** What is chosen in a dialog for a file or folder; undefined leaves it. */
  chosenFile: undefined as string | undefined,
  /** Terminals that were opened, with the lines that were sent to them. */
  terminals: [] as { readonly options: TerminalOptions; readonly sent: string[] }[],
  /** Texts of the status bar's own messages. */
  done: [] as string[],
  statusItem: {} as { text?: string; tooltip?: MarkdownString | string; command?: unknown },
  /** Called with each progress that can be cancelled, with what cancels it. */
  onProgress: (_cancel: () => void): void => {},
  /** Tabs of all groups, and the columns of the panels that were made. */
  tabs: [] as Tab[],
  tabsChanged: new EventEmitter<void>(),
  /** What says that a watched file was changed; one for each watcher, in order. */
  watched: [] as EventEmitter<unknown>[],
  panels: [] as number[],
  settings: new Map<string, unknown>(),
  trusted: true,
  trustGranted: new EventEmitter<void>(),
  folder: undefined as string | undefined,
  /** Folders of the workspace beside the first. */
  otherFolders: [] as string[],
  /** What opens the links that lead to the extension. */
  openLink: undefined as ((link: string) => Promise<void>) | undefined,
  /** Documents that were shown, and what the clipboard holds; a fault there is thrown. */
  documents: [] as { readonly name: string; readonly language: string; readonly text: string }[],
  copied: '',
  clipboardFault: undefined as Error | undefined,
  /** Where the window's files lie; undefined in a local one. */
  remoteName: undefined as string | undefined,
  isInBrowser: false,
  /** Paths that went into the trash; a fault there is thrown. */
  trashed: [] as string[],
  trashFault: undefined as Error | undefined,
  reset(folder: string | undefined): void {
    this.executed = [];
    this.context.clear();
    this.messages = [];
    this.presses = [];
    this.picks = [];
    this.typed = [];
    this.asked = [];
    this.chosenFile = undefined;
    this.terminals = [];
    this.done = [];
    this.onProgress = () => {};
    this.tabs = [];
    this.tabsChanged.dispose();
    this.watched = [];
    this.panels = [];
    this.settings.clear();
    this.trusted = true;
    this.trustGranted.dispose();
    this.folder = folder;
    this.otherFolders = [];
    this.openLink = undefined;
    this.documents = [];
    this.copied = '';
    this.clipboardFault = undefined;
    this.remoteName = undefined;
    this.isInBrowser = false;
    this.trashed = [];
    this.trashFault = undefined;
  },
};

const ignore = () => {};
const watcher = () => {
  const { event } = new EventEmitter<unknown>();
  const changed = new EventEmitter<unknown>();
  editor.watched.push(changed);
  return { onDidCreate: event, onDidChange: changed.event, onDidDelete: event, dispose: ignore };
};
const show = async (...words: unknown[]): Promise<string | undefined> => {
  const [text = '', ...buttons] = words.filter((word) => typeof word === 'string');
  editor.messages.push([text, ...buttons]);
  const pressed = editor.presses.find((button) => buttons.includes(button));
  if (pressed !== undefined) editor.presses.splice(editor.presses.indexOf(pressed), 1);
  return pressed;
};

export const commands = {
  executeCommand: async (...call: unknown[]): Promise<void> => {
    if (call[0] === 'setContext') editor.context.set(call[1] as string, call[2]);
    else editor.executed.push(call);
  },
};

export const window = {
  createOutputChannel: () => ({ info: ignore, warn: ignore, error: ignore, show: ignore, dispose: ignore }),
  createStatusBarItem: () => Object.assign(editor.statusItem, { show: ignore, hide: ignore, dispose: ignore }),
  createWebviewPanel: makePanel,
  tabGroups: {
    get all() {
      return [{ tabs: editor.tabs }];
    },
    get activeTabGroup() {
      return { activeTab: editor.tabs[0] };
    },
    onDidChangeTabs: (act: () => unknown) => editor.tabsChanged.event(act),
    onDidChangeTabGroups: new EventEmitter<unknown>().event,
    close: async (tab: Tab): Promise<void> => {
      editor.tabs = editor.tabs.filter((other) => other !== tab);
    },
  },
  onDidChangeActiveColorTheme: new EventEmitter<unknown>().event,
  registerUriHandler: ({ handleUri }: { handleUri(uri: Uri): Promise<void> }) => {
    editor.openLink = (link) => handleUri(Uri.parse(link));
    return { dispose: ignore };
  },
  showTextDocument: async ({ uri, languageId, text }: TextDocument) =>
    void editor.documents.push({ name: uri.path, language: languageId, text }),
  showInformationMessage: show,
  showWarningMessage: show,
  showErrorMessage: show,
  setStatusBarMessage: (text: string) => editor.done.push(text),
  showQuickPick: async <T extends { readonly label: string }>(items: readonly T[]): Promise<T | undefined> => {
    editor.picks.push([...items]);
    return items[0];
  },
  showInputBox: async ({ title }: { readonly title: string }): Promise<string | undefined> => {
    editor.asked.push(title);
    return editor.typed.shift();
  },
  showSaveDialog: async () => editor.chosenFile && Uri.file(editor.chosenFile),
  showOpenDialog: async () => editor.chosenFile && [Uri.file(editor.chosenFile)],
  createTerminal: (options: TerminalOptions) => {
    const sent: string[] = [];
    editor.terminals.push({ options, sent });
    return { show: ignore, sendText: (line: string) => sent.push(line) };
  },
  withProgress: async <T>(
    _options: unknown,
    work: (progress: { report(): void }, token: { onCancellationRequested(act: () => void): void }) => Promise<T>,
  ): Promise<T> => {
    const cancelled = new EventEmitter<void>();
    const working = work({ report: ignore }, { onCancellationRequested: (act) => cancelled.event(act) });
    editor.onProgress(() => cancelled.fire());
    return working;
  },
};

interface TextDocument {
  readonly uri: Uri;
  readonly languageId: string;
  readonly text: string;
}

interface TextProvider {
  provideTextDocumentContent(uri: Uri): string;
}

const providers = new Map<string, TextProvider>();

export const languages = {
  setTextDocumentLanguage: async (document: TextDocument, languageId: string): Promise<TextDocument> => ({
    ...document,
    languageId,
  }),
};

export const workspace = {
  get isTrusted(): boolean {
    return editor.trusted;
  },
  get workspaceFolders(): { readonly uri: Uri }[] | undefined {
    const folders = [...(editor.folder === undefined ? [] : [editor.folder]), ...editor.otherFolders];
    return folders.length === 0 ? undefined : folders.map((folder) => ({ uri: Uri.file(folder) }));
  },
  registerTextDocumentContentProvider: (scheme: string, provider: TextProvider) => {
    providers.set(scheme, provider);
    return { dispose: ignore };
  },
  onDidCloseTextDocument: new EventEmitter<unknown>().event,
  openTextDocument: async (uri: Uri): Promise<TextDocument> => ({
    uri,
    languageId: 'html',
    text: providers.get(uri.scheme)?.provideTextDocumentContent(uri) ?? '',
  }),
  onDidGrantWorkspaceTrust: (act: () => unknown) => editor.trustGranted.event(act),
  getWorkspaceFolder: ({ fsPath }: Uri) =>
    editor.folder !== undefined && fsPath.startsWith(`${editor.folder}/`)
      ? { uri: Uri.file(editor.folder) }
      : undefined,
  createFileSystemWatcher: watcher,
  fs: {
    readFile: (uri: Uri): Promise<Uint8Array> => readFile(uri.fsPath),
    writeFile: (uri: Uri, bytes: Uint8Array): Promise<void> => writeFile(uri.fsPath, bytes),
    delete: async (uri: Uri, { useTrash = false, recursive = false } = {}): Promise<void> => {
      if (useTrash && editor.trashFault) throw editor.trashFault;
      if (useTrash) editor.trashed.push(uri.fsPath);
      await rm(uri.fsPath, { recursive });
    },
  },
  getConfiguration: () => ({
    get: <T>(id: string, initial: T): T => (editor.settings.has(id) ? (editor.settings.get(id) as T) : initial),
  }),
};

export const UIKind = { Desktop: 1, Web: 2 };

export const env = {
  uriScheme: 'vscode',
  get remoteName(): string | undefined {
    return editor.remoteName;
  },
  get uiKind(): number {
    return editor.isInBrowser ? UIKind.Web : UIKind.Desktop;
  },
  clipboard: {
    writeText: async (text: string): Promise<void> => {
      if (editor.clipboardFault) throw editor.clipboardFault;
      editor.copied = text;
    },
  },
};
