import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { schemaVersion } from '../../trainer/store/migrations.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRun } from './records.ts';

/** A closed run with a few groups. */
function aFolder(): { folder: string; file: string } {
  const folder = temporaryFolder();
  const store = RunStore.create(folder, aRun());
  for (let step = 1; step < 20; step++) store.append({ type: 'group', group: aGroup(step) });
  store.dispose();
  return { folder, file: join(folder, storeFile) };
}

function change(file: string, sql: string): void {
  const raw = new DatabaseSync(file);
  raw.exec(sql);
  raw.close();
}

function faultOf(folder: string): StudioError {
  try {
    RunStore.open(folder).dispose();
  } catch (thrown) {
    if (thrown instanceof StudioError) return thrown;
    throw thrown;
  }
  throw new Error('the store was opened');
}

describe('a database that can not be opened is named, with what is in the way and what to do', () => {
  const cases: [string, (file: string) => void, RegExp, RegExp][] = [
    [
      'one of a newer version',
      (file) => change(file, 'PRAGMA user_version = 700'),
      new RegExp(`newer version.*700.*${schemaVersion}`),
      /Update/,
    ],
    ["another program's", (file) => change(file, 'PRAGMA application_id = 77'), /another program's/, /Move it away/],
    [
      "another program's without a name",
      (file) => {
        writeFileSync(file, '');
        change(file, 'CREATE TABLE mine (a); PRAGMA user_version = 1');
      },
      /another program's/,
      /Move it away/,
    ],
    ['an empty file', (file) => writeFileSync(file, ''), /cut short/, /create it again/],
    [
      'one that was never filled',
      (file) => {
        writeFileSync(file, '');
        change(file, 'PRAGMA journal_mode = WAL; VACUUM');
      },
      /cut short/,
      /create it again/,
    ],
    ['a text', (file) => writeFileSync(file, 'no database, '.repeat(100)), /not a database/, /copy of the file/],
    ['one that was cut off', (file) => truncateSync(file, 40_960), /damaged/, /copy of the file/],
    [
      'one with bytes of something else',
      (file) => {
        const bytes = readFileSync(file);
        bytes.fill(0x5a, 4096, bytes.length);
        writeFileSync(file, bytes);
      },
      /damaged/,
      /copy of the file/,
    ],
    ['one without its log', (file) => change(file, 'DROP TABLE events'), /damaged.*events/, /copy of the file/],
    ['one without a summary', (file) => change(file, 'DELETE FROM run'), /no summary/, /copy of the file/],
    [
      'one whose summary does not fit the contract',
      (file) => change(file, "UPDATE run SET summary = json_set(summary, '$.step', 'three')"),
      /summary.*step/s,
      /copy of the file/,
    ],
  ];
  test.each(cases)('%s', (_, harm, message, remedy) => {
    const { folder, file } = aFolder();
    harm(file);
    const fault = faultOf(folder);
    expect(fault.kind).toBe('bad-store');
    expect(fault.place).toBe(file);
    expect(fault.message).toMatch(message);
    expect(fault.remedy).toMatch(remedy);
    if (!String(message).includes('damaged')) expect(fault.message).not.toMatch(/damaged/);
  });

  test('a folder in its place', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, storeFile));
    expect(faultOf(folder)).toMatchObject({ kind: 'bad-store', message: expect.stringMatching(/A folder lies/) });
  });

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('one that may not be read', () => {
    const { folder, file } = aFolder();
    chmodSync(file, 0o000);
    const fault = faultOf(folder);
    expect(fault.kind).toBe('bad-store');
    expect(fault.message).toMatch(/may not read and write/);
    expect(fault.remedy).toMatch(/right to read/);
  });

  test('one that another program holds', { timeout: 20_000 }, () => {
    const { folder, file } = aFolder();
    const other = new DatabaseSync(file);
    onTestFinished(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const fault = faultOf(folder);
    expect(fault).toMatchObject({ kind: 'bad-store', place: file, message: expect.stringMatching(/locked/) });
    expect(fault.remedy).toMatch(/Close the program/);
    other.exec('ROLLBACK');
    RunStore.open(folder).dispose();
  });
});

test("another program's database is left as it was, its way of journaling too", () => {
  const folder = temporaryFolder();
  const file = join(folder, storeFile);
  change(file, 'CREATE TABLE mine (a); INSERT INTO mine VALUES (1)');
  const before = readFileSync(file);
  faultOf(folder);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(statSync(`${file}-wal`, { throwIfNoEntry: false })).toBeUndefined();
});

test('a copy of a file that was put back opens as the run that it was', () => {
  const { folder, file } = aFolder();
  copyFileSync(file, `${file}.copy`);
  writeFileSync(file, 'harm');
  faultOf(folder);
  copyFileSync(`${file}.copy`, file);
  const store = RunStore.open(folder);
  onTestFinished(() => store.dispose());
  expect(store.lastSeq()).toBe(19);
});
