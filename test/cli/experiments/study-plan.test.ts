import { describe, expect, it } from 'vitest';
import { expectAblation } from '../../../trainer/cli/experiments/run-ablation.ts';
import {
  changedFrom,
  guessMs,
  heldOut,
  leftOutOf,
  quickStudy,
  type StudyScope,
  sampleCountsOf,
  studyWorldNames,
  wholeStudy,
} from '../../../trainer/cli/experiments/study-plan.ts';
import { Pace } from '../../../trainer/cli/terminal/progress.ts';

function hours(scope: StudyScope): number {
  const pace = new Pace();
  for (const world of scope.worlds)
    for (const dataSeed of scope.dataSeeds)
      expectAblation(pace, { ...scope, project: { world, dataSeed }, hasSft: true }, (piece) =>
        guessMs(piece, world, scope),
      );
  return (pace.leftMs ?? Number.NaN) / 3_600_000;
}

describe('the plan of a study', () => {
  it('is guessed to take at most four hours as a whole, and about twenty minutes as a quick look', () => {
    expect(hours(wholeStudy)).toBeGreaterThan(1);
    expect(hours(wholeStudy)).toBeLessThan(4);
    expect(hours(quickStudy)).toBeLessThan(20 / 60);
  });

  it('counts a start and its arms once a seed, and an evaluation of each', () => {
    const pace = new Pace();
    const scope = { arms: ['grpo', 'credit'], seeds: [1, 2], project: null, hasSft: true } as const;
    expectAblation(pace, scope, (piece) => (piece === 'SFT' ? 1000 : piece === 'evaluation' ? 10 : 100));
    expect([pace.place, pace.leftMs]).toEqual(['1/12', 2 * (1000 + 2 * 100 + 3 * 10)]);
  });

  it('guesses shuffled answers, shuffles of credit, SFT’s steps and limits of questions to cost what they are', () => {
    const small = { ...quickStudy, steps: 10 };
    const ms = (piece: Parameters<typeof guessMs>[0]) => guessMs(piece, 'shortcut', small);
    expect(ms('tgrpo-felt')).toBeGreaterThan(ms('tgrpo'));
    expect(ms('tgrpo')).toBeGreaterThan(ms('grpo'));
    expect(ms('credit-2')).toBeGreaterThan(ms('credit'));
    expect(ms('credit-1-none')).toBe(ms('credit'));
    expect(guessMs('SFT', 'shortcut', small, 1)).toBeLessThan(ms('SFT'));
    expect(guessMs('evaluation', 'shortcut', { ...small, limit: null })).toBeGreaterThan(ms('evaluation'));
  });

  it('says what a quick look leaves out of the whole, and nothing of the whole', () => {
    expect(leftOutOf(wholeStudy, wholeStudy)).toEqual([]);
    expect(leftOutOf(wholeStudy, quickStudy)).toEqual([
      'data seeds 2',
      'seeds 4, 5',
      'arms tgrpo, credit, credit-2, credit-none, credit-2-none',
      'steps 31 to 40 of each arm',
      'all but 120 evaluation questions',
      '36 of 60 sampled groups',
    ]);
  });

  it('says what is otherwise than in the whole', () => {
    expect(changedFrom(wholeStudy, quickStudy, {})).toEqual([]);
    expect(changedFrom(wholeStudy, { worlds: ['shortcut'], steps: 40 }, {}, 300)).toEqual([]);
    expect(changedFrom(wholeStudy, { worlds: ['plain', 'shortcut'], steps: 120 }, { creditWeight: 1 }, 300)).toEqual([
      'SFT of 300 steps',
      '120 steps of each arm in place of 40',
      'creditWeight 1',
    ]);
  });

  it('holds a world and a data seed out of both', () => {
    const [last] = heldOut.dataSeeds;
    for (const { worlds, dataSeeds } of [wholeStudy, quickStudy]) {
      expect(worlds).not.toContain('held-out');
      expect(dataSeeds).not.toContain(last);
    }
    expect(sampleCountsOf('held-out').eval.cuedFirstDigit).toBeGreaterThan(0);
    const families = studyWorldNames.filter((world) => world !== 'held-out').map((world) => sampleCountsOf(world));
    for (const counts of families)
      for (const split of ['sft', 'rl', 'eval'] as const) expect(counts[split].cuedFirstDigit ?? 0).toBe(0);
  });
});
