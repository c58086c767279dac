/** The engines by name. */
import type { CreateEngine } from './engine.ts';
import { createTfjsEngine } from './tfjs/engine.ts';

export const createEngine: CreateEngine = (settings) => {
  switch (settings.name) {
    case 'tfjs':
      return createTfjsEngine(settings);
    default:
      return settings.name satisfies never;
  }
};
