/** Every command in every state of a run: taken, or refused with exactly this sentence. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { presetParameters } from '../../trainer/learning/presets.ts';
import {
  type CommandKind,
  commandKinds,
  commandRecord,
  commandRequest,
  commands,
  deleteRefusal,
  hasEnded,
  isDue,
  pointOf,
  refusal,
  settingRefusal,
} from '../../trainer/protocol/commands.ts';
import type { Method } from '../../trainer/protocol/parameters.ts';
import { runStates, type SafePoint, type Standing, safePoint } from '../../trainer/protocol/run-state.ts';
import { aRunThat, everyRequest, everyRun, everyStanding, requestName, standingName } from './every-standing.ts';

const taken = null;
const complete = 'the run is complete; raise its steps to go on';
const noModel = 'no model is in memory; the last checkpoint holds all there is';
const fromAPause = 'steps are counted from a pause: pause first';

/** `set` where it is taken: its own rules decide. */
const set = {
  'set learningRate to 0.00001': taken,
  'set learningRate to fast': 'learning rate must be a number, not the text "fast"',
  'set learnRate to 0.00001': 'there is no parameter learnRate; the nearest is learningRate',
  'set groupSize to 4': 'ordered a question is fixed when the run is created',
};
const noSet = (why: string) => Object.fromEntries(Object.keys(set).map((name) => [name, why]));
/** In every state alike. */
/** Checkpoints lie on the disk, whatever is in memory. */
const shelved = ({ state }: Standing) => ({
  ...{ 'pin 3': taken, 'unpin 3': taken },
  'remove-checkpoint 3': state === 'starting' ? 'the run is starting, from a checkpoint' : taken,
});
const breaks = {
  'break add any(aha >= 4)': taken,
  'break disable 7': 'there is no breakpoint 7; the run has none',
};
const pauses = (hold: string | null, release: string | null) => ({ pause: hold, 'pause and release': release });
const steps = (why: string | null) => ({ 'step 1': why, 'step 5': why });
const runsTo = (why: string | null, past = why) => ({
  'run-to before-update': why,
  'run-to before-step of 3': past,
});
const past = 'step 3 is done';
/** Of step 4, which is under way. */
const corrects = (why: string | null) => ({
  'mask of step 4': why,
  'rescore of step 4': why,
});
/** Where it may be asked something else from the next step on. */
const skips = { skip: taken, 'ask again': 'row 7 is not skipped' };
const stops = (afterStep: string | null, now: string | null) => ({ 'stop after-step': afterStep, 'stop now': now });
const all = (why: string) => ({
  ...{
    start: why,
    queue: why,
    dequeue: 'the run is not queued',
    resume: why,
    save: why,
    evaluate: why,
    'read-labels': why,
  },
  ...{ ...pauses(why, why), ...steps(why), ...runsTo(why), ...stops(why, why), ...noSet(why) },
  ...{ ...corrects(why), skip: why, 'ask again': why, mix: why },
});

const created = {
  ...all('the run has not been started'),
  ...{ start: taken, queue: taken, evaluate: taken, ...steps(taken), ...runsTo(taken, past), ...set, ...skips },
};
const queued = {
  ...all('the run is queued: start it, or take it off the queue first'),
  ...{ start: taken, queue: 'the run is queued already', dequeue: taken, ...set, ...skips },
};
const starting = {
  ...all('the run is starting; no model is loaded yet'),
  ...{ start: 'the run is starting already', resume: 'the run is starting already' },
  ...{ ...pauses(taken, taken), ...stops(taken, taken), ...set, ...skips },
};
const running = {
  ...all('the run is running already'),
  ...{ start: 'the run is running already', resume: 'the run is running already', save: taken, evaluate: taken },
  'read-labels': taken,
  ...{ ...pauses(taken, taken), ...steps(fromAPause), ...runsTo(taken, past), ...stops(taken, taken), ...set },
  ...{ ...corrects(taken), ...skips, mix: taken },
};
const pausing = {
  ...all('the run is pausing'),
  ...{ start: 'the run is pausing', resume: taken, save: taken, evaluate: taken, 'read-labels': taken },
  ...runsTo(taken, past),
  ...{ ...steps('steps are counted from a pause, and it is still pausing'), ...stops(taken, taken), ...set },
  ...{ ...corrects(taken), ...skips, mix: taken },
};
const held = {
  ...all('the run is paused'),
  ...{ queue: 'the run is paused in memory: resume it, or stop it first', resume: taken, save: taken, evaluate: taken },
  'read-labels': taken,
  ...{ ...pauses('the run is paused already', taken), ...steps(taken), ...runsTo(taken, past), ...stops(taken, taken) },
  ...set,
  ...{ ...corrects(taken), ...skips, mix: taken },
};
const free = 'the run is paused and its memory is free';
const atRest = (why: string) => ({
  ...all(why),
  ...{
    queue: taken,
    resume: taken,
    save: noModel,
    evaluate: taken,
    ...steps(taken),
    ...runsTo(taken, past),
    ...set,
    ...skips,
  },
});

/** By standing, then by command; of a T-GRPO run with steps to do and questions to be evaluated on, and alone. */
const table: Record<string, Record<string, string | null>> = {
  created,
  'queued, created before': queued,
  'queued, failed before': queued,
  starting,
  'starting, loading the model': starting,
  running,
  'running, 2 steps, then pause': running,
  pausing: { ...pausing, ...pauses('the run is pausing already', taken) },
  'pausing to release': { ...pausing, ...pauses('the run is pausing already', 'the run is pausing already') },
  'paused before-step held': held,
  'paused sampling held': held,
  'paused after-sampling held': held,
  'paused before-update held': held,
  'paused after-update held': held,
  'paused after-update released': {
    ...atRest('the run is paused'),
    'read-labels': 'no model is in memory; resume the run, then read the labels',
    ...pauses(free, free),
    ...stops(taken, taken),
    ...corrects('nothing of the step is in memory'),
    mix: 'its questions are not in memory; resume the run, then change the mix',
  },
  'stopping after-step': { ...all('the run is stopping'), ...stops('the run is stopping already', taken) },
  'stopping now': {
    ...all('the run is stopping'),
    ...stops('the run is stopping already', 'the run is stopping already'),
  },
  stopped: atRest('the run is stopped'),
  evaluating: { ...all('the run is being evaluated'), ...stops(taken, taken) },
  'evaluating, evaluating 3 of 16 questions': { ...all('the run is being evaluated'), ...stops(taken, taken) },
  completed: atRest('the run is complete'),
  failed: atRest('the run is failed'),
};

describe('a command', () => {
  it('is walked through in every form and every state', () => {
    expect(new Set(everyStanding.map(({ state }) => state))).toEqual(new Set(runStates));
    expect(new Set(everyRequest.map(({ kind }) => kind))).toEqual(new Set(commandKinds));
    expect(Object.keys(table).sort()).toEqual(everyStanding.map(standingName).sort());
  });

  it.each(everyStanding.map((standing) => [standingName(standing), standing] as const))(
    'of a run that is %s is taken, or refused with its sentence',
    (name, standing) => {
      const run = aRunThat(standing);
      const answers = everyRequest.map((request) => [requestName(request), refusal(request, run, [run])]);
      expect(Object.fromEntries(answers)).toEqual({ ...table[name], ...breaks, ...shelved(standing) });
    },
  );

  it('that would train is refused where all steps are done, but for the resume of one that was not found complete', () => {
    for (const standing of everyStanding) {
      const [open, done] = [aRunThat(standing), aRunThat(standing, { step: 100 })];
      for (const request of everyRequest) {
        // A step is what these are about, and it is done.
        if (request.kind === 'mask' || request.kind === 'rescore') continue;
        const whenOpen = refusal(request, open, [open]);
        const goesOn = request.kind === 'resume' || request.kind === 'queue';
        const trains =
          request.kind === 'step' || request.kind === 'run-to' || (goesOn && standing.state === 'completed');
        expect([requestName(request), refusal(request, done, [done])]).toEqual([
          requestName(request),
          whenOpen === null && trains ? complete : whenOpen,
        ]);
      }
    }
  });

  it('to pause at a safe point is taken where the run comes to it, sooner or later than another pause', () => {
    const asked = (at: SafePoint, standing: Standing, more: { release?: boolean; method?: Method } = {}) => {
      const { release = false, method = 'tgrpo' } = more;
      const run = aRunThat(standing, { method });
      return refusal({ kind: 'pause', release, at }, run, [run]);
    };
    const running = { state: 'running', doing: null } as const;
    for (const at of safePoint.options) expect(asked(at, running)).toBeNull();
    expect(asked('after-sampling', running, { method: 'sft' })).toBe(
      'SFT draws no answers, so it never comes to after-sampling',
    );
    expect(asked('before-update', running, { method: 'sft' })).toBeNull();
    expect(asked('before-update', running, { release: true })).toBe(
      'memory is freed between two steps, and before-update is inside one',
    );
    const pausingThere = { state: 'pausing', release: false, at: 'before-update' } as const;
    expect(asked('before-update', pausingThere)).toBe('the run is pausing already');
    expect(asked('before-step', pausingThere)).toBeNull();
    const run = aRunThat(pausingThere);
    expect(refusal({ kind: 'pause', release: false }, run, [run])).toBeNull();
  });

  it('to evaluate is refused where the run file names no questions', () => {
    for (const standing of everyStanding) {
      const without = aRunThat(standing, { evaluationDataset: null });
      const whenNamed = table[standingName(standing)]?.evaluate;
      expect(refusal({ kind: 'evaluate' }, without, [without])).toBe(
        whenNamed === null ? 'its run file names no evaluationDataset' : whenNamed,
      );
    }
  });

  it('to change answers is taken of the step under way alone, and of no run that draws none', () => {
    const asked = (step: number, method: Method = 'tgrpo') => {
      const run = aRunThat({ state: 'running', doing: null }, { method });
      return refusal({ kind: 'mask', step, rollouts: ['s4-0-o0'], masked: true, why: 'w' }, run, [run]);
    };
    expect([asked(3), asked(4), asked(5)]).toEqual([
      ...['the update of step 3 is made', taken, 'step 5 has not begun; step 4 is under way'],
    ]);
    expect(asked(4, 'sft')).toBe('SFT trains on texts that are given, and draws no answers');
  });

  it('to read labels is taken by a run that obeys them and is in memory', () => {
    const parameters = presetParameters('sample', 'sft');
    const asked = (standing: (typeof everyStanding)[number], obeyLabels: boolean) => {
      const run = aRunThat(standing, { method: 'sft', parameters: { ...parameters, obeyLabels } });
      return refusal({ kind: 'read-labels' }, run, [run]);
    };
    const takers = everyStanding.filter((standing) => asked(standing, true) === null).map(standingName);
    expect(takers).toEqual([
      ...['running', 'running, 2 steps, then pause', 'pausing', 'pausing to release', 'paused before-step held'],
      ...[
        'paused sampling held',
        'paused after-sampling held',
        'paused before-update held',
        'paused after-update held',
      ],
    ]);
    expect(asked({ state: 'running', doing: null }, false)).toBe(
      'obey labels is off, and fixed when the run is created',
    );
  });

  it('that computes is refused while another run does, with its name and what to do; the others are not', () => {
    const other = (state: (typeof everyStanding)[number]) => aRunThat(state, { id: 'sft-1', name: 'sft' });
    const computing = ['starting', 'running', 'pausing', 'stopping', 'evaluating'];
    const computes: CommandKind[] = ['start', 'resume', 'step', 'run-to', 'evaluate'];
    for (const standing of everyStanding) {
      const run = aRunThat(standing);
      for (const theirs of everyStanding) {
        for (const request of everyRequest) {
          const alone = refusal(request, run, [run]);
          const inTheWay = alone === null && computing.includes(theirs.state) && computes.includes(request.kind);
          const canWait =
            (request.kind === 'start' && standing.state === 'created') ||
            (request.kind === 'resume' && table[standingName(standing)]?.queue === taken);
          expect(refusal(request, run, [run, other(theirs)])).toBe(
            inTheWay
              ? `${other(theirs).id} is ${theirs.state}; pause or stop it first${canWait ? ', or queue this run' : ''}`
              : alone,
          );
        }
      }
    }
  });

  it('says whose parameter it is when a method has no such one', () => {
    expect(settingRefusal('grpo', 'alpha', 0.2)).toBe('alpha has no meaning for grpo');
    expect(settingRefusal('tgrpo', 'alpha', 0.2)).toBeNull();
    expect(settingRefusal('sft', 'topP', 2)).toBe('top-p must be at most 1, not 2');
    // So that a step comes to its end.
    expect(settingRefusal('grpo', 'updatesPerSampling', 101)).toBe('updates a sampling must be at most 100, not 101');
  });

  it('is refused by a clause that reads on from "because", without a full stop of its own', () => {
    for (const run of everyRun) {
      for (const request of everyRequest) {
        const why = refusal(request, run, [run]);
        if (why !== null) expect(why).toMatch(/^[a-z][^\n]*[^.]$/);
      }
    }
  });
});

describe('where a command takes effect', () => {
  const at = (request: (typeof everyRequest)[number], isHeld: boolean) =>
    safePoint.options.filter((point) => isDue(request, point, isHeld));
  const everywhere = [...safePoint.options];
  const between: SafePoint[] = ['before-step', 'after-update'];

  it.each([
    ['queue', everywhere, everywhere],
    ['dequeue', everywhere, everywhere],
    ['pause', everywhere, everywhere],
    ['pause and release', between, everywhere],
    ['resume', everywhere, everywhere],
    ['step 1', everywhere, everywhere],
    ['stop after-step', between, everywhere],
    ['stop now', everywhere, everywhere],
    ['save', between, everywhere],
    ['evaluate', between, everywhere],
    ['read-labels', between, between],
    ['break add any(aha >= 4)', everywhere, everywhere],
    ['set learningRate to 0.00001', ['before-step'], ['before-step']],
  ] as [string, SafePoint[], SafePoint[]][])('%s', (name, going, standing) => {
    const request = everyRequest.find((candidate) => requestName(candidate) === name);
    if (!request) throw new Error(`There is no ${name}.`);
    expect(at(request, false)).toEqual(going);
    expect(at(request, true)).toEqual(standing);
    expect(pointOf(request)).toBe(name.startsWith('set') ? 'before-step' : null);
  });
});

describe('a run', () => {
  it('can be deleted where it does not compute and holds no memory', () => {
    const deletable = everyStanding.filter((standing) => deleteRefusal(aRunThat(standing)) === null);
    expect(deletable.map(standingName)).toEqual([
      ...[
        'created',
        'queued, created before',
        'queued, failed before',
        'paused after-update released',
        'stopped',
        'completed',
        'failed',
      ],
    ]);
    expect(deleteRefusal(aRunThat({ state: 'running', doing: null }))).toBe('the run is running; stop it first');
    expect(
      deleteRefusal(
        aRunThat({
          state: 'paused',
          at: { point: 'before-update', step: 3 },
          why: null,
          fault: null,
          memory: 'held',
        }),
      ),
    ).toBe('the run is paused in memory; stop it first');
  });
});

describe('a record', () => {
  const base = { id: 'a-1', number: 1, request: { kind: 'save' }, by: 'ada', requestedAt: 1 };
  it('has an end exactly where it is rejected, applied or failed, and holds what belongs to that alone', () => {
    const records = [
      { ...base, state: 'requested' },
      { ...base, state: 'scheduled', point: null, change: null },
      { ...base, state: 'rejected', endedAt: 2, why: 'the run is stopping' },
      { ...base, state: 'applied', endedAt: 2, at: { point: 'before-step', step: 3 }, change: null, note: null },
      { ...base, state: 'failed', endedAt: 2, at: null, why: 'No space is left.' },
    ].map((record) => commandRecord.parse(record));
    expect(records.map(hasEnded)).toEqual([false, false, true, true, true]);
    expect(commandRecord.safeParse({ ...base, state: 'rejected' }).success).toBe(false);
  });

  it('is taken with an id of letters, digits, dash, underscore and the mark of older ones', () => {
    const parse = (id: string) => commandRecord.safeParse({ ...base, id, state: 'requested' }).success;
    expect(['#12', 'a', crypto.randomUUID(), '', 'a b', 'é', 'a'.repeat(65)].map(parse)).toEqual([
      ...[true, true, true, false, false, false, false],
    ]);
  });

  it('can be asked for in each form, and in no other', () => {
    for (const request of everyRequest) expect(commandRequest.parse(request)).toEqual(request);
    fc.assert(
      fc.property(fc.string(), (kind) => {
        expect(commandRequest.safeParse({ kind }).success).toBe(
          Object.hasOwn(commands, kind) && kind !== 'set' && kind !== 'break',
        );
      }),
    );
    expect(commandRequest.safeParse({ kind: 'save', when: 'now' }).success).toBe(false);
    // What is asked for is kept, and nothing is called by so much.
    for (const endless of ['x'.repeat(201), 'x'.repeat(1e6)]) {
      expect(commandRequest.safeParse({ kind: 'set', parameter: endless, value: 1 }).success).toBe(false);
      const of = { step: 1, why: 'w' };
      expect(commandRequest.safeParse({ kind: 'mask', rollouts: [endless], ...of }).success).toBe(false);
      expect(commandRequest.safeParse({ kind: 'rescore', rollout: endless, scores: null, ...of }).success).toBe(false);
    }
  });
});

it('a value that the engine of the run can not compute is refused by its name', () => {
  const engine = {
    ...{ name: 'slow', backend: 'cpu', threads: 1, parameters: 1, why: '' },
    capabilities: {
      ...{
        chunks: [],
        losses: ['policy' as const],
        lossMeans: ['answer' as const, 'token' as const],
        ratios: ['token' as const],
        fullParameters: true,
        entropy: false,
      },
      ...{
        samplerIsTrainer: true,
        sampledEntropy: true,
        seeds: 'exact' as const,
        topAlternatives: 0,
        optimizerKeys: ['learningRate' as const],
        reference: true,
        exactKl: false,
        prefix: false,
        snapshot: false,
        abort: false,
      },
    },
  };
  const run = aRunThat({ state: 'running', doing: null }, { method: 'tgrpo', engine });
  const set = (value: unknown) => refusal({ kind: 'set', parameter: 'klEstimator', value }, run, [run]);
  expect(set('exact')).toMatch(/^of its engine, slow: .*klEstimator exact\)$/);
  expect(set('k3')).toBeNull();
  const unknown = aRunThat({ state: 'created' }, { method: 'tgrpo', engine: null });
  expect(refusal({ kind: 'set', parameter: 'klEstimator', value: 'exact' }, unknown, [unknown])).toBeNull();
});
