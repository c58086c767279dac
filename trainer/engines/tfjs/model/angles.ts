/** The cosines and sines that follow from where a token or a patch stands. */
import type { TextConfig, VisionConfig } from '../../qwen/config.ts';

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
