/**
 * The Python that the engine is compared with: one that has PyTorch and transformers. Run by itself, this file makes it:
 * `npm run setup:python` installs `requirements.txt` into `.cache/python` (1.5 GB). With `CI=true`, `npm test` does so too.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');
const environment = path.join(root, '.cache', 'python');
const environmentPython = path.join(
  environment,
  ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
);

export type FoundPython = { readonly python: string } | { readonly python: null; readonly reason: string };

const needed = 'import torch, transformers, safetensors, PIL; assert transformers.__version__ >= "5.24"';

/** The first Python of those below that runs a line, which imports what is needed. */
export function findPythonWith(line: string, what: string): FoundPython {
  const named = process.env.VIDEO_R1_PYTHON;
  const candidates = named === undefined ? [environmentPython, 'python3'] : [named];
  for (const python of candidates) {
    if (path.isAbsolute(python) && !existsSync(python)) continue;
    if (spawnSync(python, ['-c', line], { stdio: 'ignore' }).status === 0) return { python };
  }
  const reason = `${named ?? 'python3'} has no ${what}; "npm run setup:python" installs it into .cache/python`;
  return { python: null, reason };
}

/** `VIDEO_R1_PYTHON` when it is set, else the environment in `.cache/python`, else `python3`; the first that has what is needed. */
export const findPython = (): FoundPython => findPythonWith(needed, 'PyTorch with transformers 5.24');

/** Makes the environment. PyTorch comes first, so that nothing else picks a build of it. @throws when Python or a download is missing */
function installPython(): void {
  const run = (command: string, args: readonly string[]): void => {
    execFileSync(command, args, { cwd: import.meta.dirname, stdio: 'inherit' });
  };
  if (!existsSync(environmentPython)) run(process.env.VIDEO_R1_PYTHON ?? 'python3', ['-m', 'venv', environment]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  run(environmentPython, [...pip, 'torch==2.13.0']);
  run(environmentPython, [...pip, '-r', 'requirements.txt']);
}

if (process.argv[1] === import.meta.filename) {
  const before = findPythonWith(`${needed}; import duckdb`, 'PyTorch, transformers and DuckDB');
  if (before.python === null) installPython();
  const after = findPython();
  process.stdout.write(
    after.python === null ? `${after.reason}.\n` : `${after.python} has PyTorch and transformers.\n`,
  );
  process.exitCode = after.python === null ? 1 : 0;
}
