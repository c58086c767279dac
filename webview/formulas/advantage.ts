/** How a reward becomes an advantage, with the numbers that stand between the two (Video-R1 eq. 3). */
import { spreadOf } from '../../trainer/protocol/normalise.ts';
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

type Scaling = Pick<ParameterValues, 'advantageScale' | 'stdEpsilon'>;

/** The standard deviation that advantages of a group are divided by, that of its batch as it is recorded; null for none. */
export const spreadOfGroup = ({ stats }: GroupWithRollouts, { advantageScale }: Pick<Scaling, 'advantageScale'>) =>
  spreadOf(stats.std, { advantageScale, batchStd: stats.normalised?.batchStd });

/** What a difference is divided by, as `normalise` of the trainer computes it: with its epsilon where that is not 0. */
export function divisorWords(group: GroupWithRollouts, parameters: Scaling): string {
  const spread = fixed(spreadOfGroup(group, parameters) ?? 1, 3);
  return parameters.stdEpsilon === 0 ? spread : `(${spread} + ${plain(parameters.stdEpsilon)})`;
}

export function advantageOf(rollout: Rollout, group: GroupWithRollouts, parameters: Scaling): Advantage {
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
  const { mean } = group.stats;
  const difference = total - mean;
  const spread = spreadOfGroup(group, parameters);
  const divisor = spread === null ? null : spread + parameters.stdEpsilon;
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
