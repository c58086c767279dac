/** The suites that run inside VS Code's extension host, each of their tests as one of ours. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runHostTests } from './harness/host-tests.ts';

function suiteFile(name: string): string {
  return path.join(import.meta.dirname, 'host', `${name}.ts`);
}

/** A folder whose settings try to choose the programs that run. */
function untrustedFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-untrusted-'));
  mkdirSync(path.join(folder, '.vscode'));
  const wanted = {
    'videoR1.trainer.nodePath': '/tmp/evil',
    'videoR1.trainer.ffmpegPath': '/tmp/evil',
    'videoR1.author': 'someone',
  };
  writeFileSync(path.join(folder, '.vscode/settings.json'), JSON.stringify(wanted));
  return folder;
}

const folder = untrustedFolder();
const reports = [
  await runHostTests({ suite: suiteFile('trusted'), trusted: true }),
  await runHostTests({ suite: suiteFile('restricted'), trusted: false, folder }),
];
rmSync(folder, { recursive: true, force: true });

describe('in the extension host', () => {
  for (const { name, failure } of reports.flatMap((report) => report.tests)) {
    test(name, () => {
      expect(failure).toBeNull();
    });
  }

  test('a suite that ends without a report, or that holds no test, is a failure', async () => {
    await expect(runHostTests({ suite: suiteFile('dies'), trusted: true })).rejects.toThrow('without a report');
    await expect(runHostTests({ suite: suiteFile('empty'), trusted: true })).rejects.toThrow('held no test');
  }, 120_000);
});
