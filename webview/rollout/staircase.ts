/** The reward as a sum: where each part begins and ends. */
import type { RewardPart } from '../../trainer/protocol/records.ts';

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
