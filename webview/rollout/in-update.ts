/** What became of an answer in the update where answers were left out of it, in words. */
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { MaskedAnswer } from '../../trainer/protocol/masked-answers.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { count, signed } from '../ui/numbers.ts';

export interface InUpdate {
  readonly title: string;
  readonly text: string;
}

/** Null for an answer that was trained on as its group has it, or not at all. */
export function inUpdate(rollout: Rollout, group: Pick<GroupWithRollouts, 'rollouts'>): InUpdate | null {
  const { masked, updatedAdvantage, advantage } = rollout;
  if (masked !== undefined)
    return {
      title: 'Left out of the update:',
      text: `it ${whyMasked(masked)}. Its advantage was ${signed(masked.advantage, 2)} before.`,
    };
  if (updatedAdvantage === undefined) return null;
  const gone = group.rollouts.filter((one) => one.masked !== undefined).length;
  return {
    title: 'Another advantage in the update:',
    text: `${signed(updatedAdvantage, 2)} in place of ${signed(advantage, 2)}, without the ${count(gone, 'answer')} left out of its group.`,
  };
}

/** What the advantage that its group gave it is to the update; null where that is the one that it was trained with. */
export function advantageBefore({ masked, updatedAdvantage }: Rollout): string | null {
  if (masked !== undefined) return 'before it was left out of the update';
  return updatedAdvantage === undefined ? null : 'before others were left out of the update';
}

/** What follows the answer's name. */
export function whyMasked({ words }: MaskedAnswer): string {
  if (words.length === 0) return 'was flagged while its group was open';
  return `holds what people flagged: ${words.map((quote) => `“${shownLine(quote, 100)}”`).join(', ')}`;
}
