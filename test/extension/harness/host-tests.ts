/**
 * Runs a suite of Mocha tests inside VS Code's extension host through @vscode/test-electron, and reads the suite's own
 * report: the exit code alone is 0 when a host dies or a suite is empty.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { cacheFolder, node24, root } from './vscode-server.ts';

export interface HostTest {
  readonly name: string;
  readonly failure: string | null;
}

export interface HostReport {
  readonly nonce: string;
  readonly tests: readonly HostTest[];
}

export interface HostRun {
  /** The suite, a TypeScript file that exports `suite(add)`. */
  readonly suite: string;
  readonly trusted: boolean;
  /** Folder to open; a fresh empty one when absent. */
  readonly folder?: string;
  /** For the suite's own use. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Name of the environment variable that tells the suite where to write its report, and of the one with its nonce. */
export const reportVariable = 'VIDEO_R1_TEST_REPORT';
export const nonceVariable = 'VIDEO_R1_TEST_NONCE';

/** `VIDEO_R1_VSCODE` names a desktop VS Code to use instead of the server in a browser; `download` lets test-electron fetch one. */
function vscode(): { vscodeExecutablePath?: string } {
  const wanted = process.env.VIDEO_R1_VSCODE;
  if (wanted === 'download') return {};
  return { vscodeExecutablePath: wanted ?? path.join(import.meta.dirname, 'executable.ts') };
}

/** @throws Error when the suite did not run to its end or held no test; failed tests are in the report. */
export async function runHostTests(run: HostRun): Promise<HostReport> {
  const draft = mkdtempSync(path.join(tmpdir(), 'video-r1-suite-'));
  const nonce = randomUUID();
  const report = path.join(draft, 'report.json');
  const folder = run.folder ?? path.join(draft, 'folder');
  mkdirSync(folder, { recursive: true });
  mkdirSync(cacheFolder, { recursive: true });
  // Bundled to CommonJS beside node_modules, since a desktop extension host loads no TypeScript.
  const bundle = path.join(cacheFolder, `suite-${nonce}.cjs`);
  try {
    await build({
      entryPoints: [run.suite],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node22',
      external: ['vscode', 'mocha'],
      logLevel: 'error',
    });
    let ended: unknown;
    try {
      await runTests({
        ...vscode(),
        extensionDevelopmentPath: root,
        extensionTestsPath: bundle,
        launchArgs: [folder, ...(run.trusted ? [] : ['--restricted'])],
        extensionTestsEnv: {
          ...run.env,
          [reportVariable]: report,
          [nonceVariable]: nonce,
          PATH: `${path.dirname(node24())}${path.delimiter}${process.env.PATH ?? ''}`,
        },
      });
    } catch (failure) {
      ended = failure;
    }
    if (!existsSync(report))
      throw new Error(`The extension host ended without a report of its tests (${String(ended ?? 'exit code 0')}).`);
    const found = JSON.parse(readFileSync(report, 'utf8')) as HostReport;
    if (found.nonce !== nonce) throw new Error('The report of the tests is of another run.');
    if (found.tests.length === 0) throw new Error('The suite held no test.');
    return found;
  } finally {
    rmSync(bundle, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}
