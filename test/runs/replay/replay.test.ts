/** A run that is done again by its log ends as it did, and where something was other, the first of it is named. */
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { told } from '../../../trainer/cli/commands/replay.ts';
import type { CommandRequest } from '../../../trainer/protocol/commands.ts';
import type { SafePoint } from '../../../trainer/protocol/run-state.ts';
import { replay } from '../../../trainer/runs/replay/replay.ts';
import { timelineOf, upTo } from '../../../trainer/runs/replay/timeline.ts';
import { type LifeEvent, RunStore } from '../../../trainer/store/run-store.ts';
import { ScriptedEngine, vllmLike } from '../../engines/scripted-engine.ts';
import {
  firstIsRight,
  type ScriptedRun,
  type ScriptedRunOptions,
  scriptedMedia,
  scriptedRun,
} from '../scripted-run.ts';

const training = { steps: 6, learningRate: 0.05, checkpointEvery: 2, checkpointsKept: 9, evaluateEvery: 3 };

interface Again {
  readonly to?: number;
  readonly script?: ScriptedRunOptions['script'];
  readonly can?: ScriptedRunOptions['can'];
  readonly stopped?: AbortController;
  /** Told of each step of the replay. */
  readonly onStep?: (step: number) => void;
  readonly notes?: string[];
  /** The log as somebody else would have it. */
  readonly life?: (event: LifeEvent) => LifeEvent;
}

/** The run is closed, as after its trainer's end, and done again beside it. */
async function again(
  { run }: ScriptedRun,
  { to, script = firstIsRight, can, stopped, onStep, notes, life }: Again = {},
) {
  const store = RunStore.open(run.folder);
  if (life) {
    const events = [...store.life()].map(life);
    vi.spyOn(store, 'life').mockImplementation(() => events[Symbol.iterator]() as ReturnType<RunStore['life']>);
  }
  let told = 0;
  try {
    return await replay({
      original: { folder: run.folder, plan: run.plan, store },
      project: path.join(run.folder, '..', '..', 'replays', 'again'),
      to,
      signal: stopped?.signal ?? new AbortController().signal,
      media: async () => scriptedMedia([], () => {}),
      createEngine: async () => new ScriptedEngine(script, can),
      allowedRoots: [],
      log: () => {},
      onNote: (note) => notes?.push(note),
      onProgress: ({ step }) => {
        if (step > told) onStep?.(step);
        told = Math.max(told, step);
      },
    });
  } finally {
    store.dispose();
  }
}

/** Goes to a place, and sends commands there. */
async function at(
  run: ScriptedRun,
  place: { point: SafePoint; step: number },
  ...requests: CommandRequest[]
): Promise<void> {
  await run.command({ kind: 'run-to', ...place });
  await run.until((now) => now.state === 'paused' && now.at.point === place.point && now.at.step === place.step);
  for (const request of requests) expect((await run.command(request)).state).toBe('applied');
}

/** Through commands of every kind, a kill, and a going back. */
async function eventful(options: ScriptedRunOptions = {}): Promise<ScriptedRun> {
  const first = scriptedRun({ parameters: training, ...options });
  await first.command({ kind: 'set', parameter: 'temperature', value: 0.9 });
  const why = 'a test';
  await at(
    first,
    { point: 'before-step', step: 2 },
    { kind: 'set', parameter: 'learningRate', value: 0.2 },
    { kind: 'skip', row: 1, skipped: true, why },
  );
  await at(
    first,
    { point: 'before-update', step: 2 },
    { kind: 'mask', step: 2, rollouts: ['s2-0-o0'], masked: true, why },
  );
  await at(first, { point: 'after-sampling', step: 3 });
  await at(first, { point: 'after-update', step: 3 }, { kind: 'save' }, { kind: 'evaluate' });
  // Changes nothing that is computed, and is not done again.
  await first.command({ kind: 'pin', step: 3, note: 'before the weight of the KL' });
  await at(first, { point: 'before-step', step: 5 }, { kind: 'set', parameter: 'beta', value: 0.5 });
  await at(first, { point: 'before-update', step: 5 });
  const second = first.reopen();
  await second.command({ kind: 'resume', from: 3, confirmed: true });
  await second.untilState('completed');
  await second.command({ kind: 'set', parameter: 'steps', value: 8 });
  await second.command({ kind: 'resume' });
  await second.command({ kind: 'stop', when: 'after-step' });
  await second.untilState('stopped');
  await second.command({ kind: 'resume' });
  await second.untilState('completed');
  onTestFinished(() => second.kill());
  return second;
}

it('by all that was asked of it: what was set, saved, evaluated and gone back over', async () => {
  const run = await eventful();
  const { difference, compared, commands } = await again(run);
  expect(difference).toBeNull();
  // Steps 1 to 4, of which 4 was gone back over; then 4 to 8.
  expect(compared.steps).toBe(9);
  expect(commands).toBe(8);
  expect(compared.checkpoints).toBeGreaterThanOrEqual(4);
  expect(compared.evaluations).toBe(run.run.store.evaluations().length);
});

it('by what a person changed of an update and of the questions', async () => {
  const run = scriptedRun({ unseen: 0, parameters: { ...training, groupSize: 3, evaluateEvery: 0 } });
  onTestFinished(() => run.kill());
  const why = 'a wrong label';
  await at(
    run,
    { point: 'before-update', step: 2 },
    { kind: 'mask', step: 2, rollouts: ['s2-0-o0'], masked: true, why },
    { kind: 'rescore', step: 2, rollout: 's2-1-o1', scores: { accuracy: 1 }, why },
    { kind: 'break', change: { do: 'add', condition: 'any(correct:true)', logOnly: true } },
  );
  await at(run, { point: 'before-step', step: 4 }, { kind: 'skip', row: 1, skipped: true, why });
  await run.command({ kind: 'break', change: { do: 'remove', number: 1 } });
  await run.command({ kind: 'resume' });
  await run.untilState('completed');
  const { difference, commands } = await again(run);
  expect(difference).toBeNull();
  expect(commands).toBe(3);
  const { difference: without } = await again(run, {
    life: (event): LifeEvent =>
      event.type === 'command' && event.command.request.kind === 'mask'
        ? { ...event, command: { ...event.command, state: 'failed', at: null, endedAt: 0, why: 'left out of the log' } }
        : event,
  });
  expect(without).toMatchObject({ step: 2 });
});

it('and says what differs first where a command is not carried out as it was', async () => {
  const run = await eventful();
  const { difference } = await again(run, {
    life: (event) => {
      if (event.type !== 'command' || event.command.request.kind !== 'set') return event;
      const { request } = event.command;
      if (request.parameter !== 'learningRate') return event;
      return { ...event, command: { ...event.command, request: { ...request, value: 0.3 } } };
    },
  });
  expect(difference).toMatchObject({ step: 2, what: 'learningRate', original: 0.2, replayed: 0.3 });
});

it('and names the answer that an engine gave otherwise, with both texts', async () => {
  const run = await eventful();
  let asked = 0;
  const { difference } = await again(run, {
    script: (answer) =>
      ++asked > 40 && answer.index === 0 ? '<think>b</think><answer>A</answer>' : firstIsRight(answer),
  });
  expect(difference?.replayed).toBe('<think>b</think><answer>A</answer>');
  expect(difference?.what).toMatch(/^answer .+: text$/);
  expect(difference?.rolloutId).toBeDefined();
});

describe('on an engine that samples otherwise each time', () => {
  const drawn = { script: null, can: vllmLike } as const;
  const made = async () => {
    const run = scriptedRun({ parameters: { ...training, fillFlatGroups: false }, ...drawn });
    await at(run, { point: 'before-step', step: 2 }, { kind: 'set', parameter: 'learningRate', value: 0.2 });
    await at(run, { point: 'before-step', step: 4 }, { kind: 'skip', row: 1, skipped: true, why: 'a test' });
    await run.command({ kind: 'resume' });
    await run.untilState('completed');
    onTestFinished(() => run.kill());
    return run;
  };

  it('no answer that came out otherwise is a fault, and it is said how many did', async () => {
    const { difference, compared, seeds, freeFrom } = await again(await made(), drawn);
    expect({ difference, seeds, freeFrom }).toEqual({ difference: null, seeds: 'best effort', freeFrom: 0 });
    expect(compared).toMatchObject({ steps: 6, checkpoints: 0 });
    expect(compared.otherwise).toBeGreaterThan(compared.free / 2);
    const said = told({ difference, compared, seeds, freeFrom, commands: 2 }, 'tgrpo-1', '/p');
    expect(said).toMatch(
      /no difference.*\n.*does not give the same answer.*\d+ answers of \d+ came out otherwise, which is no fault/,
    );
  });

  it('what does not follow from answers is judged as ever', async () => {
    const run = await made();
    const { difference: rate } = await again(run, {
      ...drawn,
      life: (event) => {
        if (event.type !== 'command' || event.command.request.kind !== 'set') return event;
        return { ...event, command: { ...event.command, request: { ...event.command.request, value: 0.3 } } };
      },
    });
    expect(rate).toMatchObject({ step: 2, what: 'learningRate', original: 0.2, replayed: 0.3 });
    const { difference: asked } = await again(run, {
      ...drawn,
      life: (event): LifeEvent =>
        event.type === 'command' && event.command.request.kind === 'skip'
          ? { ...event, command: { ...event.command, state: 'failed', at: null, endedAt: 0, why: 'left out' } }
          : event,
    });
    expect(asked?.what).toMatch(/^group s\d-\d: question/);
  });
});

describe('on an engine whose seeds hold for a batch', () => {
  const can = { seeds: 'same batch' } as const;
  /** Answers of this step and later ones come out otherwise in the replay. */
  const otherwiseFrom = (step: number, perStep: number): ScriptedRunOptions['script'] => {
    let asked = 0;
    return (answer) =>
      ++asked > perStep * (step - 1) && answer.index === 0
        ? '<think>b</think><answer>B</answer>'
        : firstIsRight(answer);
  };
  const made = async (held: number | null) => {
    const run = scriptedRun({ parameters: { ...training, evaluateEvery: 0 }, unseen: 0, can });
    onTestFinished(() => run.kill());
    if (held === null) run.send({ kind: 'start' });
    else {
      await at(run, { point: 'before-step', step: held });
      const gate = run.engine.holdNext('sample');
      run.send({ kind: 'resume' });
      await gate.entered;
      run.send({ kind: 'pause', release: false });
      await run.until((now) => now.state === 'paused' && now.at.point === 'sampling');
      run.send({ kind: 'resume' });
    }
    await run.untilState('completed');
    return run;
  };

  it('an answer that came out otherwise is a fault where nothing was written again in another batch', async () => {
    const { difference, freeFrom } = await again(await made(null), { can, script: otherwiseFrom(3, 6) });
    expect(freeFrom).toBeNull();
    expect(difference).toMatchObject({ step: 3, what: 'answer s3-0-o0: text' });
  });

  it('and is none from the step on in which the run stood still while it sampled', async () => {
    const run = await made(3);
    const { difference, freeFrom, compared } = await again(run, { can, script: otherwiseFrom(3, 6) });
    expect({ difference, freeFrom }).toEqual({ difference: null, freeFrom: 3 });
    expect(compared.otherwise).toBeGreaterThan(0);
    const before = await again(run, { can, script: otherwiseFrom(2, 6) });
    expect(before.difference).toMatchObject({ step: 2, what: 'answer s2-0-o0: text' });
  });
});

it('to a step, and no further', async () => {
  const run = await eventful();
  const { difference, compared, commands } = await again(run, { to: 2 });
  expect({ difference, steps: compared.steps, commands }).toEqual({ difference: null, steps: 2, commands: 4 });
});

it('stops where it is told to, and the same order goes on from there', async () => {
  const run = await eventful();
  const stopped = new AbortController();
  const steps: number[] = [];
  await expect(again(run, { stopped, onStep: (step) => step === 3 && stopped.abort() })).rejects.toMatchObject({
    kind: 'cancelled',
  });
  const { difference, compared } = await again(run, { onStep: (step) => steps.push(step) });
  expect(difference).toBeNull();
  expect(compared.steps).toBe(9);
  expect(Math.min(...steps)).toBeGreaterThan(1);
});

it('also SFT, of which no checkpoint of its start was kept', async () => {
  const run = scriptedRun({ method: 'sft', parameters: { ...training, probeEvery: 2 } });
  await run.command({ kind: 'start' });
  await run.untilState('completed');
  run.kill();
  expect(await again(run)).toMatchObject({ difference: null, compared: { steps: 6 } });
});

it('a run that was never begun has nothing that could be done again', async () => {
  const run = scriptedRun();
  run.kill();
  await expect(again(run)).rejects.toThrow('never begun');
});

it('a part of a log ends at rest, and keeps what a later stay goes back over', () => {
  const stay = (from: number | null) => ({ kind: 'stay', from }) as const;
  const rest = (step: number) => ({ kind: 'rest', step, isCompleted: false }) as const;
  const timeline = { ...timelineOf([], scriptedRun().summary), actions: [stay(null), rest(9), stay(3), rest(12)] };
  expect(upTo(timeline, 5).actions).toEqual([stay(null), rest(9), stay(3), rest(5)]);
  expect(upTo(timeline, 2).actions).toEqual([stay(null), rest(2)]);
});
