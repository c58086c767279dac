/** What an update moves, worked out by hand on a policy of one row; and updates that are taken back, on a real model to the last bit. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { moveOf, movesOf } from '../../trainer/evidence/receipts.ts';
import type { UpdatedAnswer } from '../../trainer/learning/groups.ts';
import type { OpenGroups } from '../../trainer/learning/open-groups.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { tgrpoStep } from '../../trainer/learning/tgrpo.ts';
import type { Training } from '../../trainer/learning/training.ts';
import { receiptOf, tryUpdate, WeightsNotPutBack } from '../../trainer/learning/try-update.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import { defaultTemplate } from '../../trainer/reasoning/template.ts';
import { vocabulary } from '../engines/scripted-engine.ts';
import { newModel } from '../engines/tfjs/tiny.ts';
import { aLoadedQuestion, neverHeld, scriptedTraining } from './scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';
const letter = 4;
const never = new AbortController().signal;

const parameters: Partial<ParameterValues> = {
  ...{ questionsPerStep: 1, groupSize: 3, shuffledGroupSize: 1, omega: 0, formatWeight: 1, stdEpsilon: 0, steps: 9 },
  ...{ beta: 0, learningRate: 0.1, schedule: 'constant', weightDecay: 0, gradClipNorm: 0, maxNewTokens: 50 },
  ...{ warmupSteps: 0, maskFlagged: false },
};

/** A step that stands still before its update. */
async function held(given: Partial<ParameterValues> = {}, can: { samplerIsTrainer?: boolean } = {}) {
  const made = await scriptedTraining('tgrpo', {
    script: ({ isShuffled, index }) => (isShuffled || index > 0 ? wrong : right),
    ...{ can, questions: [aLoadedQuestion(0)], parameters: { ...parameters, ...given } },
  });
  const reached = Promise.withResolvers<OpenGroups>();
  const gone = Promise.withResolvers<number>();
  made.atPoint = (point, open) => {
    if (point !== 'before-update' || !open) return 0;
    reached.resolve(open);
    return gone.promise;
  };
  const metrics = tgrpoStep(made.training, 1, 'tgrpo');
  const goOn = async (): Promise<void> => {
    gone.resolve(0);
    await metrics;
  };
  return { made, open: await reached.promise, goOn };
}

describe('the receipt of an update', () => {
  it('says of each answer what it was by the weights before and is by those after', async () => {
    const { made, open, goOn } = await held();
    await goOn();
    const receipt = await receiptOf(made.training, { step: 1, open, computed: made.updated });
    // AdamW's first step moves the two letters by the rate: B up, A down. The others share what is left.
    const shift = Math.log((vocabulary.length - 2 + 2 * Math.cosh(0.1)) / vocabulary.length);
    expect(receipt.answers.map(({ rolloutId }) => rolloutId)).toEqual(['s1-0-o0', 's1-0-o1', 's1-0-o2']);
    expect(receipt.answers.map(({ advantage }) => Math.sign(advantage ?? 0))).toEqual([1, -1, -1]);
    receipt.answers.forEach((answer, i) => {
      movesOf(answer).forEach((move, token) => {
        expect(move).toBeCloseTo((token !== letter ? 0 : i === 0 ? 0.1 : -0.1) - shift, 5);
      });
    });
  });

  it('has what the update left out too, by the trainer’s weights whoever sampled', async () => {
    for (const samplerIsTrainer of [true, false]) {
      const { made, open, goOn } = await held({}, { samplerIsTrainer });
      open.leaveOut(['s1-0-o2']);
      await goOn();
      const { answers } = await receiptOf(made.training, { step: 1, open, computed: made.updated });
      expect(answers.map(({ advantage }) => advantage === null)).toEqual([false, false, true]);
      for (const { before } of answers) expect(before[0]).toBeCloseTo(-Math.log(vocabulary.length), 5);
    }
  });

  it('is empty where nothing was trained, and asks nothing then', async () => {
    const { made, open, goOn } = await held({ skipFlatGroups: true });
    for (const id of ['s1-0-o0', 's1-0-o1', 's1-0-o2']) open.rescore(id, { accuracy: 0 });
    await goOn();
    const calls = made.engine.calls.length;
    expect((await receiptOf(made.training, { step: 1, open, computed: made.updated })).answers).toEqual([]);
    expect(made.engine.calls).toHaveLength(calls);
  });
});

describe('an update that is tried', () => {
  const trying = { step: 1, signal: never, tell: () => {} };

  it('moves what the real one moves, beside one with a change; then nothing has happened', async () => {
    const { made, open, goOn } = await held();
    const p = made.training.parameters();
    const before = made.engine.logitsOf(made.training.policy).slice();
    const tried = open.copy();
    tried.leaveOut(['s1-0-o1']);
    const result = await tryUpdate(
      made.training,
      { plain: { open, parameters: p }, tried: { open: tried, parameters: { ...p, learningRate: 0.3 } } },
      trying,
    );
    expect(made.engine.logitsOf(made.training.policy)).toEqual(before);
    expect(made.engine.snapshotsHeld).toBe(0);
    expect(result.learningRate).toEqual({ plain: 0.1, tried: 0.3 });
    expect(result.tried.answers.map(({ advantage }) => advantage === null)).toEqual([false, true, false]);
    // Three times the rate; the answer that was left out moves with the one that says the same.
    const moves = (of: 'plain' | 'tried') => result[of].answers.map(moveOf);
    expect(moves('tried')[1]).toBeCloseTo(moves('tried')[2] ?? Number.NaN, 6);
    expect((moves('tried')[0] ?? 0) / (moves('plain')[0] ?? 1)).toBeGreaterThan(2.5);

    await goOn();
    const receipt = await receiptOf(made.training, { step: 1, open, computed: made.updated });
    expect(result.plain.answers).toEqual(receipt.answers);
  });

  it('is 0 exactly where the change leaves nothing to train', async () => {
    const { made, open } = await held({ skipFlatGroups: true });
    const p = made.training.parameters();
    const tried = open.copy();
    tried.leaveOut(['s1-0-o0']);
    const plans = { plain: { open, parameters: p }, tried: { open: tried, parameters: p } };
    const result = await tryUpdate(made.training, plans, trying);
    expect(result.plain.answers.map(moveOf).every((move) => move !== 0)).toBe(true);
    expect(result.tried.answers.map(moveOf)).toEqual([0, 0, 0]);
  });

  it('puts back what it has done where it is ended, or the engine fails in it', async () => {
    for (const primitive of ['forwardBackward', 'optimStep', 'forward'] as const) {
      const { made, open } = await held({ updatesPerSampling: 2 });
      const p = made.training.parameters();
      const before = made.engine.logitsOf(made.training.policy).slice();
      const plans = { plain: { open, parameters: p }, tried: { open: open.copy(), parameters: p } };
      const stop = new AbortController();
      const tell = (doing: string) => {
        if (doing === 'making the changed update')
          made.engine.failNext(primitive, new StudioError('not-finite', 'The loss is NaN.'));
      };
      await expect(tryUpdate(made.training, plans, { ...trying, tell })).rejects.toThrow('The loss is NaN.');
      expect(made.engine.logitsOf(made.training.policy)).toEqual(before);
      const gate = made.engine.holdNext(primitive);
      const result = tryUpdate(made.training, plans, { ...trying, signal: stop.signal });
      await gate.entered;
      stop.abort();
      gate.open();
      await expect(result).rejects.toBe(stop.signal.reason);
      expect(made.engine.logitsOf(made.training.policy)).toEqual(before);
      expect(made.engine.snapshotsHeld).toBe(0);
    }
  });

  it('says so where the weights can’t be put back', async () => {
    const { made, open } = await held();
    const p = made.training.parameters();
    made.engine.failNext('restore', new StudioError('engine-failed', 'A thread died.'));
    const plans = { plain: { open, parameters: p }, tried: { open: open.copy(), parameters: p } };
    await expect(tryUpdate(made.training, plans, trying)).rejects.toBeInstanceOf(WeightsNotPutBack);
    // Also where the copy can't be let go either.
    for (const primitive of ['restore', 'release'] as const)
      made.engine.failNext(primitive, new StudioError('engine-failed', 'A thread died.'));
    await expect(tryUpdate(made.training, plans, trying)).rejects.toBeInstanceOf(WeightsNotPutBack);
  });
});

describe('on a model', () => {
  const answers = ['s%-0-o0', 's%-1-o1'];
  const p: ParameterValues = {
    ...presetParameters('sample', 'tgrpo'),
    ...{
      questionsPerStep: 2,
      groupSize: 3,
      shuffledGroupSize: 1,
      maxNewTokens: 10,
      steps: 9,
      learningRate: 1e-2,
      warmupSteps: 0,
    },
    ...{ beta: 0.04, updatesPerSampling: 2 },
  };

  /** Three steps, and what was said of them. @param look does what must leave no trace */
  async function trained(engine: Engine, look: boolean) {
    const policy = await newModel(engine, 4);
    const reference = await engine.createModel({ kind: 'copy', of: policy }, 'reference');
    let step = 0;
    let computed: readonly UpdatedAnswer[] = [];
    let open: OpenGroups | undefined;
    const told: string[] = [];
    const training: Training = {
      ...{ engine, policy, reference, seed: 1, template: defaultTemplate, signal: never },
      parameters: () => p,
      sampling: neverHeld,
      at: async (point, opened) => {
        if (point !== 'before-update' || !opened) return 0;
        open = opened;
        // Nothing is right of its own: the first answers of either question are called so.
        for (const id of answers) opened.rescore(id.replace('%', String(step)), { accuracy: 1 });
        if (!look) return 0;
        const tried = opened.copy();
        tried.leaveOut([answers[0]?.replace('%', String(step)) as string]);
        const plans = {
          plain: { open: opened, parameters: p },
          tried: { open: tried, parameters: { ...p, learningRate: 0.1 } },
        };
        const result = await tryUpdate(training, plans, { step, signal: never, tell: () => {} });
        expect(result.plain.answers.map(moveOf)).not.toEqual(result.tried.answers.map(moveOf));
        return 0;
      },
      nextQuestions: async (count) => [0, 1].slice(0, count).map((row) => aLoadedQuestion(row)),
      probeQuestions: async () => [],
      recordGroups: async (groups) =>
        void told.push(JSON.stringify(groups.map(({ group: { at: _, ...group } }) => group))),
      flaggedOf: async () => new Set(),
      onMasked: () => {},
      onUpdated: (updated) => {
        computed = updated;
      },
      onSampling: () => {},
      onNotice: () => {},
    };
    for (step = 1; step <= 3; step++) {
      const { durations: _, at: __, memoryBytes: ___, ...metrics } = await tgrpoStep(training, step, 'tgrpo');
      told.push(JSON.stringify([metrics, computed]));
      if (!look) continue;
      const receipt = await receiptOf(training, { step, open: open as OpenGroups, computed });
      expect(receipt.answers).toHaveLength(6);
      expect(receipt.answers.map(moveOf).every((move) => move !== 0)).toBe(true);
    }
    const folder = await mkdtemp(path.join(tmpdir(), 'tried-update-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await engine.saveState(policy, folder);
    const files = ['model.safetensors', 'optimizer.safetensors', 'optimizer.json'];
    const hash = async (name: string) =>
      createHash('sha256')
        .update(await readFile(path.join(folder, name)))
        .digest('hex');
    return { told, files: await Promise.all(files.map(hash)) };
  }

  it('receipts and tried updates leave weights, optimizer and all later numbers bit for bit as without them', async () => {
    const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 });
    onTestFinished(() => engine.dispose());
    expect(await trained(engine, true)).toEqual(await trained(engine, false));
  });
});
