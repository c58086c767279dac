/**
 * From a file to the frames that a model is shown: probe, choose, decode, check, keep. One loader serves a whole trainer;
 * it runs few ffmpeg processes at a time, shares the work of equal requests, and remembers what it decoded.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Frames } from '../engines/engine.ts';
import type { DataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import { badMedia } from './bad-media.ts';
import type { FrameLimits } from './choose.ts';
import { DecoderProcess } from './decoder-process.ts';
import { twiceIfInterrupted } from './ended-child.ts';
import type { FfmpegTools } from './ffmpeg.ts';
import { FrameCache, type LoadedMedia } from './frame-cache.ts';
import { checkFile } from './probe.ts';

export type { FrameLimits } from './choose.ts';

/** Raise it when frame choice, sizes or scaling change: keys of old cache entries must not match then. */
const rulesVersion = 3;

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

export class MediaLoader {
  readonly tools: FfmpegTools;
  private readonly cache: FrameCache;
  private readonly slots = new Slots(processesAtOnce);
  private readonly decoder = new DecoderProcess();
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
   * @throws StudioError `bad-media` with file and reason; `cancelled` when what decodes was ended from outside twice, which
   *   says nothing about the file; `ffmpeg-missing`; `disk-full` where the cache can't be written
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
    this.decoder.dispose();
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
        : [
            limits.framesPerSecond,
            limits.minFrames,
            limits.maxFrames,
            limits.frameRounding,
            limits.minPixels,
            limits.maxPixels,
          ];
    const choice = JSON.stringify([rulesVersion, content, kind, ...rule]);
    return createHash('sha256').update(choice).digest('hex').slice(0, 40);
  }

  private async fromDiskOrFile(key: string, file: string, kind: DataType, limits: FrameLimits): Promise<LoadedMedia> {
    const stored = await this.cache.get(key);
    const media =
      stored ??
      (await this.slots.run(() =>
        twiceIfInterrupted(() => this.decoder.decode({ tools: this.tools, key, file, kind, limits })),
      ));
    this.remember(media);
    if (stored) return media;
    const kept = await this.cache.put(media);
    this.remember(kept);
    return kept;
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
    if (this.disposed) return;
    this.forget(media.frames.key);
    this.recent.set(media.frames.key, media);
    this.recentBytes += media.frames.pixels.length;
    for (const key of this.recent.keys()) {
      if (this.recentBytes <= memoryBytes) break;
      this.forget(key);
    }
  }

  private forget(key: string): void {
    this.recentBytes -= this.recent.get(key)?.frames.pixels.length ?? 0;
    this.recent.delete(key);
  }
}
