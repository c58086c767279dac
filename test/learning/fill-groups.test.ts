/** Groups without spread are replaced by further questions: which, how many times, and what of them is trained on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tgrpoStep } from '../../trainer/learning/tgrpo.ts';
import { flatSentence } from '../../trainer/protocol/flat-reason.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { AskedAnswer } from '../engines/scripted-engine.ts';
import { aLoadedQuestion, scriptedTraining } from './scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';
/** Tokens, the end included. */
const length = 7;

const parameters: Partial<ParameterValues> = {
  ...{ questionsPerStep: 3, groupSize: 2, shuffledGroupSize: 0, omega: 0, formatWeight: 1, beta: 0, stdEpsilon: 0 },
  ...{ learningRate: 0.1, schedule: 'constant', fillFlatGroups: true, maxSamplingRounds: 10 },
};
const rowOf = (media: string) => Number(/\d+/.exec(media)?.[0]);

/** Questions of which those of the rows given have answers that are all right; of the others the first answer alone is. */
async function stepWith(flatRows: readonly number[], given: Partial<ParameterValues> = {}, count = 8) {
  const script = ({ media, index }: AskedAnswer) => (index === 0 || flatRows.includes(rowOf(media)) ? right : wrong);
  const questions = Array.from({ length: count }, (_, row) => aLoadedQuestion(row));
  const made = await scriptedTraining('grpo', { script, questions, parameters: { ...parameters, ...given } });
  const metrics = await tgrpoStep(made.training, 1, 'grpo');
  return {
    ...{ made, metrics },
    asked: made.recorded.map(({ group }) => [group.question.row, group.leftOut ?? null]),
    logits: made.engine.logitsOf(made.training.policy),
  };
}

describe('groups without spread', () => {
  it('are replaced, by as many questions as are missing in each round', async () => {
    // Rows 0 1 2, of which 1 counts; then 3 4, of which 3 does; then 5.
    const { made, metrics, asked } = await stepWith([0, 2, 4, 6]);
    expect(asked).toEqual([
      [0, 'flat'],
      [1, null],
      [2, 'flat'],
      [3, null],
      [4, 'flat'],
      [5, null],
    ]);
    expect(made.recorded.map(({ group }) => group.id)).toEqual(['s1-0', 's1-1', 's1-2', 's1-3', 's1-4', 's1-5']);
    expect(metrics).toMatchObject({ questions: 6, flatGroups: 0.5, trainedTokens: 3 * 2 * length });
    expect(made.notices).toEqual([]);
    // All are kept with their answers; of those left out the update computed nothing.
    const computed = made.updated.filter(({ logprobs }) => logprobs !== null).map(({ rolloutId }) => rolloutId);
    expect(computed).toEqual(['s1-1-o0', 's1-1-o1', 's1-3-o0', 's1-3-o1', 's1-5-o0', 's1-5-o1']);
    expect(made.recorded[0]?.group.rollouts.map(({ text }) => text)).toEqual([right, right]);
    expect(flatSentence(made.recorded[0]?.group as never)).toBe(
      'Both answers are right and were paid the same: accuracy 1 + format 1 + temporal 0 + length 0 = 2. It is left out of the update, and another question was asked in its place (fillFlatGroups).',
    );
  });

  it('learn as much as a step that asked the others alone', async () => {
    const filled = await stepWith([0, 2, 4, 6]);
    const script = ({ index }: AskedAnswer) => (index === 0 ? right : wrong);
    const questions = [1, 3, 5].map((row) => aLoadedQuestion(row));
    const alone = await scriptedTraining('grpo', {
      script,
      questions,
      parameters: { ...parameters, fillFlatGroups: false },
    });
    const { loss, gradNorm } = await tgrpoStep(alone.training, 1, 'grpo');
    expect([filled.metrics.loss, filled.metrics.gradNorm]).toEqual([loss, gradNorm]);
    expect(filled.logits).toEqual(alone.engine.logitsOf(alone.training.policy));
  });

  it('are given up on after so many rounds: the step goes on with what there is, and says so', async () => {
    const { made, metrics, asked } = await stepWith([0, 2, 4, 6], { maxSamplingRounds: 2 });
    expect(asked.length).toBe(5);
    expect(metrics.trainedTokens).toBe(2 * 2 * length);
    expect(made.notices).toEqual([
      'Step 1: after 2 rounds of sampling (maxSamplingRounds) rewards differ in 2 of the 3 groups that a step takes; the update is made of these. 3 of 5 questions are left out because their answers were all paid alike.',
    ]);
    const none = await stepWith([0, 1, 2, 3, 4, 5, 6, 7], { maxSamplingRounds: 1 });
    expect(none.metrics).toMatchObject({ loss: null, trainedTokens: 0, questions: 3 });
    expect(none.made.notices).toEqual([
      'Step 1: after one round of sampling (maxSamplingRounds) rewards differ in 0 of the 3 groups that a step takes; nothing is learned in it. 3 of 3 questions are left out because their answers were all paid alike.',
    ]);
  });

  it('are no part of the batch whose standard deviation advantages are divided by', async () => {
    const { made } = await stepWith([0, 2, 4, 6], { advantageScale: 'batch', stdDegrees: 'n' });
    // Every answer that counts is half a point from the mean of its group.
    for (const { group } of made.recorded) expect(group.stats.normalised?.batchStd).toBe(0.5);
    expect(made.recorded[1]?.group.rollouts.map(({ advantage }) => advantage)).toEqual([1, -1]);
  });

  it('stay where they are without fillFlatGroups', async () => {
    const { made, metrics, asked } = await stepWith([0, 2], { fillFlatGroups: false });
    expect(asked).toEqual([
      [0, null],
      [1, null],
      [2, null],
    ]);
    expect(metrics.trainedTokens).toBe(3 * 2 * length);
    expect(made.notices).toEqual([]);
  });
});

it('whatever is flat: never more rounds than allowed, never more groups than wanted, and none without a word', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 7 })),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (flatRows, maxSamplingRounds, questionsPerStep) => {
        const { made, asked } = await stepWith(flatRows, { maxSamplingRounds, questionsPerStep });
        const kept = asked.filter(([, leftOut]) => leftOut === null);
        expect(asked.map(([row]) => row)).toEqual(asked.map((_, i) => i % 8));
        for (const [row, leftOut] of asked) expect(leftOut === 'flat').toBe(flatRows.includes(row as number));
        expect(kept.length).toBeLessThanOrEqual(questionsPerStep);
        expect(asked.length).toBeLessThanOrEqual(questionsPerStep * maxSamplingRounds);
        expect(made.notices.length).toBe(kept.length < questionsPerStep ? 1 : 0);
      },
    ),
    { numRuns: 40 },
  );
});
