import { describe, expect, it } from 'vitest';
import { ablationReport, ablationRows, armOf } from '../../trainer/evaluation/ablation.ts';
import { resultsOf } from '../../trainer/evaluation/results.ts';
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

describe('an ablation', () => {
  it('changes one thing in each arm', () => {
    expect(armOf(base, 'full')).toEqual(base);
    expect(armOf(base, 'no-images')).toEqual({ ...base, parameters: { steps: 3, imageShare: 0 } });
    expect(armOf(base, 'no-temporal')).toEqual({ ...base, method: 'grpo' });
  });

  it('averages over seeds, with Student’s interval where there are two, the use of order last', () => {
    // Of four: two and three right in order; one right each where shuffled.
    const results = (right: number) =>
      resultsOf(
        headerWith(),
        [0, 1, 2, 3].map((row) => answered(row, row < right ? 1 : 0, row < 1 ? 1 : 0)),
      );
    const runs = [
      { arm: 'full' as const, seed: 1, run: 'ablation-full-s1-1', results: results(2) },
      { arm: 'full' as const, seed: 2, run: 'ablation-full-s2-1', results: results(3) },
      { arm: 'no-images' as const, seed: 1, run: 'ablation-no-images-s1-1', results: results(2) },
    ];
    const rows = ablationRows(runs);
    expect(rows.map(({ arm, seeds }) => [arm, seeds])).toEqual([
      ['full', [1, 2]],
      ['no-images', [1]],
      ['no-temporal', []],
    ]);
    expect(rows[0]?.figures.eval?.mean).toBe(0.625);
    // s = 0.125 √2, so half the interval is t(1) · 0.125 = 1.5883.
    expect(rows[0]?.figures.eval?.low).toBeCloseTo(0.625 - 12.706204736 * 0.125, 9);
    const [own, paper] = ablationReport('Ablation', rows).tables;
    expect(own?.head).toEqual(['measured here', 'seeds', 'eval', 'use of order']);
    expect(own?.rows[1]).toEqual(['without images', '1', '50.0', '25.0']);
    expect(paper?.rows[1]).toEqual(['without temporal reward', '16', '32.7', '48.3', '62.1', '61.1', '71.3', '54.5']);
  });
});
