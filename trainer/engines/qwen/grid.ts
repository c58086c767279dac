/** Media as grids of patches: which sizes can be cut, and how many tokens the decoder sees of them. */
import { mergeSize, patchSize, temporalPatchSize } from './config.ts';

/** A medium as engines take it: frames, and which of them stand at which place. */
export interface Medium {
  /** Names the content. */
  readonly key: string;
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits a channel, frame after frame. */
  readonly pixels: Uint8Array;
  /** Frames in the order in which they are seen; an even number. */
  readonly order: readonly number[];
  /** Its patches are zeros, whatever its pixels are. */
  readonly blank?: boolean;
}

/** Size of a medium in patches: frame pairs, rows, columns. */
export interface PatchGrid {
  readonly pairs: number;
  readonly rows: number;
  readonly columns: number;
}

export type FrameSize = Pick<PatchGrid, 'rows' | 'columns'>;

export function patchGrid(medium: Pick<Medium, 'width' | 'height' | 'order'>): PatchGrid {
  return {
    pairs: medium.order.length / temporalPatchSize,
    rows: medium.height / patchSize,
    columns: medium.width / patchSize,
  };
}

/** Whether frames of this size can be cut into patches that the merger can join. */
export function fitsPatches(width: number, height: number): boolean {
  const side = patchSize * mergeSize;
  return width > 0 && height > 0 && width % side === 0 && height % side === 0;
}

/** Tokens that the decoder sees of a medium. */
export function visionTokens({ pairs, rows, columns }: PatchGrid): number {
  return (pairs * rows * columns) / (mergeSize * mergeSize);
}
