import { describe, expect, it } from 'vitest';
import {
  type AblationRow,
  ablationContrasts,
  ablationReport,
  ablationRows,
  ablationSettings,
  cell,
  type StageRun,
} from '../../trainer/evaluation/ablation.ts';
import { type Arm, armOf, arms, contrasted, creditArms, type Stage } from '../../trainer/evaluation/arms.ts';
import { worthOf } from '../../trainer/evaluation/measure-groups.ts';
import { resultsOf } from '../../trainer/evaluation/results.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { runFile } from '../../trainer/protocol/runfile.ts';
import { answered, headerWith } from './made-answers.ts';

const base = runFile.parse({
  version: 1,
  name: 'tgrpo',
  method: 'tgrpo',
  dataset: 'rl.json',
  model: { run: 'sft' },
  parameters: { steps: 3 },
});

/** Four questions: the first `right` of them right in order, the first `shuffled` right where shuffled. */
function stageRun(stage: Stage, seed: number | null, right: number, shuffled = 1): StageRun {
  const answers = [0, 1, 2, 3].map((row) => answered(row, row < right ? 1 : 0, row < shuffled ? 1 : 0));
  const groups = {
    groups: 4,
    accuracy: 0.5,
    accuracyShuffled: 0.25,
    temporalFelt: 0,
    flat: 0.5,
    tokens: 3,
    worth: worthOf([], 1),
  };
  return {
    ...{ stage, seed, dataSeed: null, costs: null },
    run: `ablation-${stage}-s${seed}-1`,
    results: resultsOf(headerWith(), answers),
    answers,
    groups: { ...groups, temporalPaid: right / 4 },
  };
}

const settings = ablationSettings(presetParameters('sample', 'tgrpo'), null, { questions: 4, ofOrder: 4, groups: 4 });
const figure = (row: AblationRow | undefined, column: string) => row?.figures[column]?.mean;

describe('an ablation', () => {
  it('changes in each arm what the arm is called by', () => {
    expect(armOf(base, 'tgrpo')).toEqual(base);
    expect(armOf(base, 'grpo')).toEqual({ ...base, method: 'grpo' });
    const byAnswer = { steps: 3, temporalCredit: 'answer', creditShuffles: 1 } as const;
    expect(armOf(base, 'credit')).toEqual({ ...base, parameters: byAnswer });
    expect(armOf({ ...base, parameters: byAnswer }, 'tgrpo').parameters).not.toHaveProperty('temporalCredit');
    expect(armOf(base, 'tgrpo-no-images')).toEqual({ ...base, parameters: { steps: 3, imageShare: 0 } });
    expect(armOf(base, 'grpo-no-images')).toEqual({ ...base, method: 'grpo', parameters: { steps: 3, imageShare: 0 } });
  });

  it('makes T-GRPO felt, and pays by answer in each way, over what the run file says', () => {
    const parameters = (arm: Arm) =>
      armOf({ ...base, parameters: { steps: 3, alpha: 0.3, creditWeight: 0.3 } }, arm).parameters;
    const undivided = { steps: 3, alpha: 0.3, creditWeight: 0.3, advantageScale: 'none' };
    expect(parameters('tgrpo-felt')).toEqual({ ...undivided, alpha: 1, mu: 1, shuffledGroupSize: 8 });
    expect(parameters('credit')).toMatchObject({ temporalCredit: 'answer', creditShuffles: 1, alpha: 0.3 });
    expect(parameters('credit')).not.toHaveProperty('advantageScale');
    expect(parameters('credit-2')).toMatchObject({ temporalCredit: 'answer', creditShuffles: 2 });
    expect(parameters('credit-none')).toEqual({ ...undivided, temporalCredit: 'answer', creditShuffles: 1 });
    expect(parameters('credit-2-none')).toEqual({ ...undivided, temporalCredit: 'answer', creditShuffles: 2 });
    expect(parameters('credit-1-none')).toEqual({ ...parameters('credit-none'), creditWeight: 1 });
  });

  it('holds every credit arm against felt T-GRPO, T-GRPO and GRPO, and each against the start', () => {
    const names = contrasted.map((pair) => pair.join(' '));
    for (const arm of creditArms)
      expect(names).toEqual(
        expect.arrayContaining(['tgrpo-felt', 'tgrpo', 'grpo', 'start'].map((one) => `${arm} ${one}`)),
      );
    expect(names).toEqual(expect.arrayContaining(['tgrpo-felt grpo', 'tgrpo-felt start']));
    expect(arms.filter((arm) => arm.startsWith('credit'))).toEqual(creditArms);
  });

  it('averages over seeds, with Student’s interval where there are two, the start first', () => {
    const runs = [stageRun('start', null, 1), stageRun('tgrpo', 1, 2), stageRun('tgrpo', 2, 3), stageRun('grpo', 1, 2)];
    const rows = ablationRows(runs);
    expect(rows.map(({ stage, seeds }) => [stage, seeds])).toEqual([
      ['start', []],
      ['tgrpo', [1, 2]],
      ['grpo', [1]],
    ]);
    expect(figure(rows[1], 'eval')).toBe(0.625);
    expect(figure(rows[1], 'frames shuffled')).toBe(0.25);
    expect(figure(rows[1], 'use of order')).toBe(0.375);
    expect(figure(rows[1], 'temporal paid')).toBe(0.625);
    expect(figure(rows[1], 'mean tokens')).toBe(3);
    // s = 0.125 √2, so half the interval is t(1) · 0.125 = 1.5883.
    expect(rows[1]?.figures.eval?.low).toBeCloseTo(0.625 - 12.706204736 * 0.125, 9);
    const report = ablationReport('Ablation', { settings, rows, contrasts: ablationContrasts(runs) }, null);
    expect(report.tables[0]?.head).toEqual([
      'measured here',
      'seeds',
      'eval',
      'frames in order',
      'frames shuffled',
      'use of order',
      'temporal paid',
      'temporal felt',
      'mean tokens',
    ]);
    expect(report.tables[0]?.rows[2]).toEqual(['GRPO', '1', '50.0', '50.0', '25.0', '25.0', '50.0', '0.0', '3.0']);
    expect(report.tables[3]?.rows[1]?.slice(0, 3)).toEqual(['without temporal reward', '16', '32.7']);
  });

  it('pairs arms by seed: what a seed does to both cancels, and a seed that one lacks is left out', () => {
    const runs = [
      ...[1, 2, 3].map((seed) => stageRun('tgrpo', seed, seed + 1)),
      ...[1, 2, 3].map((seed) => stageRun('grpo', seed, seed)),
      stageRun('tgrpo', 4, 4),
    ];
    const [contrast] = ablationContrasts(runs);
    expect(contrast).toMatchObject({ first: 'tgrpo', second: 'grpo', seeds: [1, 2, 3] });
    expect(contrast?.figures['use of order']).toEqual({ mean: 0.25, low: 0.25, high: 0.25, detectable: 0 });
    // Question 0 gains nothing, the other three a third each.
    expect(contrast?.overQuestions?.mean).toBeCloseTo(0.25, 12);
    expect(contrast?.overQuestions?.low).toBeLessThan(0.25);
  });

  it('takes a start that all seeds share for each of them, and one of its own where each seed has one', () => {
    const trained = [stageRun('grpo', 1, 3), stageRun('grpo', 2, 3)];
    const shared = ablationContrasts([stageRun('start', null, 2), ...trained]);
    expect(shared.map(({ second, figures }) => [second, figures.eval?.mean])).toEqual([['start', 0.25]]);
    const own = ablationContrasts([stageRun('start', 1, 2), stageRun('start', 2, 0), ...trained]);
    expect(own[0]?.figures.eval?.mean).toBe(0.5);
  });

  it('shows no sign where a figure rounds to 0', () => {
    expect(cell('use of order', { mean: -0.0004, low: -0.02, high: 0.01 })).toBe('0.0 (-2.0 to 1.0)');
    expect(cell('credit', { mean: -0.004, low: -0.3, high: -0.001 })).toBe('0.00 (-0.30 to 0.00)');
  });

  it('says what was chosen, SFT’s part only where it was trained for the ablation', () => {
    const rl = presetParameters('sample', 'tgrpo');
    expect(settings).toMatchObject({ steps: String(rl.steps), 'G, ordered + shuffled': '8 + 4', 'α, μ': '0.3, 0.8' });
    expect(Object.keys(settings).some((name) => name.startsWith('SFT'))).toBe(false);
    const sft = { ...presetParameters('sample', 'sft'), steps: 7 };
    expect(ablationSettings(rl, sft, { questions: 4, ofOrder: 4, groups: 4 })['SFT: steps']).toBe('7');
  });
});
