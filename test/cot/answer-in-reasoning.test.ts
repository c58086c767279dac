import { describe, expect, it } from 'vitest';
import { answerIsInReasoning } from '../../trainer/cot/answer-in-reasoning.ts';

const options = ['A. a red car', 'B) the Bus', '(C) 12', 'D: nothing.'];

describe('the answer to a choice is in the reasoning', () => {
  const named = (think: string, answer: string, given: readonly string[] = options) =>
    answerIsInReasoning(think, answer, { problemType: 'multiple choice', options: [...given] });

  it.each([
    ['So it is B.', 'B'],
    ['(B) fits', 'B'],
    ['option B: yes', 'B'],
    ['I see the  bus\nleave', 'B'],
    ['THE BUS', 'B'],
    ['there are 12 of them', 'C'],
    ['there is nothing', 'D'],
    ['The answer is A', 'A'],
    ['So A.', 'A'],
    ['Option A fits', 'A'],
    ['**A**', 'A'],
    ['A is right', 'A'],
    ['there goes A red car', 'A'],
    ['I choose A over it', 'A'],
  ])('%j names %s', (think, answer) => {
    expect(named(think, answer)).toBe(true);
  });

  it.each([
    ['So it is AB or B2.', 'B'],
    ['the buses leave', 'B'],
    ['there are 120 of them', 'C'],
    ['A man walks. A dog runs.', 'A'],
    ['a big red car', 'A'],
    ['so it is b', 'B'],
    ['', 'A'],
  ])('%j does not name %s', (think, answer) => {
    expect(named(think, answer)).toBe(false);
  });

  it('letters options that have none by their place, and takes an option’s text as the answer', () => {
    expect(named('it is a dog', 'B', ['cat', 'dog'])).toBe(true);
    expect(named('it is a cat', 'B', ['cat', 'dog'])).toBe(false);
    expect(named('it is a dog', 'dog', ['cat', 'dog'])).toBe(true);
  });

  it('does not take the person who speaks for the ninth option', () => {
    const nine = [...'ABCDEFGHI'].map((letter) => `${letter}. thing ${letter.codePointAt(0)}`);
    expect(named('I was looking, and I think so', 'I', nine)).toBe(false);
    expect(named('so option I it is', 'I', nine)).toBe(true);
  });
});

describe('a number is in the reasoning', () => {
  const stated = (think: string, answer: string) =>
    answerIsInReasoning(think, answer, { problemType: 'numerical', options: [] });

  it.each([
    ['in all 1200 of them', '1200'],
    ['in all 1,200 of them', '1200'],
    ['in all 1200.00.', '1200'],
    ['it makes 1.2e3', '1200'],
    ['it makes 1200', '1,200'],
    ['0,75 of it', '0.75'],
    ['75% of it', '0.75'],
    ['75 percent', '0.75'],
    ['3/4 of it', '0.75'],
    ['which is \\frac{3}{4}', '0.75'],
    ['it bounces twice', '2'],
    ['Seven balls', '7'],
    ['twenty-five', '25'],
    ['two hundred', '200'],
    ['-5 degrees', '-5'],
    ['−5 degrees', '-5'],
    ['from 3-5', '5'],
    ['x=4.', '4'],
    ['about 3.14159', '3.14'],
  ])('%j states %s', (think, answer) => {
    expect(stated(think, answer)).toBe(true);
  });

  it.each([
    ['in all 12000', '1200'],
    ['in all 120 0', '1200'],
    ['none of it', '2'],
    ['seventh', '7'],
    ['3.1', '3.14'],
    ['twenty and then five', '25'],
    ['', '0'],
  ])('%j does not state %s', (think, answer) => {
    expect(stated(think, answer)).toBe(false);
  });
});

describe('a text is in the reasoning', () => {
  const read = (think: string, answer: string) =>
    answerIsInReasoning(think, answer, { problemType: 'free-form', options: [] });

  it('when half of its different words are, in any of their forms', () => {
    expect(read('he runs', 'running fast')).toBe(true);
    expect(read('he walks', 'running fast')).toBe(false);
    expect(read('the sign says STOP here', 'stop')).toBe(true);
    expect(read('one two', 'one two three four five')).toBe(false);
    expect(read('one two three', 'one two three four five')).toBe(true);
  });

  it('when it is signs alone and stands there as it is', () => {
    expect(read('he sees +++ there', '+++')).toBe(true);
    expect(read('he sees ++ there', '+++')).toBe(false);
  });
});
