import { describe, expect, it } from 'vitest';
import { patternNames } from '../../trainer/protocol/patterns.ts';
import { analyse } from '../../trainer/reasoning/analysis.ts';
import { labelledTraces } from './pattern-traces.ts';

describe('patterns', () => {
  for (const pattern of patternNames) {
    // Found where the other answers of the run are kept.
    if (pattern === 'same text') continue;
    it(`${pattern}: of 20 answers that have it 19 at least are found, of 20 that nearly do none`, () => {
      const found = (label: 'has' | 'near') =>
        labelledTraces(pattern)
          .filter((trace) => trace.label === label)
          .map(({ answer, group }) => (analyse(answer, group).patterns.includes(pattern) ? null : answer.text));
      const near = found('near');
      expect(near).toHaveLength(20);
      expect(near).not.toContain(null);
      const missed = found('has');
      expect(missed).toHaveLength(20);
      expect(missed.filter((text) => text !== null).length, missed.join('\n')).toBeLessThanOrEqual(1);
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
