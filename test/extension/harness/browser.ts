/** A Chromium for tests: the machine's own where there is one, else the one inside the npm package @sparticuz/chromium. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { cacheFolder, node24, root } from './vscode-server.ts';

const installed = {
  linux: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ],
} as Record<string, string[]>;

/** Unpacks the package's browser, its fonts and libraries once; renamed into place, so that parallel runs can't see half of it. */
function unpack(): string {
  const { version } = JSON.parse(
    readFileSync(path.join(root, 'node_modules/@sparticuz/chromium/package.json'), 'utf8'),
  ) as { version: string };
  const home = path.join(cacheFolder, `chromium-${version}-fonts`);
  if (existsSync(path.join(home, 'chromium'))) return home;
  mkdirSync(cacheFolder, { recursive: true });
  const draft = mkdtempSync(path.join(cacheFolder, 'draft-'));
  try {
    // The package unpacks into the temporary folder, and its libraries only where this variable says that it runs on Lambda.
    execFileSync(
      node24(),
      ['--input-type=module', '-e', "import chromium from '@sparticuz/chromium'; await chromium.executablePath();"],
      {
        cwd: root,
        env: { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    // The package's own configuration looks for its fonts in places of Lambda only; without any font Chromium aborts.
    writeFileSync(
      path.join(draft, 'fonts', 'fonts.conf'),
      `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`,
    );
    renameSync(draft, home);
  } catch (failure) {
    if (!existsSync(path.join(home, 'chromium'))) throw failure; // else another test run was faster
    rmSync(draft, { recursive: true, force: true });
  }
  return home;
}

/** Starts a headless browser that reaches this machine only. `VIDEO_R1_BROWSER` names another executable. */
export async function launchBrowser(): Promise<Browser> {
  const executable = [process.env.VIDEO_R1_BROWSER ?? '', ...(installed[process.platform] ?? [])].find(
    (file) => file && existsSync(file),
  );
  if (!executable && !(process.platform === 'linux' && process.arch === 'x64')) {
    throw new Error('No Chrome or Chromium was found. Install one, or set VIDEO_R1_BROWSER to its path.');
  }
  const home = executable ? undefined : unpack();
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return chromium.launch({
    executablePath: executable ?? path.join(home ?? '', 'chromium'),
    headless: true,
    args: [
      ...(process.platform === 'linux' ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
    ...(home && {
      env: { ...inherited, FONTCONFIG_PATH: path.join(home, 'fonts'), LD_LIBRARY_PATH: path.join(home, 'al2023/lib') },
    }),
  });
}
