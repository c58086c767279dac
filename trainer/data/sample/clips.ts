/**
 * Writes clips as H.264 in MP4. Many clips go through one ffmpeg: their frames are one long raw stream that is cut at key
 * frames, which takes a tenth of the time of a process for each.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../../protocol/errors.ts';
import type { Canvas } from '../../video/canvas.ts';
import { clipFrames, clipFramesPerSecond, clipSeconds, sceneSize } from './scene.ts';

/** Clips for one call: their frames are in memory together, and a cancelled run ends within one call. */
export const clipsPerCall = 50;

export interface Clip {
  /** Where the MP4 goes; its folder exists. */
  readonly file: string;
  /** `clipFrames` frames of `sceneSize` by `sceneSize` pixels. */
  readonly frames: readonly Canvas[];
}

/**
 * Encodes clips at `clipFramesPerSecond`, each file standing alone and starting with a key frame.
 * @param workFolder for the pieces under way; made here and removed at the end
 * @throws StudioError `ffmpeg-missing`, `disk-full`, or `bad-media` with what ffmpeg said; the signal's reason when aborted
 */
export async function writeClips(
  clips: readonly Clip[],
  ffmpeg: string,
  workFolder: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  await mkdir(workFolder, { recursive: true });
  try {
    await encode(clips, ffmpeg, workFolder, signal);
    for (const [index, clip] of clips.entries()) {
      await rename(path.join(workFolder, pieceName(index)), clip.file).catch((cause: unknown) => {
        throw new StudioError('bad-media', 'ffmpeg left out a clip.', {
          place: clip.file,
          remedy: 'Try another ffmpeg; it must have the encoder libx264 and the muxer segment.',
          cause,
        });
      });
    }
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

function pieceName(index: number): string {
  return `${String(index).padStart(4, '0')}.mp4`;
}

async function encode(clips: readonly Clip[], ffmpeg: string, folder: string, signal: AbortSignal): Promise<void> {
  const input = [
    '-f',
    'rawvideo',
    '-pixel_format',
    'rgb24',
    '-video_size',
    `${sceneSize}x${sceneSize}`,
    '-framerate',
    `${clipFramesPerSecond}`,
  ];
  // A key frame at every clip's first frame and nowhere else; no B-frames, so that no edit list is needed.
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-pix_fmt', 'yuv420p', '-bf', '0'];
  const keyFrames = ['-g', `${clipFrames}`, '-keyint_min', `${clipFrames}`, '-sc_threshold', '0'];
  const cut = ['-f', 'segment', '-segment_time', `${clipSeconds}`, '-segment_format', 'mp4', '-reset_timestamps', '1'];
  const layout = [
    '-segment_format_options',
    'movflags=+faststart',
    '-map_metadata',
    '-1',
    '-fflags',
    '+bitexact',
    '-flags:v',
    '+bitexact',
  ];
  const child = spawn(
    ffmpeg,
    [
      '-v',
      'error',
      '-nostdin',
      '-y',
      ...input,
      '-i',
      'pipe:0',
      ...encoder,
      ...keyFrames,
      ...cut,
      ...layout,
      path.join(folder, '%04d.mp4'),
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], signal, windowsHide: true },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A process that ends early closes its input; why it ended is in its exit and its stderr.
  child.stdin.on('error', () => undefined);
  const fed = feed(clips, child.stdin, ended);
  const code = await ended.catch((thrown: unknown) => {
    signal.throwIfAborted();
    throw new StudioError('ffmpeg-missing', `ffmpeg could not be started: ${(thrown as Error).message}`, {
      place: ffmpeg,
      remedy: 'Install ffmpeg, or set the path of one.',
      cause: thrown,
    });
  });
  await fed;
  signal.throwIfAborted();
  if (code !== 0) {
    if (/No space left on device|Disk quota exceeded/.test(said))
      throw new StudioError('disk-full', 'No space is left on the disk.', {
        place: folder,
        remedy: 'Free some space, then give the command again.',
      });
    throw new StudioError('bad-media', `ffmpeg ended with ${code}: ${said.trim() || 'no message'}`, {
      place: ffmpeg,
      remedy: 'The sample needs an ffmpeg with the encoder libx264.',
    });
  }
}

/** Writes all frames, waiting whenever ffmpeg is behind, and stops when it has ended. */
async function feed(
  clips: readonly Clip[],
  input: NodeJS.WritableStream & { destroyed?: boolean },
  ended: Promise<unknown>,
): Promise<void> {
  let over = false;
  const end = ended.then(
    () => (over = true),
    () => (over = true),
  );
  for (const clip of clips) {
    for (const frame of clip.frames) {
      if (over) return;
      if (!input.write(frame.pixels)) await Promise.race([once(input, 'drain').catch(() => undefined), end]);
    }
  }
  input.end();
}
