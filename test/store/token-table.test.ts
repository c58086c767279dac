/** What is kept token by token is read back whole, and what is not there says why. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { GroupWithRollouts, RolloutTokens } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import type { UpdateScores } from '../../trainer/store/token-table.ts';
import { found, listed } from './asking.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import { aGroup, aRollout, aRun, someMetrics, someTokens } from './records.ts';

const running = { state: 'running', doing: null } as const;

function newStore(run: RunSummary = aRun(running)): RunStore {
  const store = RunStore.create(temporaryFolder(), run);
  onTestFinished(() => store.dispose());
  return store;
}

/** Two likeliest at each of four places; numbers that 32-bit floats hold exactly. */
const alternatives = [5, 6, 5, 7].map((id) => [
  { id, piece: `piece ${id}`, logprob: -0.25 },
  { id: 0, piece: '<|im_end|>', logprob: -2.5 },
]);
const trainerLogprobs = [-0.5, -0.125, -1.5, 0];
const wholeTokens = (): RolloutTokens => ({ ...someTokens(), ids: [5, 6, 6, 0], alternatives, trainerLogprobs });
/** Where sampler and trainer are one program. */
const bySampler = (): RolloutTokens => {
  const { trainerLogprobs: _, ...tokens } = wholeTokens();
  return tokens;
};
const prompt = { ids: [9, 8, 8, 8, 4], pieces: ['<|im_start|>', '<|pad|>', '<|pad|>', '<|pad|>', 'Which'] };
const scores = (given: Partial<UpdateScores> = {}): UpdateScores => ({
  isLeftOut: false,
  reference: [-0.75, -0.25, -1, -0.5],
  ...given,
});

/** Writes a group with the tokens of all its rollouts. */
function writeGroup(store: RunStore, group: GroupWithRollouts, tokens: RolloutTokens = wholeTokens()): void {
  store.append(
    { type: 'group', group },
    {
      tokens: new Map(group.rollouts.map(({ id }) => [id, tokens])),
      prompts: new Map([[group.id, prompt]]),
    },
  );
}

/** Records a step with what its update said of the ordered answers of its group. */
function writeStep(store: RunStore, step: number, kl: (number | null)[], said: UpdateScores = scores()): void {
  const ids = kl.map((_, i) => `s${step}-g0-o${i}`);
  store.appendAll(
    [
      { type: 'references', step, kl: Object.fromEntries(ids.map((id, i) => [id, kl[i] as number | null])) },
      { type: 'step', metrics: someMetrics(step) },
    ],
    { scores: new Map(ids.map((id) => [id, said])) },
  );
}

describe('a rollout with all its tokens', () => {
  test('is read back with ids, alternatives and what the update computed, and misses nothing', () => {
    const store = newStore();
    writeGroup(store, aGroup(1));
    writeStep(store, 1, [0.5, 0.25]);
    expect(store.tokens('s1-g0-o0')).toEqual({
      ...wholeTokens(),
      referenceLogprobs: [-0.75, -0.25, -1, -0.5],
      missing: {},
    });
    expect(store.prompt('s1-g0')).toEqual({ text: aGroup(1).prompt, ...prompt, missing: null });
  });

  test('holds the text of each alternative once for the run', () => {
    const store = newStore();
    for (const step of [1, 2]) writeGroup(store, aGroup(step));
    expect(databaseOf(store).all('SELECT id, piece FROM token_pieces ORDER BY id')).toEqual([
      { id: 0, piece: '<|im_end|>' },
      ...[5, 6, 7].map((id) => ({ id, piece: `piece ${id}` })),
    ]);
  });

  test('forgets what an update said when its group is sampled again', () => {
    const store = newStore();
    writeGroup(store, aGroup(1));
    writeStep(store, 1, [0.5, 0.25]);
    writeGroup(store, aGroup(1));
    expect(store.tokens('s1-g0-o0')).not.toHaveProperty('referenceLogprobs');
    expect(store.group('s1-g0')).toEqual(aGroup(1));
    expect(found(store, 'kl >= 0')).toEqual([]);
  });

  test('leaves nothing behind when its group comes again without it', () => {
    const store = newStore();
    writeGroup(store, aGroup(1));
    writeStep(store, 1, [0.5, 0.25]);
    store.append({ type: 'group', group: aGroup(1, { rollouts: [aRollout({ id: 's1-g0-o0', groupId: 's1-g0' })] }) });
    for (const table of ['tokens', 'token_scores'])
      expect(databaseOf(store).all(`SELECT rollout_key FROM ${table}`)).toHaveLength(1);
  });
});

describe('the mean KL', () => {
  test('stands in its group, in the list and in the query language once the update is recorded, with every digit', () => {
    const store = newStore();
    writeGroup(store, aGroup(1));
    writeGroup(store, aGroup(2));
    expect(store.group('s1-g0').rollouts[0]).not.toHaveProperty('kl');
    writeStep(store, 1, [0.1 + 0.2, 1 / 3]);
    expect(store.group('s1-g0').rollouts.map(({ kl }) => kl)).toEqual([0.1 + 0.2, 1 / 3, undefined]);
    expect(listed(store, 'step:1').rows.map(({ kl }) => kl)).toEqual([null, 1 / 3, 0.1 + 0.2]);
    expect(found(store, 'kl:0.3')).toEqual(['s1-g0-o0']);
    expect(found(store, 'kl > 0.3')).toEqual(['s1-g0-o1']);
  });

  test('is null where no reference was asked', () => {
    const store = newStore();
    writeGroup(store, aGroup(1));
    writeStep(store, 1, [null, null], scores({ reference: null }));
    expect(store.group('s1-g0').rollouts[0]).toMatchObject({ kl: null });
    expect(found(store, 'kl >= 0')).toEqual([]);
  });

  test('is refused for a rollout that is not there, with the step beside it', () => {
    const store = newStore();
    expect(() => writeStep(store, 1, [0.5])).toThrow('There is no rollout s1-g0-o0');
    expect(store.metrics()).toEqual([]);
    expect(store.lastSeq()).toBe(0);
  });

  test('is told by an event that reads the same to who listens and to who comes later', () => {
    const store = newStore();
    writeGroup(store, aGroup(1));
    writeStep(store, 1, [0.5, 0.25]);
    const later = store.events(0, 10);
    expect(later.map(({ body }) => body.type)).toEqual(['group', 'references', 'step']);
    expect(later[0]?.body).toEqual({ type: 'group', group: store.group('s1-g0') });
    expect(later[1]?.body).toEqual({ type: 'references', step: 1, kl: { 's1-g0-o0': 0.5, 's1-g0-o1': 0.25 } });
  });

  test('goes with its step when the run goes back, and both times are kept apart', () => {
    const store = newStore();
    for (const step of [1, 2]) {
      writeGroup(store, aGroup(step));
      writeStep(store, step, [0.5, 0.25]);
    }
    store.append({ type: 'rewound', toStep: 1 });
    expect(store.events(0, 10).map(({ body }) => body.type)).toEqual([
      ...['group', 'references', 'step', 'rewound', 'rewound', 'rewound', 'rewound'],
    ]);
    writeGroup(store, aGroup(2));
    expect(store.tokens('s2-g0-o0')).not.toHaveProperty('referenceLogprobs');
    writeStep(store, 2, [0.75, 0.75]);
    expect(store.group('s2-g0').rollouts[0]?.kl).toBe(0.75);
    expect(store.group('s2-g0~1').rollouts[0]?.kl).toBe(0.5);
    expect(store.tokens('s2-g0-o0~1').referenceLogprobs).toEqual([-0.75, -0.25, -1, -0.5]);
    expect(store.prompt('s2-g0~1').ids).toEqual(prompt.ids);
    expect(found(store, 'kl >= 0').sort()).toEqual(['s1-g0-o0', 's1-g0-o1', 's2-g0-o0', 's2-g0-o1']);
  });
});

describe('what is missing', () => {
  const whyOf = (store: RunStore, id: string) => store.tokens(id).missing;

  test('says that an update is still to come, that it never came, or that the run went back before it', () => {
    const store = newStore(aRun({ ...running, step: 0 }));
    writeGroup(store, aGroup(1));
    expect(whyOf(store, 's1-g0-o0')?.referenceLogprobs).toBe('The update of step 1 is not made yet.');
    const held = { state: 'paused', at: { point: 'before-update', step: 1 }, why: null, fault: null } as const;
    store.append({ type: 'state', run: aRun({ ...held, memory: 'held' }) });
    expect(whyOf(store, 's1-g0-o0')?.referenceLogprobs).toBe('The update of step 1 is not made yet.');
    store.append({ type: 'state', run: aRun({ state: 'stopped' }) });
    const ended = 'The run ended before the update of step 1.';
    expect(whyOf(store, 's1-g0-o0')).toEqual({ referenceLogprobs: ended });
    store.append({ type: 'rewound', toStep: 0 });
    expect(whyOf(store, 's1-g0-o0~1')?.referenceLogprobs).toBe('The run went back before the update of step 1.');
  });

  test('says that answers on shuffled frames, of an evaluation and of a probe are not trained on', () => {
    const store = newStore();
    writeGroup(store, aGroup(1));
    writeGroup(store, aGroup(1, { id: 'e0-0', purpose: 'evaluation' }));
    writeGroup(store, aGroup(1, { id: 'p1-0', purpose: 'probe' }), bySampler());
    expect(whyOf(store, 's1-g0-s0')?.referenceLogprobs).toMatch(/shuffled frames are never trained on/);
    expect(whyOf(store, 'e0-0-o0')?.referenceLogprobs).toMatch(/evaluation are not trained on/);
    expect(whyOf(store, 'p1-0-o0')?.trainerLogprobs).toMatch(/during SFT/);
  });

  test('says that no reference was asked, that the sampler is the trainer, or that the group was left out', () => {
    const store = newStore();
    writeGroup(store, aGroup(1), bySampler());
    expect(whyOf(store, 's1-g0-o0')?.trainerLogprobs).toMatch(/computes as the trainer does/);
    writeStep(store, 1, [null, null], scores({ reference: null }));
    expect(whyOf(store, 's1-g0-o0')).toEqual({
      referenceLogprobs: 'The KL weight β was 0, so no reference was asked.',
      trainerLogprobs: expect.stringContaining('computes as the trainer does'),
    });
    writeGroup(store, aGroup(2), bySampler());
    writeStep(store, 2, [null, null], { isLeftOut: true, reference: null });
    const flat =
      'It was left out of the update: with its flat group (skipFlatGroups, fillFlatGroups), or because it was flagged (maskFlagged).';
    expect(whyOf(store, 's2-g0-o0')).toEqual({ referenceLogprobs: flat, trainerLogprobs: flat });
  });

  test('says that nobody told the entropy', () => {
    const store = newStore();
    const { entropy: _, ...tokens } = wholeTokens();
    writeGroup(store, aGroup(1), tokens);
    expect(store.tokens('s1-g0-o0')).not.toHaveProperty('entropy');
    expect(whyOf(store, 's1-g0-s0')?.entropy).toMatch(/tells none while it samples/);
  });

  test('says that alternatives were not asked for', () => {
    const store = newStore();
    const { alternatives: _, ...tokens } = wholeTokens();
    store.append({ type: 'group', group: aGroup(1) }, { tokens: new Map([['s1-g0-o0', tokens]]) });
    expect(whyOf(store, 's1-g0-o0')?.alternatives).toMatch(/alternatives is 0/);
  });

  test('says of a run of an older version that it was not kept then', () => {
    const folder = temporaryFolder();
    copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'store-schema-1.db'), join(folder, storeFile));
    const store = RunStore.open(folder);
    onTestFinished(() => store.dispose());
    const raw = new DatabaseSync(join(folder, storeFile));
    onTestFinished(() => raw.close());
    const ids = raw.prepare('SELECT r.id FROM rollouts r JOIN tokens t ON t.rollout_key = r.key').all();
    expect(ids.length).toBeGreaterThan(0);
    const why = 'It was recorded before this was kept.';
    for (const { id } of ids)
      expect(whyOf(store, String(id))).toEqual({
        ...{ ids: why, trainerLogprobs: why, referenceLogprobs: why, alternatives: why },
      });
    const group = listed(store).rows[0]?.groupId as string;
    expect(store.prompt(group)).toEqual({ text: store.group(group).prompt, ids: null, pieces: null, missing: why });
  });
});
