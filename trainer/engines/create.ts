/** The engines by name. */
import type { EngineSettings } from '../protocol/runfile.ts';
import type { Engine } from './engine.ts';
import { createTfjsEngine } from './tfjs/engine.ts';

export function createEngine(settings: EngineSettings): Promise<Engine> {
  switch (settings.name) {
    case 'tfjs':
      return createTfjsEngine(settings);
    default:
      return settings.name satisfies never;
  }
}
