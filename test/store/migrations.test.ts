/** A store that schema 1 left behind (test/fixtures/store-schema-1.json says how it was made and what it read) is read as before. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { categoryOfOldFlag } from '../../trainer/protocol/annotations/categories.ts';
import { inPresentNames } from '../../trainer/protocol/former-names.ts';
import type { Expression } from '../../trainer/protocol/query/expression.ts';
import { fieldNames, fields, type Subject } from '../../trainer/protocol/query/fields.ts';
import { matches } from '../../trainer/protocol/query/matches.ts';
import type { GroupWithRollouts, RolloutTokens, RunEvent } from '../../trainer/protocol/records.ts';
import { runEvent } from '../../trainer/protocol/records.ts';
import { runSummary } from '../../trainer/protocol/run-state.ts';
import { Database } from '../../trainer/store/database.ts';
import { migrate, schemaVersion } from '../../trainer/store/migrations.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { packFloats } from '../../trainer/store/token-arrays.ts';
import { counted, found, listed } from './asking.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import { withOlderSchema } from './older-schema.ts';
import { aGroup, aRun, someTokens } from './records.ts';

interface OldEvent {
  readonly seq: number;
  readonly body: { readonly type: string; readonly metrics?: { readonly durations: object } };
}

/** What the store of schema 1 answered. */
interface Answers {
  readonly summary: Record<string, unknown>;
  readonly events: OldEvent[];
  readonly notices: OldEvent[];
  readonly metrics: { readonly durations: object }[];
  readonly checkpoints: object[];
  readonly evaluations: object[];
  readonly rows: { readonly id: string; readonly key: number; readonly groupId: string }[];
  readonly groups: GroupWithRollouts[];
  readonly annotations: object[];
  readonly exported: { readonly jsonl: string };
  readonly tokens: Record<string, RolloutTokens>;
  readonly media: Record<string, object>;
}

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const { answers }: { answers: Answers } = JSON.parse(readFileSync(join(fixtures, 'store-schema-1.json'), 'utf8'));

/** The rows as they are listed now: with time and test of the group, and the KL that was not kept. */
const rowsNow = answers.rows.map((row) => {
  const group = answers.groups.find(({ id }) => id === row.groupId);
  const { p = null, pShuffled = null } = group?.temporal ?? {};
  return { ...row, at: group?.at, kl: null, p, pShuffled };
});

/** With parameters under the names of today. */
function asNamedNow(event: RunEvent): RunEvent {
  if (event.body.type !== 'state') return event;
  const { run } = event.body;
  const [parameters, presetParameters] = [run.parameters, run.presetParameters].map(
    (values) => inPresentNames(values).settings,
  );
  return { ...event, body: { type: 'state', run: { ...run, parameters, presetParameters } as typeof run } };
}

function oldFolder(): { folder: string; file: string } {
  const folder = temporaryFolder();
  const file = join(folder, storeFile);
  copyFileSync(join(fixtures, 'store-schema-1.db'), file);
  return { folder, file };
}

/** Opened, and indexed to the end. */
function opened(folder: string): RunStore {
  const store = RunStore.open(folder);
  while (store.fill(Number.POSITIVE_INFINITY) < 1);
  onTestFinished(() => store.dispose());
  return store;
}

/** A flag of before: its number is text now, and it is of the greater severity. */
const asNow = (flag: object) => {
  const { id, category } = flag as { id: number; category: string };
  return { ...flag, id: String(id), severity: 'major', category: categoryOfOldFlag[category], was: category };
};
const linesOf = (jsonl: string) =>
  jsonl
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);

/** Without what is told only where a group is indexed. */
const rowsOf = (store: RunStore) => listed(store).rows.map(({ flatBecause: _, felt: __, ...row }) => row);

const withHeld = <T extends { readonly durations: object }>(metrics: T) => ({
  ...metrics,
  durations: { ...metrics.durations, held: 0 },
});

describe('a store of schema 1', () => {
  test('reads as before: rollouts and their groups, tokens, media, steps, checkpoints, evaluations, flags', () => {
    const store = opened(oldFolder().folder);
    expect(store.metrics()).toEqual(answers.metrics.map(withHeld));
    expect(store.checkpoints()).toEqual(answers.checkpoints);
    expect(store.evaluations()).toEqual(answers.evaluations);
    expect(store.notices()).toEqual(answers.notices);
    for (const group of answers.groups) expect(store.group(group.id)).toEqual(group);
    for (const [id, tokens] of Object.entries(answers.tokens)) expect(store.tokens(id)).toMatchObject(tokens);
    for (const [key, media] of Object.entries(answers.media)) expect(store.media(key)).toEqual(media);
    expect(store.annotations()).toEqual(answers.annotations.map(asNow));
    // What the old version wrote did not say in which unit its spans count.
    const counted = answers.exported.jsonl.replaceAll(
      /("span":\{"start":\d+,"end":\d+)\}/g,
      '$1,"unit":"code points"}',
    );
    expect(linesOf(store.exportAnnotations().jsonl)).toEqual(linesOf(counted).map(asNow));
    expect(rowsOf(store)).toEqual(rowsNow);
    // Two answers of the probe, whose record says that they do not spread.
    // In step 2 a test held, and none of the two was paid; of step 1 the record does not tell how advantages were made.
    expect(listed(store, 'felt:false').rows.map(({ id, felt }) => [id, felt])).toEqual([
      ['s2-g0-o1', false],
      ['s2-g0-o0', false],
    ]);
    expect(listed(store, 'felt:true').rows).toEqual([]);
    expect(listed(store, 'flatBecause:alike').rows.map(({ id }) => id)).toEqual(['s1-p0-o1', 's1-p0-o0']);
  });

  test('keeps every event under its number; all fit the present contract', () => {
    const events = opened(oldFolder().folder).events(0, 1000);
    expect(events.map(({ seq }) => seq)).toEqual(answers.events.map(({ seq }) => seq));
    for (const [index, event] of events.entries()) {
      const old = answers.events[index] as OldEvent;
      // Parsing may add parameters that are newer than the record, with what they meant before they were there, and names them as today.
      expect(runEvent.parse(event)).toMatchObject(asNamedNow(event));
      expect(event.body.type).toBe(old.body.type);
      if (event.body.type === 'step')
        expect(event.body).toEqual({ ...old.body, metrics: withHeld(old.body.metrics as { durations: object }) });
      else if (event.body.type === 'annotation') {
        const { was, ...annotation } = asNow((old.body as unknown as { annotation: object }).annotation);
        expect(event.body).toEqual({ type: 'annotation', annotation: { ...annotation, category: was } });
      } else if (event.body.type === 'annotation-removed') expect(event.body).toEqual({ ...old.body, id: '3' });
      else if (event.body.type !== 'state' && event.body.type !== 'command') expect(event).toEqual(old);
    }
  });

  test('has its states with what belongs to them', () => {
    const store = opened(oldFolder().folder);
    const { detail: _, error: __, remainingMs: ___, state: ____, ...same } = answers.summary;
    expect(store.summary()).toEqual(
      runSummary.parse({
        ...same,
        state: 'paused',
        at: { point: 'before-update', step: 3 },
        why: 'any(aha >= 3)',
        fault: null,
        memory: 'held',
        pace: [15, 15],
        evaluationDataset: null,
        engine: { ...(same.engine as object), capabilities: null },
      }),
    );
    const states = store.events(0, 1000).flatMap(({ body }) => (body.type === 'state' ? [body.run] : []));
    const standings = states.map(
      ({ id, name, method, preset, step, steps, createdAt, updatedAt, pace, ...rest }) => rest,
    );
    expect(standings).toEqual([
      expect.objectContaining({ state: 'starting', doing: null }),
      expect.objectContaining({ state: 'running', doing: null }),
      expect.objectContaining({ state: 'running', doing: null }),
      expect.objectContaining({ state: 'pausing', release: false }),
      expect.objectContaining({
        state: 'failed',
        fault: { kind: 'disk-full', message: 'no space left', remedy: 'Free some.' },
      }),
      expect.objectContaining({ state: 'starting', doing: 'loading the model' }),
      expect.objectContaining({ state: 'running', doing: null }),
      expect.objectContaining({ state: 'paused', at: { point: 'before-update', step: 3 } }),
    ]);
  });

  test('has its commands with ids, and goes on counting them', () => {
    const store = opened(oldFolder().folder);
    const taken = (number: number) => ({ id: `#${number}`, number, by: 'ada', requestedAt: 1_700_000_003_000 });
    expect(store.commands()).toEqual([
      {
        ...taken(1),
        request: { kind: 'set', parameter: 'learningRate', value: 0.001 },
        state: 'applied',
        endedAt: 1_732_800_102_000,
        at: { point: 'before-step', step: 1 },
        change: { from: 1e-6, to: 0.001 },
        note: null,
      },
      {
        ...taken(2),
        request: { kind: 'pause', release: false },
        state: 'scheduled',
        point: 'before-update',
        change: null,
      },
      {
        ...taken(3),
        request: { kind: 'save' },
        state: 'rejected',
        endedAt: 1_732_800_302_000,
        why: 'the run is pausing',
      },
      {
        ...taken(4),
        request: { kind: 'evaluate' },
        state: 'failed',
        endedAt: 1_732_800_303_000,
        at: { point: 'after-update', step: 2 },
        why: 'no space left',
      },
      { ...taken(5), request: { kind: 'resume' }, state: 'requested' },
    ]);
    expect(store.command('#3')?.state).toBe('rejected');
    expect(store.nextCommandNumber()).toBe(6);
  });

  test('is written on: keys of void rollouts are not given again', () => {
    const { folder, file } = oldFolder();
    const raw = new DatabaseSync(file);
    const { seq: highest } = raw.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'rollouts'").get() as {
      seq: number;
    };
    raw.close();
    expect(highest).toBeGreaterThan(Math.max(...answers.rows.map(({ key }) => key)));
    const store = opened(folder);
    const last = store.lastSeq();
    const { seq }: RunEvent = store.append({ type: 'group', group: aGroup(3) });
    expect(seq).toBe(last + 1);
    const keys = listed(store, 'step:3').rows.map(({ key }) => key);
    expect(keys).toEqual([highest + 3, highest + 2, highest + 1]);
  });

  test('answers queries by every field as the match in memory does', () => {
    const store = opened(oldFolder().folder);
    const { id, name } = store.summary();
    const subjects: Subject[] = answers.groups.flatMap((group) =>
      group.rollouts.map((rollout) => ({
        run: { id, name },
        group,
        rollout,
        annotations: store.annotations(rollout.id),
      })),
    );
    const queries: Expression[] = subjects.flatMap((subject) =>
      fieldNames.flatMap((field) => {
        const held = fields[field].of(subject);
        const value = typeof held === 'object' && held !== null ? held[0] : held;
        if (value === null || value === undefined) return [];
        const equal: Expression = { kind: 'compare', field, comparison: '=', value };
        return [equal, { kind: 'not', of: equal }];
      }),
    );
    for (const query of queries) {
      const expected = subjects.filter((subject) => matches(query, subject)).map(({ rollout }) => rollout.id);
      expect(found(store, query).toSorted(), JSON.stringify(query)).toEqual(expected.toSorted());
    }
    expect(counted(store)).toMatchObject({ matching: subjects.length, total: subjects.length });
  });

  test('is searched for words of every language', () => {
    const store = opened(oldFolder().folder);
    expect(found(store, '三只猫')).toEqual(['s1-p0-o0']);
    expect(found(store, '"几只"')).toEqual(['s1-p0-o1', 's1-p0-o0']);
    expect(found(store, 'ครับ')).toEqual(['s1-p0-o1']);
    expect(found(store, 'ECLAIR')).toEqual(['s1-g0-o0']);
    expect(found(store, '"goes to the left"')).toEqual(['s1-g0-s0']);
  });

  test('is brought up to date once, to the tables of a new store', () => {
    const shape = (store: RunStore) =>
      databaseOf(store).all(
        `SELECT m.type, m.name, c.name AS column, c.type AS kind, c."notnull", c.pk
         FROM sqlite_schema m LEFT JOIN pragma_table_xinfo(m.name) c WHERE m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2, 3`,
      );
    const { folder } = oldFolder();
    RunStore.open(folder).dispose();
    const store = opened(folder);
    const fresh = RunStore.create(temporaryFolder(), aRun());
    onTestFinished(() => fresh.dispose());
    expect(shape(store)).toEqual(shape(fresh));
    expect(databaseOf(store).all('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(databaseOf(store).all('PRAGMA foreign_key_check')).toEqual([]);
    expect(databaseOf(store).get('PRAGMA user_version')).toEqual({ user_version: schemaVersion });
  });
});

test.each([
  ['a table is missing', 'DROP TABLE commands', /damaged.*commands/],
  ['an event is no JSON', "UPDATE events SET body = '{' WHERE seq = 1", /damaged.*JSON/],
])('a store of schema 1 of which %s is called damaged, and left as it is', (_, harm, message) => {
  const { folder, file } = oldFolder();
  const raw = new DatabaseSync(file);
  raw.exec(harm);
  expect(() => RunStore.open(folder)).toThrow(
    expect.objectContaining({ kind: 'bad-store', place: file, message: expect.stringMatching(message) }),
  );
  expect(raw.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 });
  raw.close();
});

test('a group that is no JSON keeps nobody from the rest, and is told of when it is to be indexed', () => {
  const { folder, file } = oldFolder();
  const raw = new DatabaseSync(file);
  raw.exec("UPDATE groups SET body = '{' WHERE key = (SELECT min(key) FROM groups)");
  raw.close();
  const store = RunStore.open(folder);
  onTestFinished(() => store.dispose());
  const fill = () => store.fill(Number.POSITIVE_INFINITY);
  expect(fill).toThrow(expect.objectContaining({ kind: 'bad-store', message: expect.stringMatching(/damaged.*JSON/) }));
  expect(listed(store).rows.length).toBeGreaterThan(0);
});

describe('what has to be indexed anew', () => {
  test('is indexed in portions, the newest first; until then lists are whole and a count says what it sees', () => {
    const { folder } = oldFolder();
    const store = RunStore.open(folder);
    onTestFinished(() => store.dispose());
    const shares: number[] = [store.filledShare()];
    const seen: number[] = [counted(store, 'right').matching];
    for (let share = 0; share < 1; ) {
      share = store.fill(0);
      shares.push(share);
      seen.push(counted(store, 'right').matching);
      expect(counted(store).filled).toBeCloseTo(share, 2);
      expect(rowsOf(store).map(({ id }) => id)).toEqual(rowsNow.map(({ id }) => id));
    }
    expect(rowsOf(store)).toEqual(rowsNow);
    expect(shares[0]).toBe(0);
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBeGreaterThan(0);
    expect(store.fill(0)).toBe(1);
  });

  test('goes on where it was when the store is opened again, and what is written meanwhile is found once', () => {
    const { folder } = oldFolder();
    const first = RunStore.open(folder);
    const share = first.fill(0);
    first.dispose();
    const store = RunStore.open(folder);
    onTestFinished(() => store.dispose());
    expect(store.filledShare()).toBe(share);
    const group = aGroup(store.summary().step + 50);
    store.append({ type: 'group', group });
    while (store.fill(0) < 1);
    const { rows } = listed(store, '"to the right"');
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(rows.filter(({ step }) => step === group.step)).not.toEqual([]);
    expect(databaseOf(store).all('SELECT * FROM filling')).toEqual([]);
  });
});

describe('what interrupts the change of a schema leaves the old one whole', () => {
  /** All that the tables of schema 1 hold. */
  function contentOf(file: string): unknown {
    const raw = new DatabaseSync(file, { readBigInts: true });
    try {
      const tables = raw.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
      return {
        version: raw.prepare('PRAGMA user_version').get(),
        check: raw.prepare('PRAGMA integrity_check').all(),
        tables: tables.map(({ name, sql }) => ({ name, sql, rows: raw.prepare(`SELECT * FROM "${name}"`).all() })),
      };
    } finally {
      raw.close();
    }
  }

  test('a kill', async () => {
    const { folder, file } = oldFolder();
    const before = contentOf(file);
    const child = spawn(process.execPath, [join(import.meta.dirname, 'migrate-and-wait.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(contentOf(file)).toEqual(before);
    expect(opened(folder).commands()).toHaveLength(5);
  });

  test('a full disk', () => {
    const { folder, file } = oldFolder();
    const before = contentOf(file);
    const database = new Database(file);
    database.exec('PRAGMA cache_size = 10; PRAGMA max_page_count = 1');
    expect(() => database.transaction(() => migrate(database, 1))).toThrow(
      expect.objectContaining({ kind: 'disk-full', place: file }),
    );
    database.dispose();
    expect(contentOf(file)).toEqual(before);
    expect(opened(folder).commands()).toHaveLength(5);
  });
});

test('what the trainer made of an answer is kept with its tokens, wherever an older version had it', () => {
  const folder = temporaryFolder();
  const made = RunStore.create(folder, aRun());
  made.append(
    { type: 'group', group: aGroup(1) },
    { tokens: new Map(aGroup(1).rollouts.map(({ id }) => [id, { ...someTokens(), ids: [5, 6, 6, 0] }])) },
  );
  made.appendAll([{ type: 'references', step: 1, kl: { 's1-g0-o0': null, 's1-g0-o1': null } }], {
    scores: new Map(['s1-g0-o0', 's1-g0-o1'].map((id) => [id, { isLeftOut: false, reference: null }])),
  });
  made.dispose();
  const file = join(folder, storeFile);
  withOlderSchema(file, 14);
  const older = new DatabaseSync(file);
  older
    .prepare("UPDATE token_scores SET trainer = ? WHERE rollout_key = (SELECT key FROM rollouts WHERE id = 's1-g0-o0')")
    .run(packFloats([-0.5, -0.25, -1.5, 0]));
  older.close();
  const store = opened(folder);
  expect(store.tokens('s1-g0-o0').trainerLogprobs).toEqual([-0.5, -0.25, -1.5, 0]);
  expect(store.tokens('s1-g0-o1')).not.toHaveProperty('trainerLogprobs');
  expect(listed(store, 'mismatch>=0').rows).toEqual([]);
});
