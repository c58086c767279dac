/** What a scene of the sample's world is: pictures, one question about them, and the truth that the question and its think text are made from. */
import type { DataType, ProblemType } from '../../protocol/dataset.ts';
import { Canvas, type Rgb } from '../../video/canvas.ts';
import type { Draw } from './draw.ts';

/** Pixels of a side of every picture and video; four times the area that the small model sees, so that a person sees more than blocks. */
export const sceneSize = 112;
export const clipFramesPerSecond = 8;
export const clipSeconds = 4;
export const clipFrames = clipFramesPerSecond * clipSeconds;

export const colourNames = ['red', 'green', 'blue', 'yellow'] as const;
export type ColourName = (typeof colourNames)[number];
export const colours: Record<ColourName, Rgb> = {
  red: [225, 45, 45],
  green: [40, 185, 70],
  blue: [50, 90, 230],
  yellow: [240, 210, 40],
};
export const ink: Rgb = [250, 250, 250];

export interface Scene {
  readonly family: string;
  /** Name of the kind of question in the dataset's `data_source`. */
  readonly source: string;
  readonly dataType: DataType;
  readonly problemType: ProblemType;
  /** Whether the same frames in another order would have another answer. */
  readonly needsOrder: boolean;
  readonly problem: string;
  /** For multiple choice: what stands behind the letters. */
  readonly choices: readonly string[];
  /** What goes between the answer tags. */
  readonly answer: string;
  /** The reasoning, without tags. */
  readonly think: string;
  /** Whether the reasoning commits to an answer and then takes it back. */
  readonly revised: boolean;
  /** What is seen in each second of a video; empty for images. */
  readonly seen: readonly string[];
  /** One picture, or `clipFrames` of them. */
  readonly frames: readonly Canvas[];
}

export type SceneMaker = (draw: Draw, revised: boolean) => Scene;

/** From one edge of a scene to the other, the background gains this much red across and blue downwards. */
const shade = 48;

/**
 * A grey near the mean that pictures are normalised by, a little different from scene to scene, in steps that survive the coding of
 * video. It turns redder to the right and bluer downwards: Qwen2.5-VL's vision tower knows only how patches lie to each other,
 * and a model of this size learns where a patch lies much sooner when the picture shows it.
 */
export function background(draw: Draw): Canvas {
  const light = 2 * draw.integer(-3, 3);
  const ramp = (place: number): number => Math.round((shade * (place - (sceneSize - 1) / 2)) / (sceneSize - 1));
  return Canvas.shaded(sceneSize, sceneSize, (x, y) => [120 + light + ramp(x), 116 + light, 106 + light + ramp(y)]);
}

/** The letter of a choice: 0 is A. */
export function letter(index: number): string {
  return String.fromCharCode(65 + index);
}
