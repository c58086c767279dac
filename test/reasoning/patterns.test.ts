import { describe, expect, it } from 'vitest';
import { patternNames } from '../../trainer/protocol/patterns.ts';
import { findPatterns } from '../../trainer/reasoning/patterns.ts';
import { labelledTraces } from './pattern-traces.ts';

describe('patterns', () => {
  for (const pattern of patternNames) {
    // Found where the other answers of the run are kept.
    if (pattern === 'same text') continue;
    it(`${pattern}: of 20 answers that have it all are found, of 20 that nearly do none`, () => {
      const traces = labelledTraces(pattern);
      expect(traces.filter(({ label }) => label === 'has')).toHaveLength(20);
      expect(traces.filter(({ label }) => label === 'near')).toHaveLength(20);
      const wrong = traces.filter(
        ({ label, answer, group }) => findPatterns(answer, group).includes(pattern) !== (label === 'has'),
      );
      expect(wrong.map(({ label, answer }) => `${label}: ${answer.text}`)).toEqual([]);
    });
  }

  it('an answer without any of them has none', () => {
    const [, ...clean] = labelledTraces('missing frame').filter(({ label }) => label === 'near');
    expect(clean.flatMap(({ answer, group }) => findPatterns(answer, group))).toEqual([]);
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
      findPatterns(answer, first.group);
      return performance.now() - started;
    };
    timeOf(500);
    // Ten times the text may take thirty times as long where other work runs beside; were it squared, it took a hundred.
    expect(timeOf(20_000)).toBeLessThan(30 * Math.max(timeOf(2000), 5));
  });
});
