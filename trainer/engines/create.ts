/** The engines by name. */

import { StudioError } from '../protocol/errors.ts';
import type { CreateEngine } from './engine.ts';
import { createTfjsEngine } from './tfjs/engine.ts';

export const createEngine: CreateEngine = (settings) => {
  switch (settings.name) {
    case 'tfjs':
      return createTfjsEngine(settings);
    case 'verl':
      throw new StudioError('engine-failed', 'The engine verl can’t be started by this version.');
  }
};
