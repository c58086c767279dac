import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { requests } from '../../trainer/protocol/messages.ts';
import type { GroupWithRollouts, RunEvent, RunEventBody } from '../../trainer/protocol/records.ts';
import { groupWithTold, toldOfAnswers } from '../../trainer/protocol/updated-group.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { counted, found, listed } from './asking.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import {
  aCheckpoint,
  aCommand,
  aGroup,
  anAnnotation,
  anEvaluation,
  aQuestion,
  aRollout,
  aRun,
  someMetrics,
  someTokens,
} from './records.ts';

function newStore(folder = temporaryFolder()): RunStore {
  const store = RunStore.create(folder, aRun());
  onTestFinished(() => store.dispose());
  return store;
}

const paused = {
  state: 'paused',
  at: { point: 'before-step', step: 2 },
  why: null,
  fault: null,
  memory: 'held',
} as const;

/** All groups, newest first. */
function groupsOf(store: RunStore): GroupWithRollouts[] {
  const ids = new Set(listed(store, '', { limit: 1e6 }).rows.map(({ groupId }) => groupId));
  return [...ids].map((id) => store.group(id));
}

function thrownBy(work: () => unknown): StudioError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof StudioError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

test('a group that says how it was divided under a former name is read under that of today', () => {
  const store = newStore();
  const group = aGroup(1, { id: 'g' });
  store.append({ type: 'group', group });
  const { rollouts: _, ...body } = group;
  const written = { ...group.stats, normalised: { stdDegrees: 'n', stdEpsilon: 0, divideByStd: false } };
  databaseOf(store).run('UPDATE group_bodies SET body = ?', JSON.stringify({ ...body, stats: written }));
  expect(store.group('g').stats.normalised).toEqual({ stdDegrees: 'n', stdEpsilon: 0, advantageScale: 'none' });
});

describe('the log', () => {
  test('events are numbered from 1 without gaps and are read back as they were returned', () => {
    const store = newStore();
    const bodies: RunEventBody[] = [
      { type: 'state', run: aRun({ step: 1, state: 'running', doing: 'sampling' }) },
      { type: 'group', group: aGroup(1) },
      { type: 'step', metrics: someMetrics(1) },
      { type: 'command', command: aCommand(1) },
      { type: 'checkpoint', checkpoint: aCheckpoint(1) },
      { type: 'evaluation', evaluation: anEvaluation(1) },
      { type: 'skipped', step: 1, question: aQuestion(), kind: 'bad-media', message: 'cut off' },
      { type: 'warning', message: 'slow' },
      { type: 'annotation', annotation: anAnnotation(1, 's1-g0-o0') },
      { type: 'annotation-removed', id: '1' },
      { type: 'checkpoint-removed', id: 'step-1' },
    ];
    const returned = [store.append(bodies[0] as RunEventBody), ...store.appendAll(bodies.slice(1))];
    expect(returned.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(store.events(0, 100)).toEqual(returned);
    expect(store.events(3, 2)).toEqual(returned.slice(3, 5));
    expect(store.lastSeq()).toBe(11);
  });

  test('a closed and opened store goes on with the next number and the same records', () => {
    const folder = temporaryFolder();
    const first = RunStore.create(folder, aRun());
    first.append({ type: 'group', group: aGroup(1) }, { tokens: new Map([['s1-g0-o0', someTokens()]]) });
    first.append({ type: 'state', run: aRun({ ...paused, step: 1 }) });
    const events = first.events(0, 10);
    first.dispose();
    const second = RunStore.open(folder);
    onTestFinished(() => second.dispose());
    expect(second.events(0, 10)).toEqual(events);
    expect(second.summary()).toMatchObject({ state: 'paused', step: 1, seq: 2 });
    expect(second.append({ type: 'warning', message: 'again' }).seq).toBe(3);
    expect(second.tokens('s1-g0-o0')).toMatchObject(someTokens());
  });

  test('an event that does not fit the contract is refused and leaves no trace, in whatever company it comes', () => {
    const store = newStore();
    const broken: RunEventBody = { type: 'step', metrics: someMetrics(2, { learningRate: Number.NaN }) };
    const fault = thrownBy(() => store.appendAll([{ type: 'step', metrics: someMetrics(1) }, broken]));
    expect(fault.kind).toBe('internal');
    expect(fault.message).toMatch(/step event.*learningRate/s);
    expect(store.metrics(0)).toEqual([]);
    expect(store.append({ type: 'warning', message: 'next' }).seq).toBe(1);
  });

  test('a list of events is stored whole or not at all', () => {
    const store = newStore();
    const fault = thrownBy(() =>
      store.appendAll([
        { type: 'step', metrics: someMetrics(1) },
        { type: 'annotation', annotation: anAnnotation(1, 'nobody') },
      ]),
    );
    expect(fault.kind).toBe('not-found');
    expect(store.metrics(0)).toEqual([]);
    expect(store.lastSeq()).toBe(0);
  });

  test('the database holds the text of a rollout once', () => {
    const folder = temporaryFolder();
    const store = newStore(folder);
    const needle = 'zweihundertsiebenundvierzig';
    store.append({
      type: 'group',
      group: aGroup(1, { rollouts: [aRollout({ id: 's1-g0-o0', groupId: 's1-g0', text: needle })] }),
    });
    const raw = new DatabaseSync(join(folder, storeFile));
    onTestFinished(() => raw.close());
    const tables = raw
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%fts5%' AND name NOT LIKE 'rollout_words%'",
      )
      .all();
    const places = tables.flatMap(({ name }) =>
      raw
        .prepare(`SELECT * FROM ${name}`)
        .all()
        .flatMap((row) =>
          Object.entries(row)
            .filter(([, value]) => typeof value === 'string' && value.includes(needle))
            .map(([column]) => `${name}.${column}`),
        ),
    );
    expect(places).toEqual(['rollout_bodies.text']);
  });
});

describe('what is read', () => {
  test('every answer that the server makes of the store fits the contract', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) }, { tokens: new Map([['s1-g0-o0', someTokens()]]) });
    store.appendAll([
      { type: 'step', metrics: someMetrics(1) },
      { type: 'command', command: aCommand(1) },
      { type: 'checkpoint', checkpoint: aCheckpoint(1) },
      { type: 'evaluation', evaluation: anEvaluation(1) },
      { type: 'annotation', annotation: anAnnotation(1, 's1-g0-o0') },
    ]);
    const answers = {
      'rollouts/list': listed(store),
      'rollouts/count': counted(store),
      'groups/get': { group: store.group('s1-g0') },
      'groups/prompt': store.prompt('s1-g0'),
      'rollouts/tokens': store.tokens('s1-g0-o0'),
      'metrics/get': { steps: store.metrics(0) },
      'counts/list': store.counts(),
      'commands/list': { commands: store.commands() },
      'checkpoints/list': { checkpoints: store.checkpoints() },
      'evaluations/list': { evaluations: store.evaluations() },
      'notices/list': { events: store.notices() },
      'annotations/list': { annotations: store.annotations() },
      'annotations/export': store.exportAnnotations(),
    } as const;
    for (const [method, answer] of Object.entries(answers)) {
      expect(requests[method as keyof typeof answers].result.parse(answer), method).toEqual(answer);
    }
  });

  test('the newest questions left out and warnings are given in order, as their events; a rewind voids those of later steps', () => {
    const store = newStore();
    const skip = (step: number) =>
      store.append({ type: 'skipped', step, question: aQuestion(), kind: 'bad-media', message: `cut off ${step}` });
    store.append({ type: 'warning', message: 'bad rows' });
    store.append({ type: 'step', metrics: someMetrics(1) });
    skip(1);
    store.append({ type: 'group', group: aGroup(1) });
    for (let step = 2; step < 6; step++) skip(step);
    const told = (limit?: number) =>
      store.notices(limit).map(({ body }) => ('message' in body ? body.message : body.type));
    expect(told()).toEqual(['bad rows', 'cut off 1', 'cut off 2', 'cut off 3', 'cut off 4', 'cut off 5']);
    expect(told(2)).toEqual(['bad rows', 'cut off 4', 'cut off 5']);
    expect(store.notices(1)).toEqual(store.events(0, 100).filter(({ seq }) => seq === 1 || seq === store.lastSeq()));
    store.append({ type: 'rewound', toStep: 3 });
    expect(told()).toEqual(['bad rows', 'cut off 1', 'cut off 2', 'cut off 3']);
  });

  test('the summary follows the steps, skips and rewinds that came after the last state, and the next state has the last word', () => {
    const store = newStore();
    store.append({ type: 'state', run: aRun({ step: 0, skipped: 2 }) });
    store.append({ type: 'step', metrics: someMetrics(1) });
    const { at } = store.append({ type: 'step', metrics: someMetrics(2) });
    store.append({ type: 'skipped', step: 3, question: aQuestion(), kind: 'bad-media', message: 'cut off' });
    expect(store.summary()).toEqual(aRun({ step: 2, skipped: 3, pace: [15, 15], updatedAt: at, seq: 4 }));
    store.append({ type: 'rewound', toStep: 1 });
    expect(store.summary()).toMatchObject({ step: 1, seq: 5 });
    store.append({ type: 'rewound', toStep: 9 });
    expect(store.summary()).toMatchObject({ step: 1 });
    store.append({ type: 'state', run: aRun({ ...paused, step: 7, skipped: 0 }) });
    expect(store.summary()).toMatchObject({ state: 'paused', step: 7, skipped: 0 });
  });

  test('a command is kept in its last state and found by its id, and the next one gets the next number', () => {
    const store = newStore();
    expect(store.nextCommandNumber()).toBe(1);
    store.append({ type: 'command', command: aCommand(1) });
    store.append({ type: 'command', command: aCommand(2) });
    const rejected = { ...aCommand(1), state: 'rejected', endedAt: 4, why: 'it runs' } as const;
    store.append({ type: 'command', command: rejected });
    expect(store.commands()).toEqual([rejected, aCommand(2)]);
    expect(store.command(rejected.id)).toEqual(rejected);
    expect(store.command('command-3')).toBeNull();
    expect(store.nextCommandNumber()).toBe(3);
  });

  test('media are found by their key with a question that shows them', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    expect(store.media('media-s1-g0')).toEqual({ media: aGroup(1).media, question: aQuestion() });
    expect(thrownBy(() => store.media('other')).kind).toBe('not-found');
  });

  test('a group that is given again takes the place of the first, and its rollouts keep their keys', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) }, { tokens: new Map([['s1-g0-o0', someTokens()]]) });
    store.append({ type: 'group', group: aGroup(2) });
    const before = listed(store).rows;
    const [first, , shuffled] = aGroup(1).rollouts;
    const again = aGroup(1, {
      rollouts: [
        { ...first, correct: false, text: 'anders' } as typeof shuffled & object,
        shuffled as typeof shuffled & object,
      ],
    });
    store.append({ type: 'group', group: again });
    expect(store.group('s1-g0')).toEqual(again);
    expect(listed(store).rows.map((row) => [row.id, row.key])).toEqual(
      before.filter((row) => row.id !== 's1-g0-o1').map((row) => [row.id, row.key]),
    );
    expect(counted(store)).toMatchObject({ matching: 5, total: 5 });
    expect(counted(store, 'correct:true').matching).toBe(3);
    expect(found(store, 'anders')).toEqual(['s1-g0-o0']);
    expect(store.tokens('s1-g0-o0')).toMatchObject(someTokens());
  });

  test('token numbers survive as 32-bit floats', () => {
    const store = newStore();
    const tokens = { pieces: ['a', '\u0000\ud83d\ude00'], logprobs: [-0.1, -1e-7], entropy: [3.3, 0] };
    store.append({ type: 'group', group: aGroup(1) }, { tokens: new Map([['s1-g0-s0', tokens]]) });
    expect(store.tokens('s1-g0-s0')).toMatchObject({
      ...tokens,
      logprobs: tokens.logprobs.map(Math.fround),
      entropy: tokens.entropy.map(Math.fround),
    });
    expect(thrownBy(() => store.tokens('s1-g0-o0')).kind).toBe('not-found');
  });
});

describe('going back', () => {
  test('what was recorded of later steps is kept aside, earlier steps and what is not about a step stay', () => {
    const store = newStore();
    for (const step of [1, 2, 3]) {
      store.appendAll([
        { type: 'group', group: aGroup(step) },
        { type: 'step', metrics: someMetrics(step) },
        { type: 'checkpoint', checkpoint: aCheckpoint(step) },
        { type: 'evaluation', evaluation: anEvaluation(step) },
        { type: 'skipped', step, question: aQuestion(), kind: 'bad-media', message: 'cut off' },
      ]);
    }
    store.append({ type: 'command', command: aCommand(1) });
    store.append({ type: 'rewound', toStep: 1 });
    expect(store.metrics(0).map((metrics) => metrics.step)).toEqual([1]);
    expect(store.checkpoints().map((checkpoint) => checkpoint.step)).toEqual([1]);
    expect(store.evaluations().map((evaluation) => evaluation.step)).toEqual([1]);
    expect(store.notices()).toHaveLength(1);
    expect(thrownBy(() => store.group('s2-g0')).kind).toBe('not-found');
    // Kept, marked, and left out where it is not asked for.
    expect(store.group('s2-g0~1')).toEqual({
      ...aGroup(2),
      ...{ id: 's2-g0~1', superseded: 1 },
      rollouts: aGroup(2).rollouts.map((one) => ({ ...one, id: `${one.id}~1`, groupId: 's2-g0~1' })),
    });
    expect([...store.groups()].map(({ id }) => id)).toEqual(['s1-g0']);
    expect([...store.groups({ superseded: true })].map(({ id }) => id)).toEqual(['s2-g0~1', 's3-g0~1']);
    expect([store.rolloutCount(), store.rolloutCount({ superseded: true })]).toEqual([3, 6]);
    expect(store.supersededMetrics()).toEqual([{ attempt: 1, steps: [someMetrics(2), someMetrics(3)] }]);
    expect(counted(store, 'superseded red')).toMatchObject({ matching: 6, total: 9 });
    expect(counted(store, 'superseded:false').matching).toBe(3);
    expect(found(store, 'superseded step:3')).toEqual(['s3-g0-s0~1', 's3-g0-o1~1', 's3-g0-o0~1']);
    expect(counted(store)).toMatchObject({ matching: 3, total: 3 });
    store.append({ type: 'annotation', annotation: anAnnotation(1, 's3-g0-o0~1') });
    expect(listed(store, 'superseded step:3').rows.map(({ flags }) => flags)).toEqual([0, 0, 1]);
    expect(store.group('s1-g0')).toEqual(aGroup(1));
    expect(counted(store)).toMatchObject({ matching: 3, total: 3 });
    expect(counted(store, 'red').matching).toBe(3);
    expect(store.commands()).toHaveLength(1);
  });

  test('void events keep their numbers and are read as the rewind that voided them', () => {
    const store = newStore();
    store.appendAll([
      { type: 'step', metrics: someMetrics(1) },
      { type: 'group', group: aGroup(2) },
      { type: 'warning', message: 'hm' },
      { type: 'step', metrics: someMetrics(2) },
      { type: 'rewound', toStep: 1 },
      { type: 'step', metrics: someMetrics(2, { loss: 0.25 }) },
    ]);
    const rewound = { type: 'rewound', toStep: 1 };
    expect(store.events(0, 10).map(({ seq, body }) => [seq, body])).toEqual([
      [1, { type: 'step', metrics: someMetrics(1) }],
      [2, rewound],
      [3, { type: 'warning', message: 'hm' }],
      [4, rewound],
      [5, rewound],
      [6, { type: 'step', metrics: someMetrics(2, { loss: 0.25 }) }],
    ]);
  });

  test('keys of rollouts are never given twice, so a page that is asked for after a rewind holds older rows only', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    const [newest] = listed(store).rows;
    store.append({ type: 'rewound', toStep: 0 });
    store.append({ type: 'group', group: aGroup(1) });
    for (const row of listed(store).rows) expect(row.key).toBeGreaterThan(newest?.key ?? 0);
  });

  test('a reader who starts anywhere, with what he held then, ends with what one who listened all along has', () => {
    const step = fc.integer({ min: 1, max: 6 });
    const body: fc.Arbitrary<(serial: number) => RunEventBody | RunEventBody[]> = fc.oneof(
      {
        weight: 4,
        arbitrary: step.map((at) => (serial: number) => ({
          type: 'group' as const,
          group: aGroup(at, { id: `s${at}-g${serial % 2}` }),
        })),
      },
      {
        weight: 2,
        arbitrary: step.map((at) => (serial: number) => {
          const group = aGroup(at, { id: `s${at}-g${serial % 2}` });
          const kl = { [`${group.id}-o0`]: serial, [`${group.id}-o1`]: null };
          return [
            { type: 'group' as const, group },
            { type: 'references' as const, step: at, kl },
          ];
        }),
      },
      {
        weight: 4,
        arbitrary: step.map((at) => (serial: number) => ({
          type: 'step' as const,
          metrics: someMetrics(at, { loss: serial }),
        })),
      },
      { weight: 1, arbitrary: step.map((at) => () => ({ type: 'checkpoint' as const, checkpoint: aCheckpoint(at) })) },
      { weight: 1, arbitrary: step.map((at) => () => ({ type: 'checkpoint-removed' as const, id: `step-${at}` })) },
      { weight: 1, arbitrary: step.map((at) => () => ({ type: 'evaluation' as const, evaluation: anEvaluation(at) })) },
      {
        weight: 1,
        arbitrary: step.map((at) => () => ({
          type: 'skipped' as const,
          step: at,
          question: aQuestion(),
          kind: 'bad-media',
          message: '',
        })),
      },
      {
        weight: 1,
        arbitrary: fc.constant((serial: number) => ({ type: 'command' as const, command: aCommand((serial % 3) + 1) })),
      },
      {
        weight: 3,
        arbitrary: fc.integer({ min: 0, max: 5 }).map((toStep) => () => ({ type: 'rewound' as const, toStep })),
      },
    );
    const folder = temporaryFolder();
    let number = 0;
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 25 }), fc.nat(), (makers, start) => {
        number += 1;
        const store = RunStore.create(join(folder, String(number)), aRun());
        try {
          const live = store.appendAll(makers.flatMap((make, serial) => make(serial)));
          const since = start % (live.length + 1);
          const stored = store.events(since, 1000);
          const texts = [...store.eventTexts(since, 1000)];
          expect(texts.map(({ json }) => JSON.parse(json))).toEqual(stored);
          expect(texts.map(({ seq }) => seq)).toEqual(stored.map(({ seq }) => seq));
          expect(stored.map((event) => event.seq)).toEqual(live.slice(since).map((event) => event.seq));
          const listener = stateAfter(live);
          expect(stateAfter([...live.slice(0, since), ...stored])).toEqual(listener);
          expect({
            metrics: store.metrics(0),
            checkpoints: byId(store.checkpoints()),
            evaluations: byId(store.evaluations()),
            skipped: store.notices().map(({ body }) => body),
            groups: byId(groupsOf(store)),
            commands: store.commands(),
          }).toEqual(listener);
        } finally {
          store.dispose();
        }
      }),
      { numRuns: 60 },
    );
  });
});

const byId = <T extends { id: string }>(records: T[]) => records.toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** What a client makes of events, written as plainly as can be. */
function stateAfter(events: readonly RunEvent[]) {
  const metrics = new Map<number, { step: number }>();
  const checkpoints = new Map<string, { id: string; step: number }>();
  const evaluations = new Map<string, { id: string; step: number }>();
  const groups = new Map<string, GroupWithRollouts>();
  const commands = new Map<string, { number: number }>();
  let skipped: { step: number }[] = [];
  for (const { body } of events) {
    if (body.type === 'step') metrics.set(body.metrics.step, body.metrics);
    if (body.type === 'group') groups.set(body.group.id, body.group);
    const told = toldOfAnswers(body);
    if (told !== null) for (const [id, group] of groups) groups.set(id, groupWithTold(group, told));
    if (body.type === 'checkpoint') checkpoints.set(body.checkpoint.id, body.checkpoint);
    if (body.type === 'checkpoint-removed') checkpoints.delete(body.id);
    if (body.type === 'evaluation') evaluations.set(body.evaluation.id, body.evaluation);
    if (body.type === 'command') commands.set(body.command.id, body.command);
    if (body.type === 'skipped') {
      skipped.push(body);
    }
    if (body.type === 'rewound') {
      const { toStep } = body;
      for (const held of [metrics, checkpoints, evaluations, groups] as Map<unknown, { step: number }>[]) {
        for (const [key, record] of held) if (record.step > toStep) held.delete(key);
      }
      skipped = skipped.filter((question) => question.step <= toStep);
    }
  }
  return {
    metrics: [...metrics.values()].sort((a, b) => a.step - b.step),
    checkpoints: byId([...checkpoints.values()]),
    evaluations: byId([...evaluations.values()]),
    skipped,
    groups: byId([...groups.values()]),
    commands: [...commands.values()].sort((a, b) => a.number - b.number),
  };
}

describe('annotations', () => {
  test('a flag counts on its rollout until it is taken back, and again when that is', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    store.append({ type: 'annotation', annotation: anAnnotation(1, 's1-g0-o0') });
    store.append({
      type: 'annotation',
      annotation: anAnnotation(2, 's1-g0-s0', { span: null, quote: '' }),
    });
    expect(store.annotations().map((annotation) => annotation.id)).toEqual(['1', '2']);
    expect(store.annotations('s1-g0-o0').map((annotation) => annotation.id)).toEqual(['1']);
    expect(listed(store, 'flagged').rows.map((row) => [row.id, row.flags])).toEqual([
      ['s1-g0-s0', 1],
      ['s1-g0-o0', 1],
    ]);
    store.append({ type: 'annotation-removed', id: '2' });
    expect(store.annotations().map((annotation) => annotation.id)).toEqual(['1']);
    expect(counted(store, 'flagged')).toMatchObject({ matching: 1, total: 3 });
    expect(thrownBy(() => store.append({ type: 'annotation-removed', id: '2' })).kind).toBe('not-found');
    store.append({ type: 'annotation', annotation: anAnnotation(2, 's1-g0-s0', { span: null, quote: '' }) });
    expect(store.annotations().map((annotation) => annotation.id)).toEqual(['1', '2']);
    expect(counted(store, 'flagged')).toMatchObject({ matching: 2, total: 3 });
  });

  test('a verdict is no flag, and is found by its author and by itself', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    const verdict = anAnnotation('v', 's1-g0-o0', { category: null, verdict: 'drop', span: null, author: 'Ada' });
    store.append({ type: 'annotation', annotation: verdict });
    expect(['flagged', 'flags>0', 'flag:other'].map((query) => found(store, query).length)).toEqual([0, 0, 0]);
    for (const query of ['verdict:drop', 'flagBy:ada', 'flagBy:ada verdict:drop'])
      expect(found(store, query), query).toEqual(['s1-g0-o0']);
    expect(found(store, 'verdict:keep')).toEqual([]);
  });

  test("a category of the project's own can be asked for", () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    store.append({ type: 'annotation', annotation: anAnnotation(1, 's1-g0-o0', { category: 'too-blurry' }) });
    expect(found(store, 'flag:too-blurry')).toEqual(['s1-g0-o0']);
  });

  test('a flag is found by its author and category as long as it stands on this text', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    store.append({
      type: 'annotation',
      annotation: anAnnotation(1, 's1-g0-o0', { author: 'Ada', category: 'format' }),
    });
    store.append({ type: 'annotation', annotation: anAnnotation(2, 's1-g0-o0', { author: 'bob', category: 'other' }) });
    const asked = ['flagBy:ADA', 'flagBy:bob', 'flag:format', 'flags:2', 'flag:other or flagBy:ada'];
    for (const query of asked) expect(found(store, query), query).toEqual(['s1-g0-o0']);
    store.append({ type: 'annotation-removed', id: '2' });
    expect(asked.map((query) => found(store, query).length)).toEqual([1, 0, 1, 0, 1]);
    const [first, ...others] = aGroup(1).rollouts;
    const again = aGroup(1, { rollouts: [{ ...first, text: 'another answer' } as typeof first & object, ...others] });
    store.append({ type: 'group', group: again });
    expect(asked.map((query) => found(store, query).length)).toEqual([0, 0, 0, 0, 0]);
    expect(found(store, 'not flagBy:ada')).toHaveLength(3);
  });

  test('a span outside of the text is refused', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    const beyond = anAnnotation(1, 's1-g0-o1', { span: { start: 0, end: 10_000 } });
    expect(thrownBy(() => store.append({ type: 'annotation', annotation: beyond })).kind).toBe('bad-request');
    expect(store.lastSeq()).toBe(0 + 1);
  });

  test('after a rewind a flag shows again when the same answer is made again, and not on another answer', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    store.append({ type: 'annotation', annotation: anAnnotation(1, 's1-g0-o0') });
    store.append({ type: 'rewound', toStep: 0 });
    expect(store.annotations()).toEqual([]);
    store.append({ type: 'group', group: aGroup(1) });
    expect(store.annotations()).toEqual([anAnnotation(1, 's1-g0-o0')]);
    expect(counted(store, 'flagged').matching).toBe(1);
    store.append({ type: 'rewound', toStep: 0 });
    store.append({
      type: 'group',
      group: aGroup(1, {
        rollouts: [aRollout({ id: 's1-g0-o0', groupId: 's1-g0', text: 'something else entirely, and longer' })],
      }),
    });
    expect(store.annotations()).toEqual([]);
    expect(counted(store, 'flagged').matching).toBe(0);
  });

  const emoji = '<think>🎬🎬 first red, then blue 🤦🏼‍♂️ so red is first.</think>\n<answer>A</answer>';
  const ofEmoji = (span: { start: number; end: number }) =>
    anAnnotation(1, 's1-g0-o0', { span, quote: emoji.slice(span.start, span.end) });
  const withEmoji = () => {
    const store = newStore();
    const group = aGroup(1);
    store.append({
      type: 'group',
      group: { ...group, rollouts: group.rollouts.map((rollout) => ({ ...rollout, text: emoji })) },
    });
    return store;
  };

  test('a span that ends inside a character is refused', () => {
    const store = withEmoji();
    for (const span of [
      { start: 8, end: 12 },
      { start: 7, end: 10 },
    ])
      expect(() => store.append({ type: 'annotation', annotation: ofEmoji(span) })).toThrow(
        expect.objectContaining({ kind: 'bad-request', message: expect.stringMatching(/splits the character at/) }),
      );
    expect(store.lastSeq()).toBe(1);
  });

  test('the export counts code points, and widens what an older version let end inside a character', () => {
    const store = withEmoji();
    const exported = () => JSON.parse(store.exportAnnotations().jsonl) as { text: string; span: object };
    store.append({ type: 'annotation', annotation: ofEmoji({ start: 23, end: 32 }) });
    expect(exported()).toMatchObject({ span: { start: 21, end: 30, unit: 'code points' }, quote: 'then blue' });
    expect([...exported().text].slice(21, 30).join('')).toBe('then blue');
    const split = JSON.stringify(ofEmoji({ start: 8, end: 10 }));
    databaseOf(store).run('UPDATE annotations SET body = ?', split);
    expect(exported()).toMatchObject({
      span: { start: 7, end: 9, unit: 'code points' },
      quote: '🎬🎬',
      spanNote: expect.stringMatching(/inside a character/),
    });
  });

  test('the export has one line a flag that stands on its own, void rollouts included', () => {
    const store = newStore();
    store.append({ type: 'group', group: aGroup(1) });
    store.append({ type: 'group', group: aGroup(2) });
    store.append({ type: 'annotation', annotation: anAnnotation(1, 's1-g0-o0', { note: 'line\nbreak' }) });
    store.append({ type: 'annotation', annotation: anAnnotation(2, 's2-g0-o0') });
    store.append({ type: 'rewound', toStep: 1 });
    const { jsonl, count } = store.exportAnnotations();
    expect(count).toBe(2);
    expect(jsonl.endsWith('\n')).toBe(true);
    const lines = jsonl
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const { solution, ...asked } = aQuestion();
    expect(lines).toEqual([
      {
        run: 'tgrpo-1',
        runName: 'tgrpo',
        id: '1',
        rolloutId: 's1-g0-o0',
        span: { start: 7, end: 28, unit: 'code points' },
        category: 'wrong-order',
        severity: 'major',
        verdict: null,
        note: 'line\nbreak',
        author: 'ada',
        at: '2024-02-29T12:30:15.250Z',
        quote: 'It goes to the right.',
        current: true,
        step: 1,
        order: 'ordered',
        answer: 'B',
        accuracy: 1,
        reward: 1,
        advantage: 0.5,
        text: '<think>It goes to the right.</think><answer>B</answer>',
        solution,
        question: asked,
        prompt: '<video> Which way does the red square move?',
      },
      expect.objectContaining({
        id: '2',
        step: 2,
        current: false,
        text: '<think>It goes to the right.</think><answer>B</answer>',
      }),
    ]);
  });
});

describe('trouble', () => {
  test('a run is not made twice in one folder, and a folder without one says so', () => {
    const folder = temporaryFolder();
    newStore(folder);
    expect(thrownBy(() => RunStore.create(folder, aRun())).kind).toBe('conflict');
    const missing = thrownBy(() => RunStore.open(join(folder, 'nowhere')));
    expect(missing.kind).toBe('not-found');
    expect(missing.place).toBe(join(folder, 'nowhere', storeFile));
  });

  test('a run that could not be made leaves nothing in the way of the next try', () => {
    const folder = temporaryFolder();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(() => RunStore.create(folder, { ...aRun(), parameters: circular as never })).toThrow(/circular/);
    expect(readdirSync(folder)).toEqual([]);
    const unfit = thrownBy(() => RunStore.create(folder, { ...aRun(), steps: 'many' as never }));
    expect(unfit).toMatchObject({ kind: 'internal', message: expect.stringMatching(/steps/) });
    expect(readdirSync(folder)).toEqual([]);
    newStore(folder);
  });

  test('a full disk is reported as such, leaves the log as it was, and the store works again with space', () => {
    const store = newStore();
    store.append({ type: 'step', metrics: someMetrics(1) });
    const pages = databaseOf(store).get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
    databaseOf(store).exec(`PRAGMA max_page_count = ${pages + 4}`);
    const big = (step: number) => aGroup(step, { prompt: 'x'.repeat(90_000) });
    const fault = thrownBy(() =>
      store.appendAll([
        { type: 'step', metrics: someMetrics(2) },
        { type: 'group', group: big(2) },
      ]),
    );
    expect(fault.kind).toBe('disk-full');
    expect(fault.place).toMatch(/run\.db$/);
    expect(store.lastSeq()).toBe(1);
    expect(store.metrics(0)).toEqual([someMetrics(1)]);
    databaseOf(store).exec('PRAGMA max_page_count = 1000000');
    expect(store.append({ type: 'group', group: big(2) }).seq).toBe(2);
  });

  test('after kill -9 in the middle of writing the database is whole and the numbers have no gap', async () => {
    const folder = temporaryFolder();
    const child = spawn(process.execPath, [join(import.meta.dirname, 'append-for-ever.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    for await (const chunk of child.stdout) {
      acknowledged = Number(String(chunk).trim().split('\n').at(-1));
      if (acknowledged >= 60) break;
    }
    child.kill('SIGKILL');
    if (child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const raw = new DatabaseSync(join(folder, storeFile));
    expect(raw.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    raw.exec("INSERT INTO rollout_words (rollout_words) VALUES ('integrity-check')");
    raw.close();
    const store = RunStore.open(folder);
    onTestFinished(() => store.dispose());
    const last = store.lastSeq();
    expect(last).toBeGreaterThanOrEqual(acknowledged);
    expect(store.events(0, last + 10).map((event) => event.seq)).toEqual(
      Array.from({ length: last }, (_, index) => index + 1),
    );
    const rollouts = groupsOf(store).length * 3;
    expect(counted(store)).toMatchObject({ matching: rollouts, total: rollouts });
    expect(store.append({ type: 'warning', message: 'back' }).seq).toBe(last + 1);
    // A step stands with what its update said, or neither does.
    const stepped = new Set(store.metrics().map(({ step }) => step));
    for (const { step, rollouts } of store.groups()) {
      expect(rollouts[0]?.kl).toBe(stepped.has(step) ? step : undefined);
      const { referenceLogprobs } = store.tokens(rollouts[0]?.id as string);
      expect(referenceLogprobs).toEqual(stepped.has(step) ? [-1, -1, -1, -1] : undefined);
    }
  });
});
