/** Accuracy on frames in order and on shuffled ones: what order is worth is over the questions that were answered both ways. */
import { expect, it } from 'vitest';
import type { QuestionLoader } from '../../trainer/data/questions.ts';
import { evaluate } from '../../trainer/evaluation/evaluate.ts';
import { gapOf } from '../../trainer/protocol/records.ts';
import { aLoadedQuestion, scriptedTraining } from '../learning/scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';

it('leaves images out of the difference, which have no shuffled answer, and says how many are in it', async () => {
  // Two videos, right in order and wrong when shuffled; two images, both wrong.
  const questions = [0, 1, 2, 3].map((row) => aLoadedQuestion(row, { dataType: row < 2 ? 'video' : 'image' }));
  const { training } = await scriptedTraining('tgrpo', {
    script: ({ isShuffled, media }) => (isShuffled || Number(media.split('-')[1]) >= 2 ? wrong : right),
    questions,
  });
  const loader = {
    dataset: { count: questions.length },
    datasetName: 'eval.json',
    loadReadable: async (rows: readonly number[]) => rows.map((row) => questions[row]),
  } as unknown as QuestionLoader;
  const { all } = await evaluate({
    ...{
      engine: training.engine,
      model: training.policy,
      template: training.template,
      parameters: training.parameters(),
    },
    ...{ questions: loader, seed: 1, step: 5, id: 'e', leak: null, signal: new AbortController().signal },
    onGroups: async () => {},
    between: async () => 0,
    onProgress: () => {},
  });
  expect(all).toMatchObject({ count: 4, ordered: 0.5, shuffled: 0, alsoShuffled: { count: 2, ordered: 1 } });
  // 1 - 0 over the two videos; 0.5 - 0 would set four questions against two.
  expect(gapOf(all)).toBe(1);
});
