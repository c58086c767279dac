/** What a run is told of its learning: before it starts, with a live setting, and while nothing is learned. */
import { copyFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scriptedRun } from './scripted-run.ts';

const begun = (made: ReturnType<typeof scriptedRun>) => made.bodies('advisory').map(({ advisory }) => advisory);
const said = (made: ReturnType<typeof scriptedRun>) => begun(made).map(({ message }) => message);

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

  it('says of a live value what it hinders, and nothing again', async () => {
    const made = scriptedRun({ parameters: { alpha: 0 } });
    expect(await made.command({ kind: 'set', parameter: 'learningRate', value: 0 })).toMatchObject({
      state: 'applied',
    });
    await made.command({ kind: 'set', parameter: 'beta', value: 0.02 });
    expect(said(made)).toEqual(['learningRate is 0, so no weight changes.', expect.stringMatching(/^alpha is 0/)]);
    expect(begun(made)[0]?.ways).toEqual([
      { kind: 'set', parameter: 'learningRate', value: 1e-4, why: 'as the preset has it' },
      { kind: 'person', why: 'Set it above 0.' },
    ]);
  });

  it('says that it is over once the value hinders no longer, at rest and while it trains, and not of what its files hold', async () => {
    const made = scriptedRun({ questions: 3, unseen: 3, parameters: { alpha: 0, steps: 40 } });
    const { dataset, evaluationDataset } = made.run.plan;
    copyFileSync(dataset, evaluationDataset as string);
    const standing = () => (made.summary.advisories ?? []).map(({ key }) => key);
    made.send({ kind: 'start' });
    await made.until(({ step }) => step >= 1);
    expect(standing()).toEqual(expect.arrayContaining(['settings:alpha', 'settings:evaluationDataset']));
    await made.command({ kind: 'set', parameter: 'alpha', value: 0.3 });
    expect(made.bodies('advisory-ended')).toMatchObject([{ key: 'settings:alpha' }]);
    made.send({ kind: 'stop', when: 'after-step' });
    await made.untilState('stopped');
    await made.command({ kind: 'set', parameter: 'learningRate', value: 0 });
    expect(standing()).toContain('settings:learningRate');
    await made.command({ kind: 'set', parameter: 'learningRate', value: 1e-3 });
    expect(standing().filter((key) => key.startsWith('settings'))).toEqual(['settings:evaluationDataset']);
  });

  it('knows after a going back of what was set in the steps that it gives up', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 12, checkpointEvery: 4 } });
    made.send({ kind: 'start' });
    await made.until(({ step }) => step === 6);
    await made.command({ kind: 'set', parameter: 'learningRate', value: 0 });
    const again = made.reopen();
    again.send({ kind: 'resume' });
    await again.untilState('completed');
    expect(again.bodies('rewound')).toHaveLength(1);
    expect(again.summary.parameters.learningRate).toBe(0);
    expect((again.summary.advisories ?? []).map(({ key }) => key)).toContain('settings:learningRate');
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
