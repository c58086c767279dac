/** An ask in words: what of it is changed, and what its answers tell against those that nothing was changed for. */
import { type Ask, type AskedFrames, mostAnswers, type RightOf, type WeightsNamed } from './ask.ts';
import { movedSolution } from './changed-question.ts';
import { shownLine } from './hostile-text.ts';
import { fisherExact } from './proportion.ts';
import type { Question } from './records.ts';

/** What an ask is held against. */
export interface AskedOriginal {
  readonly runId: string;
  /** Frames that were chosen from the clip, and the order in which the original answer saw them. */
  readonly seen: readonly number[];
  readonly question: Pick<Question, 'problem' | 'options' | 'solution'>;
}

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;
/** What is typed is quoted up to this length, so that two asks with another word each are told apart. */
const longestQuoted = 24;
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** One phrase for each thing that is changed, in the order in which the prompt is built; none where nothing is. */
export function changesOf(ask: Ask, original: AskedOriginal): string[] {
  const { question, runId } = original;
  const { problem, options, solution, template, checkpoint, also } = ask;
  const named = [...(checkpoint ? [checkpoint] : []), ...also];
  return [
    ...((ask.keep ?? 0) > 0 ? [`go on from token ${ask.keep}`] : []),
    ...(ask.typed === '' ? [] : [typedWords(ask.typed)]),
    ...framesWords(ask.frames, original.seen),
    ...(problem !== null && problem !== question.problem ? ['another question'] : []),
    ...optionWords(options, question.options),
    ...(solution !== null && solution !== question.solution ? ['another solution'] : []),
    ...(template === null ? [] : ['another wording']),
    ...named.map((weights, i) => `${i === 0 && checkpoint ? 'asked of' : 'also of'} ${weightsWords(weights, runId)}`),
    ...(ask.temperature === null ? [] : [`temperature ${ask.temperature}`]),
    ...(ask.topP === null ? [] : [`top-p ${ask.topP}`]),
    ...(ask.maxTokens === null ? [] : [`at most ${counted(ask.maxTokens, 'token')}`]),
  ];
}

/** The same in one line. */
export function askTitle(ask: Ask, original: AskedOriginal): string {
  const changes = changesOf(ask, original);
  return changes.length === 0 ? 'the same again' : changes.join(', ');
}

/** Weights as they are called beside a run: by their step, and by the run where it is another. */
export function weightsWords({ run, step }: WeightsNamed, runId: string): string {
  const of = run === runId ? '' : `${run}, `;
  return step === 0 && run === runId ? 'before training' : `${of}step ${step}`;
}

/** The number of the first answer of a part: those of several weights are numbered through, from 1. */
export function firstNumber(parts: readonly { readonly answers: readonly unknown[] }[], part: number): number {
  return 1 + parts.slice(0, part).reduce((sum, { answers }) => sum + answers.length, 0);
}

function typedWords(typed: string): string {
  const shown = shownLine(typed, longestQuoted + 1);
  if (shown === '') return 'space typed';
  return shown.length > longestQuoted ? `${counted(words(typed), 'word')} typed` : `“${shown}” typed`;
}

function optionWords(options: readonly string[] | null, before: readonly string[]): string[] {
  if (options === null || JSON.stringify(options) === JSON.stringify(before)) return [];
  const texts = (all: readonly string[]) =>
    all.map((option) => option.replace(/^\s*\(?[A-Z]\)?\s*[.):]\s*/, '')).sort();
  const moved = JSON.stringify(texts(options)) === JSON.stringify(texts(before));
  return [moved ? 'options in another order' : 'other options'];
}

function framesWords(frames: AskedFrames, seen: readonly number[]): string[] {
  if (typeof frames !== 'object') {
    const named = {
      'as seen': null,
      none: 'no video',
      one: 'one frame',
      reversed: 'frames reversed',
      shuffled: 'frames shuffled',
    };
    const phrase = named[frames];
    return phrase === null ? [] : [phrase];
  }
  if ('count' in frames) return [`${frames.count} frames from the clip`];
  const { order } = frames;
  const dropped = seen.filter((frame) => !order.includes(frame));
  const left = seen.filter((frame) => order.includes(frame));
  const isMoved = JSON.stringify(left) !== JSON.stringify(order);
  if (dropped.length === 0) return isMoved ? ['frames in another order'] : [];
  const gone = `${dropped.length === 1 ? 'frame' : 'frames'} ${stretches(dropped.map((frame) => frame + 1))} dropped`;
  return isMoved ? [gone, 'the rest in another order'] : [gone];
}

/** Numbers with those between two of them left out: 3, 8–10. */
function stretches(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else found.push([number, number]);
  }
  return found
    .map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from}–${to}`))
    .join(', ');
}

// ---- so far -----------------------------------------------------------------------------------------------------------

/** A difference that chance alone makes less often than this is one. */
const leastLikely = 0.05;

/** What answers of an ask tell against those that it is compared with. */
export interface SoFar {
  readonly asked: RightOf;
  readonly against: RightOf;
  /** Fisher's exact test, two-sided; null where one side has no answers. */
  readonly p: number | null;
  readonly differ: boolean;
  /** Answers from which on shares like these could be told apart; null where no number that can be asked for could. */
  readonly enough: number | null;
}

export function soFar(asked: RightOf, against: RightOf): SoFar {
  if (asked.total === 0 || against.total === 0) return { asked, against, p: null, differ: false, enough: null };
  const p = fisherExact([asked.right, asked.total], [against.right, against.total]);
  const differ = p < leastLikely;
  return { asked, against, p, differ, enough: differ ? null : answersNeeded(asked, against) };
}

/** Of both as many, with the shares that they have now. */
function answersNeeded(asked: RightOf, against: RightOf): number | null {
  for (let n = Math.max(asked.total, 8); n <= mostAnswers; n += n < 16 ? 4 : 8) {
    const of = ({ right, total }: RightOf): [number, number] => [Math.round((n * right) / total), n];
    if (fisherExact(of(asked), of(against)) < leastLikely) return n;
  }
  return null;
}

const share = ({ right, total }: RightOf): string => `${right} of ${total}`;

/** Whether another answer counts as right than in the group, by its text, so that the two shares are not of the same thing. */
export const isOtherSolution = (
  { solution, options }: Pick<Ask, 'solution' | 'options'>,
  { question }: AskedOriginal,
) => solution !== null && solution !== movedSolution(question, options ?? question.options);

/** The newest answers in words where they can't be held against the group's. */
export function otherSolutionSentence(asked: RightOf, what: string): string {
  return `${what}: ${share(asked)} right. What counts as right is another here, so this is not compared with the group.`;
}

/**
 * In words, for people.
 * @param what the ask, as `askTitle` has it
 * @param whose what it is compared with, such as `the group`
 */
export function soFarSentence({ asked, against, p, differ, enough }: SoFar, what: string, whose: string): string {
  if (asked.total === 0) return `${what}: no answer yet.`;
  if (p === null) return `${what}: ${share(asked)} right, and nothing to compare it with.`;
  const both = `${what}: ${share(asked)} right; ${whose}: ${share(against)}`;
  if (differ) return `${both}. Chance alone makes a difference like this in ${percent(p)} of cases.`;
  if (asked.right * against.total === against.right * asked.total) return `${both}. No difference in sight.`;
  return enough === null
    ? `${both}. Too near to tell apart, even with ${mostAnswers} answers.`
    : `${both}. Too few to tell apart: ask for ${enough} or more.`;
}

const percent = (p: number): string => (p < 0.001 ? 'less than 0.1 %' : `${(100 * p).toFixed(1)} %`);
