/** A run's whole life on the scripted engine: every transition, every fault, and what is known after each. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { StepMetrics } from '../../trainer/protocol/records.ts';
import type { RunPoint, RunSummary, SafePoint } from '../../trainer/protocol/run-state.ts';
import { engineSettings } from '../../trainer/protocol/runfile.ts';
import { troubleOf } from '../../webview/run/run-words.ts';
import type { Script } from '../engines/scripted-engine.ts';
import { aRunThat } from '../protocol/every-standing.ts';
import { databaseOf } from '../store/folders.ts';
import { type ScriptedRun, scriptedRun } from './scripted-run.ts';

const diskFull = () => new StudioError('disk-full', 'No space is left on the disk that holds the run.');
const notFinite = () => new StudioError('not-finite', 'The loss is NaN; no weight was changed.');
const died = () => new StudioError('engine-failed', 'The engine died.');

const stepsOf = (made: ScriptedRun) => made.run.store.metrics().map(({ step }) => step);
const numbersOf = (steps: readonly StepMetrics[]) =>
  steps.map(({ step, loss, gradNorm, kl }) => [step, loss, gradNorm, kl]);

/** The method in whose step something can come just before this point. */
const methodFor = (point: RunPoint) => (point === 'before-update' ? 'sft' : 'tgrpo');

/** Started, and held at a safe point of step 1. */
async function heldAt(point: RunPoint, options: Parameters<typeof scriptedRun>[0] = {}): Promise<ScriptedRun> {
  const made = scriptedRun({ unseen: 0, method: methodFor(point), ...options });
  const pause = () => made.send({ kind: 'pause', release: false, ...(point === 'after-sampling' && { at: point }) });
  const primitive = point === 'after-sampling' || point === 'sampling' ? 'sample' : 'optimStep';
  if (point === 'before-update')
    made.onLoad = () => {
      made.onLoad = () => {};
      pause();
    };
  else if (point !== 'before-step')
    made.onEngine = (engine) => {
      made.onEngine = () => {};
      const gate = engine.holdNext(primitive);
      void gate.entered.then(() => {
        pause();
        gate.open();
      });
    };
  made.send({ kind: 'start' });
  if (point === 'before-step') pause();
  await made.untilState('paused');
  return made;
}

describe('a run that nobody disturbs', () => {
  it('loads, is evaluated, trains to its last step, saves, is evaluated again and is complete, with every change told', async () => {
    const made = scriptedRun();
    expect(await made.command({ kind: 'start' })).toMatchObject({
      state: 'applied',
      at: null,
      note: 'created → running',
    });
    const run = await made.untilState('completed');
    expect(made.states).toEqual(['starting', 'running', 'completed']);
    expect(stepsOf(made)).toEqual([1, 2, 3]);
    expect(made.run.store.evaluations().map(({ id, step }) => [id, step])).toEqual([
      ['e0', 0],
      ['e1', 3],
    ]);
    expect(made.run.store.checkpoints().map(({ step, reason }) => [step, reason])).toEqual([
      [0, 'start'],
      [3, 'end'],
    ]);
    expect(run).toMatchObject({
      step: 3,
      questions: 4,
      engine: { name: 'scripted' },
      evaluationDataset: expect.any(String),
    });
    expect(run.pace).toHaveLength(3);
    expect(made.events.map(({ seq }) => seq)).toEqual(made.events.map((_, i) => i + 1));
    expect(made.run.store.summary()).toEqual(run);
    expect(made.engine.calls.at(-1)).toBe('dispose');
  });

  it('trains SFT without a reference and without a checkpoint of its start', async () => {
    const made = scriptedRun({ method: 'sft', unseen: 0 });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(made.engine.calls.filter((call) => call === 'createModel')).toHaveLength(1);
    expect(made.run.store.checkpoints().map(({ step }) => step)).toEqual([3]);
    const losses = made.run.store.metrics().map(({ loss }) => loss as number);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
  });

  it('keeps as many scheduled checkpoints as it is to, and evaluates when it is to', async () => {
    const made = scriptedRun({ parameters: { steps: 6, checkpointEvery: 1, checkpointsKept: 2, evaluateEvery: 4 } });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    const kept = made.run.store.checkpoints();
    expect(kept.map(({ step, reason }) => [step, reason])).toEqual([
      [0, 'start'],
      [4, 'schedule'],
      [5, 'schedule'],
      [6, 'end'],
    ]);
    expect(kept.every(({ folder }) => existsSync(path.join(made.run.plan.paths.find(folder), 'controller.json')))).toBe(
      true,
    );
    expect(made.bodies('checkpoint-removed').map(({ id }) => id)).toEqual([
      'step-000001',
      'step-000002',
      'step-000003',
    ]);
    expect(made.run.store.evaluations().map(({ step }) => step)).toEqual([0, 4, 6]);
  });

  it('asks every question once before any comes again, and goes on in that order after a stay in no memory', async () => {
    const asked = (made: ScriptedRun) => made.bodies('group').map(({ group }) => group.question.row);
    const whole = scriptedRun({ unseen: 0, parameters: { steps: 4 } });
    whole.send({ kind: 'start' });
    await whole.untilState('completed');
    expect(asked(whole).slice(0, 4).sort()).toEqual([0, 1, 2, 3]);
    expect(asked(whole).slice(4).sort()).toEqual([0, 1, 2, 3]);
    const parted = scriptedRun({ unseen: 0, parameters: { steps: 4 } });
    parted.send({ kind: 'start' });
    await parted.until((run) => run.step === 1);
    await parted.command({ kind: 'pause', release: true });
    await parted.command({ kind: 'resume' });
    await parted.untilState('completed');
    expect(asked(parted)).toEqual(asked(whole));
  });

  it('asks the same further questions for flat groups, and learns the same, when it is killed and goes on', async () => {
    // Answers to rows 0, 3 and 4 are all alike.
    const script: Script = ({ media, index }) =>
      `<think>a</think><answer>${index === 0 && !/[034]/.test(media) ? 'B' : 'A'}</answer>`;
    const options = {
      ...{ unseen: 0, questions: 7, script },
      parameters: { steps: 4, fillFlatGroups: true, maxSamplingRounds: 2, checkpointEvery: 1, learningRate: 0.1 },
    };
    const traces = ({ run }: ScriptedRun) => ({
      groups: run.store
        .events(0, 10_000)
        .flatMap(({ body }) =>
          body.type === 'group' ? [[body.group.id, body.group.question.row, body.group.leftOut]] : [],
        ),
      losses: run.store.metrics().map(({ loss, questions }) => [loss, questions]),
      weights: readFileSync(path.join(run.folder, 'checkpoints', 'step-000004', 'table.json'), 'utf8'),
    });
    const whole = scriptedRun(options);
    whole.send({ kind: 'start' });
    await whole.untilState('completed');
    const expected = traces(whole);
    expect(expected.groups.some(([, , leftOut]) => leftOut === 'flat')).toBe(true);
    expect(new Set(expected.losses.map(([, questions]) => questions)).size).toBeGreaterThan(1);
    const first = scriptedRun(options);
    first.send({ kind: 'start' });
    await first.until((run) => run.step === 2);
    const second = first.reopen();
    await second.command({ kind: 'resume', confirmed: true });
    await second.untilState('completed');
    expect(traces(second)).toEqual(expected);
  });

  it('passes over questions whose media can not be read, names and counts them', async () => {
    const made = scriptedRun({ unreadable: [1, 2], unseen: 0 });
    made.send({ kind: 'start' });
    const run = await made.untilState('completed');
    expect(run.skipped).toBe(2);
    expect(
      made
        .bodies('skipped')
        .map(({ question, kind }) => [question.row, kind])
        .sort(),
    ).toEqual([
      [1, 'bad-media'],
      [2, 'bad-media'],
    ]);
    expect(made.run.store.metrics().reduce((sum, { skipped }) => sum + skipped, 0)).toBe(2);
  });

  it('fails when no question can be read, and says so', async () => {
    const made = scriptedRun({ unreadable: [0, 1, 2, 3], unseen: 0 });
    made.send({ kind: 'start' });
    const run = await made.untilState('failed');
    expect(run).toMatchObject({
      fault: { kind: 'bad-dataset', message: expect.stringContaining('None of the 4 rows') },
    });
  });
});

describe('a model that can’t fit', () => {
  const withLayers = (layers: number) => {
    const engine = engineSettings.parse({ name: 'verl', device: 'cpu' });
    const made = scriptedRun({ engine, method: 'sft', unseen: 0 });
    const { model } = made.run.plan;
    const config = {
      ...{ model_type: 'qwen2_5_vl', hidden_size: 64, intermediate_size: 64, num_hidden_layers: layers },
      ...{ num_attention_heads: 4, num_key_value_heads: 2, vocab_size: 512, rope_theta: 10000 },
      ...{ rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] } },
      vision_config: { depth: 1, hidden_size: 32, num_heads: 2, out_hidden_size: 64, fullatt_block_indexes: [0] },
    };
    writeFileSync(path.join('checkpoint' in model ? model.checkpoint : '', 'config.json'), JSON.stringify(config));
    made.send({ kind: 'start' });
    return made;
  };

  it('is refused with the numbers before an engine is started for it', async () => {
    const made = withLayers(50_000_000);
    expect(await made.untilState('failed')).toMatchObject({
      fault: {
        kind: 'engine-failed',
        message: expect.stringMatching(/billion parameters.* memory must hold \d+\.\d GiB, and is \d+\.\d GiB/),
        remedy: expect.stringMatching(/video-r1 memory says/),
      },
    });
    expect(made.engines).toEqual([]);
  });

  it('is no other, which is trained', async () => {
    const made = withLayers(1);
    await made.untilState('completed');
    expect(made.engines).toHaveLength(1);
  });
});

describe('a pause', () => {
  it.each([
    ['before-step', 1],
    ['sampling', 1],
    ['after-sampling', 1],
    ['before-update', 1],
    ['after-update', 1],
  ] as [RunPoint, number][])('holds the run at %s, and a resume goes on from there', async (point, step) => {
    const made = await heldAt(point);
    expect(made.summary).toMatchObject({
      state: 'paused',
      at: { point, step },
      why: null,
      fault: null,
      memory: 'held',
    });
    const trained = stepsOf(made).length;
    expect(trained).toBe(point === 'after-update' ? 1 : 0);
    expect(await made.command({ kind: 'resume' })).toMatchObject({ state: 'applied', at: { point, step } });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2, 3]);
    const uninterrupted = scriptedRun({ unseen: 0, method: methodFor(point) });
    uninterrupted.send({ kind: 'start' });
    await uninterrupted.untilState('completed');
    expect(numbersOf(made.run.store.metrics())).toEqual(numbersOf(uninterrupted.run.store.metrics()));
  });

  it('in the middle of a step costs it no time: neither its total nor the pace hold what was held', async () => {
    const made = await heldAt('after-sampling', { parameters: { steps: 1 } });
    const before = performance.now();
    while (performance.now() - before < 30);
    made.send({ kind: 'resume' });
    const run = await made.untilState('completed');
    const [metrics] = made.run.store.metrics() as [StepMetrics];
    const { decode, sample, score, update, store, total, held } = metrics.durations;
    expect(held).toBeGreaterThanOrEqual(30);
    expect(total).toBeGreaterThanOrEqual(decode + sample + score + update + store - 1e-6);
    expect(run.pace).toEqual([total]);
    const wall = metrics.at - (made.events.find(({ body }) => body.type === 'group')?.at ?? 0);
    expect(total + held).toBeGreaterThan(wall - 2);
    expect(total).toBeLessThan(held + wall);
  });

  it('between two tokens is no part of the time that sampling took', async () => {
    const started = Date.now();
    const made = await heldAt('sampling', { parameters: { steps: 1 } });
    const before = performance.now();
    while (performance.now() - before < 60);
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    const [metrics] = made.run.store.metrics() as [StepMetrics];
    const { decode, sample, score, update, store, total, held } = metrics.durations;
    expect(held).toBeGreaterThanOrEqual(60);
    // What was held is in neither: the parts fit into the total, and both into what went by.
    expect(total).toBeGreaterThanOrEqual(decode + sample + score + update + store - 1e-6);
    expect(total + held).toBeLessThanOrEqual(metrics.at - started + 2);
  });

  it('between two tokens lets other work at the model, and the step is made as if there had been none', async () => {
    const afterOne = async () => {
      const run = scriptedRun({ unseen: 2 });
      run.send({ kind: 'step', count: 1 });
      await run.until(({ state, step }) => state === 'paused' && step === 1);
      return run;
    };
    const made = await afterOne();
    const gate = made.engine.holdNext('sample');
    made.send({ kind: 'resume' });
    await gate.entered;
    made.send({ kind: 'pause', release: false });
    await made.untilState('paused');
    expect(made.summary).toMatchObject({ at: { point: 'sampling', step: 2 } });
    expect(await made.command({ kind: 'evaluate' })).toMatchObject({ state: 'applied', at: { point: 'sampling' } });
    expect(await made.command({ kind: 'save' })).toMatchObject({ state: 'applied', at: { point: 'sampling' } });
    expect(made.send({ kind: 'set', parameter: 'learningRate', value: 0.01 })).toMatchObject({
      ...{ state: 'scheduled', point: 'before-step' },
    });
    made.send({ kind: 'step', count: 1 });
    await made.until((run) => run.state === 'paused' && run.step === 2);
    expect(
      made
        .bodies('command')
        .map(({ command }) => command)
        .at(-1),
    ).toMatchObject({
      ...{ state: 'applied', at: { point: 'before-step', step: 3 }, request: { kind: 'set' } },
    });
    const straight = await afterOne();
    straight.send({ kind: 'step', count: 1 });
    await straight.until((run) => run.state === 'paused' && run.step === 2);
    expect(numbersOf(made.run.store.metrics())).toEqual(numbersOf(straight.run.store.metrics()));
  });

  it('after a step counts among what was held before the next', async () => {
    const made = await heldAt('after-update', { parameters: { steps: 2 } });
    const before = performance.now();
    while (performance.now() - before < 20);
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    const [first, second] = made.run.store.metrics();
    expect(first?.durations.held).toBe(0);
    expect(second?.durations.held).toBeGreaterThanOrEqual(20);
  });

  it('that frees the memory takes effect between two steps, says so when all is saved, and is resumed from there', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 4 } });
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 2);
    expect(await made.command({ kind: 'pause', release: true })).toMatchObject({
      state: 'applied',
      at: { point: 'after-update', step: 2 },
      note: 'saved after step 2; the memory is free',
    });
    const run = await made.untilState('paused');
    expect(run).toMatchObject({ at: { point: 'after-update', step: 2 }, why: null, memory: 'released' });
    expect(made.engine.calls.at(-1)).toBe('dispose');
    const order = made.events.map(({ body }) => (body.type === 'command' ? body.command.state : body.type));
    expect(order.lastIndexOf('checkpoint')).toBeLessThan(order.lastIndexOf('applied'));
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    expect(made.engines).toHaveLength(2);
    expect(stepsOf(made)).toEqual([1, 2, 3, 4]);
    expect(made.bodies('rewound')).toEqual([]);
  });

  it('that frees the memory gives up a step that is held in its middle, which is done again', async () => {
    const made = await heldAt('after-sampling');
    expect(await made.command({ kind: 'pause', release: true })).toMatchObject({
      state: 'applied',
      at: { point: 'after-sampling', step: 1 },
    });
    expect(await made.untilState('paused')).toMatchObject({
      at: { point: 'after-update', step: 0 },
      memory: 'released',
    });
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2, 3]);
    // Groups that were sampled again take the place of the first, under their ids.
    const groups = new Map(made.bodies('group').map(({ group }) => [group.id, made.run.store.group(group.id)]));
    expect([...groups.values()].map(({ step }) => step)).toEqual([1, 1, 2, 2, 3, 3]);
    expect([...groups.values()].flatMap(({ rollouts }) => rollouts)).toHaveLength(3 * 2 * 3);
  });

  it('is taken back by a resume that comes before its safe point', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.send({ kind: 'start' });
    const pause = made.send({ kind: 'pause', release: true });
    expect(made.summary).toMatchObject({ state: 'pausing', release: true });
    expect(made.send({ kind: 'resume' })).toMatchObject({ state: 'applied', at: null });
    expect(made.summary.state).toBe('starting');
    expect(made.run.store.command(pause.id)).toMatchObject({
      state: 'failed',
      why: 'the run was resumed before it took effect',
    });
    await made.untilState('completed');
    expect(made.states).not.toContain('paused');
  });

  it('that frees the memory takes the place of one that holds it', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.send({ kind: 'start' });
    const hold = made.send({ kind: 'pause', release: false });
    made.send({ kind: 'pause', release: true });
    expect(await made.untilState('paused')).toMatchObject({ memory: 'released' });
    expect(made.run.store.command(hold.id)).toMatchObject({ state: 'failed' });
  });

  it('while the model loads holds the run before its first step', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.send({ kind: 'start' });
    made.send({ kind: 'pause', release: false });
    expect(made.summary.state).toBe('pausing');
    expect(await made.untilState('paused')).toMatchObject({ at: { point: 'before-step', step: 1 } });
    expect(made.states).toEqual(['starting', 'pausing', 'pausing', 'paused']);
  });
});

describe('steps that are counted', () => {
  it('or a safe point that is named: a run that has not begun goes on to it and pauses there', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 5 } });
    expect(await made.command({ kind: 'run-to', point: 'before-update', step: 2 })).toMatchObject({ state: 'applied' });
    expect(made.changes.findLast(({ state }) => state === 'running')).toMatchObject({
      doing: 'to before-update of step 2, then pause',
    });
    expect(await made.untilState('paused')).toMatchObject({
      ...{ at: { point: 'before-update', step: 2 }, why: 'the point asked for is reached', memory: 'held' },
    });
    expect(await made.command({ kind: 'run-to', point: 'before-update', step: 2 })).toMatchObject({
      ...{ state: 'rejected', why: 'it is at before-update of step 2 already' },
    });
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
  });

  it.each([
    ['before-step', 2, 3],
    ['after-sampling', 1, 2],
    ['before-update', 1, 2],
    ['after-update', 2, 4],
  ] as [SafePoint, number, number][])(
    'from %s, %i of them pause the run before step %i',
    async (point, count, step) => {
      const made = await heldAt(point, { parameters: { steps: 5 } });
      expect(await made.command({ kind: 'step', count })).toMatchObject({ state: 'applied' });
      const doing = count === 1 ? '1 step, then pause' : `${count} steps, then pause`;
      expect(made.changes.findLast(({ state }) => state === 'running')).toMatchObject({ doing });
      await made.until((run) => run.state === 'paused' && run.at.step === step);
      expect(made.summary).toMatchObject({
        at: { point: 'before-step', step },
        why: 'the steps asked for are done',
        memory: 'held',
      });
      expect(stepsOf(made)).toHaveLength(step - 1);
    },
  );

  it('start a run that rests, and pause it after as many', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 5 } });
    expect(await made.command({ kind: 'step', count: 2 })).toMatchObject({ state: 'applied' });
    expect(await made.untilState('paused')).toMatchObject({ at: { point: 'before-step', step: 3 } });
    expect(stepsOf(made)).toEqual([1, 2]);
  });

  it('are forgotten by a resume', async () => {
    const made = await heldAt('before-step', { parameters: { steps: 5 } });
    await made.command({ kind: 'step', count: 1 });
    await made.until((run) => run.state === 'paused');
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
  });
});

describe('a stop', () => {
  it('after the step ends it at its end, saves, and the run can be resumed to its end', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 4 } });
    let stop = '';
    made.onEngine = (engine) => {
      const gate = engine.holdNext('render');
      void gate.entered.then(() => {
        stop = made.send({ kind: 'stop', when: 'after-step' }).id;
        gate.open();
      });
    };
    made.send({ kind: 'start' });
    await made.untilState('stopped');
    expect(stepsOf(made)).toEqual([1]);
    expect(made.run.store.command(stop)).toMatchObject({
      state: 'applied',
      at: { point: 'after-update', step: 1 },
      note: 'saved after step 1',
    });
    expect(made.run.store.checkpoints().at(-1)).toMatchObject({ step: 1, reason: 'stop' });
    made.onEngine = () => {};
    expect(await made.command({ kind: 'resume' })).toMatchObject({ state: 'applied', note: 'stopped → running' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2, 3, 4]);
  });

  it('now cuts sampling short, gives up the step, and leaves the weights of the last finished one', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.onEngine = (engine) =>
      void engine.holdNext('sample').entered.then(() => made.send({ kind: 'stop', when: 'now' }));
    made.send({ kind: 'start' });
    await made.untilState('stopped');
    expect(stepsOf(made)).toEqual([]);
    expect(made.engine.calls).not.toContain('optimStep');
    expect(made.run.store.checkpoints()).toMatchObject([{ step: 0, reason: 'stop' }]);
  });

  it('now takes the place of one after the step', async () => {
    const made = scriptedRun({ unseen: 0 });
    let first = '';
    made.onEngine = (engine) =>
      void engine.holdNext('sample').entered.then(() => {
        first = made.send({ kind: 'stop', when: 'after-step' }).id;
        made.send({ kind: 'stop', when: 'now' });
      });
    made.send({ kind: 'start' });
    await made.untilState('stopped');
    expect(made.run.store.command(first)).toMatchObject({ state: 'failed', why: 'a stop at once took its place' });
  });

  it('after the step takes the place of a pause that waits: the step is finished', async () => {
    const made = scriptedRun({ unseen: 0 });
    let pause = '';
    made.onEngine = (engine) => {
      const gate = engine.holdNext('render');
      void gate.entered.then(() => {
        pause = made.send({ kind: 'pause', release: false }).id;
        made.send({ kind: 'stop', when: 'after-step' });
        gate.open();
      });
    };
    made.send({ kind: 'start' });
    await made.untilState('stopped');
    expect(made.run.store.command(pause)).toMatchObject({ state: 'failed', why: 'the run is stopped instead' });
    expect(stepsOf(made)).toEqual([1]);
    expect(made.states).not.toContain('paused');
  });

  it('ends a run that is held at once, wherever it is held', async () => {
    for (const point of ['before-step', 'sampling', 'after-sampling', 'before-update', 'after-update'] as const) {
      const made = await heldAt(point);
      expect(await made.command({ kind: 'stop', when: 'after-step' })).toMatchObject({
        state: 'applied',
        at: { point },
      });
      await made.untilState('stopped');
    }
  });

  it('puts a run whose memory is free to rest without loading it', async () => {
    const made = (await heldAt('before-step')).reopen();
    expect(await made.command({ kind: 'stop', when: 'now' })).toMatchObject({
      state: 'applied',
      at: null,
      note: 'paused → stopped',
    });
    expect(made.engines).toEqual([]);
  });

  it('leaves no command without an end: what waited is done to the run at rest, or told that it is over', async () => {
    const made = await heldAt('after-sampling');
    const sent = [
      made.send({ kind: 'set', parameter: 'learningRate', value: 1e-5 }),
      made.send({ kind: 'read-labels' }),
      made.send({ kind: 'set', parameter: 'steps', value: 9 }),
    ];
    made.send({ kind: 'stop', when: 'now' });
    await made.untilState('stopped');
    await expect.poll(() => made.summary.steps).toBe(9);
    expect(sent.map(({ id }) => made.run.store.command(id))).toMatchObject([
      { state: 'applied', at: null, change: { to: 1e-5 } },
      { state: 'failed', why: 'the run is stopped' },
      { state: 'applied', at: null, change: { to: 9 } },
    ]);
    expect(made.summary.parameters.learningRate).toBe(1e-5);
    expect(made.run.store.commands().every(({ state }) => ['applied', 'failed', 'rejected'].includes(state))).toBe(
      true,
    );
  });
});

describe('a parameter', () => {
  it('changes at before-step and nowhere else, with the value before, and holds from that step on', async () => {
    const made = await heldAt('after-sampling', { parameters: { learningRate: 1e-3 } });
    const sent = made.send({ kind: 'set', parameter: 'learningRate', value: 1e-4 });
    expect(sent).toMatchObject({ state: 'scheduled', point: 'before-step', change: { from: 1e-3, to: 1e-4 } });
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    expect(made.run.store.command(sent.id)).toMatchObject({
      state: 'applied',
      at: { point: 'before-step', step: 2 },
      change: { from: 1e-3, to: 1e-4 },
    });
    expect(made.run.store.metrics().map(({ learningRate }) => learningRate)).toEqual([1e-3, 1e-4, 1e-4]);
  });

  it('changes at once while the run rests, and in a run that is held before a step', async () => {
    const made = scriptedRun({ unseen: 0 });
    expect(made.send({ kind: 'set', parameter: 'steps', value: 2 })).toMatchObject({
      state: 'applied',
      at: null,
      change: { from: 3, to: 2 },
    });
    expect(made.summary).toMatchObject({ state: 'created', steps: 2, parameters: { steps: 2 } });
    const held = await heldAt('before-step');
    expect(await held.command({ kind: 'set', parameter: 'beta', value: 0.5 })).toMatchObject({
      state: 'applied',
      at: { point: 'before-step', step: 1 },
    });
    expect(held.summary).toMatchObject({ state: 'paused', parameters: { beta: 0.5 } });
  });

  it('lets a complete run go on when its steps are raised', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 1 } });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(made.send({ kind: 'resume' })).toMatchObject({
      state: 'rejected',
      why: 'the run is complete; raise its steps to go on',
    });
    made.send({ kind: 'set', parameter: 'steps', value: 2 });
    expect(await made.command({ kind: 'resume' })).toMatchObject({ state: 'applied' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2]);
  });

  it('gives a run no fewer steps than it has made or is making', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 9 } });
    await made.command({ kind: 'run-to', point: 'before-step', step: 3 });
    await made.untilState('paused');
    const steps = (value: number) => made.command({ kind: 'set', parameter: 'steps', value });
    expect(await steps(2)).toMatchObject({
      state: 'rejected',
      why: 'steps must be at least 3, since step 3 is under way, not 2',
    });
    // Taken before step 3 and due before step 4, by when it is too late.
    await made.command({ kind: 'run-to', point: 'before-update', step: 3 });
    await made.untilState('paused');
    const late = made.send({ kind: 'set', parameter: 'steps', value: 3 });
    await made.command({ kind: 'run-to', point: 'before-step', step: 4 });
    await made.until(({ step, state }) => step === 3 && state === 'paused');
    expect(made.run.store.command(late.id)).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('step 4 is under way'),
    });
    expect(await steps(4)).toMatchObject({ state: 'applied' });
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    expect(made.summary).toMatchObject({ step: 4, steps: 4 });
    expect(await steps(3)).toMatchObject({ state: 'rejected', why: expect.stringContaining('since 4 are done') });
  });

  it('that does not fit what the run is made of fails its command and changes nothing', async () => {
    const made = await heldAt('before-step');
    const set = await made.command({ kind: 'set', parameter: 'imageShare', value: 0.5 });
    expect(set).toMatchObject({ state: 'failed', why: expect.stringMatching(/image/) });
    expect(made.summary.parameters.imageShare).toBeNull();
  });

  it('of a range is not set beyond its other end, at rest and while the run goes; both are raised one after the other', async () => {
    const rests = scriptedRun({ unseen: 0 });
    expect(rests.send({ kind: 'set', parameter: 'creditLow', value: 2 })).toMatchObject({
      state: 'rejected',
      why: 'creditLow (2) is above creditHigh (1)',
    });
    const made = await heldAt('after-sampling');
    const set = (parameter: string, value: number) => made.send({ kind: 'set', parameter, value }).id;
    const sent = [set('creditHigh', 4), set('creditLow', 3), set('creditHigh', 2), set('lengthMin', 999)];
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    const ended = sent.map((id) => made.run.store.command(id));
    expect(ended.map((command) => command?.state)).toEqual(['applied', 'applied', 'failed', 'failed']);
    expect(ended[2]).toMatchObject({
      why: 'creditLow (3) is above creditHigh (2).\nSet the other end of the range first.',
    });
    expect(made.summary.parameters).toMatchObject({ creditLow: 3, creditHigh: 4 });
  });
});

it('says in its first minute what it does: each part by its name', async () => {
  const made = scriptedRun({ parameters: { steps: 2 } });
  made.send({ kind: 'start' });
  await made.untilState('completed');
  const told = made.changes.flatMap((run) => ('doing' in run && run.doing ? [run.doing] : []));
  const parts = [
    /^loading/,
    /^reading the dataset .*\.jsonl?$/,
    /^starting the engine$/,
    /^(opening|making) /,
    /^evaluating \d+ q/,
  ];
  const first = [...parts, /^decoding the videos and images of step 1$/].map((part) =>
    told.findIndex((doing) => part.test(doing)),
  );
  expect(first).not.toContain(-1);
  expect(first).toEqual(first.toSorted((a, b) => a - b));
  const decoding = made.changes.findIndex((run) => 'doing' in run && run.doing?.startsWith('decoding'));
  expect(made.changes[decoding + 1]).toMatchObject({ state: 'running', doing: null });
});

describe('an evaluation', () => {
  it('at rest loads the model, answers, and leaves the run as it rested', async () => {
    const made = scriptedRun();
    made.send({ kind: 'step', count: 1 });
    await made.untilState('paused');
    await made.command({ kind: 'stop', when: 'now' });
    await made.untilState('stopped');
    const evaluated = await made.command({ kind: 'evaluate' });
    expect(evaluated).toMatchObject({
      state: 'applied',
      at: null,
      note: expect.stringMatching(/^100.0 % on ordered frames, 0.0 % on shuffled, 2 questions$/),
    });
    await made.untilState('stopped');
    expect(made.states.slice(-3)).toEqual(['evaluating', 'evaluating', 'stopped']);
    expect(made.run.store.evaluations().map(({ id, step }) => [id, step])).toEqual([
      ['e0', 0],
      ['e1', 1],
    ]);
    expect(made.engine.calls.at(-1)).toBe('dispose');
  });

  it('is ended by a stop, at rest and in a held run, which then rests and holds as before', async () => {
    const atRest = scriptedRun();
    atRest.onEngine = (engine) =>
      void engine.holdNext('sample').entered.then(() => atRest.send({ kind: 'stop', when: 'now' }));
    expect(await atRest.command({ kind: 'evaluate' })).toMatchObject({
      state: 'failed',
      why: 'The evaluation was stopped.',
    });
    await atRest.untilState('created');

    const held = await heldAt('after-sampling', { unseen: 0 });
    const unseen = scriptedRun({ parameters: { steps: 2 } });
    unseen.send({ kind: 'step', count: 1 });
    await unseen.untilState('paused');
    const before = unseen.summary;
    const gate = unseen.engine.holdNext('sample');
    const evaluate = unseen.command({ kind: 'evaluate' });
    await gate.entered;
    expect(unseen.summary.state).toBe('evaluating');
    expect(unseen.send({ kind: 'resume' })).toMatchObject({ state: 'rejected', why: 'the run is being evaluated' });
    expect(unseen.send({ kind: 'stop', when: 'after-step' })).toMatchObject({
      state: 'applied',
      note: 'the evaluation ends',
    });
    expect(await evaluate).toMatchObject({ state: 'failed' });
    await unseen.untilState('paused');
    expect(unseen.summary).toMatchObject({ at: 'at' in before ? before.at : null, memory: 'held' });
    await unseen.command({ kind: 'resume' });
    await unseen.untilState('completed');
    expect(await held.command({ kind: 'evaluate' })).toMatchObject({
      state: 'rejected',
      why: 'its run file names no evaluationDataset',
    });
  });

  it('in a run that is held stands so, and holds on afterwards; in one that runs it comes between two steps', async () => {
    const made = scriptedRun({ parameters: { steps: 4 } });
    made.send({ kind: 'step', count: 1 });
    await made.untilState('paused');
    expect(await made.command({ kind: 'evaluate' })).toMatchObject({
      state: 'applied',
      at: { point: 'before-step', step: 2 },
    });
    await made.untilState('paused');
    const gate = made.engine.holdNext('sample');
    made.send({ kind: 'resume' });
    await gate.entered;
    const evaluate = made.command({ kind: 'evaluate' });
    gate.open();
    expect(await evaluate).toMatchObject({ state: 'applied', at: { point: 'after-update', step: 2 } });
    await made.untilState('completed');
    expect(made.run.store.evaluations().map(({ step }) => step)).toEqual([0, 1, 2, 4]);
  });

  it('tells how far it is in words that are never stored', async () => {
    const made = scriptedRun({ unseen: 100, parameters: { steps: 1 } });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    const saysSo = (run: RunSummary) => 'doing' in run && run.doing === 'evaluating 100 questions: 32 done, decoding';
    expect(made.changes.some(saysSo)).toBe(true);
    expect(made.bodies('state').some(({ run }) => saysSo(run))).toBe(false);
  });

  it('holds between two batches of questions when the run is paused, and goes on where it stood', async () => {
    const made = scriptedRun({ unseen: 100, parameters: { steps: 1 } });
    const gate = Promise.withResolvers<ReturnType<typeof made.engine.holdNext>>();
    made.onEngine = (engine) => gate.resolve(engine.holdNext('sample'));
    made.send({ kind: 'start' });
    const sampling = await gate.promise;
    await sampling.entered;
    const pause = made.command({ kind: 'pause', release: false });
    sampling.open();
    expect(await pause).toMatchObject({ state: 'applied', at: { point: 'after-update', step: 0 } });
    await made.untilState('paused');
    expect(made.run.store.evaluations()).toEqual([]);
    expect(await made.command({ kind: 'evaluate' })).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('An evaluation is under way'),
    });
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    expect(made.run.store.evaluations().map(({ step, all }) => [step, all.count])).toEqual([
      [0, 100],
      [1, 100],
    ]);
  });

  it('that fails leaves the run as it was, and says why', async () => {
    const made = scriptedRun();
    made.onEngine = (engine) => engine.failNext('sample', died());
    expect(await made.command({ kind: 'evaluate' })).toMatchObject({ state: 'failed', why: 'The engine died.' });
    await made.untilState('created');
    made.onEngine = () => {};
    made.send({ kind: 'start' });
    await made.untilState('completed');
  });
});

describe('a fault', () => {
  it.each([
    ['numbers that are not finite', notFinite, 'forwardBackward'],
    ['a gradient that is not finite', notFinite, 'optimStep'],
    ['a full disk while the groups are read', diskFull, 'render'],
  ] as const)(
    'of %s pauses the run with the reason; the step is tried again at resume',
    async (_, fault, primitive) => {
      const made = scriptedRun({ unseen: 0 });
      made.onEngine = (engine) => engine.failNext(primitive, fault());
      made.send({ kind: 'start' });
      const { message, kind } = fault();
      expect(await made.untilState('paused')).toMatchObject({
        ...{ at: { point: 'before-step', step: 1 }, why: message, fault: { kind, message }, memory: 'held' },
      });
      // What may be wrong can be set before the step is tried again.
      expect(await made.command({ kind: 'set', parameter: 'learningRate', value: 1e-6 })).toMatchObject({
        state: 'applied',
      });
      await made.command({ kind: 'resume' });
      await made.untilState('completed');
      expect(stepsOf(made)).toEqual([1, 2, 3]);
      expect(made.run.store.metrics()[0]?.learningRate).toBe(1e-6);
    },
  );

  it('that pauses can be stepped over one step at a time', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.onEngine = (engine) => engine.failNext('forwardBackward', notFinite());
    made.send({ kind: 'start' });
    await made.untilState('paused');
    await made.command({ kind: 'step', count: 1 });
    await made.until((run) => run.state === 'paused');
    expect(made.summary).toMatchObject({ at: { point: 'before-step', step: 2 }, why: 'the steps asked for are done' });
    expect(stepsOf(made)).toEqual([1]);
  });

  it('of a full disk while a checkpoint is saved pauses after the update, and the update is not done twice', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { checkpointEvery: 1 } });
    made.onEngine = (engine) => {
      const gate = engine.holdNext('optimStep');
      void gate.entered.then(() => {
        engine.failNext('saveState', diskFull());
        gate.open();
      });
    };
    made.send({ kind: 'start' });
    expect(await made.untilState('paused')).toMatchObject({
      at: { point: 'after-update', step: 1 },
      fault: { kind: 'disk-full' },
    });
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(made.engine.calls.filter((call) => call === 'optimStep')).toHaveLength(3);
  });

  it('of a program that was ended from outside pauses before the step, which is done on resume', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.onEngine = (engine) =>
      engine.failNext('sample', new StudioError('cancelled', 'ffmpeg was ended from outside (SIGKILL).'));
    made.send({ kind: 'start' });
    expect(await made.untilState('paused')).toMatchObject({
      at: { point: 'before-step', step: 1 },
      fault: { kind: 'cancelled' },
    });
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2, 3]);
  });

  it('of a store that is full pauses in words that are told though they can not be stored, and loses no step', async () => {
    const made = scriptedRun({ unseen: 0 });
    const database = databaseOf(made.run.store);
    made.onEngine = (engine) => {
      const gate = engine.holdNext('optimStep');
      void gate.entered.then(() => {
        const { pages } = database.get<{ pages: number }>('SELECT page_count AS pages FROM pragma_page_count') ?? {
          pages: 0,
        };
        database.exec(`PRAGMA max_page_count = ${pages}`);
        gate.open();
      });
    };
    made.send({ kind: 'start' });
    const paused = await made.untilState('paused');
    expect(paused).toMatchObject({ fault: { kind: 'disk-full' }, memory: 'held' });
    database.exec('PRAGMA max_page_count = 1000000');
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2, 3]);
    expect(made.engine.calls.filter((call) => call === 'optimStep')).toHaveLength(3);
    expect(made.run.store.summary()).toEqual(made.summary);
    expect(made.events.map(({ seq }) => seq)).toEqual(made.events.map((_, i) => i + 1));
  });

  it('of a place where nothing can be saved pauses with the weights in memory, and mended it loses no step', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { checkpointEvery: 2 } });
    made.send({ kind: 'step', count: 1 });
    await made.untilState('paused');
    const place = path.join(made.run.folder, 'checkpoints');
    if (existsSync(place)) renameSync(place, `${place}.aside`);
    writeFileSync(place, '');
    made.send({ kind: 'resume' });
    await made.until((run) => run.state === 'paused' && run.fault !== null);
    expect(made.summary).toMatchObject({
      step: 2,
      memory: 'held',
      fault: { kind: 'bad-input', place: expect.any(String) },
    });
    rmSync(place);
    if (existsSync(`${place}.aside`)) renameSync(`${place}.aside`, place);
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2, 3]);
    expect(made.engine.calls.filter((call) => call === 'optimStep')).toHaveLength(3);
  });

  it.each(['sample', 'forward', 'forwardBackward', 'optimStep'] as const)(
    'of an engine that dies in %s pauses the run with the reason and the log before it, frees its memory, and the last checkpoint goes on',
    async (primitive) => {
      const made = scriptedRun({ unseen: 0, parameters: { checkpointEvery: 1 } });
      made.send({ kind: 'step', count: 1 });
      await made.untilState('paused');
      made.engine.failNext(primitive, died());
      made.send({ kind: 'resume' });
      await made.until((run) => run.state === 'paused' && run.memory === 'released');
      expect(made.summary).toMatchObject({
        ...{ step: 1, at: { point: 'after-update', step: 1 }, why: 'The engine died.' },
        fault: { kind: 'engine-failed', message: 'The engine died.', log: ['run tgrpo-1: The engine died.'] },
      });
      expect(made.engine.calls.at(-1)).toBe('dispose');
      await made.command({ kind: 'resume' });
      await made.untilState('completed');
      expect(stepsOf(made)).toEqual([1, 2, 3]);
    },
  );

  it.each(['before-step', 'after-sampling', 'before-update', 'after-update'] as const)(
    'of an engine that dies while the run stands still at %s is told at once, and resume goes on in another engine',
    async (point) => {
      const whole = scriptedRun({ unseen: 0, parameters: { checkpointEvery: 1 } });
      whole.send({ kind: 'start' });
      await whole.untilState('completed');
      const made = scriptedRun({ unseen: 0, parameters: { checkpointEvery: 1 } });
      made.send({ kind: 'run-to', point, step: 2 });
      await made.until((run) => run.state === 'paused' && run.at.point === point && run.at.step === 2);
      made.engine.ownLog.push('[rank1] Killed');
      made.engine.die('Rank 1 ended with signal 9.');
      await made.until((run) => run.state === 'paused' && run.memory === 'released');
      const step = point === 'after-update' ? 2 : 1;
      expect(made.summary).toMatchObject({
        ...{ step, at: { point: 'after-update', step }, why: 'Rank 1 ended with signal 9.' },
        fault: { kind: 'engine-failed', log: ['run tgrpo-1: Rank 1 ended with signal 9.', '[rank1] Killed'] },
      });
      expect(troubleOf(made.summary)?.text).toMatch(/goes on from its last checkpoint/);
      expect(made.run.lend()).toBeNull();
      await made.command({ kind: 'resume' });
      await made.untilState('completed');
      expect(made.engines).toHaveLength(2);
      expect(numbersOf(made.run.store.metrics())).toEqual(numbersOf(whole.run.store.metrics()));
    },
  );

  it('of an engine that dies while the run stands still between two tokens gives the step up', async () => {
    const made = await heldAt('sampling');
    made.engine.die();
    await made.until((run) => run.state === 'paused' && run.memory === 'released');
    expect(made.summary).toMatchObject({ step: 0, fault: { kind: 'engine-failed' } });
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([1, 2, 3]);
  });

  it('of an engine that dies while a full disk holds the run is told in its place', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { checkpointEvery: 1 } });
    made.send({ kind: 'step', count: 1 });
    await made.untilState('paused');
    made.engine.failNext('saveState', diskFull());
    made.send({ kind: 'resume' });
    await made.until((run) => run.state === 'paused' && run.fault?.kind === 'disk-full');
    made.engine.die();
    await made.until((run) => run.state === 'paused' && run.memory === 'released');
    expect(made.summary).toMatchObject({ step: 2, fault: { kind: 'engine-failed' } });
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(made.bodies('rewound')).toEqual([{ type: 'rewound', toStep: 1 }]);
  });

  it('of an engine that dies when nobody needs it any more is not told', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    const events = made.events.length;
    made.engine.die();
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(made.events).toHaveLength(events);
    expect(made.summary.state).toBe('completed');
  });

  it('of an engine that does not start fails the command that asked for it', async () => {
    const made = scriptedRun();
    made.onEngine = (engine) => engine.failNext('createModel', died());
    expect(await made.command({ kind: 'start' })).toMatchObject({ state: 'failed', why: 'The engine died.' });
    await made.untilState('failed');
    expect(made.engine.calls).toEqual(['createModel', 'dispose']);
  });

  it('while the end is saved fails the stop that asked for it', async () => {
    const made = await heldAt('after-update');
    made.engine.failNext('saveState', diskFull());
    expect(await made.command({ kind: 'stop', when: 'now' })).toMatchObject({
      state: 'failed',
      why: expect.stringMatching(/No space/),
    });
    expect(await made.untilState('failed')).toMatchObject({ fault: { kind: 'disk-full' } });
  });

  it('of a command that is carried out at a safe point fails the command, and the run stands or goes on', async () => {
    const made = await heldAt('after-update');
    made.engine.failNext('saveState', diskFull());
    expect(await made.command({ kind: 'save' })).toMatchObject({ state: 'failed' });
    expect(made.summary.state).toBe('paused');
    expect(await made.command({ kind: 'save' })).toMatchObject({
      state: 'applied',
      note: expect.stringMatching(/^step-000001, /),
    });
  });
});

it('an engine of several processes says on what they compute, and after each step what each of them takes', async () => {
  const made = scriptedRun({ unseen: 0 });
  made.onEngine = (engine) => {
    engine.rankBytes = [40e9, 41e9];
  };
  made.send({ kind: 'start' });
  await made.untilState('completed');
  expect(made.summary.engine).toMatchObject({ ranks: 2, devices: [{ name: 'a GPU' }, { name: 'a GPU' }] });
  expect(made.run.store.metrics().map(({ rankBytes }) => rankBytes)).toEqual(Array(3).fill([40e9, 41e9]));
  const alone = scriptedRun({ unseen: 0 });
  alone.send({ kind: 'start' });
  await alone.untilState('completed');
  expect(alone.run.store.metrics()[0]).not.toHaveProperty('rankBytes');
});

describe('a trainer that dies', () => {
  it('is found out by the next one: the run is paused after its last step, its memory free, and goes on with the same numbers', async () => {
    const whole = scriptedRun({ unseen: 0, parameters: { steps: 5, checkpointEvery: 2 } });
    whole.send({ kind: 'start' });
    await whole.untilState('completed');
    const made = scriptedRun({ unseen: 0, parameters: { steps: 5, checkpointEvery: 2 } });
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 3);
    const found = made.reopen();
    expect(found.summary).toMatchObject({
      ...{ state: 'paused', step: 3, at: { point: 'after-update', step: 3 }, memory: 'released', fault: null },
      why: 'the trainer ended after step 3',
    });
    found.send({ kind: 'resume' });
    await found.untilState('completed');
    expect(found.bodies('rewound')).toEqual([{ type: 'rewound', toStep: 2 }]);
    expect(numbersOf(found.run.store.metrics())).toEqual(numbersOf(whole.run.store.metrics()));
  });

  it('between a step and the next state leaves the run at the step that it had reached', async () => {
    const made = scriptedRun({ unseen: 0 });
    const gate = Promise.withResolvers<void>();
    made.onEngine = (engine) => void engine.holdNext('optimStep').entered.then(() => gate.resolve());
    made.send({ kind: 'start' });
    await gate.promise;
    made.run.record({ type: 'step', metrics: { ...aStep(1) } });
    expect(made.reopen().summary).toMatchObject({ state: 'paused', step: 1 });
  });

  it.each(['held', 'pausing', 'stopping', 'starting'] as const)(
    'while the run is %s leaves it paused',
    async (what) => {
      const made = what === 'held' ? await heldAt('before-update') : scriptedRun({ unseen: 0 });
      if (what !== 'held') made.send({ kind: 'start' });
      if (what === 'pausing') made.send({ kind: 'pause', release: true });
      if (what === 'stopping') made.send({ kind: 'stop', when: 'after-step' });
      expect(made.reopen().summary).toMatchObject({
        state: 'paused',
        at: { point: 'after-update', step: 0 },
        memory: 'released',
      });
    },
  );

  it('ends the commands that waited, so that nobody waits for them', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.send({ kind: 'start' });
    made.run.command('halt', { kind: 'stop', when: 'after-step' }, 'ada');
    const found = made.reopen();
    expect(found.run.store.commands().map(({ state }) => state)).toEqual(['failed', 'failed']);
    expect(found.run.command('halt', { kind: 'stop', when: 'after-step' }, 'ada')).toMatchObject({
      ...{ state: 'failed', at: null, why: 'the trainer ended before it took effect' },
    });
    expect(found.summary.state).toBe('paused');
  });

  it.each(['resume', 'evaluate'] as const)('voids nothing on %s when its checkpoints were moved away', async (kind) => {
    const made = scriptedRun({ parameters: { steps: 4 } });
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 2);
    made.send({ kind: 'stop', when: 'now' });
    await made.untilState('stopped');
    const { step } = made.summary;
    rmSync(path.join(made.run.folder, 'checkpoints'), { recursive: true });
    const found = made.reopen();
    const ended = await found.command({ kind });
    expect(ended).toMatchObject({ state: 'failed', why: expect.stringMatching(/checkpoint of step \d+ is not there/) });
    expect(found.summary.step).toBe(step);
    expect(found.run.store.metrics()).toHaveLength(step);
    expect(found.bodies('rewound')).toEqual([]);
  });

  it('in an evaluation leaves a complete run complete, and another one paused', async () => {
    const made = scriptedRun({ parameters: { steps: 1 } });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    made.send({ kind: 'evaluate' });
    expect(made.summary.state).toBe('evaluating');
    const found = made.reopen();
    expect(found.summary.state).toBe('completed');
    const young = scriptedRun();
    young.send({ kind: 'evaluate' });
    expect(young.reopen().summary).toMatchObject({ state: 'paused', step: 0 });
  });

  it('while the run rests changes nothing', async () => {
    const made = scriptedRun();
    const { seq } = made.summary;
    const found = made.reopen();
    expect([found.summary.state, found.summary.seq]).toEqual(['created', seq]);
  });

  it('is outlived by the end of a trainer that is told to: the last finished step is saved whatever the run does', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 50 } });
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 2);
    await made.run.shutDown();
    const found = made.reopen();
    expect(found.summary).toMatchObject({ state: 'paused', memory: 'released', why: 'the trainer was ended' });
    expect(found.run.store.checkpoints().at(-1)).toMatchObject({ step: found.summary.step, reason: 'pause' });
    for (const point of ['before-step', 'after-sampling'] as const) await (await heldAt(point)).run.shutDown();
    const loading = scriptedRun();
    loading.send({ kind: 'start' });
    await loading.run.shutDown();
    expect(loading.reopen().summary).toMatchObject({ state: 'paused', at: { point: 'after-update', step: 0 } });
    const evaluating = scriptedRun();
    evaluating.send({ kind: 'evaluate' });
    await evaluating.run.shutDown();
    expect(evaluating.reopen().summary.state).toBe('created');
    const heldEvaluating = scriptedRun();
    heldEvaluating.send({ kind: 'step', count: 1 });
    await heldEvaluating.untilState('paused');
    const gate = heldEvaluating.engine.holdNext('sample');
    heldEvaluating.send({ kind: 'evaluate' });
    await gate.entered;
    await heldEvaluating.run.shutDown();
    expect(heldEvaluating.reopen().summary).toMatchObject({ state: 'paused', step: 1, memory: 'released' });
  });
});

describe('a command id', () => {
  it('acts once: the same command again is answered with what became of it, also by the next trainer', async () => {
    const made = scriptedRun({ unseen: 0 });
    const first = made.send({ kind: 'set', parameter: 'steps', value: 2 }, 'a');
    const { seq } = made.summary;
    expect(made.send({ kind: 'set', parameter: 'steps', value: 2 }, 'a')).toEqual(first);
    expect(made.summary.seq).toBe(seq);
    made.send({ kind: 'start' }, 'b');
    made.send({ kind: 'start' }, 'b');
    await made.untilState('completed');
    expect(made.engines).toHaveLength(1);
    const found = made.reopen();
    expect(found.send({ kind: 'start' }, 'b')).toMatchObject({ id: 'b', number: 2, state: 'applied' });
    expect(found.summary.state).toBe('completed');
  });

  it('is not given to another command', () => {
    const made = scriptedRun();
    made.send({ kind: 'set', parameter: 'steps', value: 2 }, 'a');
    expect(() => made.send({ kind: 'set', parameter: 'steps', value: 3 }, 'a')).toThrow(
      expect.objectContaining({ kind: 'bad-request', message: 'Another command came under the id a: set.' }),
    );
    expect(made.summary.steps).toBe(2);
  });
});

describe('two runs', () => {
  it('do not compute at once: a start is rejected with the name of the one that does', () => {
    const made = scriptedRun({
      others: () => [aRunThat({ state: 'evaluating', doing: null }, { id: 'sft-2', name: 'sft' })],
    });
    expect(made.send({ kind: 'start' })).toMatchObject({
      state: 'rejected',
      why: 'sft-2 is evaluating; pause or stop it first, or queue this run',
    });
    expect(made.summary.state).toBe('created');
  });

  it('share the memory: a run that is held in it is saved and freed, and says for whom', async () => {
    const made = await heldAt('after-update');
    await made.run.release('its memory was freed for sft-2');
    expect(made.summary).toMatchObject({ state: 'paused', memory: 'released', why: 'its memory was freed for sft-2' });
    expect(made.run.store.commands().at(-1)).toMatchObject({ by: 'trainer', state: 'applied' });
    // Nothing is to be freed twice.
    await made.run.release('again');
    expect(made.run.store.commands()).toHaveLength(3);
  });
});

function aStep(step: number): StepMetrics {
  const none = {
    loss: null,
    gradNorm: null,
    kl: null,
    entropy: null,
    accuracy: null,
    accuracyShuffled: null,
    format: null,
  };
  return {
    ...none,
    ...{ step, at: 5, learningRate: 0, temporal: null, reward: null, length: null, flatGroups: null, clipped: null },
    ...{ questions: 0, skipped: 0, trainedTokens: 0, sampledTokens: 0 },
    durations: { decode: 0, sample: 0, score: 0, credit: 0, oldLogprobs: 0, update: 0, store: 0, held: 0, total: 7 },
  };
}
