/** Frames as JPEG files, for people to look at: what models see goes as pixels. ffmpeg writes them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../protocol/errors.ts';
import { complaintLines, doesNotStart, type FfmpegTools } from './ffmpeg.ts';

/** Of ffmpeg's 2 (best) to 31: without blocks that one could take for something in the picture. */
const quality = 3;

export const jpegName = (frame: number): string => `${String(frame + 1).padStart(4, '0')}.jpg`;

/**
 * Writes frame i to `jpegName(i)` in a folder, which is made.
 * @param frames RGB, 8 bits a channel, frame after frame
 * @throws StudioError `ffmpeg-missing`; `internal` with ffmpeg's own words; the signal's reason
 */
export async function writeJpegs(
  tools: FfmpegTools,
  frames: { readonly width: number; readonly height: number; readonly count: number; readonly pixels: Uint8Array },
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const { width, height, count, pixels } = frames;
  await mkdir(folder, { recursive: true });
  const input = ['-f', 'rawvideo', '-pixel_format', 'rgb24', '-video_size', `${width}x${height}`, '-framerate', '1'];
  const output = [
    '-c:v',
    'mjpeg',
    '-pix_fmt',
    'yuvj444p',
    '-q:v',
    String(quality),
    '-f',
    'image2',
    '-start_number',
    '1',
  ];
  const child = spawn(
    tools.ffmpeg,
    [
      '-v',
      'error',
      '-nostdin',
      ...input,
      '-i',
      'pipe:0',
      ...output,
      path.join(folder.replaceAll('%', '%%'), '%04d.jpg'),
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], windowsHide: true, signal },
  );
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = `${said}${data}`.slice(-2000);
  });
  // It may end before it has read all; its end says why.
  child.stdin.on('error', () => {});
  // A copy: frames may lie in memory that is shared with a worker.
  child.stdin.end(Buffer.from(pixels.subarray(0, width * height * 3 * count)));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return;
  } catch (cause) {
    signal.throwIfAborted();
    throw doesNotStart(tools.ffmpeg, cause as Error);
  }
  throw new StudioError(
    'internal',
    `ffmpeg wrote no pictures: ${complaintLines(said).join(' ') || 'it did not say why'}`,
    {
      place: folder,
    },
  );
}
