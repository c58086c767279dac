/** Refuses work that an engine can't do before it begins, with everything that is lacking. */
import { type EngineNeeds, engineLacks } from '../protocol/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Engine } from './engine.ts';

/**
 * To be called before a model is loaded: nothing was computed yet.
 * @param place the run file, the run or the checkpoint that names the engine
 * @throws StudioError `engine-failed`
 */
export function requireOfEngine(engine: Engine, needs: EngineNeeds, place: string): void {
  const lacks = engineLacks(engine.capabilities, needs);
  if (lacks.length === 0) return;
  throw new StudioError('engine-failed', `The engine ${engine.status().name} can't do this. ${lacks.join(' ')}`, {
    place,
    remedy: 'Name another engine, or change the settings or the data that ask for it.',
  });
}
