/** A store of an older schema, brought to the present one, has every row that it had, under its key and its number in the file. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Question, shownRow } from '../../trainer/protocol/records.ts';
import { Database } from '../../trainer/store/database.ts';
import { beginFilling } from '../../trainer/store/filling.ts';
import { makeTables, schemaVersion } from '../../trainer/store/migrations.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { listed } from './asking.ts';
import { temporaryFolder } from './folders.ts';

/** Tables whose rows are records, each with its key; what is derived from them is made anew. `skipped` is in the log alone since 2. */
const keys = {
  run: 'only_row',
  events: 'seq',
  steps: 'step',
  checkpoints: 'id',
  evaluations: 'id',
  groups: 'key',
  rollouts: 'key',
  tokens: 'rollout_key',
  annotations: 'id',
} as const;

function keysOf(file: string): Record<string, unknown[]> {
  const raw = new DatabaseSync(file);
  try {
    const held = Object.entries(keys).map(([table, key]) => {
      const rows = raw.prepare(`SELECT "${key}" AS key FROM ${table} ORDER BY "${key}"`).all();
      return [table, rows.map((row) => row.key)] as const;
    });
    // Commands are counted by number since schema 2; before it, the number was the id.
    const commands = raw.prepare('SELECT count(*) AS count FROM commands').get();
    return { ...Object.fromEntries(held), commands: [commands?.count] };
  } finally {
    raw.close();
  }
}

function folderOfSchema1(): string {
  const folder = temporaryFolder();
  copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'store-schema-1.db'), join(folder, storeFile));
  return folder;
}

/** The rows of a store of today in the tables of schema 4, its words still to be indexed. */
function folderOfSchema4(): string {
  const today = folderOfSchema1();
  const store = RunStore.open(today);
  while (store.fill(Number.POSITIVE_INFINITY) < 1);
  store.dispose();
  const folder = temporaryFolder();
  const old = new Database(join(folder, storeFile));
  makeTables(old, 4);
  old.run('ATTACH ? AS today', join(today, storeFile));
  old.exec('PRAGMA foreign_keys = OFF');
  for (const { name } of old.all<{ name: string }>(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
  )) {
    const columns = old
      .all<{ name: string }>('SELECT name FROM pragma_table_info(?)', name)
      .map((column) => column.name);
    old.exec(`INSERT INTO main.${name} (${columns}) SELECT ${columns} FROM today.${name}`);
  }
  beginFilling(old);
  old.dispose();
  return folder;
}

describe.each([
  ['schema 1', folderOfSchema1],
  ['schema 4', folderOfSchema4],
])('%s', (_, made) => {
  test('keeps every row under its key', () => {
    const folder = made();
    const file = join(folder, storeFile);
    const before = keysOf(file);
    // What stands in the fixture; an empty list would compare equal to nothing.
    expect(Object.entries(before).filter(([, held]) => held.length === 0)).toEqual([]);
    const store = RunStore.open(folder);
    while (store.fill(Number.POSITIVE_INFINITY) < 1);
    store.dispose();
    // Flags have texts for ids, which were numbers.
    expect(keysOf(file)).toEqual({ ...before, annotations: before.annotations?.map(String) });
    const raw = new DatabaseSync(file);
    expect(raw.prepare('PRAGMA user_version').get()).toEqual({ user_version: schemaVersion });
    expect(raw.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    expect(raw.prepare('SELECT count(*) AS count FROM groups WHERE superseded <> 0').get()).toEqual({ count: 0 });
    raw.close();
  });

  test('gives every question the number of its row, counted from 1, by which it is found', () => {
    const folder = made();
    const store = RunStore.open(folder);
    onTestFinished(() => store.dispose());
    while (store.fill(Number.POSITIVE_INFINITY) < 1);
    const raw = new DatabaseSync(join(folder, storeFile));
    onTestFinished(() => raw.close());
    const rows = raw.prepare('SELECT g.id, g.row, b.body FROM groups g JOIN group_bodies b USING (key)').all();
    expect(rows).toHaveLength(3);
    for (const { id, row, body } of rows) {
      const { question }: { question: Question } = JSON.parse(String(body));
      expect(row).toBe(question.row + 1);
      expect(row).toBe(shownRow(question));
      expect(listed(store, `row:${row}`).rows.map(({ groupId }) => groupId)).toContain(id);
    }
  });
});
