import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PatternName, patternNames } from '../../trainer/protocol/patterns.ts';
import { analyse } from '../../trainer/reasoning/analysis.ts';
import { labelledTraces } from './pattern-traces.ts';

const guide = readFileSync(path.join(import.meta.dirname, '../../media/guide/patterns.md'), 'utf8');
/** Those that depend on wording, which another hand labelled too. */
const byWording: readonly PatternName[] = [
  'wrong way',
  'repetition',
  'no reasoning',
  'language switch',
  'missing frame',
];

/** Precision and recall on 20 answers that have a pattern and 20 that nearly do; empty where nobody labelled any. */
function figures(pattern: PatternName, set: 'own' | 'held-out'): string[] {
  if (set === 'held-out' && !byWording.includes(pattern)) return ['', ''];
  const found = (label: 'has' | 'near') => {
    const traces = labelledTraces(pattern, set).filter((trace) => trace.label === label);
    expect(traces).toHaveLength(20);
    return traces.filter(({ answer, group }) => analyse(answer, group).patterns.includes(pattern)).length;
  };
  const [right, wrong] = [found('has'), found('near')];
  return [(right / (right + wrong)).toFixed(2), (right / 20).toFixed(2)];
}

describe('patterns', () => {
  for (const pattern of patternNames) {
    // Found where the other answers of the run are kept.
    if (pattern === 'same text') continue;
    it(`${pattern}: are found as well as the guide says`, () => {
      const cells = ['own', 'held-out'].flatMap((set) => figures(pattern, set as 'own' | 'held-out'));
      expect(guide).toContain(
        `| \`${pattern}\` | ${cells
          .map((cell) => `${cell} |`)
          .join(' ')
          .replaceAll('  ', ' ')}`,
      );
    });
  }

  it('an answer without any of them has none', () => {
    const [, ...clean] = labelledTraces('missing frame').filter(({ label }) => label === 'near');
    expect(clean.flatMap(({ answer, group }) => analyse(answer, group).patterns)).toEqual([]);
  });

  it('take time in proportion to the length of the reasoning', () => {
    const [first] = labelledTraces('repetition');
    if (!first) throw new Error('no traces');
    const timeOf = (sentences: number) => {
      const words = Array.from(
        { length: sentences * 9 },
        (_, i) => `w${(i * 7919) % 104_729}${i % 9 === 8 ? '.' : ''}`,
      );
      const text = `<think>${words.join(' ')}</think>`;
      const answer = {
        ...first.answer,
        text,
        parsed: { think: { start: 7, end: text.length - 8 }, answer: null, problems: [] },
      };
      const started = performance.now();
      analyse(answer, first.group);
      return performance.now() - started;
    };
    timeOf(500);
    // Ten times the text may take thirty times as long where other work runs beside; were it squared, it took a hundred.
    expect(timeOf(20_000)).toBeLessThan(30 * Math.max(timeOf(2000), 5));
  });
});
