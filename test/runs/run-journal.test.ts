/** What is known of a run, written down and told. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../trainer/protocol/records.ts';
import { reduceRun } from '../../trainer/protocol/reduce-run.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { RunJournal } from '../../trainer/runs/run-journal.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { databaseOf, temporaryFolder } from '../store/folders.ts';
import { aGroup, aRun, someMetrics, someTokens } from '../store/records.ts';

let store: RunStore;
let events: RunEvent[];
let changes: RunSummary[];
let lines: string[];
let journal: RunJournal;
beforeEach(() => {
  store = RunStore.create(temporaryFolder(), aRun({ state: 'created' }));
  [events, changes, lines] = [[], [], []];
  journal = new RunJournal(store, {
    onEvent: (event) => events.push(event),
    onChanged: (run) => changes.push(run),
    log: (line) => lines.push(line),
  });
});
afterEach(() => {
  vi.useRealTimers();
  store.dispose();
});

describe('a journal', () => {
  it('knows what its events say, as everybody does who reads them from the start', () => {
    journal.stand({ state: 'running', doing: null }, { questions: 12 });
    journal.record({ type: 'step', metrics: someMetrics(1) });
    journal.setParameter('beta', 0.5);
    journal.record({ type: 'rewound', toStep: 0 });
    journal.stand({ state: 'stopped' });
    expect(events.reduce(reduceRun, aRun({ state: 'created' }))).toEqual(journal.summary);
    expect(store.summary()).toEqual(journal.summary);
    expect(journal.summary).toMatchObject({
      state: 'stopped',
      step: 0,
      questions: 12,
      parameters: { beta: 0.5 },
      seq: 5,
    });
    expect(journal.summary).not.toHaveProperty('doing');
    expect(changes.map(({ state }) => state)).toEqual(['running', 'running', 'stopped']);
  });

  it('writes a step and what its update computed together, and with a group the trainer’s log-probabilities where they are its own', async () => {
    const tokens = { ...someTokens(), ids: [5, 6, 6, 0] };
    const write = async (step: number, samplerIsTrainer: boolean) => {
      const group = aGroup(step);
      await journal.recordGroups([
        {
          ...{ group, promptTokens: { ids: [9], pieces: ['Which'] }, weighed: [] },
          tokens: new Map(
            group.rollouts.map(({ id }) => [
              id,
              samplerIsTrainer ? tokens : { ...tokens, trainerLogprobs: [-0.5, -0.25, -1.5, 0] },
            ]),
          ),
        },
      ]);
      const scored = { logprobs: Float32Array.of(-0.5, -0.25, -1.5, 0), refLogprobs: Float32Array.of(-1, -1, -1, -1) };
      const leftOut = { logprobs: null, refLogprobs: null };
      journal.recordStep(someMetrics(step), [
        { rolloutId: `s${step}-g0-o0`, ...scored },
        { rolloutId: `s${step}-g0-o1`, ...leftOut },
      ]);
    };
    await write(1, true);
    await write(2, false);
    expect(events.map(({ body }) => body.type)).toEqual(['group', 'references', 'step', 'group', 'references', 'step']);
    expect(journal.summary.step).toBe(2);
    expect(store.tokens('s1-g0-o0')).toMatchObject({ referenceLogprobs: [-1, -1, -1, -1] });
    expect(store.tokens('s1-g0-o0')).not.toHaveProperty('trainerLogprobs');
    expect(store.tokens('s2-g0-o0')).toMatchObject({ trainerLogprobs: [-0.5, -0.25, -1.5, 0] });
    expect(store.tokens('s1-g0-o1').missing?.trainerLogprobs).toMatch(/left out of the update/);
    expect(store.tokens('s2-g0-o1')).toMatchObject({ trainerLogprobs: [-0.5, -0.25, -1.5, 0] });
    // k3 of -0.5, -0.75, 0.5 and -1: exp(d) - d - 1 of each, in the mean.
    const k3 = [-0.5, -0.75, 0.5, -1].map((d) => Math.exp(d) - d - 1);
    const [first, second] = store.group('s1-g0').rollouts;
    expect(first?.kl).toBeCloseTo(k3.reduce((sum, value) => sum + value) / 4, 12);
    expect(second?.kl).toBeNull();
    expect(store.prompt('s1-g0')).toMatchObject({ ids: [9], pieces: ['Which'], missing: null });
  });

  it('tells a state that a full disk does not hold, says that it is not stored, and is stored with the next', () => {
    const database = databaseOf(store);
    database.exec('PRAGMA max_page_count = 1');
    const text = 'x'.repeat(100_000);
    journal.stand({ state: 'running', doing: text });
    expect(changes.at(-1)).toMatchObject({ state: 'running', doing: text, seq: 0 });
    expect(lines).toEqual([expect.stringMatching(/the state running is not stored: .*No space is left/s)]);
    expect(store.summary().state).toBe('created');
    database.exec('PRAGMA max_page_count = 1000000');
    journal.stand({ state: 'completed' });
    expect(store.summary()).toEqual(journal.summary);
  });

  it('tells progress four times a second at most, only of a run that computes, and its end and what begins always', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    journal.stand({ state: 'evaluating', doing: null });
    changes.length = 0;
    for (const [ms, text] of [
      [0, 'a'],
      [100, 'b'],
      [149, 'c'],
      [1, 'd'],
      [350, 'e'],
    ] as const) {
      vi.advanceTimersByTime(ms);
      journal.tellProgress(text);
    }
    expect(changes.map((run) => 'doing' in run && run.doing)).toEqual(['a', 'd', 'e']);
    expect([journal.shown, journal.summary]).toMatchObject([{ doing: 'e' }, { doing: null }]);
    journal.endProgress();
    expect(journal.shown).toEqual(journal.summary);
    expect(changes.at(-1)).toMatchObject({ doing: null });
    journal.tellPart('new');
    journal.tellPart('newer');
    expect(changes.slice(-2).map((run) => 'doing' in run && run.doing)).toEqual(['new', 'newer']);
    journal.stand({ state: 'stopped' });
    changes.length = 0;
    vi.advanceTimersByTime(1000);
    journal.tellProgress('f');
    expect(changes).toEqual([]);
    expect(events).toHaveLength(2);
  });

  it('refuses a parameter that there is not', () => {
    expect(() => journal.setParameter('learnRate', 1)).toThrow(expect.objectContaining({ kind: 'bad-request' }));
  });
});
