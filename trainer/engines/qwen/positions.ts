/** Positions: where each token stands in time, row and column (M-RoPE). */
import type { PositionGeneration } from '../../protocol/runfile.ts';
import { mergeSize } from './config.ts';
import type { PatchGrid } from './grid.ts';

/** The stretches of a prompt in order. `secondsPerPair` is null for a still image. */
export type PositionSpan =
  | { readonly kind: 'text'; readonly tokens: number }
  | { readonly kind: 'vision'; readonly grid: PatchGrid; readonly secondsPerPair: number | null };

/**
 * The time of a frame pair in positions, rounded down. In float32, in the order in which each generation multiplies: near a whole
 * number the last bit decides.
 */
function timeOf(
  pair: number,
  secondsPerPair: number | null,
  tokensPerSecond: number,
  generation: PositionGeneration,
): number {
  if (secondsPerPair === null) return generation === '4.49' ? 0 : pair;
  const seconds = Math.fround(secondsPerPair);
  switch (generation) {
    case '5.18':
      return Math.floor(Math.fround(pair * Math.fround(tokensPerSecond * seconds)));
    case '5.0':
      return Math.floor(Math.fround(pair * Math.fround(tokensPerSecond * Math.trunc(seconds))));
    case '4.49':
      return Math.floor(Math.fround(Math.fround(pair * seconds) * tokensPerSecond));
  }
}

/**
 * M-RoPE positions of a prompt as transformers counts them for Qwen2.5-VL (`get_rope_index`): text counts up on all three axes; a
 * medium starts where the text stopped, its time axis in steps of seconds times tokensPerSecond; in generation 5.0 of whole seconds,
 * so that the pairs of a video less than a second apart all stand at one time. In 5.18 and 5.0 text goes on after the larger of a
 * medium's rows and columns, whatever its time has come to; in 4.49 after the largest position on any axis.
 * An answer is text that goes on after the prompt's last token, whether it is written or trained on: from 5.0 on a long video's time
 * may lie far beyond it.
 * Gives positions [tokens * 3] and the first position after the prompt.
 */
export function mropePositions(
  spans: readonly PositionSpan[],
  tokensPerSecond: number,
  generation: PositionGeneration,
): { positions: Int32Array; next: number } {
  const positions: number[] = [];
  let start = 0;
  for (const span of spans) {
    if (span.kind === 'text') {
      for (let i = 0; i < span.tokens; i++, start++) positions.push(start, start, start);
      continue;
    }
    const rows = span.grid.rows / mergeSize;
    const columns = span.grid.columns / mergeSize;
    let time = 0;
    for (let pair = 0; pair < span.grid.pairs; pair++) {
      time = timeOf(pair, span.secondsPerPair, tokensPerSecond, generation);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) positions.push(start + time, start + row, start + column);
      }
    }
    start += Math.max(rows, columns, generation === '4.49' ? time + 1 : 0);
  }
  return { positions: Int32Array.from(positions), next: start };
}
