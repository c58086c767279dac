/** At the caret, names, operators and values that can stand there are offered; taking one makes a line that goes on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completions } from '../../../trainer/protocol/query/complete.ts';
import { fieldNames } from '../../../trainer/protocol/query/fields.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';

/** What is offered where the bar stands, and the part of the line that it would replace. */
const at = (marked: string, seen = {}) => {
  const caret = marked.indexOf('|');
  const line = marked.replace('|', '');
  const { start, end, items } = completions(line, caret, seen);
  return { replaced: line.slice(start, end), texts: items.map(({ text }) => text), items };
};

describe('names', () => {
  it('begin with what is typed, synonyms too', () => {
    expect(at('ball ah|').texts).toEqual(['aha']);
    expect(at('ball ah|').replaced).toBe('ah');
    expect(at('order|').texts).toContain('half:');
    expect(at('worth|').texts).toContain('orderWorth:');
    expect(at('flag|').texts).toEqual(['flag:', 'flagged', 'flags', 'flagBy:', 'flaggedWords:']);
    expect(at('no|').texts).toContain('not');
    expect(at('(pu|)').texts).toEqual(['purpose:']);
    expect(at('hal|f').replaced).toBe('half');
    expect(at('xyz|').texts).toEqual([]);
  });

  it('are all offered where nothing is typed, with what they are', () => {
    for (const line of ['|', 'ball |', '(|', 'not |']) expect(at(line).texts.length, line).toBe(fieldNames.length);
    expect(at('|').items.every(({ help }) => help !== '')).toBe(true);
  });

  it('that are whole offer their comparisons', () => {
    expect(at('step|').texts).toEqual(['step:', 'step!=', 'step<', 'step<=', 'step>', 'step>=']);
    expect(at('order|').texts.slice(0, 2)).toEqual(['half:', 'half!=']);
  });

  it('before an operator are put in alone', () => {
    expect(at('ah|>=2')).toMatchObject({ replaced: 'ah', texts: ['aha'] });
  });
});

describe('values', () => {
  it('are those that the field knows, by any word for them', () => {
    expect(at('half:|').texts).toEqual(['ordered', 'shuffled']);
    expect(at('type:mul|')).toMatchObject({ replaced: 'mul', items: [{ text: 'choice', help: 'multiple choice' }] });
    expect(at('type:choice,o|')).toMatchObject({ replaced: 'o', texts: ['ocr'] });
    expect(at('correct:|').texts).toEqual(['true', 'false']);
    expect(at('step:|').texts).toEqual([]);
    expect(at('foo:|').texts).toEqual([]);
    expect(at('"half:|"').texts).toEqual([]);
  });

  it('of text are those that were seen, in quotes where they have to be', () => {
    const seen = { source: ['CLEVRER', 'my "own" set', 'CLEVRER'] };
    expect(at('source:|', seen).texts).toEqual(['CLEVRER', '"my ""own"" set"']);
    expect(at('source:"my|', seen)).toMatchObject({ replaced: '"my', texts: ['"my ""own"" set"'] });
    expect(at('source:|').texts).toEqual([]);
  });
});

it('what is taken stands in the line without a new fault', () => {
  const line = fc.constantFrom('a', 'ha', 'step', 'type:', 'type:c', 'flag:wro', 'purpose:', 'correct:t', 'fl', 'p');
  fc.assert(
    fc.property(line, fc.nat(), (typed, choice) => {
      const { start, end, items } = completions(typed, typed.length);
      const item = items[choice % Math.max(1, items.length)];
      if (item === undefined) return;
      const taken = typed.slice(0, start) + item.text + typed.slice(end);
      const begun = /[:<>=]$/.test(taken) ? 1 : taken === 'not' || taken === 'or' ? 1 : 0;
      expect(parseQuery(taken).faults.length, taken).toBe(begun);
    }),
  );
});

it('a pattern is offered by the name that the page shows, or a shorter one', () => {
  expect(at('pattern:wro|').texts).toEqual(['"wrong way"']);
  expect(at('pattern:cut|').texts).toEqual(['cut']);
});
