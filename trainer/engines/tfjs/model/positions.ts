/** Positions: where each token stands in time, row and column (M-RoPE), and the cosines and sines that follow from it. */
import type { PositionGeneration } from '../../../protocol/runfile.ts';
import type { TextConfig, VisionConfig } from './config.ts';
import { mergeSize } from './config.ts';

/** Size of a medium in patches: frame pairs, rows, columns. */
export interface PatchGrid {
  readonly pairs: number;
  readonly rows: number;
  readonly columns: number;
}

export type FrameSize = Pick<PatchGrid, 'rows' | 'columns'>;

/** Tokens that the decoder sees of a medium. */
export function visionTokens({ pairs, rows, columns }: PatchGrid): number {
  return (pairs * rows * columns) / (mergeSize * mergeSize);
}

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
  if (secondsPerPair === null) return generation === '5.18' ? pair : 0;
  const seconds = Math.fround(secondsPerPair);
  const time =
    generation === '5.18'
      ? pair * Math.fround(tokensPerSecond * seconds)
      : Math.fround(pair * seconds) * tokensPerSecond;
  return Math.floor(Math.fround(time));
}

/**
 * M-RoPE positions of a prompt as transformers counts them for Qwen2.5-VL (`get_rope_index`): text counts up on all three axes; a
 * medium starts where the text stopped, its time axis in steps of seconds times tokensPerSecond. In generation 5.18 text goes on
 * after the larger of a medium's rows and columns, whatever its time has come to; in 4.49 after the largest position on any axis.
 * An answer is text that goes on after the prompt's last token, whether it is written or trained on: in 5.18 a long video's time may
 * lie far beyond it.
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
    start += Math.max(rows, columns, generation === '5.18' ? 0 : time + 1);
  }
  return { positions: Int32Array.from(positions), next: start };
}

export interface Angles {
  /** [rows, headDim / 2] each. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** theta^(-i / count), in float32 as models are trained with. */
function inverseFrequencies(theta: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 1 / Math.fround(theta ** Math.fround(i / count)));
}

/** Cosines and sines for positions [rows * 3] (time, row, column). */
export function textAngles(positions: Int32Array, { shape, ropeTheta, mropeSection }: TextConfig): Angles {
  const half = shape.headDim / 2;
  const rows = positions.length / 3;
  const frequencies = inverseFrequencies(ropeTheta, half);
  const axes = mropeSection.flatMap((count, axis) => Array.from({ length: count }, () => axis));
  const cos = new Float32Array(rows * half);
  const sin = new Float32Array(rows * half);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround((positions[3 * row + (axes[i] ?? 0)] ?? 0) * (frequencies[i] ?? 0));
      cos[row * half + i] = Math.cos(angle);
      sin[row * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** Row and column of each patch of one frame pair, in the order in which the merger joins them: 2 x 2 blocks. */
export function patchPlaces({ rows, columns }: FrameSize): { row: number; column: number }[] {
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

/** Cosines and sines of the patches of one frame pair, at `places`: the first half of a head's angles turns with the row, the second with the column. */
export function visionAngles(
  places: readonly { readonly row: number; readonly column: number }[],
  { shape, ropeTheta }: VisionConfig,
): Angles {
  const half = shape.headDim / 2;
  const quarter = half / 2;
  const frequencies = inverseFrequencies(ropeTheta, quarter);
  const cos = new Float32Array(places.length * half);
  const sin = new Float32Array(places.length * half);
  places.forEach(({ row, column }, place) => {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround((i < quarter ? row : column) * (frequencies[i % quarter] ?? 0));
      cos[place * half + i] = Math.cos(angle);
      sin[place * half + i] = Math.sin(angle);
    }
  });
  return { cos, sin };
}

/** The patches of a frame pair in the order in which the vision tower takes them, and the windows that they fall into. */
export interface WindowOrder {
  /** Per patch as the tower takes it: where it stands in the merger's order. */
  readonly patches: Int32Array;
  /** Per vision token in the merger's order: where the tower puts it out. */
  readonly tokens: Int32Array;
  /** Patches of each window, one after the other. */
  readonly windows: readonly number[];
}

/**
 * Cuts a frame pair of `rows` x `columns` patches into windows of windowSide x windowSide vision tokens, row by row of windows; those
 * at the right and lower edge hold what is left (`get_window_index` of Qwen2.5-VL).
 */
export function windowOrder({ rows, columns }: FrameSize, windowSide: number): WindowOrder {
  const unit = mergeSize * mergeSize;
  const down = rows / mergeSize;
  const across = columns / mergeSize;
  const order: number[] = [];
  const windows: number[] = [];
  for (let top = 0; top < down; top += windowSide) {
    for (let left = 0; left < across; left += windowSide) {
      const before = order.length;
      for (let row = top; row < Math.min(down, top + windowSide); row++) {
        for (let column = left; column < Math.min(across, left + windowSide); column++)
          order.push(row * across + column);
      }
      windows.push(unit * (order.length - before));
    }
  }
  const tokens = new Int32Array(order.length);
  order.forEach((token, place) => {
    tokens[token] = place;
  });
  return {
    patches: Int32Array.from(order.flatMap((token) => Array.from({ length: unit }, (_, i) => unit * token + i))),
    tokens,
    windows,
  };
}
