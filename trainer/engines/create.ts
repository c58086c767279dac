/** The engines by name. */
import { homedir } from 'node:os';
import path from 'node:path';
import type { CreateEngine } from './engine.ts';
import { newModelFolder } from './new-model-folder.ts';
import { createTfjsEngine } from './tfjs/engine.ts';
import { createVerlEngine } from './verl/engine.ts';
import { gatewayPackages, verlFolder } from './verl/files.ts';
import { environmentFor } from './verl/setup/environment.ts';

export const createEngine: CreateEngine = async (settings) => {
  switch (settings.name) {
    case 'tfjs':
      return createTfjsEngine(settings);
    case 'verl':
      return createVerlEngine(settings, {
        packages: gatewayPackages(),
        logs: path.join(verlFolder(homedir()), 'logs'),
        pythonFor: (device) => environmentFor(device)?.python ?? null,
        makeModel: newModelFolder,
      });
    default:
      return settings satisfies never;
  }
};
