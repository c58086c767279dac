import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';
import { extractAnswer } from '../../trainer/rewards/answer.ts';
import { hasRightForm } from '../../trainer/rewards/format.ts';

describe('parseCompletion', () => {
  it('finds both parts of a well-formed completion, and nothing wrong', () => {
    const text = '<think>\nI see 3.\n</think>\n<answer> 3 </answer>';
    expect(parseCompletion(text)).toEqual({
      think: { start: 7, end: 17 },
      answer: { start: 34, end: 37 },
      problems: [],
      thinkText: '\nI see 3.\n',
      answerText: '3',
    });
  });

  it.each([
    ['', ['There is no <think> tag.', 'There is no <answer> tag.']],
    ['just text', ['There is no <think> tag.', 'There is no <answer> tag.']],
    ['<answer>3</answer>', ['There is no <think> tag.']],
    ['<think>a', ['A <think> tag is never closed.', 'There is no <answer> tag.']],
    ['<think>a<answer>3</answer>', ['A <think> tag is never closed.']],
    ['<think>a</think><answer>3', ['A <answer> tag is never closed.']],
    ['a</think><answer>3</answer>', ['</think> closes a tag that was never opened.']],
    [
      '<think>a</think><think>b</think><answer>3</answer>',
      ['There are 2 <think> parts; the first one counts.', 'There is text between </think> and <answer>.'],
    ],
    [
      '<think>a<think>b</think>c</think><answer>3</answer>',
      ['A <think> tag stands inside another <think>.', 'There is text between </think> and <answer>.'],
    ],
    ['<think>a</think><answer>3</answer><answer>4</answer>', ['There are 2 <answer> parts; the first one counts.']],
    [
      '<think>a <answer>3</answer></think>',
      ['The <answer> tag stands inside <think>.', 'There is text after </answer>.'],
    ],
    [
      '<answer>3</answer><think>a</think>',
      ['There is text before <think>.', 'The answer comes before the reasoning.', 'There is text after </answer>.'],
    ],
    ['Well: <think>a</think><answer>3</answer>', ['There is text before <think>.']],
    ['<think>a</think> so <answer>3</answer>', ['There is text between </think> and <answer>.']],
    ['<think>a</think><answer>3</answer>\n', ['There is whitespace after </answer>.']],
    ['<think>a</think><answer>3</answer>.', ['There is text after </answer>.']],
    ['<think>a</think><answer> </answer>', ['The answer is empty.']],
  ])('says what is wrong with %j', (text, problems) => {
    expect(parseCompletion(text).problems).toEqual(problems);
  });

  it('reads unclosed reasoning up to the answer, or to the end', () => {
    expect(parseCompletion('<think>a<answer>3</answer>').thinkText).toBe('a');
    expect(parseCompletion('<think>a b').thinkText).toBe('a b');
    expect(parseCompletion('<think>a<answer>3').answerText).toBe('');
  });

  it('takes for whitespace what Python does: a byte order mark between the parts is text', () => {
    expect(parseCompletion('<think>a</think>\uFEFF<answer>b</answer>').problems).toEqual([
      'There is text between </think> and <answer>.',
    ]);
    expect(parseCompletion('<think>a</think>\u001c<answer>b</answer>').problems).toEqual([]);
  });

  it('agrees with the rewards on any text: the same answer, and a problem wherever the form is not paid', () => {
    const parts = fc.constantFrom(
      '<think>',
      '</think>',
      '<answer>',
      '</answer>',
      'a',
      ' ',
      '\n',
      '\ufeff',
      '<',
      'think>',
      '\ud83d',
    );
    const text = fc.array(parts, { maxLength: 14 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (said) => {
        const { answerText, problems, think, answer, thinkText } = parseCompletion(said);
        expect(answerText).toBe(extractAnswer(said) ?? '');
        // Whitespace before the tags costs the reward, and is nothing that a reader would call broken.
        if (!hasRightForm(said) && !/^\s+<think>/.test(said)) expect(problems.length).toBeGreaterThan(0);
        if (think) expect(thinkText).toBe(said.slice(think.start, think.end));
        if (answer) expect(answer.end).toBeGreaterThanOrEqual(answer.start);
      }),
      { numRuns: 10_000 },
    );
  });

  it('takes 10 MB of tags within seconds', () => {
    for (const piece of ['<think>', '</think>', '<answer>', '<think></think>', '<', '</answer> ']) {
      const started = process.cpuUsage();
      parseCompletion(piece.repeat(10_000_000 / piece.length));
      expect(process.cpuUsage(started).user / 1e6, piece).toBeLessThan(10);
    }
  });
});
