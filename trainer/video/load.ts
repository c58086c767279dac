/**
 * From a file to the frames that a model is shown: probe, choose, decode, check, keep. One loader serves a whole trainer;
 * it runs few ffmpeg processes at a time, shares the work of equal requests, and remembers what it decoded.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Frames } from '../engines/engine.ts';
import type { DataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import { chooseFrames, smartResize, videoPixelLimits } from './choose.ts';
import { type Decoded, decodeFrames, type FfmpegTools, readImage } from './ffmpeg.ts';
import { FrameCache, type LoadedMedia, type StoredView } from './frame-cache.ts';
import { badMedia, checkFile, type MediaProbe, probeImage, probeMedia, readImageBytes } from './probe.ts';

/** How many frames to take, and how large. */
export type FrameLimits = Pick<
  ParameterValues,
  'framesPerSecond' | 'minFrames' | 'maxFrames' | 'minPixels' | 'maxPixels' | 'imageMinPixels' | 'imageMaxPixels'
>;

/** Raise it when frame choice, sizes or scaling change: keys of old cache entries must not match then. */
const rulesVersion = 1;

const processesAtOnce = 2;
const memoryBytes = 64 * 1024 * 1024;
const wholeHashBytes = 64 * 1024 * 1024;
const sampledBlocks = 64;
const blockBytes = 64 * 1024;

/** Lets a fixed number of tasks run at once, in the order they came. */
class Slots {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(count: number) {
    this.free = count;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}

/** Hash of a file's content; of a file above 64 MB, its size and 64 blocks spread over it. */
async function contentHash(file: string, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256').update(`${sizeBytes}\n`);
  const handle = await open(file, 'r');
  try {
    if (sizeBytes <= wholeHashBytes) {
      for await (const piece of handle.createReadStream({ autoClose: false })) hash.update(piece as Buffer);
    } else {
      const block = Buffer.alloc(blockBytes);
      for (let i = 0; i < sampledBlocks; i++) {
        const at = Math.floor(((sizeBytes - blockBytes) * i) / (sampledBlocks - 1));
        const { bytesRead } = await handle.read(block, 0, blockBytes, at);
        hash.update(block.subarray(0, bytesRead));
      }
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** What ffmpeg says when it makes up a part of a picture that it could not decode, whichever codec. */
const madeUp =
  /error while decoding|damaged|concealing|corrupt|Invalid data found|missing reference|Could not find ref|Error submitting|Decoding error|Error at MB/i;

/** Whether a decoder complained of the pictures; of other things (SEI messages and the like) it may. */
function lostPictures(codec: string, complaints: readonly string[]): boolean {
  const ofDecoder = (line: string) => line.startsWith(`[${codec}]`) && !/\bSEI\b|not implemented/i.test(line);
  return complaints.some((line) => ofDecoder(line) || madeUp.test(line));
}

export class MediaLoader {
  readonly tools: FfmpegTools;
  private readonly cache: FrameCache;
  private readonly slots = new Slots(processesAtOnce);
  private readonly hashes = new Map<string, { stamp: string; hash: Promise<string> }>();
  private readonly underWay = new Map<string, Promise<LoadedMedia>>();
  /** What was used last, in that order, up to `memoryBytes` of pixels. */
  private readonly recent = new Map<string, LoadedMedia>();
  private recentBytes = 0;
  private disposed = false;

  /** @param limitBytes how much the folder may hold on disk */
  constructor(tools: FfmpegTools, cacheFolder: string, limitBytes: number) {
    this.tools = tools;
    this.cache = new FrameCache(cacheFolder, limitBytes);
  }

  /**
   * The frames of a video, or the one picture of an image, as the limits want them.
   * Frame i of the result is frame `view.indices[i]` of the file, shown `view.times[i]` seconds after its first.
   *
   * @throws StudioError `bad-media` with file and reason; `ffmpeg-missing`; `disk-full` where the cache can't be written
   */
  async load(file: string, kind: DataType, limits: FrameLimits): Promise<LoadedMedia> {
    if (this.disposed) throw new StudioError('internal', 'Frames were asked for after the loader was closed.');
    const key = await this.keyOf(file, kind, limits);
    const known = this.recall(key) ?? this.underWay.get(key);
    if (known) return known;
    const work = this.fromDiskOrFile(key, file, kind, limits);
    this.underWay.set(key, work);
    try {
      return await work;
    } finally {
      this.underWay.delete(key);
    }
  }

  /** Begins a load that will be wanted soon. Its fault, if any, is told to the `load` that wants it. */
  prefetch(file: string, kind: DataType, limits: FrameLimits): void {
    this.load(file, kind, limits).catch(() => {
      // The file is tried again, and its fault thrown, when the frames are asked for.
    });
  }

  /** Frames by the key of an earlier load; null when they are no longer kept. */
  async get(key: string): Promise<Frames | null> {
    const recalled = this.recall(key);
    if (recalled) return recalled.frames;
    const stored = await this.cache.get(key);
    if (stored) this.remember(stored);
    return stored?.frames ?? null;
  }

  /** Waits for what is under way and lets go of the memory. The cache on disk stays. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await Promise.allSettled(this.underWay.values());
    this.recent.clear();
    this.recentBytes = 0;
  }

  private async keyOf(file: string, kind: DataType, limits: FrameLimits): Promise<string> {
    const { sizeBytes, modifiedMs } = await checkFile(file);
    const stamp = `${sizeBytes} ${modifiedMs}`;
    let known = this.hashes.get(file);
    if (known?.stamp !== stamp) {
      known = { stamp, hash: contentHash(file, sizeBytes) };
      this.hashes.set(file, known);
      known.hash.catch(() => this.hashes.delete(file));
    }
    const content = await known.hash.catch((cause: Error) => {
      throw badMedia(file, `it can't be read (${cause.message})`);
    });
    const rule =
      kind === 'image'
        ? [limits.imageMinPixels, limits.imageMaxPixels]
        : [limits.framesPerSecond, limits.minFrames, limits.maxFrames, limits.minPixels, limits.maxPixels];
    const choice = JSON.stringify([rulesVersion, content, kind, ...rule]);
    return createHash('sha256').update(choice).digest('hex').slice(0, 40);
  }

  private async fromDiskOrFile(key: string, file: string, kind: DataType, limits: FrameLimits): Promise<LoadedMedia> {
    const stored = await this.cache.get(key);
    const media = stored ?? (await this.slots.run(() => this.decode(key, file, kind, limits)));
    this.remember(media);
    if (!stored) await this.cache.put(media);
    return media;
  }

  private async decode(key: string, file: string, kind: DataType, limits: FrameLimits): Promise<LoadedMedia> {
    try {
      if (kind === 'image') return await decodeImage(this.tools, key, file, limits);
      return (
        (await decodeVideo(this.tools, key, await probeMedia(this.tools, file, 'video'), limits)) ??
        // Fewer frames came than the file has packets, without a complaint: count by decoding, and choose again.
        (await decodeVideo(this.tools, key, await probeMedia(this.tools, file, 'video', 'frames'), limits)) ??
        (await Promise.reject(badMedia(file, 'some of its frames can’t be decoded, and ffmpeg gives no reason')))
      );
    } catch (thrown) {
      if (!(thrown instanceof StudioError) || thrown.place !== undefined) throw thrown;
      // Refusals of the frame rules know no file.
      throw new StudioError(thrown.kind, thrown.message, {
        place: file,
        ...(thrown.remedy && { remedy: thrown.remedy }),
        cause: thrown,
      });
    }
  }

  private recall(key: string): LoadedMedia | undefined {
    const media = this.recent.get(key);
    if (media) {
      this.recent.delete(key);
      this.recent.set(key, media);
    }
    return media;
  }

  private remember(media: LoadedMedia): void {
    if (this.disposed || this.recall(media.frames.key)) return;
    this.recent.set(media.frames.key, media);
    this.recentBytes += media.frames.pixels.length;
    for (const [key, oldest] of this.recent) {
      if (this.recentBytes <= memoryBytes) break;
      this.recent.delete(key);
      this.recentBytes -= oldest.frames.pixels.length;
    }
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
  return { frames: { key, ...size, count: indices.length, pixels, sampleFps }, view };
}

/** Null when frames are missing and nothing says why. @throws StudioError `bad-media` */
async function decodeVideo(
  tools: FfmpegTools,
  key: string,
  source: MediaProbe,
  limits: FrameLimits,
): Promise<LoadedMedia | null> {
  const { indices, sampleFps } = chooseFrames(source, limits);
  const size = smartResize(source.height, source.width, videoPixelLimits(limits));
  const decoded = await decodeFrames(tools, { file: source.file, stream: source.stream, indices, ...size });
  const complaint = complaintOf(decoded);
  if (decoded.count < indices.length) {
    if (complaint === null) return null;
    const missing = indices[decoded.count] as number;
    throw badMedia(
      source.file,
      `it is cut off or damaged: frame ${missing} of ${source.totalFrames} can't be decoded (${complaint})`,
    );
  }
  if (lostPictures(source.codec, decoded.complaints)) {
    throw badMedia(source.file, `it is damaged: a part of its pictures can't be decoded (${complaint})`);
  }
  return loaded(key, source, size, indices, decoded.pixels, sampleFps);
}

/** @throws StudioError `bad-media` */
async function decodeImage(tools: FfmpegTools, key: string, file: string, limits: FrameLimits): Promise<LoadedMedia> {
  const bytes = await readImageBytes(file);
  const source = await probeImage(tools, file, bytes);
  const size = smartResize(source.height, source.width, {
    minPixels: limits.imageMinPixels,
    maxPixels: limits.imageMaxPixels,
  });
  const decoded = await readImage(tools, bytes, source, size);
  const complaint = complaintOf(decoded);
  if (decoded.count < 1 || lostPictures(source.codec, decoded.complaints)) {
    throw badMedia(file, `it is damaged: the picture can't be decoded (${complaint ?? 'ffmpeg gives no reason'})`);
  }
  return loaded(key, source, size, [0], decoded.pixels, 1);
}

const complaintOf = (decoded: Decoded) => decoded.complaints.at(-1) ?? null;
