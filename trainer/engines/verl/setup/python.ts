/** A Python that an environment for verl can be made with: 3.10 to 3.12, with the modules that make environments. */
import { runProgram } from '../../../programs/run-program.ts';
import { StudioError } from '../../../protocol/errors.ts';

export interface FoundPython {
  /** As it is called. */
  readonly program: string;
  /** `3.11.7` */
  readonly version: string;
}

/** In the order in which they are tried. */
const programs = ['python3.12', 'python3.11', 'python3.10', 'python3'] as const;

/** Isolated from the user's own modules and variables. */
const question = "import sys, venv, ensurepip; print('python', '.'.join(map(str, sys.version_info[:3])))";

const needed = 'verl needs Python 3.10, 3.11 or 3.12, with its modules venv and ensurepip';
const remedy =
  'Install one ("apt install python3.11 python3.11-venv", "module load python/3.11", or "conda create -n py311 python=3.11" and activate it), so that python3.11 or python3 is found here.';

/** What was found under each name, for who looks for a Python in vain. */
export interface PythonSearch {
  readonly found: FoundPython | null;
  /** `python3 is 3.13.0`, `python3.12 is not there`. */
  readonly seen: readonly string[];
}

/** Tries each name once. @throws the signal's reason when aborted */
export async function searchPython(signal: AbortSignal): Promise<PythonSearch> {
  const seen: string[] = [];
  for (const program of programs) {
    const looked = await versionOf(program, signal);
    if (typeof looked === 'string') seen.push(looked);
    else if (/^3\.1[012]\./.test(looked.version)) return { found: looked, seen };
    else seen.push(`${program} is ${looked.version}`);
  }
  return { found: null, seen };
}

/** @throws StudioError `engine-failed` where there is none; the signal's reason when aborted */
export async function requirePython(signal: AbortSignal): Promise<FoundPython> {
  const { found, seen } = await searchPython(signal);
  if (found !== null) return found;
  throw new StudioError('engine-failed', `${needed}: ${seen.join(', ')}.`, { remedy });
}

/** What `doctor` says where there is none. */
export const withoutPython = `${needed}. ${remedy}`;

async function versionOf(program: string, signal: AbortSignal): Promise<FoundPython | string> {
  let version: string | undefined;
  const end = await runProgram(program, ['-I', '-c', question], {
    signal,
    onLine: (line) => {
      version ??= /^python (\d+\.\d+\.\d+)$/.exec(line.trim())?.[1];
    },
  });
  if (end.kind === 'not-started') return `${program} ${end.missing ? 'is not there' : 'does not start'}`;
  if (end.code === 0 && version !== undefined) return { program, version };
  const module = /No module named '([\w.]+)'/.exec(end.said)?.[1];
  return module === undefined ? `${program} does not run` : `${program} has no module ${module}`;
}
