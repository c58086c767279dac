/** Word by word: what is gone, what is new, and that nothing of either text is lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiffRun, wordDiff } from '../../../webview/rollout/word-diff.ts';

/** Runs as text, [-gone-] and {+new+}. */
function written(first: string, second: string): string {
  const diff = wordDiff(first, second);
  return (diff?.inline ?? [])
    .map(({ kind, from, start, end }) => {
      const text = kind === 'gone' ? first : second;
      const words = text.slice(start, end);
      return text.slice(from, start) + (kind === 'gone' ? `[-${words}-]` : kind === 'new' ? `{+${words}+}` : words);
    })
    .join('');
}

describe('the word diff', () => {
  it('strikes what is gone and marks what is new', () => {
    expect(written('down a lane. The end', 'down a bowling lane The end')).toBe(
      'down a[- lane.-]{+ bowling lane+} The end'.replace('[- ', ' [-').replace('{+ ', ' {+'),
    );
    expect(written('', 'all new')).toBe('{+all new+}');
    expect(written('all gone', '')).toBe('[-all gone-]');
  });

  it('takes a lone common word between two changes for changed, and two of them not', () => {
    expect(written('a b the c d', 'a x the y d')).toBe('a [-b the c-] {+x the y+} d');
    expect(written('a b of the c d', 'a x of the y d')).toBe('a [-b-] {+x+} of the [-c-] {+y+} d');
  });

  it('keeps a lone common word at an end', () => {
    expect(written('a b', 'a c')).toBe('a [-b-] {+c+}');
    expect(written('b z', 'c z')).toBe('[-b-]{+c+} z');
  });

  it('counts words, and how many are the same at the start', () => {
    expect(wordDiff('one two three four', 'one two five six seven')).toMatchObject({
      words: { first: 4, gone: 2, second: 5, new: 3 },
      sameAtStart: 2,
    });
    expect(wordDiff('same words', 'same  words')).toMatchObject({ words: { gone: 0, new: 0 }, sameAtStart: 2 });
  });

  it('cuts by character where a script writes no spaces', () => {
    expect(written('左から右', '左から上')).toBe('左から[-右-]{+上+}');
  });

  it('loses nothing of either text, whatever they are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'the', '<script>', '\u202e', ' ', '\n', '右'), { maxLength: 30 });
    const whole = (source: string, runs: readonly DiffRun[]) =>
      runs.map(({ from, end }) => source.slice(from, end)).join('') + source.slice(runs.at(-1)?.end ?? 0);
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [first, second] = [a.join(''), b.join('')];
        const diff = wordDiff(first, second);
        expect(diff && whole(first, diff.first)).toBe(first);
        expect(diff && whole(second, diff.second)).toBe(second);
        const common = (runs: readonly DiffRun[], source: string) =>
          runs
            .filter(({ kind }) => kind === 'same')
            .map(({ start, end }) => source.slice(start, end).replace(/\s+/g, ''))
            .join('');
        expect(diff && common(diff.first, first)).toBe(diff && common(diff.second, second));
      }),
    );
  });
});
