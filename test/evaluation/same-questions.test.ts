/** An arm that was asked ten questions beside a start that was asked forty: the table is over the ten. */
import { describe, expect, it } from 'vitest';
import { ablationContrasts, ablationRows, type StageRun } from '../../trainer/evaluation/ablation.ts';
import type { Stage } from '../../trainer/evaluation/arms.ts';
import { worthOf } from '../../trainer/evaluation/measure-groups.ts';
import { resultsOf } from '../../trainer/evaluation/results.ts';
import { onSameQuestions } from '../../trainer/evaluation/same-questions.ts';
import { answered, headerWith } from './made-answers.ts';

/** The first ten questions right, and none of the others. */
function stageRun(stage: Stage, seed: number | null, questions: number): StageRun {
  const answers = Array.from({ length: questions }, (_, row) => answered(row, row < 10 ? 1 : 0, 0));
  const who = { stage, seed, dataSeed: null, run: stage, costs: null };
  return { ...who, results: resultsOf(headerWith(), answers), answers, groups: null };
}

describe('figures of different questions', () => {
  it('are taken over the questions that all answered, and the table says so', () => {
    const runs = [stageRun('start', null, 40), stageRun('tgrpo', 1, 10)];
    expect(ablationContrasts(runs)[0]?.figures['frames in order']?.mean).toBe(0.75);
    const same = onSameQuestions(runs);
    const [contrast] = ablationContrasts(same.runs);
    expect(contrast?.figures['frames in order']?.mean).toBe(0);
    expect(ablationRows(same.runs).map(({ figures }) => figures['frames in order']?.mean)).toEqual([1, 1]);
    expect(same.runs.map(({ results }) => results.datasets[0]?.all.count)).toEqual([10, 10]);
    expect(same.note).toMatch(/over the 10 questions that every checkpoint.*\(10, 40\)/);
  });

  it('say of groups that were sampled on different numbers of videos how many they are', () => {
    const figures = {
      accuracy: 0.5,
      accuracyShuffled: 0,
      temporalPaid: 0.5,
      temporalFelt: 0,
      flat: 0,
      tokens: 9,
      worth: worthOf([], 1),
    };
    const runs = [40, 38].map((groups, i) => ({ ...stageRun('tgrpo', i, 10), groups: { groups, ...figures } }));
    expect(onSameQuestions(runs).note).toContain('over different numbers of groups (38, 40)');
    expect(onSameQuestions([runs[0], runs[0]] as StageRun[]).note).toBeNull();
  });

  it('are left alone where all answered the same', () => {
    const runs = [stageRun('start', null, 10), stageRun('tgrpo', 1, 10)];
    expect(onSameQuestions(runs)).toEqual({ runs, note: null });
  });
});
