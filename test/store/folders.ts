/** What tests of the store share: folders that go with the test that made them, and a look inside a store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Database } from '../../trainer/store/database.ts';
import type { RunStore } from '../../trainer/store/run-store.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'video-r1-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The database under a store, for query plans and limits that no user sets. */
export function databaseOf(store: RunStore): Database {
  // biome-ignore lint/complexity/useLiteralKeys: the field is private.
  return store['database'];
}
