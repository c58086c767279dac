import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { Database, loadSqlite } from '../../trainer/store/database.ts';
import { temporaryFolder } from './folders.ts';

test('a Node without SQLite gives an error that names it and says which Node to use', () => {
  const load = () => loadSqlite(() => undefined);
  expect(load).toThrow(StudioError);
  expect(load).toThrow(process.version);
  try {
    load();
  } catch (thrown) {
    expect((thrown as StudioError).remedy).toMatch(/22\.13/);
  }
});

test('the warning that SQLite is experimental is held back, others are not, and afterwards nothing is', () => {
  const told = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    loadSqlite(() => {
      process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning');
      process.emitWarning('something else', 'Warning');
      return process.getBuiltinModule('node:sqlite');
    });
    process.emitWarning('later');
    expect(told.mock.calls).toEqual([['something else', 'Warning'], ['later']]);
  } finally {
    told.mockRestore();
  }
});

test('loading it prints nothing', () => {
  const program = `import { loadSqlite } from ${JSON.stringify(join(import.meta.dirname, '../../trainer/store/database.ts'))}; loadSqlite();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', `${program}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(output).toBe('');
});

test('a failed transaction leaves nothing behind and does not hold the database', () => {
  const database = new Database(join(temporaryFolder(), 'a.db'));
  database.exec('CREATE TABLE t (a INTEGER NOT NULL)');
  expect(() =>
    database.transaction(() => {
      database.run('INSERT INTO t VALUES (1)');
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(database.all('SELECT * FROM t')).toEqual([]);
  database.transaction(() => database.run('INSERT INTO t VALUES (2)'));
  expect(database.all('SELECT * FROM t')).toEqual([{ a: 2 }]);
  database.dispose();
  database.dispose();
});

test('a folder that is not there gives an error that names the file', () => {
  const path = join(temporaryFolder(), 'no', 'a.db');
  try {
    new Database(path);
    expect.unreachable();
  } catch (thrown) {
    expect(thrown).toMatchObject({ kind: 'bad-store', place: path });
  }
});
