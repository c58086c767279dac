/** One sentence: why this answer got the temporal reward or did not, and one for its credit where that is paid. */
import { fractionsRuleOf, fractionText, isFractional } from '../../trainer/protocol/correctness.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { equation } from '../formulas/worked-formulas.ts';
import { plain } from '../ui/numbers.ts';

export interface TemporalReason {
  readonly title: string;
  readonly text: string;
}

/**
 * Null where the run has no temporal reward and nobody would ask.
 * @param threshold the run's `correctThreshold`
 */
export function temporalReason(rollout: Rollout, group: GroupWithRollouts, threshold: number): TemporalReason | null {
  const credit = rollout.reward.parts.find(({ name }) => name === 'credit');
  if (group.credit?.by === 'answer') {
    return credit ? { title: 'Credit for order:', text: `${shownLine(credit.explanation, 1000)}.` } : null;
  }
  const test = testReason(rollout, group, threshold);
  return test && credit ? { ...test, text: `${test.text} Beside it, ${shownLine(credit.explanation, 1000)}.` } : test;
}

function testReason(rollout: Rollout, group: GroupWithRollouts, threshold: number): TemporalReason | null {
  const part = rollout.reward.parts.find(({ name }) => name === 'temporal');
  const test = group.temporal;
  if (!test) {
    if (!part) return null;
    return { title: 'No temporal test:', text: shownLine(part.explanation, 1000) };
  }
  const right = (order: Rollout['order']) => {
    const answers = group.rollouts.filter((answer) => answer.order === order);
    return `${answers.filter(({ correct }) => correct).length} of ${answers.length}`;
  };
  const rule = fractionsRuleOf(group.rollouts, threshold);
  const counts = `${right('ordered')} ordered answers were right against ${right('shuffled')} shuffled${rule}, so ${equation(test)}`;
  const near = isFractional(rollout.accuracy) ? ` with an accuracy of ${fractionText(rollout.accuracy)}` : '';
  if (rollout.order === 'shuffled') {
    return {
      title: 'Shuffled answers get no temporal reward:',
      text: `${counts}; they are what the ordered ones are compared with.`,
    };
  }
  if (part && part.value > 0) {
    return {
      title: 'Why the temporal reward was paid:',
      text: `${counts}; this answer is right${near}, so it gets α = ${plain(part.value)}.`,
    };
  }
  if (!test.passed)
    return { title: 'Why the temporal reward was not paid:', text: `${counts}: order did not help enough.` };
  if (!rollout.correct) {
    return {
      title: 'Why the temporal reward was not paid:',
      text: `${counts}, which passes, but this answer is wrong${near}.`,
    };
  }
  return {
    title: 'Why the temporal reward was not paid:',
    text: part ? shownLine(part.explanation, 1000) : `${counts}.`,
  };
}
