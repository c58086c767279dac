/** A run that trains is judged after each step and each evaluation: what begins and ends is recorded, and outlives whatever happens to it. */
import { statfs } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { heard } from '../../../trainer/protocol/advisories.ts';
import { thresholds } from '../../../trainer/runs/advisories/thresholds.ts';
import { freeBytes } from '../../../trainer/runs/free-space.ts';
import { aCheckpoint } from '../../store/records.ts';
import { type ScriptedRun, type ScriptedRunOptions, scriptedRun } from '../scripted-run.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';
const formless = 'B';

const told = (made: ScriptedRun) =>
  made.events.flatMap(({ body }) => {
    if (body.type === 'advisory') return [`${body.advisory.key} ${body.advisory.since}`];
    return body.type === 'advisory-ended' ? [`${body.key} over ${body.step}`] : [];
  });
const standing = (made: ScriptedRun) => (made.summary.advisories ?? []).map(({ key, since }) => `${key} ${since}`);

/** Answers of a step follow from its number alone: 2 questions, 2 ordered answers and a shuffled one each. */
function byStep(of: (step: number, ordered: number) => string): NonNullable<ScriptedRunOptions['script']> {
  const perStep = 2 * 3;
  let asked = 0;
  return ({ isShuffled, index }) => {
    const step = Math.floor(asked++ / perStep) + 1;
    return isShuffled ? wrong : of(step, index);
  };
}

const plain = { groupSize: 2, shuffledGroupSize: 1, formatWeight: 0 } as const;

describe('a run in which no answer is ever paid', () => {
  const unpaid = () =>
    scriptedRun({
      ...{ unseen: 0, questions: 40 },
      parameters: { ...plain, steps: 30, checkpointEvery: 4 },
      script: byStep((step, index) => (step === 14 && index === 0 ? right : wrong)),
    });

  it('is told after ten steps, and that it is over with the first reward, once each; it goes on by itself', async () => {
    const made = unpaid();
    made.send({ kind: 'start' });
    await made.untilState('completed');
    expect(told(made).slice(0, 2)).toEqual(['rewards-zero 10', 'rewards-zero over 14']);
    expect(new Set(made.states)).not.toContain('paused');
    expect(told(made).filter((line) => line.startsWith('rewards-zero'))).toHaveLength(3);
    expect(standing(made)).toContain('rewards-zero 24');
  });

  it('knows of it after a restart, and says the same again of steps that it makes again', async () => {
    const straight = unpaid();
    straight.send({ kind: 'start' });
    await straight.untilState('completed');

    const made = unpaid();
    made.send({ kind: 'start' });
    await made.until(({ step }) => step === 11);
    expect(standing(made)).toEqual(['rewards-zero 10']);
    const again = made.reopen();
    expect(standing(again)).toEqual(['rewards-zero 10']);
    // It goes on from the checkpoint of step 8: of step 10 nothing is known yet.
    again.send({ kind: 'resume' });
    await again.until(({ state }) => state === 'running');
    expect(again.bodies('rewound').map(({ toStep }) => toStep)).toEqual([8]);
    expect(again.bodies('state').find(({ run }) => run.state === 'running')?.run.advisories).toEqual([]);
    await again.until(({ step, advisories }) => step >= 10 && (advisories ?? []).length > 0);
    expect(standing(again)).toEqual(['rewards-zero 10']);
    expect(again.run.store.advisories().map(({ key }) => key)).toEqual(['rewards-zero']);
  });

  it('has ended advisories stand again that it goes back over the end of', async () => {
    const made = unpaid();
    made.send({ kind: 'start' });
    await made.until(({ step }) => step === 15);
    expect(standing(made).filter((line) => line.startsWith('rewards-zero'))).toEqual([]);
    const again = made.reopen();
    again.send({ kind: 'resume', from: 12, confirmed: true });
    await again.until(({ state }) => state === 'running');
    expect(again.bodies('state').findLast(({ run }) => run.state === 'running')?.run.advisories).toMatchObject([
      { key: 'rewards-zero', since: 10 },
    ]);
  });

  it('says no more of what a person mutes, in this run, whatever becomes of it', async () => {
    const made = unpaid();
    made.run.muteAdvisory('rewards-zero', true, 'ada');
    made.send({ kind: 'start' });
    await made.until(({ step }) => step === 11);
    expect(standing(made)).toEqual(['rewards-zero 10']);
    expect(heard(made.summary)).toEqual([]);
    const again = made.reopen();
    expect(heard(again.summary)).toEqual([]);
    again.run.muteAdvisory('rewards-zero', false, 'ben');
    expect(heard(again.summary).map(({ key }) => key)).toEqual(['rewards-zero']);
    expect(() => again.run.muteAdvisory('rewards-zeros', true, 'ben')).toThrow(
      'there is no advisory rewards-zeros; the nearest is rewards-zero',
    );
  });
});

describe('a run that answers in other ways', () => {
  const through = async (options: ScriptedRunOptions) => {
    const made = scriptedRun({ unseen: 0, questions: 40, ...options });
    made.send({ kind: 'start' });
    await made.untilState('completed');
    return made;
  };

  it('is told nothing where one answer of two is right and its reward is felt', async () => {
    const made = await through({
      parameters: { steps: 25, alpha: 0.3, advantageScale: 'none' },
      script: byStep((step, index) => (index === step % 2 ? right : wrong)),
    });
    expect(told(made)).toEqual([]);
  });

  it('is told that all groups are flat because all answers are right', async () => {
    const made = await through({ parameters: { steps: 12 }, script: byStep(() => right) });
    expect(told(made)).toEqual(['flat-groups 10']);
    expect(made.summary.advisories?.[0]?.message).toMatch(/^20 of the 20 groups .* all answers are right\.$/);
  });

  it('is told that it loses the format', async () => {
    const made = await through({
      parameters: { steps: 20 },
      script: byStep((step, index) => (index === 0 ? right : step > 12 ? formless : wrong)),
    });
    // Ten steps before the last ten are known from then on.
    expect(told(made)).toContain('format-lost 20');
  });

  it('is told that answers are cut at the limit', async () => {
    const long = `<think>${'a'.repeat(200)}</think><answer>A</answer>`;
    const made = await through({
      parameters: { steps: 12 },
      script: byStep((_, index) => (index === 0 ? right : long)),
    });
    const cut = made.bodies('advisory').find(({ advisory }) => advisory.rule === 'length-limit');
    expect(cut?.advisory.since).toBe(thresholds['length-limit'].window);
    expect(cut?.advisory.numbers).toMatchObject({ answers: 40, cut: 20, maxNewTokens: 40 });
  });

  it('is told that order is paid and not felt', async () => {
    const made = await through({
      parameters: { steps: 40, groupSize: 4, questionsPerStep: 2, lengthMin: 0, lengthMax: 1000, omega: 0 },
      script: ({ isShuffled, index }) => (isShuffled || index > 1 ? wrong : right),
    });
    // 2 groups of 2 right answers a step: 80 answers in 20 steps.
    expect(told(made)).toEqual(['order-not-felt 20']);
  });

  it('is told that it falls on unseen questions while its reward rises', async () => {
    const made = await through({
      ...{ unseen: 40, parameters: { steps: 24, evaluateEvery: 12, groupSize: 4, questionsPerStep: 2 } },
      script: risingAndFalling(),
    });
    expect(made.bodies('evaluation').length).toBeGreaterThan(1);
    expect(told(made)).toContain('evaluation-falls 24');
  });
});

/** Training answers become right one after the other; evaluation answers are right at first and wrong later. */
function risingAndFalling(): NonNullable<ScriptedRunOptions['script']> {
  let trained = 0;
  return ({ media, isShuffled, index }) => {
    // A file that is not trained on has no number.
    if (media.endsWith('-1')) return trained < 200 ? right : wrong;
    trained++;
    return !isShuffled && index < 1 + trained / 80 ? right : wrong;
  };
}

describe('the disk', () => {
  it('is looked at where the run writes: room for two checkpoints is told, and left alone where it is free again', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 6 } });
    const { bavail, bsize } = await statfs(made.run.folder);
    const free = bavail * bsize;
    made.send({ kind: 'start' });
    await made.until(({ step }) => step === 1);
    made.run.record({
      type: 'checkpoint',
      checkpoint: aCheckpoint(1, { id: 'large', sizeBytes: Math.floor(free / 2.5) }),
    });
    await made.until(({ advisories }) => (advisories ?? []).length > 0);
    expect(made.summary.advisories?.[0]).toMatchObject({ key: 'disk-low', numbers: { room: 2 } });
    made.run.record({ type: 'checkpoint', checkpoint: aCheckpoint(1, { id: 'small', sizeBytes: 1000 }) });
    await made.untilState('completed');
    expect(standing(made)).toEqual([]);
  });

  it('that can’t be asked is not known', async () => {
    expect(await freeBytes('/nowhere/at/all')).toBeNull();
  });
});
