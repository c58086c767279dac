/** The reward as a sum: where each part begins and ends, and how total, mean and std give the advantage. */

import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts, RewardPart, Rollout } from '../../trainer/protocol/records.ts';

export interface Stair {
  readonly part: RewardPart;
  /** Sum of the parts before it, and with it. */
  readonly from: number;
  readonly to: number;
}

export interface Staircase {
  readonly stairs: readonly Stair[];
  readonly total: number;
  /** Sum of the parts; equal to the total unless the trainer erred. */
  readonly sum: number;
  /** Lowest and highest value that is drawn. */
  readonly low: number;
  readonly high: number;
}

/** Each part starts where the last one ended. */
export function staircase(parts: readonly RewardPart[], total: number, mean: number): Staircase {
  let sum = 0;
  const stairs = parts.map((part) => {
    const from = sum;
    sum += part.value;
    return { part, from, to: sum };
  });
  const possible = parts.reduce((most, part) => most + Math.max(0, part.possible, part.value), 0);
  const drawn = [0, total, mean, possible, ...stairs.map((stair) => stair.to)].filter(Number.isFinite);
  return { stairs, total, sum, low: Math.min(...drawn), high: Math.max(...drawn, Number.EPSILON) };
}

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
