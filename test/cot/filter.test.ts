import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DropReason, defaultRules, type FilterRules, judge, judgeQuestion } from '../../trainer/cot/filter.ts';
import type { TeacherAnswer } from '../../trainer/cot/teacher.ts';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';

type Judged = Parameters<typeof judge>[1];
const choice: Judged = { problemType: 'multiple choice', options: ['A. left', 'B. right'], solution: 'B' };
const reading: Judged = { problemType: 'OCR', options: [], solution: 'one two three four five' };

const said = (text: string): TeacherAnswer => ({ outcome: 'answered', text, usage: null });
const answer = (think: string, final = 'B') => said(`<think>${think}</think>\n<answer>${final}</answer>`);
const good = 'The ball goes to the right side, so B.';
const reasonOf = (given: TeacherAnswer, rules: Partial<FilterRules> = {}, question: Judged = choice) => {
  const verdict = judge(given, question, { ...defaultRules, ...rules });
  return verdict.kind === 'kept' ? 'kept' : verdict.reason;
};

describe('judge', () => {
  it('keeps reasoning, reward and length of a good answer', () => {
    expect(judge(answer(good), choice, defaultRules)).toEqual({
      kind: 'kept',
      think: good,
      answer: 'B',
      reward: 1,
      words: 9,
    });
  });

  it.each<[string, TeacherAnswer, DropReason | 'kept']>([
    ['an error', { outcome: 'failed', message: 'HTTP 400: no' }, 'failed'],
    ['a refusal', { outcome: 'refused', text: 'No.', usage: null }, 'refused'],
    ['a cut', { outcome: 'cut-off', text: `<think>${good}</think><answer>B</answer>`, usage: null }, 'cut-off'],
    ['nothing', said(''), 'format'],
    ['no think', said('<answer>B</answer>'), 'format'],
    ['no answer', said(`<think>${good}</think>`), 'format'],
    ['text before', said(`Sure! <think>${good}</think><answer>B</answer>`), 'format'],
    ['text between', said(`<think>${good}</think> So: <answer>B</answer>`), 'format'],
    ['text after', said(`<think>${good}</think><answer>B</answer> Done.`), 'format'],
    ['two thoughts', said(`<think>${good}</think><think>${good}</think><answer>B</answer>`), 'format'],
    ['two answers', said(`<think>${good}</think><answer>B</answer><answer>B</answer>`), 'format'],
    ['an answer inside', said(`<think>${good} <answer>B</answer></think><answer>B</answer>`), 'format'],
    ['an empty answer', answer(good, ' '), 'format'],
    ['space around', said(`\n <think>${good}</think>\n\n<answer> B </answer>\n`), 'kept'],
    ['the wrong letter', answer(good, 'A'), 'reward'],
    ['the option instead of its letter', answer(good, 'right'), 'reward'],
    ['few words', answer('So it is B.'), 'too-short'],
    [
      'no letter and no text of the option',
      answer('The ball goes where the other one was before.'),
      'answer-not-in-reasoning',
    ],
  ])('says of %s: %s', (_, given, reason) => {
    expect(reasonOf(given)).toBe(reason);
  });

  it('takes a reward above the threshold, not one that equals it', () => {
    // Three of five words right: a word error rate of 0.4.
    const given = answer('It says one two three and something more.', 'one two three x y');
    expect(reasonOf(given, { minReward: 0.6 }, reading)).toBe('reward');
    expect(reasonOf(given, { minReward: 0.59 }, reading)).toBe('kept');
  });

  it('counts words inclusively at both ends', () => {
    expect(reasonOf(answer(good), { minWords: 9, maxWords: 9 })).toBe('kept');
    expect(reasonOf(answer(good), { minWords: 10 })).toBe('too-short');
    expect(reasonOf(answer(good), { maxWords: 8 })).toBe('too-long');
  });

  it('drops what goes round in a circle', () => {
    // 16 words, 13 sequences of four, of which 7 had been there: 7 / 13 = 0.538.
    const circle = 'look at the ball once look at the ball once look at the ball once B';
    expect(reasonOf(answer(circle), { maxRepetition: 0.53 })).toBe('repetition');
    expect(reasonOf(answer(circle), { maxRepetition: 0.54 })).toBe('kept');
  });

  it('does not look for the answer where it is told not to', () => {
    const given = answer('The ball goes where the other one was before.');
    expect(reasonOf(given, { answerInReasoning: false })).toBe('kept');
  });

  it('keeps of any text only what SFT can take, with the reasoning as it was said', () => {
    const parts = fc.constantFrom(
      '<think>',
      '</think>',
      '<answer>',
      '</answer>',
      'B',
      ' right ',
      '\n',
      'so ',
      '\ufeff',
      '<',
    );
    const text = fc.array(parts, { maxLength: 14 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (words) => {
        const verdict = judge(said(words), choice, { ...defaultRules, minWords: 0 });
        if (verdict.kind === 'dropped') return;
        expect(words).toContain(`<think>${verdict.think}</think>`);
        expect(parseCompletion(`<think>${verdict.think}</think>\n<answer>B</answer>`).problems).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });

  it('takes 1 MB of anything within seconds', () => {
    const inside = ['so B. ', 'x', ' ', '1', '1,', '-', '\\frac{', 'A is ', 'right', 'twenty '];
    const asked: Judged[] = [
      choice,
      { ...choice, options: [], solution: 'A' },
      { problemType: 'numerical', options: [], solution: '3.5' },
      reading,
    ];
    for (const piece of inside) {
      for (const question of asked) {
        const started = process.cpuUsage();
        const rules = { ...defaultRules, maxWords: Number.POSITIVE_INFINITY, maxRepetition: 1 };
        judge(answer(piece.repeat(1_000_000 / piece.length), question.solution), question, rules);
        expect(process.cpuUsage(started).user / 1e6, `${piece} ${question.problemType}`).toBeLessThan(10);
      }
    }
  });
});

describe('judgeQuestion', () => {
  const numbered = (answers: readonly TeacherAnswer[]) => answers.map((given, sample) => ({ ...given, sample }));
  const kinds = (answers: readonly TeacherAnswer[], rules: Partial<FilterRules> = {}, question: Judged = choice) =>
    judgeQuestion(numbered(answers), question, { ...defaultRules, ...rules }).map((verdict) =>
      verdict.kind === 'kept' ? 'kept' : verdict.reason,
    );

  it('keeps one answer: of equal rewards the one of fewest words, then the first', () => {
    const long = answer(`${good} I am sure of it.`);
    const other = answer('The ball goes to the right corner, so B.');
    expect(kinds([long, answer(good), answer('nothing', 'A'), other])).toEqual([
      'not-best',
      'kept',
      'reward',
      'not-best',
    ]);
  });

  it('prefers the higher reward to the shorter reasoning', () => {
    const near = answer('one two three four', 'one two three four x');
    const exact = answer('It says one two three four and then five.', 'one two three four five');
    expect(kinds([near, exact], { minWords: 1 }, reading)).toEqual(['not-best', 'kept']);
  });

  it('keeps all that pass, but none twice', () => {
    const again = answer(`${good.replace(' ', '\n ')} `);
    expect(kinds([answer(good), again, answer(`${good} Sure.`)], { keep: 'all' })).toEqual([
      'kept',
      'duplicate',
      'kept',
    ]);
  });

  it('keeps nothing where nothing passes', () => {
    expect(kinds([answer('no', 'A'), said('')])).toEqual(['reward', 'format']);
    expect(kinds([])).toEqual([]);
  });

  it('says of each dropped answer why, in a sentence', () => {
    const given = [
      answer(good),
      answer(`${good} Sure.`),
      answer(good, 'A'),
      answer(good),
      answer('So the ball goes to the right, B.'),
    ];
    const verdicts = judgeQuestion(
      numbered([...given, answer('So my ball goes to the right, B.')]),
      choice,
      defaultRules,
    );
    expect(verdicts).toEqual([
      { kind: 'dropped', reason: 'not-best', sentence: 'Sample 4 of this question says it in 8 words, this one in 9.' },
      {
        kind: 'dropped',
        reason: 'not-best',
        sentence: 'Sample 4 of this question says it in 8 words, this one in 10.',
      },
      { kind: 'dropped', reason: 'reward', sentence: expect.stringMatching(/^The reward 0 is not above 0\.6\. .+\.$/) },
      { kind: 'dropped', reason: 'duplicate', sentence: 'Sample 0 of this question says the same.' },
      expect.objectContaining({ kind: 'kept' }),
      { kind: 'dropped', reason: 'not-best', sentence: 'Sample 4 of this question is as good, and came first.' },
    ]);
  });
});
