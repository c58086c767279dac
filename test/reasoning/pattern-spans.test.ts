/** A pattern's place is where a reader would point at. */
import { expect, test } from 'vitest';
import type { PatternName } from '../../trainer/protocol/patterns.ts';
import { analyse } from '../../trainer/reasoning/analysis.ts';
import { patternSpan } from '../../trainer/reasoning/pattern-spans.ts';
import { aGroup, aQuestion, aRollout } from '../store/records.ts';
import { labelledTraces } from './pattern-traces.ts';

/** The words of the place; null for the whole. */
function wordsOf(pattern: PatternName, think: string): string | null {
  const text = `<think>${think}</think><answer>B</answer>`;
  const parsed = { think: { start: 7, end: 7 + think.length }, answer: null, problems: [] };
  const answer = aRollout({ id: 'a', groupId: 'g', text, parsed });
  const found = patternSpan(pattern, answer, aGroup(1, { question: aQuestion() }));
  return found && text.slice(found.start, found.end);
}

test('a loop is marked from its first word to its last', () => {
  const loop = 'it turns to the left and '.repeat(3).trim();
  expect(wordsOf('repetition', `First: ${loop}. Then it ends.`)).toBe(loop);
});

test('a sentence that comes back is marked where it is one time too many', () => {
  const again = 'The red square goes to the right.';
  const think = [again, 'One.', again, 'Two.', again, 'Three.', again, 'Four.'].join(' ');
  expect(wordsOf('repetition', think)).toBe(again);
});

test('another script, or a sentence in another language, is marked, and not a quotation of it', () => {
  expect(wordsOf('language switch', 'A sign says “向右走”. 它向右 goes.')).toBe('它向右');
  const spanish = 'El cuadrado está en la pared y luego va hacia el centro.';
  expect(wordsOf('language switch', `It is red. ${spanish} So B.`)).toBe(spanish);
});

test('a frame that is not there is marked where it is named, whatever quotation comes before it', () => {
  expect(wordsOf('missing frame', 'It says “frame 12” and frame 1 is red, but frame 7 is not.')).toBe('frame 7');
});

test('reasoning that says nothing is marked as it stands; what concerns the form is the whole', () => {
  expect(wordsOf('no reasoning', '\n The answer is B. \n')).toBe('The answer is B.');
  expect(wordsOf('no reasoning', ' \n ')).toBeNull();
  expect(wordsOf('broken format', 'It goes.')).toBeNull();
  expect(wordsOf('same text', 'It goes.')).toBeNull();
});

test('what detectors find in labelled answers has a place', () => {
  for (const pattern of ['repetition', 'language switch', 'missing frame'] as const) {
    const having = labelledTraces(pattern).filter(({ answer, group }) =>
      analyse(answer, group).patterns.includes(pattern),
    );
    expect(having.length).toBeGreaterThan(10);
    for (const { answer, group } of having) expect(patternSpan(pattern, answer, group), answer.text).not.toBeNull();
  }
});
