/**
 * The Python with TRL that the engines are compared with: `VIDEO_R1_TRL_PYTHON`, else the environment in `.cache/trl`, which
 * `npm run bench -- verl --setup` makes from `requirements.txt` (1.6 GB).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { FoundPython } from '../../fidelity/python.ts';

const folder = path.resolve(import.meta.dirname, '..', '..', '..', '.cache', 'trl');
const own = path.join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
const needed = "import importlib.metadata as m, torch, transformers; assert m.version('trl') == '1.16.0'";

export function findTrl(): FoundPython {
  const named = process.env.VIDEO_R1_TRL_PYTHON;
  const python = named ?? own;
  if (named === undefined && !existsSync(own))
    return { python: null, reason: 'TRL is not in .cache/trl; with --setup the bench installs it there' };
  if (spawnSync(python, ['-c', needed], { stdio: 'ignore' }).status === 0) return { python };
  return { python: null, reason: `${python} has no TRL 1.16.0 beside PyTorch and transformers` };
}

/** PyTorch comes first, so that nothing else picks a build of it. @throws when Python or a download is missing */
export function installTrl(): void {
  const run = (command: string, args: readonly string[]): void => {
    execFileSync(command, args, { cwd: import.meta.dirname, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  if (!existsSync(own)) run(process.env.VIDEO_R1_PYTHON ?? 'python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  run(own, [...pip, 'torch==2.13.0']);
  run(own, [...pip, '-r', 'requirements.txt']);
}
