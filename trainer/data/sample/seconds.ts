/** Clips second by second: what is settled in each second, how a think text names it, and the frames of it. */
import type { Canvas } from '../../video/canvas.ts';
import type { Draw } from './draw.ts';
import { clipFrames, clipSeconds } from './scene.ts';

/** One frame for each moment; `picture` gets the frame's index. */
export function film(picture: (frame: number) => Canvas): Canvas[] {
  return Array.from({ length: clipFrames }, (_, frame) => picture(frame));
}

/** The second in which the change of a scene happens: there is at least one second before it and one after. */
export function changeSecond(draw: Draw): number {
  return draw.integer(1, clipSeconds - 1);
}

/** What is seen in each second: one thing before the change, another from it on. */
export function beforeAndAfter(change: number, before: string, after: string): string[] {
  return Array.from({ length: clipSeconds }, (_, second) => (second < change ? before : after));
}

/** "0 s: red. 1 s: blue." for the seconds given, all by default. */
export function readSeconds(seen: readonly string[], seconds: readonly number[] = [...seen.keys()]): string {
  return seconds.map((second) => `${second} s: ${seen[second]}.`).join(' ');
}
