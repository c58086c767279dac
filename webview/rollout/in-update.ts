/** What became of an answer in the update where answers were left out of it, in words. */
import { scoresWords } from '../../trainer/protocol/corrections.ts';
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
  const { rescored } = rollout;
  if (rescored !== undefined)
    return {
      title: 'Scored anew before the update:',
      text: `${scoresWords(rescored)}, given by ${shownLine(rescored.by, 60)}: “${shownLine(rescored.why, 200)}”.`,
    };
  if (updatedAdvantage === undefined) return null;
  const gone = group.rollouts.filter((one) => one.masked !== undefined).length;
  const anew = group.rollouts.filter((one) => one.rescored !== undefined).length;
  const because = [
    ...(gone > 0 ? [`without the ${count(gone, 'answer')} left out of its group`] : []),
    ...(anew > 0 ? [`with the ${count(anew, 'answer')} scored anew`] : []),
  ].join(', ');
  return {
    title: 'Another advantage in the update:',
    text: `${signed(updatedAdvantage, 2)} in place of ${signed(advantage, 2)}${because && `, ${because}`}.`,
  };
}

/** What the advantage that its group gave it is to the update; null where that is the one that it was trained with. */
export function advantageBefore({ masked, updatedAdvantage }: Rollout): string | null {
  if (masked !== undefined) return 'before it was left out of the update';
  return updatedAdvantage === undefined ? null : 'before others were left out of the update or scored anew';
}

/** The advantage that an answer has in the update, marked where its group found another; that is `was`, with why. Null without one. */
export function advantageInUpdate(rollout: Rollout): {
  readonly figure: string;
  readonly isLeftOut: boolean;
  readonly was: string | null;
} | null {
  const { advantage, masked, updatedAdvantage, rescored } = rollout;
  if (advantage === null) return null;
  if (masked !== undefined) return { figure: signed(advantage, 2), isLeftOut: true, was: 'left out of the update' };
  if (updatedAdvantage === undefined && rescored === undefined)
    return { figure: signed(advantage, 2), isLeftOut: false, was: null };
  const why = rescored === undefined ? 'others were left out or scored anew' : 'it was scored anew';
  return {
    figure: `${signed(updatedAdvantage ?? advantage, 2)}*`,
    isLeftOut: false,
    was: `in the update; ${signed(advantage, 2)} before ${why}`,
  };
}

/** What follows the answer's name. */
export function whyMasked({ words, by, why }: MaskedAnswer): string {
  if (by !== undefined) return `was left out by ${shownLine(by, 60)}: “${shownLine(why ?? '', 200)}”`;
  if (words.length === 0) return 'was flagged while its group was open';
  return `holds what people flagged: ${words.map((quote) => `“${shownLine(quote, 100)}”`).join(', ')}`;
}
