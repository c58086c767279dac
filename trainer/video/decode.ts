/** From a file to its frames, once: probe, choose, decode, check. Keeps nothing and shares nothing. */
import type { DataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import { badMedia } from './bad-media.ts';
import { type FrameLimits, planImage, planVideo } from './choose.ts';
import { type Decoded, decodeFrames, type FfmpegTools } from './ffmpeg.ts';
import type { LoadedMedia, StoredView } from './frame-cache.ts';
import { readPicture } from './picture.ts';
import { type MediaProbe, probeImage, probeMedia, readImageBytes } from './probe.ts';
import { resizePicture } from './resize.ts';

export interface DecodeMedia {
  readonly tools: FfmpegTools;
  /** Name that the frames will have. */
  readonly key: string;
  readonly file: string;
  readonly kind: DataType;
  readonly limits: FrameLimits;
}

/**
 * What decoders say when they give a picture of which a part is made up, or none for a packet: older ones say so without
 * marking the picture. Other lines are of no account: references that a cut took away ("mmco: unref short failure"), notes
 * and application fields that can't be read.
 */
const madeUp =
  /error while decoding|damaged|concealing|(?<!probably )corrupt|Could not find ref|Error submitting|Decoding error|Error at MB|end mismatch|MVs not available|error (count|y=\d)/i;

/** Whether a picture is not whole. */
const lostPictures = ({ complaints, flagged }: Decoded) => flagged || complaints.some((line) => madeUp.test(line));

/** @throws StudioError `bad-media` with file and reason; `ffmpeg-missing`; `cancelled` when ffmpeg was ended from outside */
export async function decodeMedia({ tools, key, file, kind, limits }: DecodeMedia): Promise<LoadedMedia> {
  try {
    if (kind === 'image') return await decodeImage(key, file, limits);
    return (
      (await decodeVideo(tools, key, await probeMedia(tools, file, 'video'), limits)) ??
      // Fewer frames came than the file has packets, none of them damaged: count by decoding, and choose again.
      (await decodeVideo(tools, key, await probeMedia(tools, file, 'video', 'frames'), limits)) ??
      (await Promise.reject(badMedia(file, 'some of its frames can’t be decoded, and ffmpeg gives no reason')))
    );
  } catch (thrown) {
    if (!(thrown instanceof StudioError) || thrown.place !== undefined) throw thrown;
    // Refusals of the frame rules, and a program's end, know no file.
    throw new StudioError(thrown.kind, thrown.message, {
      place: file,
      ...(thrown.remedy && { remedy: thrown.remedy }),
      cause: thrown,
    });
  }
}

function loaded(
  key: string,
  source: MediaProbe,
  size: { width: number; height: number },
  indices: number[],
  pixels: Uint8Array,
  sampleFps: number,
): LoadedMedia {
  const view: StoredView = {
    key,
    kind: source.kind,
    width: size.width,
    height: size.height,
    sourceWidth: source.width,
    sourceHeight: source.height,
    durationSeconds: source.durationSeconds,
    indices,
    times: indices.map((index) => source.times[index] ?? 0),
  };
  return { frames: { key, ...size, count: indices.length, pixels, place: null, sampleFps }, view };
}

/** Null when frames are missing and nothing says that they were lost. @throws StudioError `bad-media` */
async function decodeVideo(
  tools: FfmpegTools,
  key: string,
  source: MediaProbe,
  limits: FrameLimits,
): Promise<LoadedMedia | null> {
  const { indices, sampleFps, width, height } = planVideo(source, limits);
  const size = { width, height };
  const { file, stream, turn } = source;
  const decoded = await decodeFrames(tools, { file, stream, turn, indices, ...size });
  const complaint = complaintOf(decoded);
  if (decoded.count < indices.length) {
    if (complaint === null || !lostPictures(decoded)) return null;
    const missing = indices[decoded.count] as number;
    throw badMedia(
      source.file,
      `it is cut off or damaged: frame ${missing} of ${source.totalFrames} can't be decoded (${complaint})`,
    );
  }
  if (lostPictures(decoded)) {
    throw badMedia(source.file, `it is damaged: a part of its pictures can't be decoded (${complaint})`);
  }
  return loaded(key, source, size, indices, decoded.pixels, sampleFps);
}

/** @throws StudioError `bad-media` */
async function decodeImage(key: string, file: string, limits: FrameLimits): Promise<LoadedMedia> {
  const bytes = await readImageBytes(file);
  const source = await probeImage(file, bytes);
  const { width, height } = planImage(source, limits);
  const { pixels } = resizePicture(await readPicture(file, bytes), width, height);
  return loaded(key, source, { width, height }, [0], pixels, 1);
}

const complaintOf = (decoded: Decoded) => decoded.complaints.at(-1) ?? null;
