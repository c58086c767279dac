/** Frames to patches: 14 x 14 pixels of two frames, normalised as Qwen2.5-VL's processor does, in the merger's order. */
import { patchLength, patchSize, pixelMean, pixelStd, temporalPatchSize } from '../../qwen/config.ts';
import type { Medium } from '../../qwen/grid.ts';
import { patchGrid } from '../../qwen/grid.ts';
import { patchPlaces } from './patch-order.ts';

/** [channel][8-bit value] -> normalised. */
const normalised = pixelMean.map((m, channel) =>
  Float32Array.from({ length: 256 }, (_, value) => (value / 255 - m) / (pixelStd[channel] ?? 1)),
);

/** Two frames of a medium that the vision tower takes together. What it makes of them depends on nothing else. */
export interface FramePair {
  readonly medium: Medium;
  readonly first: number;
  readonly second: number;
}

export function framePairs(medium: Medium): FramePair[] {
  return Array.from({ length: medium.order.length / temporalPatchSize }, (_, pair) => ({
    medium,
    first: medium.order[temporalPatchSize * pair] ?? 0,
    second: medium.order[temporalPatchSize * pair + 1] ?? 0,
  }));
}

/** Names the content of a pair: equal pairs, of whatever medium, have equal keys. */
export function pairKey({ medium: { key, width, height, blank }, first, second }: FramePair): string {
  return blank ? `blank|${width}x${height}` : `${first},${second}|${width}x${height}|${key}`;
}

/** [rows * columns, 1176] in the merger's order; a patch is channel, frame, y, x. */
export function makePatches({ medium, first, second }: FramePair): Float32Array {
  const places = patchPlaces(patchGrid(medium));
  const { width, height, pixels } = medium;
  const patches = new Float32Array(places.length * patchLength);
  if (medium.blank) return patches;
  let at = 0;
  for (const { row, column } of places) {
    for (let channel = 0; channel < 3; channel++) {
      const table = normalised[channel] as Float32Array;
      for (const frame of [first, second]) {
        const start = frame * height * width;
        for (let y = 0; y < patchSize; y++) {
          let from = 3 * (start + (row * patchSize + y) * width + column * patchSize) + channel;
          for (let x = 0; x < patchSize; x++, from += 3) patches[at++] = table[pixels[from] as number] as number;
        }
      }
    }
  }
  return patches;
}

const cachedBytes = 64 * 1024 * 1024;

/** Patches of the frame pairs used last, within a bound on memory. */
export class PatchCache {
  private readonly entries = new Map<string, Float32Array>();
  private bytes = 0;

  get(pair: FramePair): Float32Array {
    const key = pairKey(pair);
    const known = this.entries.get(key);
    const patches = known ?? makePatches(pair);
    if (known === undefined) this.bytes += patches.byteLength;
    this.entries.delete(key);
    this.entries.set(key, patches);
    for (const [oldest, { byteLength }] of this.entries) {
      if (this.bytes <= cachedBytes || oldest === key) break;
      this.entries.delete(oldest);
      this.bytes -= byteLength;
    }
    return patches;
  }
}
