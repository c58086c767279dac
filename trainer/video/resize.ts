/**
 * Pictures brought to another size as Pillow's `resize` does by default: bicubic with a = -0.5, widened when reducing, first
 * along rows, then along columns, each rounded to 8 bits from weights of fixed point.
 */
import type { Picture } from './picture-pixels.ts';

/** Bits behind the point of a weight: what remains of 32 after 8 of the value and 2 for sums beyond it. */
const weightBits = 22;
const a = -0.5;

function bicubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** For one place of the output: the first place of the input that counts, and the weights from there on. */
interface Taps {
  readonly first: number;
  readonly weights: Int32Array;
}

function tapsOf(from: number, to: number): Taps[] {
  const scale = from / to;
  const widening = Math.max(1, scale);
  const support = 2 * widening;
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const exact = Array.from({ length: end - first }, (_, i) => bicubic((i + first - centre + 0.5) / widening));
    const sum = exact.reduce((total, weight) => total + weight, 0);
    const fixed = exact.map((weight) => {
      const scaled = (weight / sum) * 2 ** weightBits;
      return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
    });
    return { first, weights: Int32Array.from(fixed) };
  });
}

/** From one line (a row, or a column) of RGB pixels to another; steps are distances between neighbours, in bytes. */
function resizeLine(
  source: Uint8Array,
  from: { readonly at: number; readonly step: number },
  target: Uint8Array,
  to: { readonly at: number; readonly step: number },
  taps: readonly Taps[],
): void {
  let place = to.at;
  for (const { first, weights } of taps) {
    let red = 1 << (weightBits - 1);
    let green = red;
    let blue = red;
    let at = from.at + first * from.step;
    for (let i = 0; i < weights.length; i++, at += from.step) {
      const weight = weights[i] as number;
      red += (source[at] as number) * weight;
      green += (source[at + 1] as number) * weight;
      blue += (source[at + 2] as number) * weight;
    }
    target[place] = clipped(red);
    target[place + 1] = clipped(green);
    target[place + 2] = clipped(blue);
    place += to.step;
  }
}

const clipped = (sum: number) => Math.min(255, Math.max(0, sum >> weightBits));

/** The picture at another size. A side that stays is not touched. */
export function resizePicture(picture: Picture, width: number, height: number): Picture {
  let { pixels } = picture;
  if (width !== picture.width) {
    const rows = new Uint8Array(width * picture.height * 3);
    const taps = tapsOf(picture.width, width);
    for (let y = 0; y < picture.height; y++)
      resizeLine(pixels, { at: y * picture.width * 3, step: 3 }, rows, { at: y * width * 3, step: 3 }, taps);
    pixels = rows;
  }
  if (height !== picture.height) {
    const columns = new Uint8Array(width * height * 3);
    const taps = tapsOf(picture.height, height);
    for (let x = 0; x < width; x++)
      resizeLine(pixels, { at: x * 3, step: width * 3 }, columns, { at: x * 3, step: width * 3 }, taps);
    pixels = columns;
  }
  return { width, height, pixels };
}
