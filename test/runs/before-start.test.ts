/** What a run is told of its learning: before it starts, with a live setting, and while nothing is learned. */
import { copyFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flatStepsTold } from '../../trainer/runs/flat-steps.ts';
import { scriptedRun } from './scripted-run.ts';

const said = (made: ReturnType<typeof scriptedRun>) => made.bodies('warning').map(({ message }) => message);

describe('a run that can learn nothing', () => {
  it('fails before a model is loaded, naming why and what to set; the same run goes on once that is set', async () => {
    const made = scriptedRun({ parameters: { temperature: 0 } });
    made.send({ kind: 'start' });
    const { state, ...standing } = await made.untilState('failed');
    expect(standing).toMatchObject({
      fault: { kind: 'bad-run-file', message: expect.stringMatching(/^temperature is 0: .* nothing is learned\.$/) },
    });
    expect(made.engines).toEqual([]);
    expect(await made.command({ kind: 'set', parameter: 'temperature', value: 1 })).toMatchObject({ state: 'applied' });
    made.send({ kind: 'resume' });
    await made.untilState('completed');
  });

  it('may be evaluated', async () => {
    const made = scriptedRun({ parameters: { groupSize: 1 } });
    expect(await made.command({ kind: 'evaluate' })).toMatchObject({ state: 'applied' });
  });

  it('is not made by a live setting', async () => {
    const made = scriptedRun();
    for (const [parameter, value] of [
      ['temperature', 0],
      ['topP', 0],
      ['topK', 1],
    ] as const) {
      expect(made.send({ kind: 'set', parameter, value })).toMatchObject({
        state: 'rejected',
        why: expect.stringContaining('nothing is learned'),
      });
    }
    expect(made.send({ kind: 'set', parameter: 'groupSize', value: 1 })).toMatchObject({ state: 'rejected' });
    const sft = scriptedRun({ method: 'sft' });
    expect(sft.send({ kind: 'set', parameter: 'temperature', value: 0 })).toMatchObject({ state: 'applied' });
  });
});

describe('a run that may not learn what was meant', () => {
  it('is told how far it is, and may be stopped meanwhile', async () => {
    const made = scriptedRun({ questions: 600, unseen: 0 });
    made.send({ kind: 'start' });
    await made.until(() => made.changes.some((run) => 'doing' in run && run.doing === 'looking through the questions'));
    made.send({ kind: 'stop', when: 'now' });
    await made.untilState('stopped');
    expect(made.summary.step).toBe(0);
  });

  it('says so before its model is loaded, once, and trains', async () => {
    const made = scriptedRun({ parameters: { learningRate: 0, alpha: 0, steps: 1 }, unseen: 0 });
    made.onEngine = () => expect(said(made)).toHaveLength(2);
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(said(made)).toEqual([
      expect.stringMatching(/^learningRate is 0, so no weight changes/),
      expect.stringMatching(/^alpha is 0/),
    ]);
    await made.command({ kind: 'set', parameter: 'steps', value: 2 });
    made.send({ kind: 'resume' });
    await made.until(({ step, state }) => step === 2 && state === 'completed');
    expect(said(made)).toHaveLength(2);
  });

  it('names evaluation questions that are trained on', async () => {
    const made = scriptedRun({ questions: 3, unseen: 3 });
    const { dataset, evaluationDataset } = made.run.plan;
    copyFileSync(dataset, evaluationDataset as string);
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(said(made)).toEqual([expect.stringMatching(/^All 3 evaluation questions are trained on/)]);
  });

  it('says of a live value what it hinders, and not again of what hindered before', async () => {
    const made = scriptedRun({ parameters: { alpha: 0 } });
    expect(await made.command({ kind: 'set', parameter: 'learningRate', value: 0 })).toMatchObject({
      state: 'applied',
    });
    expect(said(made)).toEqual(['learningRate is 0, so no weight changes. Set it above 0.']);
  });
});

describe('steps in which no reward differs', () => {
  const wrong = () => '<think>a</think><answer>A</answer>';

  it(`are told after ${flatStepsTold}, once`, async () => {
    const made = scriptedRun({ script: wrong, unseen: 0, parameters: { steps: flatStepsTold + 3 } });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(said(made)).toEqual([expect.stringMatching(/^In no group of the last 10 steps, up to step 10, did/)]);
  });

  it('are told again only after one in which some differ, and never of what SFT looks at', async () => {
    const groups = 2;
    let asked = 0;
    const answers = { ordered: 2, shuffled: 1 };
    const perStep = groups * (answers.ordered + answers.shuffled);
    const made = scriptedRun({
      ...{ unseen: 0, parameters: { steps: 2 * flatStepsTold + 1 } },
      script: ({ isShuffled, index }) => {
        const step = Math.floor(asked++ / perStep) + 1;
        return step === flatStepsTold + 1 && !isShuffled && index === 0
          ? '<think>a</think><answer>B</answer>'
          : wrong();
      },
    });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(said(made).map((text) => /up to step (\d+)/.exec(text)?.[1])).toEqual(['10', '21']);
    const sft = scriptedRun({ method: 'sft', script: wrong, unseen: 0, parameters: { steps: 12, probeEvery: 1 } });
    sft.send({ kind: 'start' });
    await sft.untilState('completed');
    expect(said(sft)).toEqual([]);
  });
});

describe('a prompt beyond maxPromptTokens', () => {
  const long = 'word '.repeat(40_000);

  it('is left out before the step, with its reason and a count, and its beginning is not cut off', async () => {
    const made = scriptedRun({ problems: { 1: long }, unseen: 0 });
    made.send({ kind: 'start' });
    const run = await made.untilState('completed');
    expect(run.skipped).toBe(1);
    expect(made.bodies('skipped').map(({ question, kind, message }) => [question.row, kind, message])).toEqual([
      [1, 'bad-dataset', expect.stringMatching(/^The prompt has 200,\d\d\d tokens; maxPromptTokens allows 16,384\.$/)],
    ]);
    expect(made.bodies('group').every(({ group }) => group.question.row !== 1)).toBe(true);
  });

  it('is asked where the parameter is 0', async () => {
    const made = scriptedRun({ problems: { 1: long }, unseen: 0, parameters: { maxPromptTokens: 0 } });
    made.send({ kind: 'start' });
    expect((await made.untilState('completed')).skipped).toBe(0);
  });

  it('fails the run where all are too long', async () => {
    const problems = Object.fromEntries([0, 1, 2, 3].map((row) => [row, long]));
    const made = scriptedRun({ problems, unseen: 0 });
    made.send({ kind: 'start' });
    expect(await made.untilState('failed')).toMatchObject({
      fault: {
        message: expect.stringMatching(/^None of the 4 rows can be put before the model\. One of them: The prompt has/),
        remedy: expect.stringContaining('maxPromptTokens'),
      },
    });
  });
});
