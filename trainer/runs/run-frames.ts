/** The frames that a run showed its model, out of the cache, or decoded again where the file is still what it was. */
import path from 'node:path';
import type { Frames } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import type { RunStore } from '../store/run-store.ts';
import { frameLimits } from '../video/choose.ts';
import type { MediaLoader } from '../video/load.ts';
import type { RunPlan } from './plan.ts';

/** @throws StudioError `not-found` for frames that no question of the run shows; `bad-media` where they can't be had any more */
export async function framesOfRun(store: RunStore, plan: RunPlan, media: MediaLoader, key: string): Promise<Frames> {
  const cached = await media.get(key);
  if (cached) return cached;
  const seen = store.media(key);
  const { frames } = await media.load(
    path.resolve(path.dirname(plan.paths.find(seen.question.dataset)), seen.question.path),
    seen.media.kind,
    frameLimits(store.summary().parameters),
  );
  if (frames.key === key) return frames;
  throw new StudioError(
    'bad-media',
    'The file has changed since the model saw it; its frames of then are no longer in the cache.',
    { place: seen.question.path },
  );
}
