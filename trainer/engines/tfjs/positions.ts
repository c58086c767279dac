/** Positions: where each token stands in time, row and column (M-RoPE), and the cosines and sines that follow from it. */
import type { TextConfig, VisionConfig } from './config.ts';
import { mergeSize } from './config.ts';

/** Size of a medium in patches: frame pairs, rows, columns. */
export interface PatchGrid {
  readonly pairs: number;
  readonly rows: number;
  readonly columns: number;
}

/** Tokens that the decoder sees of a medium. */
export function visionTokens({ pairs, rows, columns }: PatchGrid): number {
  return (pairs * rows * columns) / (mergeSize * mergeSize);
}

/** The stretches of a prompt in order. `secondsPerPair` is 0 for images. */
export type PositionSpan =
  | { readonly kind: 'text'; readonly tokens: number }
  | { readonly kind: 'vision'; readonly grid: PatchGrid; readonly secondsPerPair: number };

/**
 * M-RoPE positions of a prompt as Qwen2.5-VL counts them: text counts up on all three axes; a medium starts where the text
 * stopped, its time axis in steps of seconds times tokensPerSecond (rounded down); text goes on after the largest.
 * Gives positions [tokens * 3] and the first position after the prompt.
 */
export function mropePositions(
  spans: readonly PositionSpan[],
  tokensPerSecond: number,
): { positions: Int32Array; next: number } {
  const positions: number[] = [];
  let next = 0;
  for (const span of spans) {
    if (span.kind === 'text') {
      for (let i = 0; i < span.tokens; i++, next++) positions.push(next, next, next);
      continue;
    }
    const start = next;
    const rows = span.grid.rows / mergeSize;
    const columns = span.grid.columns / mergeSize;
    for (let pair = 0; pair < span.grid.pairs; pair++) {
      const time = Math.floor(pair * span.secondsPerPair * tokensPerSecond);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          positions.push(start + time, start + row, start + column);
          next = Math.max(next, start + time + 1, start + row + 1, start + column + 1);
        }
      }
    }
  }
  return { positions: Int32Array.from(positions), next };
}

export interface Angles {
  /** [rows, headDim / 2] each. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** Cosines and sines for positions [rows * 3] (time, row, column). */
export function textAngles(positions: Int32Array, { shape, ropeTheta, mropeSection }: TextConfig): Angles {
  const half = shape.headDim / 2;
  const rows = positions.length / 3;
  const frequencies = Array.from({ length: half }, (_, i) => ropeTheta ** (-i / half));
  const axes = mropeSection.flatMap((count, axis) => Array.from({ length: count }, () => axis));
  const cos = new Float32Array(rows * half);
  const sin = new Float32Array(rows * half);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < half; i++) {
      const angle = (positions[3 * row + (axes[i] ?? 0)] ?? 0) * (frequencies[i] ?? 0);
      cos[row * half + i] = Math.cos(angle);
      sin[row * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** Row and column of each patch of one frame pair, in the order in which the merger joins them: 2 x 2 blocks. */
export function patchPlaces({ rows, columns }: PatchGrid): { row: number; column: number }[] {
  const places: { row: number; column: number }[] = [];
  for (let blockRow = 0; blockRow < rows; blockRow += mergeSize) {
    for (let blockColumn = 0; blockColumn < columns; blockColumn += mergeSize) {
      for (let row = blockRow; row < blockRow + mergeSize; row++) {
        for (let column = blockColumn; column < blockColumn + mergeSize; column++) places.push({ row, column });
      }
    }
  }
  return places;
}

const visionTheta = 10000;

/** Cosines and sines of patches: the first half of a head's angles turns with the row, the second with the column. */
export function visionAngles(grids: readonly PatchGrid[], { shape }: VisionConfig): Angles {
  const half = shape.headDim / 2;
  const quarter = half / 2;
  const rows = grids.reduce((sum, grid) => sum + grid.pairs * grid.rows * grid.columns, 0);
  const cos = new Float32Array(rows * half);
  const sin = new Float32Array(rows * half);
  let at = 0;
  for (const grid of grids) {
    const places = patchPlaces(grid);
    const first = at;
    for (const { row, column } of places) {
      for (let i = 0; i < half; i++) {
        const angle = (i < quarter ? row : column) * visionTheta ** (-(i % quarter) / quarter);
        cos[at + i] = Math.cos(angle);
        sin[at + i] = Math.sin(angle);
      }
      at += half;
    }
    for (let pair = 1; pair < grid.pairs; pair++) {
      cos.copyWithin(at, first, first + places.length * half);
      sin.copyWithin(at, first, first + places.length * half);
      at += places.length * half;
    }
  }
  return { cos, sin };
}
