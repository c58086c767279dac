/** Unit tests, those with real processes, and those that drive a browser or VS Code, which runs one file at a time. */
import path from 'node:path';
import { defineConfig } from 'vitest/config';

const base = { environment: 'node', pool: 'forks', testTimeout: 60_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  root: path.resolve(import.meta.dirname, '..'),
  test: {
    projects: [
      {
        // The editor's own module is there only inside the editor.
        resolve: { alias: { vscode: path.resolve(import.meta.dirname, 'extension/fake-vscode.ts') } },
        test: {
          ...base,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**'],
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...base,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          maxWorkers: 2,
          maxConcurrency: 2,
          testTimeout: 480_000,
        },
      },
      {
        test: {
          ...base,
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.ts'],
          maxWorkers: 2,
          testTimeout: 240_000,
          // A page has as long for what is looked at again and again as a busy machine may need.
          expect: { poll: { timeout: 15_000 } },
        },
      },
      {
        test: {
          ...base,
          name: 'workbench',
          include: ['test/extension/**/*.workbench.ts'],
          maxWorkers: 1,
          testTimeout: 600_000,
        },
      },
    ],
  },
});
