import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Interrupted } from '../../trainer/learning/training.ts';
import type { CommandRecord } from '../../trainer/protocol/commands.ts';
import type { RunState } from '../../trainer/protocol/run-state.ts';
import { Steering, settingRefusal } from '../../trainer/runs/steering.ts';

/** A steering with everything it does written down. */
function harness() {
  const records: CommandRecord[] = [];
  const states: RunState[] = [];
  const values = new Map<string, unknown>([['learningRate', 1]]);
  let id = 0;
  const steering = new Steering('tgrpo', {
    nextCommandId: () => ++id,
    record: (record) => records.push(record),
    setState: (state) => states.push(state),
    save: async () => 'saved',
    evaluate: async () => {
      throw new Error('no dataset');
    },
    setParameter: (name, value) => {
      const old = values.get(name);
      values.set(name, value);
      return old;
    },
    parameter: (name) => values.get(name),
    interruptSampling: () => states.push('stopping'),
  });
  return { steering, records, states, values, last: () => records.at(-1) as CommandRecord };
}

describe('Steering', () => {
  it('pauses at the next safe point, holds the loop there, and goes on at resume', async () => {
    const { steering, states, last } = harness();
    expect(steering.request({ kind: 'pause', release: false }, 'me').state).toBe('scheduled');
    let passed = false;
    const loop = steering.at('after-sampling', 3).then(() => {
      passed = true;
    });
    await Promise.resolve();
    expect(states).toEqual(['pausing', 'paused']);
    expect(last()).toMatchObject({ state: 'applied', safePoint: 'after-sampling', step: 3 });
    expect(passed).toBe(false);
    steering.request({ kind: 'resume' }, 'me');
    await loop;
    expect(states.at(-1)).toBe('running');
  });

  it('applies a parameter at before-step and nowhere else, with old and new value', async () => {
    const { steering, values, last } = harness();
    steering.request({ kind: 'set', parameter: 'learningRate', value: 0.5 }, 'me');
    for (const point of ['after-sampling', 'before-update', 'after-update'] as const) await steering.at(point, 7);
    expect(values.get('learningRate')).toBe(1);
    expect(last().state).toBe('scheduled');
    await steering.at('before-step', 8);
    expect(values.get('learningRate')).toBe(0.5);
    expect(last()).toMatchObject({ state: 'applied', oldValue: 1, newValue: 0.5, step: 8, safePoint: 'before-step' });
  });

  it('rejects what can not be done, and says why', () => {
    const { steering } = harness();
    const why = (request: Parameters<typeof steering.request>[0]) => steering.request(request, 'me');
    expect(why({ kind: 'set', parameter: 'learnRate', value: 1 })).toMatchObject({
      state: 'rejected',
      note: expect.stringContaining('learningRate'),
    });
    expect(why({ kind: 'set', parameter: 'groupSize', value: 4 })).toMatchObject({
      state: 'rejected',
      note: expect.stringContaining('fixed'),
    });
    expect(why({ kind: 'set', parameter: 'learningRate', value: 'fast' }).state).toBe('rejected');
    expect(why({ kind: 'resume' })).toMatchObject({ state: 'rejected', note: 'the run is running' });
    expect(why({ kind: 'step', count: 1 }).state).toBe('rejected');
  });

  it('ends a stop after the step at its end, not in its middle', async () => {
    const { steering } = harness();
    steering.request({ kind: 'stop', when: 'after-step' }, 'me');
    await steering.at('after-sampling', 4);
    await steering.at('before-update', 4);
    await expect(steering.at('after-update', 4)).rejects.toBeInstanceOf(Interrupted);
    expect(steering.ending).toBe('stopped');
    expect(steering.request({ kind: 'save' }, 'me').state).toBe('rejected');
  });

  it('ends a stop now at any point and interrupts sampling', async () => {
    const { steering, states } = harness();
    steering.request({ kind: 'stop', when: 'now' }, 'me');
    expect(states).toContain('stopping');
    await expect(steering.at('after-sampling', 4)).rejects.toBeInstanceOf(Interrupted);
  });

  it('steps once from a pause, then pauses again before the next step', async () => {
    const { steering, states } = harness();
    steering.request({ kind: 'pause', release: false }, 'me');
    const first = steering.at('before-step', 5);
    await Promise.resolve();
    steering.request({ kind: 'step', count: 1 }, 'me');
    await first;
    await steering.at('after-sampling', 5);
    await steering.at('after-update', 5);
    const second = steering.at('before-step', 6);
    await Promise.resolve();
    expect(states.at(-1)).toBe('paused');
    steering.request({ kind: 'resume' }, 'me');
    await second;
  });

  it('reports a command that fails as failed and goes on', async () => {
    const { steering, last } = harness();
    steering.request({ kind: 'evaluate' }, 'me');
    await steering.at('before-step', 1);
    expect(last()).toMatchObject({ state: 'failed', note: expect.stringContaining('no dataset') });
  });

  it('gives every command exactly one end, in whatever order they come', async () => {
    const kinds = fc.constantFrom('pause', 'resume', 'save', 'set', 'step', 'stop') as fc.Arbitrary<
      'pause' | 'resume' | 'save' | 'set' | 'step' | 'stop'
    >;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(kinds, fc.integer({ min: 0, max: 3 })), { maxLength: 20 }), async (plan) => {
        const { steering, records } = harness();
        const points = ['before-step', 'after-sampling', 'before-update', 'after-update'] as const;
        let ended = false;
        let waiting: Promise<void> = Promise.resolve();
        for (const [kind, place] of plan) {
          if (kind === 'set') steering.request({ kind, parameter: 'learningRate', value: 0.1 }, 'me');
          else if (kind === 'stop') steering.request({ kind, when: 'after-step' }, 'me');
          else if (kind === 'step') steering.request({ kind, count: 1 }, 'me');
          else if (kind === 'pause') steering.request({ kind, release: false }, 'me');
          else steering.request({ kind }, 'me');
          if (!steering.isPaused && !ended) {
            waiting = steering.at(points[place] as (typeof points)[number], 1).catch(() => {
              ended = true;
            });
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        steering.abandon('over');
        const ids = new Set(records.map((record) => record.id));
        for (const id of ids) {
          const states = records.filter((record) => record.id === id).map((record) => record.state);
          expect(states[0]).toBe('requested');
          expect(states.filter((state) => ['applied', 'rejected', 'failed'].includes(state))).toHaveLength(1);
        }
        void waiting;
      }),
      { numRuns: 200 },
    );
  });
});

describe('settingRefusal', () => {
  it('knows which parameters a method has', () => {
    expect(settingRefusal('grpo', 'alpha', 0.2)).toContain('grpo');
    expect(settingRefusal('tgrpo', 'alpha', 0.2)).toBeNull();
  });
});
