/** A new model as a folder that any engine opens: a tokenizer trained on the texts, and weights from the seed. */
import { rm } from 'node:fs/promises';
import { temporaryFolder } from '../programs/temporary-folder.ts';
import type { PositionGeneration } from '../protocol/runfile.ts';
import type { ModelOrigin } from './engine.ts';
import { createTfjsEngine } from './tfjs/engine.ts';

/**
 * Made by the embedded engine, so that a seed gives every engine the same weights.
 * @param positions that its config.json names; null for those of a new model
 * @returns the folder, which is the caller's to remove
 */
export async function newModelFolder(
  origin: Extract<ModelOrigin, { kind: 'new' }>,
  positions: PositionGeneration | null,
): Promise<string> {
  const folder = temporaryFolder('video-r1-model-');
  const engine = await createTfjsEngine({
    ...{ name: 'tfjs', backend: 'cpu', threads: 1 },
    ...(positions !== null && { mropePositions: positions }),
  });
  try {
    await engine.saveState(await engine.createModel(origin, 'reference'), folder);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    await engine.dispose();
  }
}
