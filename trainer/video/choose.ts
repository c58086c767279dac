/**
 * Which frames of a video a model is shown, and at what size: Qwen's rules (`qwen_vl_utils/vision_process.py`), in its
 * arithmetic. Pure; reading files is for `load.ts`.
 */
import { StudioError } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';

/** Frames are taken in pairs, because a temporal patch spans two. */
export const frameFactor = 2;
/** A merged patch is 2x2 patches of 14 pixels. */
export const sizeFactor = 28;
/** Longer side by shorter side; above it Qwen refuses. */
export const maxAspectRatio = 200;

export interface FrameRule {
  /** Rate at which frames are taken, in frames a second. */
  readonly framesPerSecond: number;
  readonly minFrames: number;
  readonly maxFrames: number;
  /** How the number becomes even. Qwen's releases differ: 0.0.8 rounds half to even, later ones round down. */
  readonly frameRounding: ParameterValues['frameRounding'];
}

export interface PixelLimits {
  readonly minPixels: number;
  readonly maxPixels: number;
}

/** Nearest integer; halves go to the even neighbour, as Python's `round` does. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

const roundTo = (value: number, factor: number) => roundHalfEven(value / factor) * factor;
const floorTo = (value: number, factor: number) => Math.floor(value / factor) * factor;
const ceilTo = (value: number, factor: number) => Math.ceil(value / factor) * factor;

/**
 * `torch.linspace(0, last, count)` in float32: from the start in the first half, from the end in the second.
 * Above about 100,000 frames torch's own rounding depends on the width of the processor's vectors; this is its scalar form.
 */
function linspaceFloat32(last: number, count: number): Float32Array {
  const values = new Float32Array(count);
  const end = Math.fround(last);
  const step = count > 1 ? Math.fround(end / Math.fround(count - 1)) : 0;
  const half = Math.floor(count / 2);
  for (let i = 0; i < count; i++) {
    values[i] =
      i < half ? Math.fround(step * i) : count === 1 ? 0 : Math.fround(end - Math.fround(step * (count - i - 1)));
  }
  return values;
}

/**
 * How many frames Qwen's `smart_nframes` takes, and which.
 *
 * The number is total / fps * framesPerSecond, brought between minFrames (rounded up to even) and maxFrames (rounded down
 * to even), never above the video's own, then brought to a multiple of 2 as `frameRounding` says. Where rounding passes
 * the video's own number (three frames give four) Qwen raises an error; here the even number below is taken.
 *
 * @param video `totalFrames` as decoded, `fps` its average rate.
 * @returns `indices`, ascending, each below totalFrames; `sampleFps`, the rate of the chosen frames in frames a second.
 * @throws StudioError `bad-media` for fewer than two frames or a rate that is not positive.
 */
export function chooseFrames(
  video: { readonly totalFrames: number; readonly fps: number },
  rule: FrameRule,
): { indices: number[]; sampleFps: number } {
  const { totalFrames, fps } = video;
  if (!Number.isInteger(totalFrames) || totalFrames < frameFactor) {
    throw new StudioError('bad-media', `A video needs at least ${frameFactor} frames; this one has ${totalFrames}.`, {
      remedy: 'Give a single picture as an image question (data_type "image").',
    });
  }
  if (!(fps > 0) || !Number.isFinite(fps)) {
    throw new StudioError('bad-media', `The frame rate of the video is not known (${fps} frames a second).`, {
      remedy: 'Convert the video to a container that states its frame rate, such as MP4.',
    });
  }
  const least = ceilTo(rule.minFrames, frameFactor);
  const most = floorTo(rule.maxFrames, frameFactor);
  const wanted = Math.min(Math.min(Math.max((totalFrames / fps) * rule.framesPerSecond, least), most), totalFrames);
  const rounded = (rule.frameRounding === 'down' ? floorTo : roundTo)(wanted, frameFactor);
  const count = Math.max(frameFactor, rounded > totalFrames ? floorTo(totalFrames, frameFactor) : rounded);
  const indices = Array.from(linspaceFloat32(totalFrames - 1, count), (place) =>
    Math.min(totalFrames - 1, roundHalfEven(place)),
  );
  return { indices, sampleFps: (count / totalFrames) * fps };
}

/**
 * The pixel limits that count for a frame of a video. Qwen lifts the upper one to 1.05 times the lower one, whole pixels:
 * 128*28*28 as both gives 105,369.
 */
export function videoPixelLimits(limits: PixelLimits): PixelLimits {
  return { minPixels: limits.minPixels, maxPixels: Math.max(limits.maxPixels, Math.trunc(limits.minPixels * 1.05)) };
}

/**
 * The size that a picture is brought to (Qwen's `smart_resize`): both sides multiples of `factor`, the area between the
 * limits, the ratio of the sides kept as near as that allows. A side never falls below `factor`.
 *
 * @returns height and width in pixels.
 * @throws StudioError `bad-media` when one side is more than 200 times the other, or a side is not positive.
 */
export function smartResize(
  height: number,
  width: number,
  limits: PixelLimits & { readonly factor?: number },
): { height: number; width: number } {
  const { minPixels, maxPixels, factor = sizeFactor } = limits;
  if (!(height > 0 && width > 0)) throw new StudioError('bad-media', `A picture of ${width}x${height} has no pixels.`);
  if (Math.max(height, width) / Math.min(height, width) > maxAspectRatio) {
    throw new StudioError(
      'bad-media',
      `A picture of ${width}x${height} is too narrow: one side is more than ${maxAspectRatio} times the other.`,
      { remedy: 'Crop the picture, or leave the question out.' },
    );
  }
  const nearHeight = Math.max(factor, roundTo(height, factor));
  const nearWidth = Math.max(factor, roundTo(width, factor));
  if (nearHeight * nearWidth > maxPixels) {
    const shrink = Math.sqrt((height * width) / maxPixels);
    return {
      height: Math.max(factor, floorTo(height / shrink, factor)),
      width: Math.max(factor, floorTo(width / shrink, factor)),
    };
  }
  if (nearHeight * nearWidth < minPixels) {
    const grow = Math.sqrt(minPixels / (height * width));
    return { height: ceilTo(height * grow, factor), width: ceilTo(width * grow, factor) };
  }
  return { height: nearHeight, width: nearWidth };
}

/** How many frames to take, and how large. */
export type FrameLimits = Pick<
  ParameterValues,
  | 'framesPerSecond'
  | 'minFrames'
  | 'maxFrames'
  | 'frameRounding'
  | 'minPixels'
  | 'maxPixels'
  | 'imageMinPixels'
  | 'imageMaxPixels'
>;

/** The limits that a run's parameters set. */
export function frameLimits(p: ParameterValues): FrameLimits {
  const { framesPerSecond, minFrames, maxFrames, frameRounding, minPixels, maxPixels, imageMinPixels, imageMaxPixels } =
    p;
  return { framesPerSecond, minFrames, maxFrames, frameRounding, minPixels, maxPixels, imageMinPixels, imageMaxPixels };
}

/** Which frames a model is shown of one medium, and how large. */
export interface FramePlan {
  readonly indices: number[];
  /** Size that each frame is brought to, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Rate of the chosen frames in frames a second; 1 for an image. */
  readonly sampleFps: number;
}

/** Frames after resizing; an image is one. */
type Sized = Pick<FramePlan, 'width' | 'height'> & { readonly count: number };

/** Qwen's `grid_thw`: temporal patches of two frames (an image stands twice), rows and columns of 14-pixel patches. */
export function visionGrid({ count, width, height }: Sized): [number, number, number] {
  return [Math.ceil(count / frameFactor), (2 * height) / sizeFactor, (2 * width) / sizeFactor];
}

/** Vision tokens: one for 2x2 patches, T/2 x H/28 x W/28. */
export function visionTokens(frames: Sized): number {
  return visionGrid(frames).reduce((product, side) => product * side) / 4;
}

/** @throws StudioError `bad-media` as `chooseFrames` and `smartResize` */
export function planVideo(
  video: { readonly totalFrames: number; readonly fps: number; readonly width: number; readonly height: number },
  limits: FrameLimits,
): FramePlan {
  const { indices, sampleFps } = chooseFrames(video, limits);
  return { indices, sampleFps, ...smartResize(video.height, video.width, videoPixelLimits(limits)) };
}

/** @throws StudioError `bad-media` as `smartResize` */
export function planImage(
  image: { readonly width: number; readonly height: number },
  limits: Pick<FrameLimits, 'imageMinPixels' | 'imageMaxPixels'>,
): FramePlan {
  const size = smartResize(image.height, image.width, {
    minPixels: limits.imageMinPixels,
    maxPixels: limits.imageMaxPixels,
  });
  return { indices: [0], sampleFps: 1, ...size };
}
