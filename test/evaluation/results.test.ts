import { describe, expect, it } from 'vitest';
import { evaluationReport } from '../../trainer/evaluation/report.ts';
import { resultsOf } from '../../trainer/evaluation/results.ts';
import { reportMarkdown, reportText } from '../../trainer/evaluation/table.ts';
import { answered, given, headerWith, unreadable } from './made-answers.ts';

describe('the results of an evaluation', () => {
  const regression = { problemType: 'regression' as const };
  const lines = [
    answered(0, 1, 0, { needsOrder: true }),
    answered(1, 1, 1, { needsOrder: true }),
    answered(2, 0, 0, { needsOrder: false }),
    answered(3, 0, null, { problemType: 'OCR', dataType: 'image', ordered: { ...given(0), reward: 0.5 } }),
    answered(4, 0.4, 0.2, regression),
    answered(5, 1, 0.2, regression),
    unreadable(6),
  ];
  const [result] = resultsOf(headerWith(), lines).datasets;

  it('average accuracy without regression and with OCR as 0, regression apart, and training’s reward over all', () => {
    expect(result?.all).toMatchObject({ count: 6, skipped: 1, unscored: 1 });
    expect(result?.all.accuracy).toMatchObject({ mean: 2 / 4, count: 4 });
    expect(result?.all.meanRelativeAccuracy?.mean).toBeCloseTo(0.7, 12);
    expect(result?.all.meanRelativeAccuracy?.count).toBe(2);
    expect(result?.all.reward).toBeCloseTo((1 + 1 + 0 + 0.5 + 0.4 + 1) / 6, 12);
    expect(result?.byType.map(({ name, count, skipped }) => [name, count, skipped])).toEqual([
      ['OCR', 1, 0],
      ['multiple choice', 3, 1],
      ['regression', 2, 0],
    ]);
    expect(result?.unreadable).toEqual([{ row: 7, path: '6.mp4', message: 'it is cut off' }]);
  });

  it('pair ordered with shuffled answers, on the questions that need order and on all videos', () => {
    const order = result?.order.map((one) => [one.name, one.count, one.ordered, one.shuffled, one.mcnemarP]);
    expect(order?.[0]).toEqual(['questions that need order', 2, 1, 0.5, 1]);
    expect(order?.[1]).toEqual(['all videos', 3, 2 / 3, 1 / 3, 1]);
    expect(result?.order[2]?.difference.mean).toBeCloseTo(0.5, 12);
    expect(result?.order[2]).toMatchObject({ onlyOrderedRight: 1, onlyShuffledRight: 0 });
  });
});

describe('the table of an evaluation', () => {
  const header = headerWith({ datasets: [{ name: 'MVBench', sha256: '', rows: 4 }], shuffled: false });
  const all = { dataset: 'MVBench', source: 'a|b\u001b[31m' };
  const results = resultsOf(header, [answered(0, 1, null, all), answered(1, 1, null, all), answered(2, 1, null, all)]);
  const report = evaluationReport(results);

  it('is as by hand, says that rows are missing, and marks the paper’s figures', () => {
    expect(reportText(report).split('\n').slice(0, 9)).toEqual([
      'Evaluation of sft-1, step 60',
      'At most 16 frames a video; temperature 0.01, top-p 0.001, at most 1024 tokens, seed 1. In percent.',
      'MVBench: 3 of 4 rows, drawn at random by the seed.',
      '',
      'MVBench              answered  accuracy   95 % interval  MRA  95 % interval  reward  skipped',
      'all                         3     100.0  100.0 to 100.0    -              -   100.0        0',
      '  by type',
      '    multiple choice         3     100.0  100.0 to 100.0    -              -   100.0        0',
      '  by source',
    ]);
    const beside = report.tables.at(-1);
    expect(beside?.head).toEqual(['beside the paper', 'frames', 'MVBench']);
    expect(beside?.rows[0]).toEqual(['sft-1, step 60 (measured here)', '16', '100.0']);
    expect(beside?.rows).toContainEqual(["Video-R1-7B (the paper's figure)", '32', '63.9']);
    expect(beside?.rows).toContainEqual(["GPT-4o (the paper's figure)", '', '']);
  });

  it('lets no text of a dataset steer a terminal or a Markdown table', () => {
    expect(reportText(report)).not.toContain('\u001b');
    expect(reportMarkdown(report)).toContain('a\\|b \\[31m |');
  });
});
