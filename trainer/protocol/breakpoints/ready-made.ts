/** Breakpoints for the troubles that runs have most, each a condition in the language that anyone can type, and edit. */
import type { Method } from '../parameters.ts';
import { inferredPoint, pointFault } from './condition.ts';
import { readCondition } from './parse-condition.ts';

export interface ReadyMade {
  readonly label: string;
  readonly condition: string;
  /** When it holds, in a few words. */
  readonly help: string;
}

export const readyMades = {
  'not-finite': {
    label: 'Loss not finite',
    condition: 'nan(loss) or nan(gradNorm)',
    help: 'the loss or the gradient is not a finite number',
  },
  'kl-runaway': {
    label: 'KL runaway',
    condition: 'min(kl, 5) > 0.5 and slope(kl, 5) > 0',
    help: 'KL above 0.5 nats in each of the last 5 steps, and rising over them',
  },
  'reward-collapsed': {
    label: 'Reward collapsed to one value',
    condition: 'max(reward, 10) = min(reward, 10) and min(flatGroups, 10) = 1',
    help: 'for 10 steps all groups were flat, and the mean reward was the same',
  },
  'length-limit': {
    label: 'Length at the limit',
    condition: 'share(stop:length) > 0.5',
    help: 'more than half of the answers of a step were cut at the limit',
  },
  'format-lost': {
    label: 'Format lost',
    condition: 'share(pattern:"broken format") > 0.5',
    help: 'more than half of the answers of a step are not one think part and one answer part',
  },
  'zero-spread': {
    label: 'All groups with zero spread',
    condition: 'min(flatGroups, 5) = 1',
    help: 'in each of the last 5 steps the rewards were equal in every group',
  },
  'disk-low': {
    label: 'Disk low',
    condition: 'diskFree < 5',
    help: 'less than 5 GB are free on the disk of the run',
  },
} as const satisfies Record<string, ReadyMade>;

export type ReadyMadeName = keyof typeof readyMades;
export const readyMadeNames = Object.keys(readyMades) as ReadyMadeName[];

/** Those that have a meaning for a method. */
export function readyMadesFor(method: Method): ReadyMadeName[] {
  return readyMadeNames.filter((name) => {
    const read = readCondition(readyMades[name].condition);
    return 'condition' in read && pointFault(read.condition, inferredPoint(read.condition, method), method) === null;
  });
}
