/** Small videos and images for tests, encoded by the ffmpeg that the tests decode with. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { FfmpegTools } from '../../trainer/video/ffmpeg.ts';

export const clipFolder = path.resolve(import.meta.dirname, '../../../shared/clips');
export const clipsAreThere = existsSync(path.join(clipFolder, 'questions.json'));
if (!clipsAreThere) console.warn(`Skipped: tests on real clips need the folder ${clipFolder}, which is not there.`);

/** Encodes RGB frames (`paint(frame)` gives width * height * 3 bytes) at 25 a second. */
export function encode(
  tools: FfmpegTools,
  file: string,
  size: { width: number; height: number; count: number },
  paint: (frame: number) => Uint8Array,
  options: readonly string[],
): string {
  const frames = Buffer.concat(Array.from({ length: size.count }, (_, i) => paint(i)));
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-s',
    `${size.width}x${size.height}`,
    '-r',
    '25',
    '-i',
    'pipe:0',
  ];
  execFileSync(tools.ffmpeg, ['-v', 'error', '-y', ...input, ...options, file], { input: frames, maxBuffer: 1e9 });
  return file;
}

/** Output options that keep each frame at its time, by the name that this ffmpeg has for them (another one from 5.1 on). */
export function ownTimes({ version }: FfmpegTools): string[] {
  const major = Number(/^n?(\d+)\./.exec(version)?.[1] ?? 0);
  return major > 5 ? ['-fps_mode', 'passthrough'] : ['-vsync', '0'];
}

/** A frame of one grey level. */
export function grey(width: number, height: number, level: number): Uint8Array {
  return new Uint8Array(width * height * 3).fill(level);
}

/** Every frame of a file in order, decoded without choosing any: what frames by index are compared with. */
export function decodeAll(tools: FfmpegTools, file: string, width: number, height: number): Uint8Array[] {
  const pixels = execFileSync(
    tools.ffmpeg,
    [
      '-v',
      'error',
      '-i',
      file,
      ...ownTimes(tools),
      '-map',
      '0:v:0',
      '-vf',
      `scale=${width}:${height}:flags=area`,
      '-pix_fmt',
      'rgb24',
      '-f',
      'rawvideo',
      '-',
    ],
    { maxBuffer: 1e9 },
  );
  const frameBytes = width * height * 3;
  return Array.from({ length: pixels.length / frameBytes }, (_, i) =>
    pixels.subarray(i * frameBytes, (i + 1) * frameBytes),
  );
}

export const mean = (pixels: Uint8Array) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length;

/** Mean absolute difference of two pictures of one size, 0..255. */
export function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
  return sum / a.length;
}

/** Mean colour of a part of a frame, as [red, green, blue]. */
export function colourAt(
  pixels: Uint8Array,
  width: number,
  left: number,
  top: number,
  right: number,
  bottom: number,
): number[] {
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++)
      for (let c = 0; c < 3; c++) sums[c] = (sums[c] as number) + (pixels[(y * width + x) * 3 + c] as number);
  }
  return sums.map((sum) => Math.round(sum / ((right - left) * (bottom - top))));
}
