/**
 * What an audit says of a kind of questions. One rule, in three steps:
 *
 * 1. Nothing is said of fewer than `leastQuestions` questions, nor where the answers as seen are no better than a guess that knows
 *    nothing: the lower bound of their share has to be above it.
 * 2. Something that is taken away was not needed (`enough`) when the lower bound of the share that is right without it is above that
 *    guess, and the paired difference from the answers as seen is not below 0 by its interval. Order was not needed either where its
 *    mean worth to right answers is below the floor of `order-rule.ts`.
 * 3. The video or image, by leaving it out or by blank frames, is needed by every question; several frames and their order by those
 *    of which the dataset says so. What was not needed of that is a shortcut, and is named. A shortcut in part is where right answers
 *    lose by shuffles on average, and yet more than `mostUnused` of them, by the lower bound, do not use the order.
 *
 * Reversed frames and a prompt without the question's text name no shortcut: how often something happens is the same backwards, and
 * pictures that belong to one question alone say what is asked.
 */
import { orderFloor } from '../evidence/order-rule.ts';
import {
  type AuditCue,
  type AuditSlice,
  type AuditVerdict,
  type CueResult,
  type CueStrength,
  cuesWithoutVideo,
} from '../protocol/audit.ts';
import type { Proportion } from '../protocol/proportion.ts';

/** With fewer questions, an interval is as wide as the answer to anything. */
export const leastQuestions = 8;

/** Shuffles are drawn: some of four leave an honest answer what it needs. */
export const mostUnused = 0.25;

/** @param difference right so minus right as seen, paired by question */
export function cueStrength(
  right: Proportion,
  difference: { readonly high: number | null },
  guess: number,
): CueStrength {
  if (right.low <= guess) return 'none';
  return difference.high !== null && difference.high < 0 ? 'helps' : 'enough';
}

const withoutOrder: readonly AuditCue[] = ['one frame', 'any order'];

export function auditVerdict(slice: Omit<AuditSlice, 'verdict'>): AuditVerdict {
  const { count, seen, guess, cues, order, videos, needsOrder } = slice;
  if (seen === null || count < leastQuestions) return { kind: 'unknown', why: 'few' };
  if (seen.low <= guess) return { kind: 'unknown', why: 'guessing' };
  const notNeeded = cues.filter((cue) => isNotNeeded(cue, order)).map(({ cue }) => cue);
  const named = (some: readonly AuditCue[]) => some.filter((cue) => notNeeded.includes(cue));
  const saysOrder = needsOrder > count / 2;
  const shortcuts = [...named(cuesWithoutVideo), ...(saysOrder ? named(withoutOrder) : [])];
  const isOrderUnused = order !== null && order.count >= leastQuestions && (order.unused?.low ?? 0) > mostUnused;
  if (shortcuts.length > 0 || (saysOrder && isOrderUnused)) return { kind: 'shortcut', cues: shortcuts };
  const [first, ...others] = named(withoutOrder);
  if (first !== undefined) return { kind: 'needs no order', cues: [first, ...others] };
  return videos > count / 2 && order?.uses === true ? { kind: 'needs order' } : { kind: 'needs the video' };
}

/** Fewer videos than that say nothing of the rest of their kind. */
function isNotNeeded({ cue, strength, count }: CueResult, order: AuditSlice['order']): boolean {
  if (count < leastQuestions) return false;
  if (strength === 'enough') return true;
  return cue === 'any order' && order !== null && order.count >= leastQuestions && order.worth.mean < orderFloor;
}
