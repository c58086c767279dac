/** `video-r1 frames`: which frames of a file a model is shown, how large, and how many tokens they are. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { DataType } from '../../protocol/dataset.ts';
import { StudioError } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import {
  type FrameLimits,
  type FramePlan,
  planImage,
  planVideo,
  visionGrid,
  visionTokens,
} from '../../video/choose.ts';
import { contactSheet } from '../../video/contact-sheet.ts';
import { decodeMedia } from '../../video/decode.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { pictureEndings } from '../../video/picture-format.ts';
import { encodePng } from '../../video/png.ts';
import { type CliCommand, exitCodes, presetOptions, readOptions, readParameters, usage } from '../terminal/command.ts';

/** What is known of a medium without its file; an image has neither frames nor a rate. */
const statedMedia = z.strictObject({
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  total_frames: z.number().int().positive().optional(),
  fps: z.number().positive().optional(),
});

interface ShownFrames {
  readonly indices: readonly number[];
  /** Seconds. */
  readonly times: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly resized_width: number;
  readonly resized_height: number;
  readonly grid_thw: readonly number[];
  readonly tokens: number;
  /** Null for an image. */
  readonly sample_fps: number | null;
}

export const framesCommand: CliCommand = {
  name: 'frames',
  summary: 'which frames of a video a model is shown, how large, how many tokens',
  help: `
video-r1 frames FILE [--type image|video] [--preset P] [--set NAME=VALUE …] [--png OUT] [--ffmpeg PATH] [--json]
video-r1 frames --media '{"width": …, "height": …, "total_frames": …, "fps": …}' [--preset P] [--set NAME=VALUE …]

Writes {"indices", "times", "width", "height", "resized_width", "resized_height", "grid_thw", "tokens", "sample_fps"}: the
frames that Qwen's rules choose with the preset's constants, and the size that they are brought to. Times are the frames' own.
FILE is taken for an image by its ending, else for a video; --type says otherwise. --media does the arithmetic without a file (times are index / fps
then); without total_frames and fps it is an image. --png OUT decodes the frames and lays them out as one picture, each under its index and its
time. --preset is paper (default), upstream or sample. --json writes one line.

  video-r1 frames clip.mp4 --png sheet.png
  video-r1 frames clip.mp4 --set max_frames=32
  video-r1 frames --media '{"width": 640, "height": 360, "total_frames": 300, "fps": 29.97}'`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...presetOptions,
        media: { type: 'string' },
        type: { type: 'string' },
        png: { type: 'string' },
        ffmpeg: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      1,
    );
    const limits = readParameters(values, 'tgrpo');
    const file = positionals[0];
    if ((file === undefined) === (values.media === undefined)) throw usage('Name one file, or --media.');
    if (file === undefined && values.png !== undefined) throw usage('--png needs a file.');
    const shown =
      file === undefined
        ? ofStatement(values.media ?? '', limits)
        : await ofFile(file, typeOf(file, values.type), limits, values);
    process.stdout.write(`${values.json ? JSON.stringify(shown) : readable(shown)}\n`);
    return exitCodes.done;
  },
};

function typeOf(file: string, stated: string | undefined): DataType {
  if (stated === 'image' || stated === 'video') return stated;
  if (stated !== undefined) throw usage(`--type is image or video, not ${stated}.`);
  return pictureEndings.has(path.extname(file).toLowerCase()) ? 'image' : 'video';
}

function shownFrames(
  plan: FramePlan,
  kind: DataType,
  source: { readonly width: number; readonly height: number },
  times: readonly number[],
): ShownFrames {
  const sized = { count: plan.indices.length, width: plan.width, height: plan.height };
  return {
    indices: plan.indices,
    times,
    width: source.width,
    height: source.height,
    resized_width: plan.width,
    resized_height: plan.height,
    grid_thw: visionGrid(sized),
    tokens: visionTokens(sized),
    sample_fps: kind === 'image' ? null : plan.sampleFps,
  };
}

/** @throws StudioError `bad-request` */
function ofStatement(text: string, limits: FrameLimits): ShownFrames {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new StudioError('bad-request', `--media is not JSON: ${(cause as Error).message}`, { cause });
  }
  const checked = statedMedia.safeParse(value);
  if (!checked.success)
    throw new StudioError(
      'bad-request',
      `--media does not fit: ${faultLine(statedMedia, value, checked.error, 'it')}.`,
      {
        remedy: 'It is {"width", "height", "total_frames", "fps"}, the last two left out for an image.',
      },
    );
  const { total_frames: totalFrames, fps, ...size } = checked.data;
  if (totalFrames === undefined && fps === undefined) return shownFrames(planImage(size, limits), 'image', size, [0]);
  if (totalFrames === undefined || fps === undefined) throw usage('--media has total_frames or fps, but not both.');
  const plan = planVideo({ ...size, totalFrames, fps }, limits);
  const times = plan.indices.map((index) => index / fps);
  return shownFrames(plan, 'video', size, times);
}

/** @throws StudioError `bad-media`, `ffmpeg-missing` */
async function ofFile(
  file: string,
  kind: DataType,
  limits: FrameLimits,
  options: { readonly png?: string | undefined; readonly ffmpeg?: string | undefined },
): Promise<ShownFrames> {
  const tools = await findFfmpeg(options.ffmpeg);
  const { frames, view } = await decodeMedia({ tools, key: file, file, kind, limits });
  if (options.png !== undefined) {
    const captions = view.indices.map((index, i) => ({ index, seconds: view.times[i] ?? 0 }));
    await writeFile(options.png, encodePng(contactSheet(frames, captions)));
  }
  const plan = { indices: view.indices, width: frames.width, height: frames.height, sampleFps: frames.sampleFps };
  return shownFrames(plan, kind, { width: view.sourceWidth, height: view.sourceHeight }, view.times);
}

/** JSON with one key a line. */
function readable(shown: ShownFrames): string {
  const lines = Object.entries(shown).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}
