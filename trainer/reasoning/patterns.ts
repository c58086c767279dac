/**
 * Patterns of an answer, each by the rule that `protocol/patterns.ts` states. Pure: what needs the run's other answers
 * (`same text`) is found where they are kept.
 */
import { isSameAnswer } from '../protocol/analysis.ts';
import { type MediaMention, mediaMentions } from '../protocol/media-mentions.ts';
import type { PatternName } from '../protocol/patterns.ts';
import { wordsOf } from '../protocol/query/words.ts';
import type { Group, Rollout } from '../protocol/records.ts';
import type { Reasoning } from './aha.ts';
import { quoted, switchesLanguage } from './language-switch.ts';
import { isRepetitive } from './repetition.ts';
import { splitSentences } from './sentences.ts';

/** What the detectors look at of an answer. */
export type PatternAnswer = Pick<Rollout, 'text' | 'parsed' | 'stopReason' | 'answer' | 'correct' | 'reward'>;
/** What they look at of its group. */
export interface PatternGroup extends Pick<Group, 'temporal'> {
  readonly question: Pick<Group['question'], 'problem' | 'options' | 'solution'>;
  readonly media: Pick<Group['media'], 'kind' | 'times' | 'durationSeconds'>;
}

/** A clip's last frame is shown until its end, and who names a time rounds it. */
const timeTolerance = 0.5;

/** Words that any conclusion has, and what stands for nothing. */
const emptyWords = new Set(
  'the a an is it its so answer correct right final option options choice i choose pick select conclude conclusion in therefore thus hence must be let me us think about this that okay ok alright yes hmm hm well wait oh and to of my will would go with one which question what boxed n na'.split(
    ' ',
  ),
);

/** In the order of `patternNames`. @param reasoned what the reasoning does */
export function findPatterns(
  answer: PatternAnswer,
  reasoned: Pick<Reasoning, 'commitments' | 'rejectsSolution'>,
  group: PatternGroup,
): PatternName[] {
  const { think, problems } = answer.parsed;
  const reasoning = think === null ? '' : answer.text.slice(think.start, think.end);
  const sentences = splitSentences(reasoning, { start: 0, end: reasoning.length }).map(({ text }) => text);
  const { question } = group;
  const asked = [question.problem, ...question.options, question.solution].join('\n');
  const has: readonly (readonly [PatternName, boolean])[] = [
    ['wrong way', answer.correct && endsElsewhere(answer.answer, reasoned)],
    ['paid without order', isPaidWithoutOrder(answer, group)],
    ['repetition', isRepetitive(reasoning, sentences)],
    ['cut at limit', answer.stopReason === 'length'],
    ['no reasoning', saysNothing(reasoning, answer.answer, question.options)],
    ['language switch', switchesLanguage(reasoning, asked)],
    ['broken format', problems.length > 0],
    ['missing frame', missingMention(reasoning.replace(quoted, ' '), group) !== null],
  ];
  return has.flatMap(([name, found]) => (found ? [name] : []));
}

/** Whether the reasoning ends at something that is known to be neither the solution nor what was answered, or rejects the solution. */
function endsElsewhere(
  answer: string,
  { commitments, rejectsSolution }: Pick<Reasoning, 'commitments' | 'rejectsSolution'>,
): boolean {
  const last = commitments.at(-1);
  return rejectsSolution || (last !== undefined && last.right === false && !isSameAnswer(last.answer, answer));
}

function isPaidWithoutOrder({ reward }: PatternAnswer, { temporal }: PatternGroup): boolean {
  const paid = reward.parts.some(({ name, value }) => name === 'temporal' && value > 0);
  return paid && temporal !== null && temporal.pShuffled >= temporal.p;
}

function saysNothing(reasoning: string, answer: string, options: readonly string[]): boolean {
  const given = new Set(wordsOf(answer));
  for (const option of options) {
    const words = wordsOf(option);
    if (words.some((word) => given.has(word))) for (const word of words) given.add(word);
  }
  return wordsOf(reasoning).every((word) => given.has(word) || emptyWords.has(word));
}

/** The first frame or time that is named and not there. @param said reasoning without quotations */
export function missingMention(said: string, { media }: Pick<PatternGroup, 'media'>): MediaMention | null {
  if (media.kind !== 'video') return null;
  const missing = mediaMentions(said).find((mention) =>
    mention.kind === 'frame'
      ? mention.numbers.some((number) => number > media.times.length)
      : mention.seconds > media.durationSeconds + timeTolerance,
  );
  return missing ?? null;
}
