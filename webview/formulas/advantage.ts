/** How a reward becomes an advantage, with the numbers that stand between the two (Video-R1 eq. 3). */
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { fixed, plain } from '../ui/numbers.ts';

/** How a total becomes an advantage (Video-R1 eq. 3), or why it has none. */
export type Advantage =
  | {
      readonly kind: 'computed';
      readonly total: number;
      readonly mean: number;
      readonly difference: number;
      /** What the difference is divided by; null where the run does not divide. */
      readonly divisor: number | null;
      readonly advantage: number;
      /** False when the numbers shown do not give the advantage that training used. */
      readonly agrees: boolean;
    }
  | { readonly kind: 'none'; readonly why: string };

const tolerance = 5e-3;

/** What a difference is divided by, as `normalise` of the trainer computes it: with its epsilon where that is not 0. */
export function divisorWords(std: number, { stdEpsilon }: Pick<ParameterValues, 'stdEpsilon'>): string {
  return stdEpsilon === 0 ? fixed(std, 3) : `(${fixed(std, 3)} + ${plain(stdEpsilon)})`;
}

export function advantageOf(
  rollout: Rollout,
  group: GroupWithRollouts,
  parameters: Pick<ParameterValues, 'divideByStd' | 'stdEpsilon'>,
): Advantage {
  if (rollout.advantage === null) {
    if (rollout.order === 'shuffled') {
      return { kind: 'none', why: 'Shuffled answers only measure; nothing trains on them.' };
    }
    if (group.purpose !== 'train') {
      return {
        kind: 'none',
        why: `This is ${group.purpose === 'probe' ? 'a probe' : 'an evaluation'}: nothing trains on it.`,
      };
    }
    return { kind: 'none', why: 'This answer was left out of the update.' };
  }
  const total = rollout.reward.total;
  const { mean, std } = group.stats;
  const difference = total - mean;
  const divisor = parameters.divideByStd ? std + parameters.stdEpsilon : null;
  const computed = divisor === null ? difference : divisor === 0 ? 0 : difference / divisor;
  return {
    kind: 'computed',
    total,
    mean,
    difference,
    divisor,
    advantage: rollout.advantage,
    agrees: Math.abs(computed - rollout.advantage) <= tolerance,
  };
}
