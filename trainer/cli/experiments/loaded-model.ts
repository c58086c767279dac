/** A checkpoint in an engine, with what loads media for it, for as long as some work takes. */
import { createEngine } from '../../engines/create.ts';
import type { Engine, ModelHandle } from '../../engines/engine.ts';
import { requireOfEngine } from '../../engines/needs.ts';
import type { DataType } from '../../protocol/dataset.ts';
import { defaultEngine } from '../../protocol/runfile.ts';
import type { FoundCheckpoint } from '../../runs/find-checkpoint.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { MediaLoader } from '../../video/load.ts';
import type { LiveLine } from '../terminal/progress.ts';

const frameCacheBytes = 2e9;

export interface ModelPlace {
  readonly model: FoundCheckpoint;
  readonly cacheFolder: string;
  readonly ffmpeg: string | undefined;
  /** Folders that links among the media may lead into; absolute. */
  readonly allowedRoots: readonly string[];
}

export interface LoadedModel {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly media: MediaLoader;
}

/**
 * Everything is given back at the end, whatever the work throws.
 * @param chunks kinds of media that it will be shown
 */
export async function withModel<T>(
  { model: { folder, plan }, cacheFolder, ffmpeg }: ModelPlace,
  chunks: readonly DataType[],
  signal: AbortSignal,
  line: LiveLine,
  work: (loaded: LoadedModel) => Promise<T>,
): Promise<T> {
  line.show('loading the model');
  const media = new MediaLoader(await findFfmpeg(ffmpeg), cacheFolder, frameCacheBytes);
  const engine = await createEngine(plan?.engine ?? defaultEngine);
  try {
    requireOfEngine(engine, { chunks, training: null }, folder);
    const model = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
    signal.throwIfAborted();
    return await work({ engine, model, media });
  } finally {
    line.clear();
    await media.dispose();
    await engine.dispose();
  }
}
