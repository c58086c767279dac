import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readReasoning } from '../../trainer/reasoning/aha.ts';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';
import { splitSentences } from '../../trainer/reasoning/sentences.ts';
import { clipFolder, clipsAreThere } from '../video/make-media.ts';

type Context = Parameters<typeof readReasoning>[1];
const findAhaMoments = (text: string, context: Context) => readReasoning(text, context).aha;
const sides = ['A. Left', 'B. Right'];
const four = ['A. A red car', 'B. A blue car', 'C. A bus', 'D. A tram'];

function find(think: string, problemType: Context['problemType'], options: string[], solution: string) {
  const text = `<think>${think}</think>\n<answer>?</answer>`;
  const parsed = parseCompletion(text);
  if (!parsed.think) throw new Error('no think');
  return findAhaMoments(text, { think: parsed.think, options, solution, problemType }).map(
    ({ span, tier, rule, evidence }) => ({
      tier,
      rule,
      evidence,
      text: text.slice(span.start, span.end),
    }),
  );
}
const choice = (think: string, options = sides, solution = 'B') => find(think, 'multiple choice', options, solution);
const tiers = (moments: { tier: number }[]) => moments.map(({ tier }) => tier);

describe('tier 5: the answer changes', () => {
  it('finds a revised choice, from the turn to the new conclusion, with both judged', () => {
    expect(
      choice('At 0 s: x 5. So it moves left. Wait, that is the end. At 0 s it is at x 1. So it moves right.'),
    ).toEqual([
      {
        tier: 5,
        rule: 'answer-revised',
        text: 'Wait, that is the end. At 0 s it is at x 1. So it moves right.',
        evidence: 'So it moves right. [A (left) (wrong) became B (right) (right)]',
      },
    ]);
  });

  it('finds it when the old answer is rejected without a word like wait', () => {
    const [moment] = choice(
      "The answer is A. That can't be right, since frame 3 shows it on the other side. Therefore B.",
    );
    expect(moment).toMatchObject({ tier: 5, evidence: 'Therefore B. [A (wrong) became B (right)]' });
  });

  it('finds a change for the worse too', () => {
    expect(choice('So the answer is B. Hmm, actually no. The answer is A.')[0]).toMatchObject({
      tier: 5,
      evidence: expect.stringContaining('B (right) became A (wrong)'),
    });
  });

  it('finds a revised number, written as digits or as a word', () => {
    expect(find('I count along. So 3. Wait, look on. 2 s: another turn. So four.', 'numerical', [], '4')).toMatchObject(
      [
        {
          tier: 5,
          text: 'Wait, look on. 2 s: another turn. So four.',
          evidence: 'So four. [3 (wrong) became 4 (right)]',
        },
      ],
    );
  });

  it('does not take numbers of different things for a change', () => {
    expect(
      tiers(find('So there are 2 cars. But there are also bikes. So there are 3 bikes.', 'numerical', [], '5')),
    ).not.toContain(5);
  });

  it('finds a text that is read otherwise the second time, and no change where it is only read further', () => {
    const read = (think: string) => find(think, 'OCR', [], 'OPEN UNTIL 8');
    expect(read('The sign reads OPEN UNTIL 6. Zooming in, it is actually "OPEN UNTIL 8".')).toMatchObject([
      { tier: 5, evidence: expect.stringContaining('open until 6 (not comparable) became open until 8 (right)') },
    ]);
    expect(tiers(read('The sign reads "OPEN". Wait, there is more: it says "OPEN UNTIL 8".'))).not.toContain(5);
  });

  it('finds a size that a contrast alone changes', () => {
    expect(
      find(
        'I estimate 12 square metres. But the alcove counts too. That gives 18 square metres.',
        'regression',
        [],
        '18',
      ),
    ).toMatchObject([{ tier: 5, text: 'But the alcove counts too. That gives 18 square metres.' }]);
  });

  it('finds an explicit answer that is replaced without any turn', () => {
    expect(choice('The answer is A. The ball rolls. The answer is B.')).toMatchObject([
      { tier: 5, rule: 'answer-changed-without-a-turn' },
    ]);
  });

  it('does not take steps on the way, or a list of options, for a change', () => {
    expect(choice('So option A or B could fit. So the answer is B.')).toEqual([]);
    expect(
      tiers(choice('There is a red car. So a red car comes first. Then the blue car. So the answer is C.', four, 'C')),
    ).not.toContain(5);
  });
});

describe('tier 4: a rejection with a reason', () => {
  it('finds an option eliminated before any conclusion', () => {
    expect(choice('Option A is wrong because the ball ends on the far side. So the answer is B.')).toMatchObject([
      { tier: 4, rule: 'option-eliminated', text: 'Option A is wrong because the ball ends on the far side.' },
    ]);
  });

  it('finds each option that a list crosses out, by the item that the verdict stands in', () => {
    const list = [
      '**Option A**: A red car',
      '- This is not correct because it is blue.',
      '**Option C**: A bus. Not shown.',
      '- D: ✗ no rails.',
      'This corresponds to option B.',
    ].join('\n');
    expect(choice(list, four, 'B').map(({ tier, text }) => [tier, text.slice(0, 12)])).toEqual([
      [4, '**Option A**'],
      [4, '**Option C**'],
      [4, '- D: ✗ no ra'],
    ]);
  });

  it('finds the reason in the next sentence where that one names evidence', () => {
    expect(choice('It is not a bus. Frame 2 shows four doors. So the answer is A.', four, 'A')[0]).toMatchObject({
      tier: 4,
      text: 'It is not a bus. Frame 2 shows four doors.',
    });
  });

  it('finds a conclusion questioned, a rival rejected, and the conclusion kept', () => {
    const moments = choice(
      "The answer is B. But could it be A? It can't be A, because in frame 7 it is past the middle. So B.",
    );
    expect(moments).toMatchObject([{ tier: 4, rule: 'rejected-with-a-reason' }]);
  });
});

describe('tiers 3, 2 and 1', () => {
  it('3: checks the conclusion against evidence not named before', () => {
    expect(
      choice('The answer is B. Let me check frame 7 again. It is on that side there. So the answer is B.'),
    ).toMatchObject([{ tier: 3, rule: 'verified-with-new-evidence', text: 'Let me check frame 7 again.' }]);
  });

  it('2: looks again and names nothing new', () => {
    expect(
      choice('In frame 7 it is past the middle. The answer is B. Wait, let me check frame 7. Yes, so the answer is B.'),
    ).toMatchObject([{ tier: 2, rule: 'echo' }]);
  });

  it('1: says what the prompt asked for, and no more', () => {
    expect(tiers(choice('Hmm, let me think. Oh, I see. It moves right. So the answer is B.'))).toEqual([1, 1]);
  });

  it('nothing: goes straight to the answer', () => {
    expect(choice('At 0 s it is at x 1. At 1 s it is at x 3. So it moves right.')).toEqual([]);
    expect(find('', 'free-form', [], 'x')).toEqual([]);
  });
});

describe('sentences', () => {
  const split = (text: string, options: string[] = []) =>
    splitSentences(text, { start: 0, end: text.length }, options).map((s) => s.text);

  it('end at full-width stops, which take no space after them', () => {
    expect(split('小球向左移动。然后停下！是吗？对｡所以选B。')).toEqual([
      '小球向左移动。',
      '然后停下！',
      '是吗？',
      '对｡',
      '所以选B。',
    ]);
    expect(split('他说：「向左。」（真的！？）So it is B.')).toEqual([
      '他说：「向左。」',
      '（真的！？）',
      'So it is B.',
    ]);
    expect(split('长度是３．５米，约3.5米。')).toEqual(['长度是３．５米，约3.5米。']);
  });

  it('end at points, marks and line breaks, not inside numbers, labels and abbreviations', () => {
    expect(split('It is 3.5 s long, e.g. short. So A. Wait… why? "No."\nNo. 4 it is')).toEqual([
      'It is 3.5 s long, e.g. short.',
      'So A.',
      'Wait…',
      'why?',
      '"No."',
      'No. 4 it is',
    ]);
    expect(split('So B. Left is right. C. Not an option.', ['right', 'left'])).toEqual([
      'So B. Left is right.',
      'C.',
      'Not an option.',
    ]);
  });

  it('cover every letter and digit of any text once, in order, with spans that match', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom('a', 'B', '.', '! ', '\n', ' ', '3', '…', '。', '」', '"', 'e.g. ', '\ud800'))
          .map((p) => p.join('')),
        (text) => {
          const sentences = splitSentences(text, { start: 0, end: text.length });
          for (const { span, text: words } of sentences) expect(text.slice(span.start, span.end)).toBe(words);
          const letters = (words: string) => words.replace(/[^\p{L}\p{N}]/gu, '');
          expect(sentences.map(({ text: words }) => letters(words)).join('')).toBe(letters(text));
        },
      ),
      { numRuns: 3000 },
    );
  });
});

it('gives spans inside the reasoning, in order, and the same ones each time, for any text', () => {
  const piece = fc.constantFrom(
    'So the answer is ',
    'A',
    'B',
    '. ',
    'wait, ',
    'not ',
    'because ',
    'frame 3 ',
    'left ',
    '3 ',
    '? ',
    '\n',
    'is wrong ',
    'therefore ',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }).map((p) => p.join('')),
      fc.constantFrom<Context['problemType']>('multiple choice', 'numerical', 'OCR', 'free-form'),
      (think, problemType) => {
        const text = `<think>${think}</think>`;
        const context = { think: { start: 7, end: 7 + think.length }, options: sides, solution: 'B', problemType };
        const moments = findAhaMoments(text, context);
        expect(findAhaMoments(text, context)).toEqual(moments);
        for (const { span } of moments) {
          expect(span.start).toBeGreaterThanOrEqual(7);
          expect(span.end).toBeLessThanOrEqual(7 + think.length);
          expect(span.end).toBeGreaterThan(span.start);
        }
        const starts = moments.map(({ span }) => span.start);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
      },
    ),
    { numRuns: 3000 },
  );
});

it('gives moments in the order of the text, also where a later one is known first', () => {
  const think = 'B\nnot left . So the answer is frame 3 not ';
  const context = { think: { start: 0, end: think.length }, options: sides, solution: 'B' } as const;
  const starts = findAhaMoments(think, { ...context, problemType: 'multiple choice' }).map(({ span }) => span.start);
  expect(starts).toEqual([0, 2]);
});

it('takes megabytes of reasoning within seconds', () => {
  for (const piece of [
    'So the answer is A. Wait, no. ',
    'a',
    ' ',
    'is not ',
    'the answer is ',
    '"',
    'frame 3 ',
    '\n',
    '. ',
  ]) {
    const think = piece.repeat(2_000_000 / piece.length);
    const started = process.cpuUsage();
    findAhaMoments(think, {
      think: { start: 0, end: think.length },
      options: four,
      solution: 'A',
      problemType: 'multiple choice',
    });
    expect(process.cpuUsage(started).user / 1e6, piece).toBeLessThan(10);
  }
});

describe.skipIf(!clipsAreThere)('chains of thought on the real clips', () => {
  it('hold no change of a stated answer, so none is found', () => {
    const rows: { process?: string; options: string[]; solution: string; problem_type: Context['problemType'] }[] =
      JSON.parse(readFileSync(path.join(clipFolder, 'questions.json'), 'utf8'));
    const traces = rows.filter((row) => row.process);
    expect(traces.length).toBeGreaterThan(5);
    for (const row of traces) {
      const text = `${row.process}\n${row.solution}`;
      const { think, answerText } = parseCompletion(text);
      const moments = findAhaMoments(text, {
        think: think ?? { start: 0, end: 0 },
        options: row.options,
        solution: answerText,
        problemType: row.problem_type,
      });
      expect(moments.filter(({ tier }) => tier > 1)).toEqual([]);
    }
  });
});
