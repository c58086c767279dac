/** What is offered at the caret of a condition: outside of brackets, in those of a number, and in those of answers. */
import { expect, it } from 'vitest';
import { conditionCompletions } from '../../../trainer/protocol/breakpoints/complete-condition.ts';

/** The texts that are offered where the bar stands, and the part of the line that they take the place of. */
function offered(marked: string): [string, string[]] {
  const caret = marked.indexOf('|');
  const line = marked.replace('|', '');
  const { start, end, items } = conditionCompletions(line, caret);
  return [line.slice(start, end), items.map(({ text }) => text)];
}

it('offers functions, numbers and joining words outside of brackets, for the whole word', () => {
  expect(offered('kl > 1 and m|ea')).toEqual(['mea', ['mean(', 'min(', 'max(', 'mismatch']]);
  expect(offered('gr|')).toEqual(['gr', ['gradNorm']]);
  expect(offered('kl > 1 o|')[1]).toContain('or');
  expect(offered('|')[1]).toEqual(expect.arrayContaining(['any(', 'stalled(', 'accuracy']));
  expect(offered('kl > 0.5|')[1]).toEqual([]);
});

it('offers numbers of the step in the brackets of a function over them, and nothing for how many steps', () => {
  expect(offered('mean(ac|, 20) < 1')).toEqual(['ac', ['accuracy', 'accuracyShuffled']]);
  expect(offered('mean(accuracy, |')[1]).toEqual([]);
});

it('offers what the filter does in the brackets of a function over answers, closed or not', () => {
  expect(offered('kl > 1 or any(ah|) and loss > 2')).toEqual(['ah', ['aha']]);
  expect(offered('share(half:sh|')).toEqual(['sh', ['shuffled']]);
  expect(offered('any((aha >= 4) ah|')).toEqual(['ah', ['aha']]);
});
