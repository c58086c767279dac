/** Two short runs that were asked the same questions and answered them differently; one question's answers are hostile. */
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { Evaluation, GroupPurpose, GroupWithRollouts, Question, Rollout } from '../../trainer/protocol/records.ts';
import { hostileCompletions } from '../fixtures/hostile-completions.ts';
import { aGroup, anEvaluation, aQuestion, aRollout } from '../store/records.ts';
import type { RunThatIsOver } from './recorded-run.ts';

export const firstRun = 'slow-1';
export const secondRun = 'fast-1';

export const questions = {
  square: aQuestion({ row: 1, problem: 'Which way does the red square move?' }),
  circle: aQuestion({ row: 2, problem: 'Where is the blue circle at the end?' }),
  triangle: aQuestion({ row: 3, problem: 'Does the triangle turn before it grows?' }),
  hostile: aQuestion({ row: 4, problem: 'What is written there? <img src=x onerror=document.title="hacked">' }),
} as const satisfies Record<string, Question>;

export const evaluated: readonly Question[] = [1, 2, 3, 4, 5].map((number) =>
  aQuestion({ row: 100 + number, problem: `Evaluated question ${number}?` }),
);

/** Short enough to be read beside others; those that are long say nothing that these don't. */
export const shortHostile = hostileCompletions.filter(({ text }) => text.length < 300).map(({ text }) => text);
/** Two answers of hostile words: the second lacks every third, and has a word of its own in its place. */
const hostileTexts = [
  shortHostile.join('\n'),
  shortHostile.map((text, index) => (index % 3 === 0 ? `instead ${index}` : text)).join('\n'),
] as const;

interface Asked {
  readonly step: number;
  readonly question: Question;
  /** Answers on ordered frames, then those on shuffled ones: right or wrong by their letter. */
  readonly ordered: string;
  readonly shuffled?: string;
  readonly purpose?: GroupPurpose;
  readonly id?: string;
  /** Tokens of the first answer; each after it has one more. */
  readonly tokens?: number;
  readonly think?: string;
}

function asked({
  step,
  question,
  ordered,
  shuffled = '',
  purpose = 'train',
  id,
  tokens = 20,
  think = 'It moves.',
}: Asked): GroupWithRollouts {
  const groupId = id ?? `s${step}-${question.row}`;
  const answers = (letters: string, order: Rollout['order']): Rollout[] =>
    [...letters].map((letter, index) => {
      const text = `<think>${think} By answer ${index + 1} of step ${step} it is ${letter}.</think><answer>${letter}</answer>`;
      const at = text.indexOf('</think>');
      const answer = text.lastIndexOf('<answer>') + 8;
      const correct = letter === question.solution;
      return aRollout({
        ...{ id: `${groupId}-${order[0]}${index}`, groupId, step, order, index, text, correct },
        tokenCount: tokens + index,
        parsed: { think: { start: 7, end: at }, answer: { start: answer, end: answer + 1 }, problems: [] },
        answer: letter,
        accuracy: correct ? 1 : 0,
        reward: {
          parts: [{ name: 'accuracy', value: correct ? 1 : 0, possible: 1, explanation: correct ? 'right' : 'wrong' }],
          total: correct ? 1 : 0,
        },
        advantage: order === 'ordered' ? (correct ? 0.5 : -0.5) : null,
      });
    });
  const share = (letters: string) =>
    [...letters].filter((letter) => letter === question.solution).length / letters.length;
  const [p, pShuffled] = [share(ordered), shuffled === '' ? 0 : share(shuffled)];
  const passed = p >= 0.8 * pShuffled;
  return aGroup(step, {
    ...{ id: groupId, purpose, question },
    prompt: `<video> ${question.problem}`,
    temporal: shuffled === '' ? null : { p, pShuffled, mu: 0.8, comparison: '>=', passed, paid: passed ? 0.3 : 0 },
    stats: { mean: p, std: Math.sqrt(p * (1 - p)), count: ordered.length },
    at: 1_700_000_001_000 + step,
    rollouts: [...answers(ordered, 'ordered'), ...answers(shuffled, 'shuffled')],
  });
}

function evaluation(id: string, step: number, letters: string): { groups: GroupWithRollouts[]; of: Evaluation } {
  const groups = [...letters].map((letter, index) =>
    asked({
      step,
      question: evaluated[index] as Question,
      ordered: letter,
      purpose: 'evaluation',
      id: `${id}-0-g${index}`,
    }),
  );
  const right = [...letters].filter((letter) => letter === 'B').length;
  return {
    groups,
    of: {
      ...anEvaluation(step),
      id,
      at: 1_700_000_005_000 + step,
      all: { name: 'all', count: letters.length, ordered: right / letters.length, shuffled: null },
    },
  };
}

const early = evaluation('eval-early', 0, 'BAAAA');
const late = evaluation('eval-late', 6, 'BBABA');
const other = evaluation('eval-other', 6, 'ABBBA');
const { square, circle, triangle, hostile } = questions;
const parameters = presetParameters('sample', 'tgrpo');

/** `square` at steps 1, 3 and 5: 1/4, 2/4 and 4/4 right, of the shuffled 0/2, 2/2 and 0/2; the test fails at step 3 alone. */
export const slow: RunThatIsOver = {
  id: firstRun,
  parameters,
  groups: [
    ...early.groups,
    asked({ step: 1, question: square, ordered: 'ABAA', shuffled: 'AA', tokens: 40 }),
    asked({ step: 2, question: circle, ordered: 'BBBB', shuffled: 'BB' }),
    asked({ step: 3, question: square, ordered: 'BABA', shuffled: 'BB', tokens: 30, think: 'It goes, then stops.' }),
    asked({ step: 4, question: triangle, ordered: 'AAAB', shuffled: 'AB' }),
    asked({ step: 5, question: square, ordered: 'BBBB', shuffled: 'AA', tokens: 25, think: 'First left, then right.' }),
    ...hostileTexts.map((think, index) =>
      asked({ step: 5 + index, question: hostile, ordered: index === 0 ? 'A' : 'B', think, id: `hostile-${index}` }),
    ),
    ...late.groups,
  ],
  evaluations: [early.of, late.of],
};

/** Of the same step `square` is 2/4 right at 1 and 3, `circle` 1/4 at 2; `triangle` came up at another step. */
export const fast: RunThatIsOver = {
  id: secondRun,
  parameters: { ...parameters, learningRate: parameters.learningRate * 2 },
  groups: [
    asked({ step: 1, question: square, ordered: 'ABBA', shuffled: 'AA', tokens: 10 }),
    asked({ step: 2, question: circle, ordered: 'AABA', shuffled: 'AB', tokens: 22 }),
    asked({ step: 3, question: square, ordered: 'BABA', shuffled: 'BB', tokens: 12, think: 'It goes at once.' }),
    asked({ step: 6, question: triangle, ordered: 'ABAB', shuffled: 'AB' }),
    ...other.groups,
  ],
  evaluations: [other.of],
};
