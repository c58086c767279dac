/** Accuracy on frames in order and on shuffled ones: what order is worth is over the questions that were answered both ways. */
import { describe, expect, it } from 'vitest';
import type { LoadedQuestion, QuestionLoader } from '../../trainer/data/questions.ts';
import { evaluate } from '../../trainer/evaluation/evaluate.ts';
import type { SampledGroup } from '../../trainer/learning/groups.ts';
import type { EvaluationArm } from '../../trainer/protocol/evaluation-arms.ts';
import { type Evaluation, evaluation as evaluationRecord, gapOf } from '../../trainer/protocol/records.ts';
import type { Script } from '../engines/scripted-engine.ts';
import { aLoadedQuestion, scriptedTraining } from '../learning/scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';

/** Evaluated with what a question's reversal has for an answer, by row. */
async function evaluated(
  questions: readonly LoadedQuestion[],
  script: Script,
  arms: readonly EvaluationArm[] | undefined,
  reversed: readonly (string | null)[] = [],
) {
  const { training } = await scriptedTraining('tgrpo', { script, questions });
  const groups: SampledGroup[] = [];
  const loader = {
    dataset: { count: questions.length, reversedSolution: (row: number) => reversed[row] ?? null },
    datasetName: 'eval.json',
    loadReadable: async (rows: readonly number[]) => rows.map((row) => questions[row]),
  } as unknown as QuestionLoader;
  const shares: number[] = [];
  const evaluation = await evaluate({
    ...{ engine: training.engine, model: training.policy, template: training.template },
    ...{ parameters: training.parameters(), questions: loader, seed: 1, step: 5, id: 'e', leak: null },
    ...(arms && { arms }),
    signal: new AbortController().signal,
    onGroups: async (made) => {
      groups.push(...made);
    },
    between: async () => 0,
    onProgress: ({ done }) => shares.push(done),
  });
  return { evaluation, groups: groups.map(({ group }) => group), shares };
}

describe('asked besides', () => {
  // Three videos and an image. Without reasoning it says B to the first alone; backwards it says A.
  const questions = [0, 1, 2, 3].map((row) =>
    aLoadedQuestion(row, { dataType: row < 3 ? 'video' : 'image', family: row < 2 ? 'direction' : 'other' }),
  );
  const rowOf = (media: string) => Number(media.split('-')[1]);
  const script: Script = ({ prompt, media, isShuffled }) => {
    if (prompt.endsWith('<answer')) return rowOf(media) === 0 ? '>B</answer>' : '>A</answer>';
    if (isShuffled) return wrong;
    return rowOf(media) === 1 ? wrong : right;
  };
  const backwards = ['A', 'A', null, null];

  it('is paired with the answers of the evaluation, and every group says how it was answered', async () => {
    const { evaluation, groups, shares } = await evaluated(questions, script, ['direct', 'reversed'], backwards);
    const [all] = evaluation.direct?.slices ?? [];
    // Right with reasoning: 0, 2, 3; without: 0.
    expect(evaluation.direct).toMatchObject({ by: 'prefix', reasoned: 0 });
    expect(all).toMatchObject({ kind: 'all', count: 4, onlyReasoning: 2, onlyDirect: 0, p: 0.5 });
    expect([all?.reasoning.mean, all?.direct.mean, all?.difference.mean]).toEqual([0.75, 0.25, 0.5]);
    // Of the two that say so, the clip is right once, the reversal twice.
    expect(evaluation.reversed).toMatchObject({ leftOut: 2, slices: [{ count: 2 }] });
    const [pairs] = evaluation.reversed?.slices ?? [];
    expect([pairs?.clip.mean, pairs?.reversed.mean, pairs?.pair.mean]).toEqual([0.5, 1, 0.5]);
    expect(groups.map(({ arms }) => [arms?.direct?.answer, arms?.direct?.correct, arms?.reversed?.answer])).toEqual([
      ['B', true, 'A'],
      ['A', false, 'A'],
      ['A', false, undefined],
      ['A', false, undefined],
    ]);
    expect(groups[0]?.arms?.reversed).toMatchObject({ solution: 'A', correct: true });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(4);
    expect(evaluationRecord.parse(evaluation)).toEqual(evaluation);
  });

  it('changes nothing of what is asked and recorded otherwise, and leaves no trace where nothing is', async () => {
    const bare = await evaluated(questions, script, undefined, backwards);
    const also = await evaluated(questions, script, ['direct', 'reversed'], backwards);
    const untimed = ({ at: _at, durationMs: _ms, ...evaluation }: Evaluation) => evaluation;
    const { direct: _direct, reversed: _reversed, ...rest } = untimed(also.evaluation);
    expect(JSON.stringify(rest)).toBe(JSON.stringify(untimed(bare.evaluation)));
    const plain = ({ at: _at, arms: _arms, ...group }: SampledGroup['group']) => group;
    expect(JSON.stringify(also.groups.map(plain))).toBe(
      JSON.stringify(bare.groups.map(({ at: _at, ...group }) => group)),
    );
    expect(bare.groups.some((group) => 'arms' in group)).toBe(false);
    expect('direct' in bare.evaluation || 'reversed' in bare.evaluation).toBe(false);
  });
});

it('leaves images out of the difference, which have no shuffled answer, and says how many are in it', async () => {
  // Two videos, right in order and wrong when shuffled; two images, both wrong.
  const questions = [0, 1, 2, 3].map((row) => aLoadedQuestion(row, { dataType: row < 2 ? 'video' : 'image' }));
  const script: Script = ({ isShuffled, media }) => (isShuffled || Number(media.split('-')[1]) >= 2 ? wrong : right);
  const { all } = (await evaluated(questions, script, undefined)).evaluation;
  expect(all).toMatchObject({ count: 4, ordered: 0.5, shuffled: 0, alsoShuffled: { count: 2, ordered: 1 } });
  // 1 - 0 over the two videos; 0.5 - 0 would set four questions against two.
  expect(gapOf(all)).toBe(1);
});
