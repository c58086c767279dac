/** The orders in which patches stand: as the merger joins them, and as the vision tower's windows take them. */
import { mergeSize } from '../../qwen/config.ts';
import type { FrameSize } from '../../qwen/grid.ts';

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
