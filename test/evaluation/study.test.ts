import { describe, expect, it } from 'vitest';
import { ablationSettings, type Contrast, type StageRun } from '../../trainer/evaluation/ablation.ts';
import type { Stage } from '../../trainer/evaluation/arms.ts';
import { worthOf } from '../../trainer/evaluation/measure-groups.ts';
import { resultsOf } from '../../trainer/evaluation/results.ts';
import { foundIn, studyReport, verdictOf } from '../../trainer/evaluation/study.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { answered, headerWith } from './made-answers.ts';

/** Ten questions, the first `right` of them right in order and none shuffled; the last four have a cue that misleads. */
function run(stage: Stage, dataSeed: number, seed: number, right: number, wrongWorth = 0): StageRun {
  const answers = Array.from({ length: 10 }, (_, row) =>
    answered(row, row < right ? 1 : 0, 0, { source: row < 6 ? 'clips, cue right' : 'clips, cue wrong' }),
  );
  const worth = { right: 4, wrong: wrongWorth, rightWithout: 0.25 };
  const groups = {
    groups: 4,
    accuracy: 0.5,
    accuracyShuffled: 0,
    temporalPaid: 0.5,
    temporalFelt: 0,
    flat: 0,
    tokens: 3,
  };
  return {
    ...{ stage, dataSeed, seed, run: `${stage}-${dataSeed}-${seed}` },
    ...{ results: resultsOf(headerWith(), answers), answers, groups: { ...groups, worth } },
    costs: { steps: 10, processorSeconds: 5, shuffledSeconds: stage === 'tgrpo-felt' ? 2 : 0, creditSeconds: 1 },
  };
}

const settings = ablationSettings(presetParameters('sample', 'tgrpo'), null, { questions: 10, ofOrder: 10, groups: 4 });
const found = (runs: readonly StageRun[]) =>
  foundIn({ world: 'shortcut', title: 'The shortcut world', runs, settings, note: null });

/** Felt T-GRPO has 2 of 10 right with every seed; credit so many more, by data seed and seed. */
function pairs(gains: readonly (readonly number[])[], wrongWorths: readonly number[] = [0]): StageRun[] {
  return gains.flatMap((ofSeed, d) =>
    ofSeed.flatMap((gain, s) => [
      run('tgrpo-felt', d + 1, s + 1, 2),
      run('credit', d + 1, s + 1, 2 + gain, wrongWorths[s % wrongWorths.length]),
    ]),
  );
}

describe('figures of a world', () => {
  it('are means over data seeds and seeds, paired by both', () => {
    // Differences 0.1, 0.3 and 0.3, 0.5: mean 0.3, s = √(0.08 / 3) = 0.1633, half the interval t(3) · s / 2 = 0.25984.
    const { rows, contrasts } = found(
      pairs([
        [1, 3],
        [3, 5],
      ]).reverse(),
    );
    const credit = rows.find(({ stage }) => stage === 'credit');
    expect(credit?.seeds).toHaveLength(4);
    expect(credit?.figures['frames in order']?.mean).toBeCloseTo(0.5, 12);
    expect(credit?.figures['use of order']?.mean).toBeCloseTo(0.5, 12);
    const [contrast] = contrasts;
    expect(contrast).toMatchObject({ first: 'credit', second: 'tgrpo-felt' });
    const use = contrast?.figures['use of order'];
    expect(use?.mean).toBeCloseTo(0.3, 12);
    expect(use?.low).toBeCloseTo(0.3 - 0.259844, 5);
    // Four pairs find 2.1279 standard deviations of a difference four times in five.
    expect(use?.detectable).toBeCloseTo(2.1279 * Math.sqrt(0.08 / 3), 9);
  });

  it('do not pair a seed of one data seed with the same seed of another', () => {
    const runs = [
      run('tgrpo-felt', 1, 1, 2),
      run('credit', 2, 1, 9),
      run('tgrpo-felt', 2, 1, 4),
      run('credit', 1, 1, 3),
    ];
    // 3 - 2 and 9 - 4, where crossed pairs would give 7 and -1.
    const { contrasts, verdicts } = found(runs);
    const use = contrasts[0]?.figures['use of order'];
    expect(use?.mean).toBeCloseTo(0.3, 12);
    expect(use?.low).toBeCloseTo(0.3 - 12.706204736 * 0.2, 9);
    expect(verdicts[0]?.sentence).toContain('2 pairs; data seed 1: 10.0, 2: 50.0');
    expect(found([run('tgrpo-felt', 1, 1, 2), run('credit', 2, 1, 9)]).contrasts).toEqual([]);
  });

  it('are of wrong cues, of the worth of order, and of processor time a step', () => {
    const figures = found([run('credit', 1, 1, 8, 2.5)]).rows[0]?.figures;
    // Questions 6 to 9 are misled, of which 6 and 7 are right.
    expect(figures?.['cue wrong']?.mean).toBe(0.5);
    expect([figures?.['c, right']?.mean, figures?.['c, wrong']?.mean]).toEqual([4, 2.5]);
    expect(figures?.['right without order']?.mean).toBe(0.25);
    expect([figures?.['processor s a step']?.mean, figures?.credit?.mean]).toEqual([0.5, 0.1]);
  });

  it('tell c of right from c of wrong answers, and the right ones below the threshold', () => {
    const measured = [
      { right: true, c: 5 },
      { right: true, c: 0.2 },
      { right: false, c: 3 },
    ];
    expect(worthOf(measured, 1)).toEqual({ right: 2.6, wrong: 3, rightWithout: 0.5 });
    expect(worthOf([], 1)).toEqual({ right: null, wrong: null, rightWithout: null });
  });
});

describe('the verdict on credit', () => {
  const sentence = (runs: readonly StageRun[]) => found(runs).verdicts.map((one) => [one.finding, one.sentence]);

  it('is above where the whole interval is, with the interval', () => {
    expect(
      sentence(
        pairs([
          [3, 3, 4],
          [3, 3, 4],
        ]),
      ),
    ).toEqual([
      [
        'above',
        // s = 0.051640, t(5) · s / √6 = 0.054192
        'credit, K = 1 is above felt T-GRPO in the use of order by 33.3 points (27.9 to 38.8; 6 pairs; data seed 1: 33.3, 2: 33.3).',
      ],
    ]);
  });

  it('is below where the whole interval is', () => {
    const [[finding, text] = []] = sentence(pairs([[-1, -1, -2, -2]]));
    expect(finding).toBe('below');
    // s = 0.057735, t(3) · s / 2 = 0.091870
    expect(text).toMatch(
      /^credit, K = 1 is below felt T-GRPO in the use of order by 15\.0 points \(5\.8 to 24\.2; 4 pairs\)/,
    );
  });

  it('is that nothing is shown where the interval has 0 in it, with what would have been found', () => {
    const [[finding, text] = []] = sentence(pairs([[-1, 1, 3]]));
    expect(finding).toBe('not shown');
    // s = 0.2: t(2) · 0.2 / √3 = 0.49683; three pairs find 3.264 s.
    expect(text).toMatch(
      /is not shown to be above .*difference is 10\.0 points \(-39\.7 to 59\.7; 3 pairs\), and a true difference of 65\.3 would have been found four times in five\.$/,
    );
    expect(sentence(pairs([[-1, 1]]))[0]?.[1]).toMatch(
      /and what difference would have been found two pairs do not tell\.$/,
    );
  });

  it('is none of one pair, and none at all where either was not trained', () => {
    expect(sentence(pairs([[3]]))).toEqual([
      ['one pair', expect.stringContaining('one pair says nothing of how much')],
    ]);
    expect(sentence([run('credit', 1, 1, 3), run('grpo', 1, 1, 3)])).toEqual([]);
    const { lines } = studyReport('Study', [found([run('credit', 1, 1, 3)])]);
    expect(lines).toEqual([expect.stringMatching(/^In shortcut: .*not both trained here/)]);
  });

  it('says where wrong answers depend on order more too, and not where that may be chance', () => {
    const gamed = found(pairs([[3, 3, 4]], [2, 2.5, 3])).verdicts[0]?.sentence;
    // Mean 2.5, s = 0.5: t(2) · 0.5 / √3 = 1.24207.
    expect(gamed).toMatch(/Order is worth more to its wrong answers too, by 2\.5 nats \(1\.3 to 3\.7\)/);
    expect(found(pairs([[3, 3, 4]], [-2, 2, 3])).verdicts[0]?.sentence).not.toContain('wrong answers');
  });

  it('is taken from the contrast alone', () => {
    const figures = { 'use of order': { mean: 0.1, low: 0.05, high: 0.15, detectable: 0.1 } };
    const contrast: Contrast = {
      first: 'credit-2',
      second: 'tgrpo-felt',
      seeds: [1, 2, 3],
      figures,
      overQuestions: null,
    };
    expect(verdictOf(contrast, new Map([[1, 0.1]]))?.sentence).toBe(
      'credit, K = 2 is above felt T-GRPO in the use of order by 10.0 points (5.0 to 15.0; 3 pairs).',
    );
    expect(verdictOf({ ...contrast, figures: {} }, new Map())).toBeNull();
  });
});

describe('the report of a study', () => {
  it('has a table a world, over runs, and says that pairs of a data seed are not independent', () => {
    const runs = pairs([
      [1, 3],
      [3, 5],
    ]);
    const report = studyReport('Study', [found(runs), { ...found(runs), title: 'Another world' }]);
    expect(report.tables.map(({ title }) => title).filter(Boolean)).toEqual(['The shortcut world', 'Another world']);
    expect(report.tables[0]?.head.slice(0, 2)).toEqual(['measured here', 'runs']);
    expect(report.tables[0]?.rows.map((row) => row.slice(0, 2))).toEqual([
      ['felt T-GRPO', '4'],
      ['credit, K = 1', '4'],
    ]);
    expect(report.tables[1]?.rows[0]?.slice(0, 2)).toEqual(['credit, K = 1 - felt T-GRPO', '4']);
    expect(report.notes.join(' ')).toContain('are not independent of each other');
  });
});
