/** The punishment of answers that come near the longest length: DAPO's soft overlong punishment (arXiv 2503.14476, eq. 13). */
import type { ParameterValues } from '../protocol/parameters.ts';
import type { RewardPart } from '../protocol/records.ts';

export type OverlongParameters = Pick<ParameterValues, 'overlongPenalty' | 'overlongCache' | 'maxNewTokens'>;

/**
 * Between -1 and 0: 0 up to L_max - L_cache tokens, then falling evenly to -1 at L_max and beyond. L_max is `maxNewTokens`.
 * @param length tokens, the end token included
 * @param cache L_cache, above 0
 */
export function overlongPunishment(length: number, longest: number, cache: number): number {
  const free = longest - cache;
  if (length <= free) return 0;
  return length <= longest ? (free - length) / cache : -1;
}

export function overlongPart(length: number, p: OverlongParameters): RewardPart {
  const free = p.maxNewTokens - p.overlongCache;
  const punishment = overlongPunishment(length, p.maxNewTokens, p.overlongCache);
  const share = Number((-punishment).toFixed(3));
  return {
    ...{ name: 'overlong', possible: 0 },
    value: punishment === 0 ? 0 : p.overlongPenalty * punishment,
    explanation:
      punishment === 0
        ? `${length} tokens: not above ${free}`
        : `${length} tokens: ${length - free} above ${free}, of the ${p.overlongCache} up to ${p.maxNewTokens}, so ${share} of the penalty`,
  };
}
