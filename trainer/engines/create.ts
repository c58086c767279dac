/** The engines by name. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CreateEngine } from './engine.ts';
import { newModelFolder } from './new-model-folder.ts';
import { createTfjsEngine } from './tfjs/engine.ts';
import { createVerlEngine } from './verl/engine.ts';

export const createEngine: CreateEngine = async (settings) => {
  switch (settings.name) {
    case 'tfjs':
      return createTfjsEngine(settings);
    case 'verl':
      return createVerlEngine(settings, {
        packages: fileURLToPath(new URL('verl/gateway', import.meta.url)),
        logs: path.join(tmpdir(), 'video-r1-verl-logs'),
        pythonFor: () => process.env.VIDEO_R1_VERL_PYTHON ?? null,
        makeModel: newModelFolder,
      });
    default:
      return settings satisfies never;
  }
};
