#!/usr/bin/env node
/**
 * Stands in for the `code` executable that @vscode/test-electron starts: takes the same arguments, opens the workbench of
 * a VS Code server in a headless browser, runs the suite in its extension host, and ends with the suite's exit code.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import { launchBrowser } from './browser.ts';
import { VsCodeServer } from './vscode-server.ts';

const timeoutMs = 300_000;
const argumentsGiven = process.argv.slice(2);
const option = (name: string) =>
  argumentsGiven.filter((text) => text.startsWith(`--${name}=`)).map((text) => text.slice(name.length + 3));
const folder = argumentsGiven.find((text) => !text.startsWith('-'));

const home = mkdtempSync(path.join(tmpdir(), 'video-r1-code-'));
const server = await VsCodeServer.start({
  home,
  driver: true,
  trusted: argumentsGiven.includes('--disable-workspace-trust') && !argumentsGiven.includes('--restricted'),
});
const browser = await launchBrowser();
const page = await (await browser.newContext()).newPage();

const ended = new Promise<number>((resolve) => {
  const limit = setTimeout(() => resolve(124), timeoutMs);
  limit.unref();
  page.on('crash', () => resolve(101));
  process.once('SIGINT', () => resolve(130));
  process.once('SIGTERM', () => resolve(143));
  void page.exposeFunction('codeAutomationExit', resolve);
});
/**
 * Mocha's report comes through the extension host's console; the workbench's own log lines, which come the same way, do not
 * matter here. The watchdog is a native module, which is not built where no install script runs; the host does without.
 */
const workbenchChatter =
  /^\[(?!INFO\]|ERROR\])|^(Creating a socket|Resolv|Updating additional|Ignoring fetch|Canceled|No search provider|Cannot find module '\.\/build\/Release\/watchdog')/;
await page.exposeFunction('codeAutomationLog', (type: string, values: unknown[]) => {
  const line = format(...values);
  if (!workbenchChatter.test(line)) (type === 'error' ? process.stderr : process.stdout).write(`${line}\n`);
});

const remote = (file: string) => `vscode-remote://${new URL(server.address).host}${path.resolve(file)}`;
const payload = [
  ['skipWelcome', 'true'],
  ...option('extensionDevelopmentPath').map((file) => ['extensionDevelopmentPath', remote(file)]),
  ...option('extensionTestsPath').map((file) => ['extensionTestsPath', remote(file)]),
];
const opened = folder ? `folder=${encodeURIComponent(path.resolve(folder))}` : 'ew=true';
await page.goto(`${server.address}/?${opened}&payload=${encodeURIComponent(JSON.stringify(payload))}`, {
  waitUntil: 'commit',
});

const code = await ended;
await browser.close();
await server.stop();
rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
process.exit(code);
