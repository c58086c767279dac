/** Runs tests with Mocha inside the extension host and writes the report that `host-tests.ts` demands. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Wraps `define`, which calls Mocha's `suite` and `test`, as the `run` that VS Code calls. */
export function suiteRunner(define: () => void): () => Promise<void> {
  return () =>
    new Promise((resolve, reject) => {
      const mocha = new Mocha({ ui: 'tdd', timeout: 30_000 });
      mocha.suite.emit('pre-require', globalThis as unknown as Mocha.MochaGlobals, '', mocha);
      define();
      const tests: { name: string; failure: string | null }[] = [];
      const failed: string[] = [];
      mocha
        .run()
        .on('pass', (test) => tests.push({ name: test.fullTitle(), failure: null }))
        .on('fail', (test, error: Error) => {
          failed.push(test.fullTitle());
          tests.push({ name: test.fullTitle(), failure: error.stack ?? error.message });
        })
        .on('end', () => {
          const file = process.env.VIDEO_R1_TEST_REPORT;
          if (!file) return reject(new Error('VIDEO_R1_TEST_REPORT is not set.'));
          writeFileSync(file, JSON.stringify({ nonce: process.env.VIDEO_R1_TEST_NONCE, tests }));
          if (failed.length > 0)
            reject(new Error(`${failed.length} of ${tests.length} tests failed: ${failed.join(', ')}`));
          else resolve();
        });
    });
}
