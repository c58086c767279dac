/** A damaged database of a real run: what could be read is kept, what is lost is counted, and the run opens. */
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { RunEvent } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { recoverRun } from '../../trainer/store/recover-run.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRun, someMetrics, someTokens } from './records.ts';

const pageBytes = 4096;

/** 300 steps, each with a group: the last 20 were gone back over once. */
function aFolder({ first }: { first?: RunSummary } = {}): {
  folder: string;
  file: string;
  events: readonly RunEvent[];
} {
  const folder = temporaryFolder();
  const store = RunStore.create(folder, aRun());
  const step = (number: number) => {
    store.append({ type: 'group', group: aGroup(number) });
    store.append({ type: 'step', metrics: someMetrics(number) });
  };
  if (first) store.append({ type: 'state', run: first });
  for (let number = 1; number <= 300; number++) step(number);
  store.append({ type: 'rewound', toStep: 280 });
  for (let number = 281; number <= 300; number++) step(number);
  const events = store.events(0, 10_000);
  store.dispose();
  return { folder, file: join(folder, storeFile), events };
}

const filesOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => !/-(wal|shm)$/.test(name))
    .sort();

function rowsOn(file: string, table: string, page: number): number {
  const raw = new DatabaseSync(file);
  const row = raw.prepare('SELECT ncell FROM dbstat WHERE name = ? AND pageno = ?').get(table, page);
  raw.close();
  return row?.ncell as number;
}

function reopened(folder: string): RunStore {
  const store = RunStore.open(folder);
  onTestFinished(() => store.dispose());
  return store;
}

/** Pages of a table, as SQLite itself counts them. */
function pagesOf(file: string, table: string, kind: 'leaf' | 'internal'): number[] {
  const raw = new DatabaseSync(file);
  const rows = raw
    .prepare('SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY pageno')
    .all(table, kind);
  raw.close();
  return rows.map(({ pageno }) => pageno as number);
}

function spoil(file: string, page: number, byte = 0x5a): void {
  const target = openSync(file, 'r+');
  writeSync(target, Buffer.alloc(pageBytes, byte), 0, pageBytes, (page - 1) * pageBytes);
  closeSync(target);
}

const middle = (pages: readonly number[]) => pages[Math.floor(pages.length / 2)] as number;

test('behind a damaged page in the middle everything is read, and what was on it is counted', () => {
  const { folder, file, events } = aFolder();
  const page = middle(pagesOf(file, 'rollout_bodies', 'leaf'));
  const onIt = rowsOn(file, 'rollout_bodies', page);
  const before = readFileSync(file);
  spoil(file, page);
  const { damaged, rollouts, losses } = recoverRun(folder);
  expect(onIt).toBeGreaterThan(3);
  expect(losses).toEqual([`Up to ${onIt} rollouts are lost.`]);
  // 300 questions of three answers stand, and 20 were gone back over.
  expect(rollouts).toBe(900 - onIt);
  const store = reopened(folder);
  expect(store.rolloutCount({ superseded: true })).toBe(60);
  expect(store.metrics().map(({ step }) => step)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  const now = store.events(0, 10_000);
  expect(now.at(-1)?.body).toMatchObject({ type: 'warning', message: expect.stringContaining(losses[0] as string) });
  const same = now.filter((event, index) => JSON.stringify(event) === JSON.stringify(events[index]));
  expect(same.length).toBeGreaterThanOrEqual(events.length - onIt);
  expect(now.map(({ seq }) => seq)).toEqual(now.map((_, index) => index + 1));
  // The damaged one is what it was.
  expect(damaged).toBe(`${file}.damaged`);
  before.fill(0x5a, (page - 1) * pageBytes, page * pageBytes);
  expect(readFileSync(damaged).equals(before)).toBe(true);
  expect(filesOf(folder)).toEqual([storeFile, `${storeFile}.damaged`]);
});

test('what is recovered goes on as a run does: it is filtered, counted, searched, and written to', async () => {
  const { folder, file } = aFolder();
  spoil(file, middle(pagesOf(file, 'rollout_bodies', 'leaf')));
  for (const table of ['facets', 'rollout_words_data']) spoil(file, pagesOf(file, table, 'leaf')[0] as number);
  recoverRun(folder);
  const store = reopened(folder);
  while (store.fill(1000) < 1);
  store.append({ type: 'group', group: aGroup(301) });
  store.append({ type: 'rewound', toStep: 100 });
  const raw = new DatabaseSync(file, { readOnly: true });
  onTestFinished(() => raw.close());
  const one = (sql: string) => raw.prepare(sql).get();
  expect(one('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
  expect(one('SELECT count(*) AS wrong FROM pragma_foreign_key_check')).toEqual({ wrong: 0 });
  expect(one('SELECT sum(count) AS rollouts FROM facets')).toEqual({ rollouts: store.rolloutCount() });
  expect(one("SELECT count(*) AS found FROM rollout_words('square')")).toEqual({
    found: store.rolloutCount() + store.rolloutCount({ superseded: true }),
  });
});

test('what is kept token by token is saved, and goes with its rollout and group where they are lost', () => {
  const folder = temporaryFolder();
  const whole = RunStore.create(folder, aRun());
  const tokens = { ...someTokens(), ids: [5, 6, 6, 0] };
  for (let step = 1; step <= 300; step++) {
    const id = `s${step}-g0`;
    const ids = [`${id}-o0`, `${id}-o1`];
    const prompts = new Map([[id, { ids: [9, 8], pieces: ['Which', ' way'] }]]);
    whole.append({ type: 'group', group: aGroup(step) }, { tokens: new Map(ids.map((one) => [one, tokens])), prompts });
    whole.append(
      { type: 'references', step, kl: Object.fromEntries(ids.map((one) => [one, 0.5])) },
      { scores: new Map(ids.map((one) => [one, { isLeftOut: false, reference: [-1, -1, -1, -1], trainer: null }])) },
    );
  }
  whole.dispose();
  const file = join(folder, storeFile);
  for (const table of ['rollout_bodies', 'group_bodies']) spoil(file, middle(pagesOf(file, table, 'leaf')));
  recoverRun(folder);
  const store = reopened(folder);
  const raw = new DatabaseSync(file, { readOnly: true });
  onTestFinished(() => raw.close());
  expect(raw.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
  const groups = [...store.groups()];
  expect(groups.length).toBeGreaterThan(100);
  expect(groups.length).toBeLessThan(300);
  expect(raw.prepare('SELECT count(*) AS rows FROM prompts').get()).toEqual({ rows: groups.length });
  for (const { id, rollouts } of groups) {
    expect(store.prompt(id).ids).toEqual([9, 8]);
    for (const rollout of rollouts.filter(({ order }) => order === 'ordered')) {
      expect(rollout.kl).toBe(0.5);
      expect(store.tokens(rollout.id)).toMatchObject({ ...tokens, referenceLogprobs: [-1, -1, -1, -1] });
    }
  }
});

test('a database that was cut to its half keeps its first half', () => {
  const { folder, file } = aFolder();
  truncateSync(file, Math.floor(statSync(file).size / 2));
  expect(() => RunStore.open(folder)).toThrow(expect.objectContaining({ kind: 'bad-store' }));
  const { events, rollouts, losses } = recoverRun(folder);
  expect(events).toBeGreaterThan(200);
  expect(rollouts).toBeGreaterThan(300);
  expect(losses).toContain(`Of the rollouts ${rollouts} can be read; how many came after them can't be told.`);
  const store = reopened(folder);
  expect(store.events(0, 3).map(({ body }) => body.type)).toEqual(['group', 'step', 'group']);
  const told = store.events(0, 10_000).flatMap(({ body }) => (body.type === 'step' ? [body.metrics.step] : []));
  // Which of the two was cut first is a matter of where their pages lie.
  expect(store.metrics().map(({ step }) => step)).toEqual(expect.arrayContaining(told));
});

test.each([
  ['zeros', 0],
  ['something else', 0xa5],
])('a first page of %s loses nothing but itself', (_, byte) => {
  const { folder, file, events } = aFolder();
  spoil(file, 1, byte);
  expect(() => RunStore.open(folder)).toThrow(expect.objectContaining({ remedy: expect.stringContaining('recover') }));
  expect(recoverRun(folder)).toMatchObject({ events: events.length, rollouts: 900, losses: [] });
  expect(reopened(folder).events(0, 10_000).slice(0, -1)).toEqual(events);
});

test('steps whose table is lost are taken from the events, and the run itself too', () => {
  const { folder, file, events } = aFolder();
  for (const table of ['steps', 'run'])
    for (const kind of ['leaf', 'internal'] as const) for (const page of pagesOf(file, table, kind)) spoil(file, page);
  expect(() => recoverRun(folder)).toThrow(/Neither the summary of this run nor an event/);
  expect(filesOf(folder)).toEqual([storeFile]);
  const whole = aFolder({ first: aRun({ step: 3, seq: 1 }) });
  for (const table of ['steps', 'run'])
    for (const kind of ['leaf', 'internal'] as const)
      for (const page of pagesOf(whole.file, table, kind)) spoil(whole.file, page);
  expect(recoverRun(whole.folder).events).toBe(events.length + 1);
  expect(reopened(whole.folder).metrics()).toHaveLength(300);
});

test('a log beside a database that was emptied is read, not deleted', () => {
  const { folder, file } = aFolder();
  const open = RunStore.open(folder);
  open.append({ type: 'step', metrics: someMetrics(301) });
  const log = readFileSync(`${file}-wal`);
  open.dispose();
  writeFileSync(file, '');
  writeFileSync(`${file}-wal`, log);
  expect(() => RunStore.open(folder)).toThrow(expect.objectContaining({ message: expect.stringMatching(/emptied/) }));
  expect(readFileSync(`${file}-wal`).equals(log)).toBe(true);
});

test('nothing is done to a whole database, to one of a newer version, and to one that is not there', () => {
  const { folder, file } = aFolder();
  const before = readFileSync(file);
  expect(() => recoverRun(folder)).toThrow(expect.objectContaining({ kind: 'conflict' }));
  expect(readFileSync(file).equals(before)).toBe(true);
  const raw = new DatabaseSync(file);
  raw.exec('PRAGMA user_version = 700');
  raw.close();
  expect(() => recoverRun(folder)).toThrow(/newer version/);
  expect(filesOf(folder)).toEqual([storeFile]);
  rmSync(file);
  expect(() => recoverRun(folder)).toThrow(expect.objectContaining({ kind: 'not-found' }));
});

test('where nothing can be read it says so, and leaves the file as it is', () => {
  const { folder, file } = aFolder();
  writeFileSync(file, 'no database, '.repeat(1000));
  const before = readFileSync(file);
  expect(() => recoverRun(folder)).toThrow(expect.objectContaining({ kind: 'bad-store' }));
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(filesOf(folder)).toEqual([storeFile]);
});
