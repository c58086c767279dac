/** Gateways of the engine verl that stay: on this machine, or on nodes that Slurm gives. */
import { StudioError } from '../protocol/errors.ts';
import { gatewayPackages } from './verl/files.ts';
import { environmentFor } from './verl/setup/environment.ts';
import { slurmScript } from './verl/slurm.ts';

export const gatewayOnSlurm = { script: slurmScript, packages: gatewayPackages };

/** The Python of `video-r1 setup verl`. @throws StudioError `engine-failed` where there is none */
export function setUpPython(device: 'auto' | 'cpu' | 'cuda'): string {
  const environment = environmentFor(device);
  if (environment !== null) return environment.python;
  throw new StudioError('engine-failed', 'No Python with verl was set up here.', {
    remedy: `Run: video-r1 setup verl${device === 'cpu' ? ' --cpu' : ''}; or name one with --python.`,
  });
}
