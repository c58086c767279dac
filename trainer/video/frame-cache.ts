/**
 * Decoded frames on disk, so that a video is decoded once however often a run returns to it. Bounded in bytes: what was
 * used longest ago goes first. A file is 4 bytes length of its header (little endian), the header as JSON, then RGB pixels.
 */
import { mkdir, open, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Frames, FramesPlace } from '../engines/engine.ts';
import { parseJson } from '../protocol/json.ts';
import { mediaView } from '../protocol/records.ts';

const storedView = mediaView.omit({ shuffledOrder: true, visionTokens: true });
export type StoredView = z.infer<typeof storedView>;

export interface LoadedMedia {
  readonly frames: Frames;
  readonly view: StoredView;
}

const header = z.object({ view: storedView, count: z.number().int().positive(), sampleFps: z.number() });

const keyPattern = /^[0-9a-f]{40}$/;
const ending = '.frames';
const partialEnding = '.partial';
const staleAfterMs = 10 * 60_000;
const longestHeaderBytes = 16 * 1024 * 1024;

/** One process owns a cache folder's index; another may use the folder at the same time, and only costs accuracy of the bound. */
export class FrameCache {
  private readonly folder: string;
  private readonly limitBytes: number;
  /** Sizes by key, the one used longest ago first. */
  private index: Promise<Map<string, number>> | null = null;
  private totalBytes = 0;
  private writes = 0;

  constructor(folder: string, limitBytes: number) {
    this.folder = folder;
    this.limitBytes = limitBytes;
  }

  /** Null when the key is not in the cache, or its file is not whole (which removes it). */
  async get(key: string): Promise<LoadedMedia | null> {
    // Keys come over the socket: anything else could name a file elsewhere.
    if (!keyPattern.test(key)) return null;
    const index = await this.entries();
    const media = await this.read(key);
    const size = index.get(key);
    if (!media) {
      if (size !== undefined) await this.remove(index, key);
      return null;
    }
    if (size !== undefined) {
      index.delete(key);
      index.set(key, size);
      const now = new Date();
      // Order of use across restarts. Another process may have removed the file by now, or another user own it: no loss.
      await utimes(this.fileOf(key), now, now).catch(() => {});
    }
    return media;
  }

  /**
   * Writes beside and renames, so that a kill leaves no half file. Frames larger than the whole cache are not kept.
   * @returns the same with its place in the cache. @throws the system's error when the folder can't be written
   */
  async put(media: LoadedMedia): Promise<LoadedMedia> {
    const { frames, view } = media;
    const json = Buffer.from(JSON.stringify({ view, count: frames.count, sampleFps: frames.sampleFps }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const size = 4 + json.length + frames.pixels.length;
    if (size > this.limitBytes) return media;
    const index = await this.entries();
    await mkdir(this.folder, { recursive: true });
    const partial = path.join(this.folder, `${process.pid}-${this.writes++}${partialEnding}`);
    try {
      const handle = await open(partial, 'wx');
      try {
        await handle.writev([length, json, frames.pixels]);
      } finally {
        await handle.close();
      }
      await rename(partial, this.fileOf(view.key));
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    this.totalBytes += size - (index.get(view.key) ?? 0);
    index.delete(view.key);
    index.set(view.key, size);
    for (const oldest of index.keys()) {
      if (this.totalBytes <= this.limitBytes) break;
      await this.remove(index, oldest);
    }
    return { frames: { ...frames, place: this.placeOf(view.key, json.length, frames.pixels.length) }, view };
  }

  private placeOf(key: string, headerBytes: number, sizeBytes: number): FramesPlace {
    return { file: path.resolve(this.fileOf(key)), offset: 4 + headerBytes, sizeBytes };
  }

  private fileOf(key: string): string {
    return path.join(this.folder, key + ending);
  }

  private entries(): Promise<Map<string, number>> {
    this.index ??= this.scan();
    return this.index;
  }

  private async scan(): Promise<Map<string, number>> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      ignoreMissing(error);
      return [] as string[];
    });
    const found: { key: string; size: number; usedMs: number }[] = [];
    for (const name of names) {
      const file = path.join(this.folder, name);
      const key = name.slice(0, -ending.length);
      const isEntry = name.endsWith(ending) && keyPattern.test(key);
      if (!isEntry && !name.endsWith(partialEnding)) continue;
      const info = await stat(file).catch(ignoreMissing);
      if (!info) continue;
      if (isEntry) found.push({ key, size: info.size, usedMs: info.mtimeMs });
      else if (Date.now() - info.mtimeMs > staleAfterMs) await unlink(file).catch(ignoreMissing);
    }
    found.sort((a, b) => a.usedMs - b.usedMs);
    this.totalBytes = found.reduce((sum, { size }) => sum + size, 0);
    return new Map(found.map(({ key, size }) => [key, size]));
  }

  private async remove(index: Map<string, number>, key: string): Promise<void> {
    this.totalBytes -= index.get(key) ?? 0;
    index.delete(key);
    await unlink(this.fileOf(key)).catch(ignoreMissing);
  }

  private async read(key: string): Promise<LoadedMedia | null> {
    const handle = await open(this.fileOf(key), 'r').catch(ignoreMissing);
    if (!handle) return null;
    try {
      const { size } = await handle.stat();
      const length = Buffer.alloc(4);
      await handle.read(length, 0, 4, 0);
      const headerBytes = length.readUInt32LE();
      if (headerBytes > Math.min(size, longestHeaderBytes)) return null;
      const json = Buffer.alloc(headerBytes);
      await handle.read(json, 0, headerBytes, 4);
      const parsed = header.safeParse(parseJson(json.toString('utf8')));
      if (!parsed.success || parsed.data.view.key !== key) return null;
      const { view, count, sampleFps } = parsed.data;
      const pixelBytes = view.width * view.height * count * 3;
      if (size !== 4 + headerBytes + pixelBytes) return null;
      const pixels = new Uint8Array(new SharedArrayBuffer(pixelBytes));
      let filled = 0;
      while (filled < pixelBytes) {
        const { bytesRead } = await handle.read(pixels, filled, pixelBytes - filled, 4 + headerBytes + filled);
        if (bytesRead === 0) return null;
        filled += bytesRead;
      }
      const { width, height } = view;
      const place = this.placeOf(key, headerBytes, pixelBytes);
      return { frames: { key, width, height, count, pixels, place, sampleFps }, view };
    } finally {
      await handle.close();
    }
  }
}

/** @returns null for a file that is not there; @throws anything else */
function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
