/** The rules by which a teacher's answers become training data. Computes only: the same answers and rules keep the same rows. */
import type { Question } from '../protocol/records.ts';
import { parseCompletion } from '../reasoning/completion.ts';
import { pythonStrip } from '../rewards/python-text.ts';
import { quote, shown } from '../rewards/reward.ts';
import { score } from '../rewards/score.ts';
import { answerIsInReasoning } from './answer-in-reasoning.ts';
import type { TeacherAnswer } from './teacher.ts';
import { repetitionShare, repetitionWords, wordsOf } from './words.ts';

export interface FilterRules {
  /** An answer is kept when its accuracy reward is above this. */
  readonly minReward: number;
  /** Words of the reasoning, inclusive. */
  readonly minWords: number;
  readonly maxWords: number;
  /** Highest share of repeated sequences of four words, inclusive. */
  readonly maxRepetition: number;
  /** Whether the reasoning must name the answer. */
  readonly answerInReasoning: boolean;
  /** One answer a question, or all that pass. */
  readonly keep: 'best' | 'all';
}

/** The released script's threshold on the reward; the other bounds leave room around what its teacher writes in 512 tokens. */
export const defaultRules: FilterRules = {
  minReward: 0.6,
  minWords: 5,
  maxWords: 600,
  maxRepetition: 0.3,
  answerInReasoning: true,
  keep: 'best',
};

/** In the order in which they are looked at; the first one that holds is the reason. */
export const dropReasons = {
  failed: 'the server found the request wrong',
  refused: 'refused',
  'cut-off': 'cut off at the token limit',
  format: 'not of the form think, then answer',
  reward: 'reward too low',
  'too-short': 'reasoning too short',
  'too-long': 'reasoning too long',
  repetition: 'repeats itself',
  'answer-not-in-reasoning': 'answer not in the reasoning',
  duplicate: 'the same as another sample',
  'not-best': 'another sample is better',
} as const;
export type DropReason = keyof typeof dropReasons;

interface Kept {
  readonly kind: 'kept';
  readonly think: string;
  readonly answer: string;
  readonly reward: number;
  readonly words: number;
}

export type Verdict = Kept | { readonly kind: 'dropped'; readonly reason: DropReason; readonly sentence: string };

type Judged = Pick<Question, 'problemType' | 'options' | 'solution'>;

const dropped = (reason: DropReason, sentence: string): Verdict => ({ kind: 'dropped', reason, sentence });

/** One answer by itself. Whitespace around the whole answer is no fault of its form. Linear in the answer. */
export function judge(answer: TeacherAnswer, question: Judged, rules: FilterRules): Verdict {
  if (answer.outcome === 'failed') return dropped('failed', answer.message);
  if (answer.outcome === 'refused') return dropped('refused', `The teacher refused: ${quote(answer.text, 200)}`);
  if (answer.outcome === 'cut-off') return dropped('cut-off', 'The answer reached the token limit before its end.');
  const text = pythonStrip(answer.text);
  const { thinkText, problems } = parseCompletion(text);
  if (problems.length > 0) return dropped('format', problems.join(' '));
  const scored = score(text, question);
  if (scored.format === 0) return dropped('format', scored.formatExplanation);
  if (!(scored.accuracy > rules.minReward))
    return dropped(
      'reward',
      `The reward ${shown(scored.accuracy)} is not above ${rules.minReward}. ${scored.accuracyExplanation}`,
    );
  const words = wordsOf(thinkText);
  if (words.length < rules.minWords)
    return dropped('too-short', `The reasoning has ${words.length} words, fewer than ${rules.minWords}.`);
  if (words.length > rules.maxWords)
    return dropped('too-long', `The reasoning has ${words.length} words, more than ${rules.maxWords}.`);
  const repeated = repetitionShare(words);
  if (repeated > rules.maxRepetition)
    return dropped(
      'repetition',
      `${shown(100 * repeated, 0)} % of the sequences of ${repetitionWords} words stood there before; at most ${shown(100 * rules.maxRepetition, 0)} % may.`,
    );
  if (rules.answerInReasoning && !answerIsInReasoning(thinkText, scored.answer, question))
    return dropped('answer-not-in-reasoning', `The reasoning never names the answer ${quote(scored.answer)}.`);
  return { kind: 'kept', think: thinkText, answer: scored.answer, reward: scored.accuracy, words: words.length };
}

export type NumberedAnswer = TeacherAnswer & { readonly sample: number };

/**
 * The answers to one question: each by itself, then against each other. Of equal ones (whitespace apart) the first stays; of
 * those that pass, with `keep: 'best'`, the one with the highest reward, then with the fewest words, then the first.
 * @returns one verdict per answer, in their order
 */
export function judgeQuestion(answers: readonly NumberedAnswer[], question: Judged, rules: FilterRules): Verdict[] {
  const firstOf = new Map<string, number>();
  const verdicts = answers.map((answer) => {
    const verdict = judge(answer, question, rules);
    if (verdict.kind === 'dropped') return verdict;
    const content = `${verdict.think}\n${verdict.answer}`.replace(/\s+/g, ' ').trim();
    const first = firstOf.get(content);
    if (first !== undefined) return dropped('duplicate', `Sample ${first} of this question says the same.`);
    firstOf.set(content, answer.sample);
    return verdict;
  });
  if (rules.keep === 'all') return verdicts;
  let best = -1;
  verdicts.forEach((verdict, i) => {
    const leader = verdicts[best];
    if (verdict.kind !== 'kept') return;
    if (leader?.kind !== 'kept' || verdict.reward > leader.reward) best = i;
    else if (verdict.reward === leader.reward && verdict.words < leader.words) best = i;
  });
  return verdicts.map((verdict, i) => {
    if (verdict.kind === 'dropped' || i === best) return verdict;
    const leader = verdicts[best] as Kept;
    return dropped('not-best', `Sample ${answers[best]?.sample} of this question ${comparison(leader, verdict)}.`);
  });
}

/** Why one kept answer stands before another. */
function comparison(leader: Kept, other: Kept): string {
  if (leader.reward > other.reward)
    return `has the higher reward, ${shown(leader.reward)} against ${shown(other.reward)}`;
  if (leader.words < other.words) return `says it in ${leader.words} words, this one in ${other.words}`;
  return 'is as good, and came first';
}
