/**
 * Where the engine's own files lie: beside this file in a source tree, in the packaged extension in a folder beside the bundle.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EnvironmentKind } from '../../protocol/verl-environments.ts';
import { cacheFolder } from '../cache-folder.ts';

/** The folder beside the bundle that the build fills. */
export const bundledFolder = 'verl';

function ownFile(fromSource: string): string {
  const beside = fileURLToPath(new URL(fromSource, import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL(`${bundledFolder}/${fromSource}`, import.meta.url));
}

/** What Python must find on its path to run the gateway. */
export function gatewayPackages(): string {
  return ownFile('gateway');
}

/** What pip is asked for. It names a file of constraints beside it, with the version of every package. */
export function requirementsFile(kind: EnvironmentKind): string {
  return ownFile(`setup/requirements-${kind}.txt`);
}

export function constraintsFile(kind: EnvironmentKind): string {
  return ownFile(`setup/constraints-${kind}.txt`);
}

/** The folder in the user's cache with a folder for each kind of environment. */
export function verlFolder(home: string): string {
  return path.join(cacheFolder(home), 'verl');
}
