/** What a video or image file holds, checked: size as shown, frames and their times. A file that can't be used is an error. */
import { open, readFile, stat } from 'node:fs/promises';
import type { DataType } from '../protocol/dataset.ts';
import { badMedia } from './bad-media.ts';
import type { FfmpegTools } from './ffmpeg.ts';
import { type ProbeDepth, type ProbedTime, type ProbeOutput, probe } from './ffprobe.ts';
import { endsWhole } from './gif-screen.ts';
import { pictureSize } from './picture.ts';
import { type Turn, turnOf } from './turn.ts';

export interface MediaProbe {
  readonly file: string;
  readonly kind: DataType;
  readonly codec: string;
  /** Size in pixels as shown, rotation applied. Pixels count as square, as Qwen takes them. */
  readonly width: number;
  readonly height: number;
  readonly durationSeconds: number;
  readonly totalFrames: number;
  /** Average frames a second. */
  readonly fps: number;
  /** Seconds from the first frame at which each is shown, ascending. Not index / fps where the rate varies. */
  readonly times: Float64Array;
  /** Which of the file's video streams it is, from 0. */
  readonly stream: number;
  /** What is to be done to its pictures, whose size as shown is the one above. */
  readonly turn: Turn;
}

const getItAgain = 'Copy or download the file again, or take the question out of the dataset.';
const largestImageBytes = 256 * 1024 * 1024;

/** @returns size in bytes. @throws StudioError `bad-media` for a file that is missing, empty or a folder. */
export async function checkFile(file: string): Promise<{ sizeBytes: number; modifiedMs: number }> {
  const info = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw badMedia(file, cause.code === 'ENOENT' ? 'it does not exist' : `it can't be read (${cause.message})`);
  });
  if (info.isDirectory()) throw badMedia(file, 'it is a folder');
  if (!info.isFile()) throw badMedia(file, 'it is not a regular file');
  if (info.size === 0) throw badMedia(file, 'it is empty (0 bytes)');
  return { sizeBytes: info.size, modifiedMs: info.mtimeMs };
}

/** @throws StudioError `bad-media` */
export async function readImageBytes(file: string): Promise<Uint8Array> {
  const { sizeBytes } = await checkFile(file);
  if (sizeBytes > largestImageBytes) throw badMedia(file, `it is larger than an image may be (${sizeBytes} bytes)`);
  return readFile(file);
}

const rate = (text: string | undefined): number => {
  const [over = '0', under = '1'] = (text ?? '').split('/');
  const value = Number(over) / Number(under);
  return Number.isFinite(value) ? value : 0;
};

const seconds = (text: string | undefined): number | null => {
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
};

/** `00:00:10.333000000`, as Matroska's tags state it. */
function clockSeconds(text: string | undefined): number | null {
  const parts = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(text ?? '');
  return parts ? Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]) : null;
}

/** Whether a file begins with a box that MP4 and MOV files begin with. */
async function beginsAsMp4(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    return bytesRead === 8 && /^(ftyp|moov|mdat|wide|free|skip|pnot)$/.test(buffer.toString('latin1', 4));
  } finally {
    await handle.close();
  }
}

type Stream = NonNullable<ProbeOutput['streams']>[number];

const weightOfDefault = 5_000_000;

/**
 * The video stream that ffmpeg would take by itself (`ffmpeg_mux_init.c`, `map_auto_video`): the largest one, the default
 * one counting for five million pixels more, the first of equals; never a cover picture.
 */
function videoStream(output: ProbeOutput): Stream | undefined {
  const weight = ({ width = 0, height = 0, disposition }: Stream) =>
    width * height + (disposition?.default === 1 ? weightOfDefault : 0);
  const films = output.streams?.filter((stream) => stream.disposition?.attached_pic !== 1) ?? [];
  return films.reduce<Stream | undefined>(
    (best, stream) => (best === undefined || weight(stream) > weight(best) ? stream : best),
    undefined,
  );
}

/** ffprobe's last complaint, without the file's name before it. */
function reasonOf(complaints: readonly string[], file: string): string {
  if (complaints.some((line) => line.includes('not on whitelist')))
    return 'it is not of a kind that can be decoded here';
  const last = complaints.at(-1) ?? 'ffprobe gives no reason';
  return last.startsWith(`${file}: `) ? last.slice(file.length + 2) : last;
}

/**
 * Seconds that are to be added to the times of each packet, in the order of the file: where joined parts begin anew, decoding
 * times fall back, and the later part follows on the earlier one.
 */
function joinedOffsets(decoding: readonly (number | null)[], frameSeconds: number): number[] {
  let offset = 0;
  let before: number | null = null;
  return decoding.map((time) => {
    if (time !== null) {
      if (before !== null && time < before - frameSeconds) offset += before + frameSeconds - time;
      before = time;
    }
    return offset;
  });
}

/**
 * Times that frames are shown at, ascending, from the first. Not among them are frames outside the file's edit list, and
 * packets without content, by which AVI repeats a picture.
 */
function frameTimes(
  entries: readonly ProbedTime[],
  stream: number,
  fps: number,
): { times: Float64Array; end: number | null; corrupt: number } {
  const kept = entries.filter(
    (entry) => entry.stream_index === stream && !entry.flags?.includes('D') && entry.size !== '0',
  );
  const decoding = kept.map((entry) => seconds(entry.dts_time));
  const offsets = joinedOffsets(decoding, 1 / fps);
  const shown = kept.map((entry) => seconds(entry.pts_time) ?? seconds(entry.best_effort_timestamp_time));
  // AVI states decoding times alone: their distances are those of the pictures.
  const stated = shown.every((time) => time !== null) ? shown : decoding;
  const known = stated.every((time) => time !== null);
  const values = known
    ? Float64Array.from(stated, (time, i) => (time as number) + (offsets[i] as number)).sort()
    : Float64Array.from(kept, (_, i) => i / fps);
  const first = values[0] ?? 0;
  const last = values.at(-1) ?? 0;
  return {
    times: values.map((time) => time - first),
    end: known && kept.length > 0 ? last + 1 / fps : null,
    corrupt: kept.filter((entry) => entry.flags?.includes('C')).length,
  };
}

const lostData = /partial file|File ended prematurely|Truncat|end of file|moov atom not found|EOF/i;

/** Why a file ends before it should, from what its header promises; null when it does not. */
function cutOff(
  stream: Stream,
  found: ReturnType<typeof frameTimes>,
  fps: number,
  format: string,
  complaints: readonly string[],
): string | null {
  const frames = found.times.length;
  const promisedFrames = Number(stream.nb_frames ?? Number.NaN);
  const promisedEnd = seconds(stream.duration) ?? clockSeconds(stream.tags?.DURATION);
  const complained = complaints.some((line) => lostData.test(line));
  // In MP4 an edit list may show fewer frames than the file holds, and anywhere a last frame may be shown for long: a
  // small difference alone proves nothing.
  // AVI counts a picture once for each time that it repeats it: the places up to the last one, whether filled or not.
  const span = found.times.at(-1) ?? 0;
  const places = format === 'avi' ? Math.max(frames, Math.round(span * fps) + 1) : frames;
  const fewerMayBeMeant = format.includes('mp4') || places > 0.9 * promisedFrames;
  if (places < promisedFrames && (complained || !fewerMayBeMeant)) {
    return `it is cut off: its header promises ${promisedFrames} frames, and ${frames} are there`;
  }
  const { end } = found;
  const missing = promisedEnd === null || end === null ? 0 : promisedEnd - end;
  if (promisedEnd !== null && missing > (complained ? 2 / fps : Math.max(1, 0.1 * promisedEnd))) {
    return `it is cut off: its header promises ${promisedEnd.toFixed(2)} seconds, and ${(promisedEnd - missing).toFixed(2)} are there`;
  }
  return null;
}

/**
 * Looks at a video or image file.
 *
 * @param depth `packets` counts frames from the file's structure, which does not decode and is right for nearly every file;
 *   `frames` decodes all of it, for files whose packets are not one frame each.
 * @throws StudioError `bad-media` with file and reason; `ffmpeg-missing`
 */
export async function probeMedia(
  tools: FfmpegTools,
  file: string,
  kind: DataType,
  depth: Exclude<ProbeDepth, 'streams'> = 'packets',
): Promise<MediaProbe> {
  return kind === 'image' ? probeImage(file, await readImageBytes(file)) : probeVideo(tools, file, depth);
}

/** Looks at an image whose bytes are at hand; `file` is for messages. @throws StudioError `bad-media` */
export async function probeImage(file: string, bytes: Uint8Array): Promise<MediaProbe> {
  const { width, height, format } = await pictureSize(file, bytes);
  return {
    file,
    kind: 'image',
    codec: format.toLowerCase(),
    width,
    height,
    durationSeconds: 0,
    totalFrames: 1,
    fps: 0,
    times: Float64Array.of(0),
    stream: 0,
    turn: turnOf({}),
  };
}

async function probeVideo(tools: FfmpegTools, file: string, depth: 'packets' | 'frames'): Promise<MediaProbe> {
  await checkFile(file);
  const { output, complaints, ok } = await probe(tools, file, depth);
  const stream = videoStream(output);
  if (!stream) {
    // An index that ends too early leaves a stream of which not even the kind is known ("data").
    const { streams = [] } = (await probe(tools, file, 'kinds')).output;
    const others = streams.some(({ codec_type }) => codec_type === 'audio' || codec_type === 'subtitle');
    if (!others && (await beginsAsMp4(file)))
      throw badMedia(file, 'it is cut off: the index of its frames ("moov") is missing or incomplete');
    throw badMedia(file, `it is not a video (${ok ? 'it has no video stream' : reasonOf(complaints, file)})`);
  }
  if (!stream.width || !stream.height) throw badMedia(file, 'the size of its frames is not known');
  const entries = (depth === 'frames' ? output.frames : output.packets) ?? [];
  const nominal = rate(stream.avg_frame_rate) || rate(stream.r_frame_rate);
  const found = frameTimes(entries, stream.index, nominal || 25);
  const { times, corrupt } = found;
  if (times.length === 0) throw badMedia(file, 'it holds no frame');
  const span = times.at(-1) ?? 0;
  const fps = nominal || (span > 0 ? (times.length - 1) / span : 0);
  if (!(fps > 0)) throw badMedia(file, 'its frame rate is not known');
  const cut = depth === 'packets' ? cutOff(stream, found, fps, output.format?.format_name ?? '', complaints) : null;
  if (output.format?.format_name === 'gif' && !endsWhole(await readFile(file)))
    throw badMedia(file, 'it is cut off: its last picture is not whole', getItAgain);
  if (cut) throw badMedia(file, cut, getItAgain);
  if (corrupt > 0 && complaints.length > 0) {
    throw badMedia(
      file,
      `it is damaged: ${corrupt} of its ${times.length} frames are incomplete (${reasonOf(complaints, file)})`,
    );
  }
  const turn = turnOf(stream);
  const [width, height] = turn.transposed ? [stream.height, stream.width] : [stream.width, stream.height];
  return {
    file,
    kind: 'video',
    codec: stream.codec_name ?? 'unknown',
    width,
    height,
    durationSeconds:
      seconds(stream.duration) ??
      clockSeconds(stream.tags?.DURATION) ??
      seconds(output.format?.duration) ??
      span + 1 / fps,
    totalFrames: times.length,
    fps,
    times,
    stream: output.streams?.indexOf(stream) ?? 0,
    turn,
  };
}
