/** What stands in a text: people's flags, and what detectors suggest for as long as nobody has answered it. */
import { describe, expect, it } from 'vitest';
import { builtInCategories, categoryNamedIn } from '../../../trainer/protocol/annotations/categories.ts';
import type { Suggestion } from '../../../trainer/protocol/review-queue.ts';
import { markedFlags, markedSuggestions } from '../../../webview/rollout/marked-flags.ts';
import { anAnnotation } from '../../store/records.ts';

const named = categoryNamedIn(builtInCategories);
const span = { start: 4, end: 9 };
const aSuggestion = (more: Partial<Suggestion> = {}): Suggestion => ({
  ...{ detector: 'repetition', category: 'repetition', span, says: 'It says the same again.' },
  ...{ answered: null, precision: null, ...more },
});

describe('flags in a text', () => {
  it('have the key of their category, who said it and how grave it is; verdicts stand nowhere', () => {
    const flag = anAnnotation('f', 'o', { span, severity: 'minor', author: 'Ann', note: 'no' });
    const verdict = anAnnotation('v', 'o', { span: null, category: null, verdict: 'drop' });
    expect(markedFlags([flag, verdict], named)).toEqual([
      { id: 'f', span, grade: 'minor', tag: '2 wrong order of events · minor', said: 'Ann: no' },
    ]);
  });
});

describe('suggestions in a text', () => {
  it('say that they are suggested, and why', () => {
    expect(markedSuggestions([aSuggestion()], named)).toEqual([
      {
        ...{ id: 'repetition 4', span, grade: 'suggested' },
        ...{ tag: 'suggested: repetition', said: 'It says the same again.' },
      },
    ]);
  });

  it('stand there until they are answered, accepted or not', () => {
    const answered = [true, false].map((accepted) => aSuggestion({ answered: { accepted, id: 'a' } }));
    expect(markedSuggestions(answered, named)).toEqual([]);
  });

  it('are text, whatever a detector quotes', () => {
    const [marked] = markedSuggestions([aSuggestion({ says: 'of \u202e\n' })], named);
    expect(marked?.said).not.toMatch(/[\u202e\n]/);
  });
});
