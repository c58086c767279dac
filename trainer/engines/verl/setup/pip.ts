/** Runs an environment's own pip, with the user's index and none of the user's other settings. */
import { devNull } from 'node:os';
import { type ProgramEnd, runProgram } from '../../../programs/run-program.ts';
import { StudioError } from '../../../protocol/errors.ts';
import { indexEnvironment } from './pip-lines.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * This process's environment without what would lead Python or pip elsewhere: `PYTHONPATH`, `PIP_TARGET`, `PIP_USER` and the
 * like, an environment that is active. Undefined takes a variable away.
 */
export function withoutUsersPython(environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const leads = /^(PYTHON|PIP_|VIRTUAL_ENV|CONDA_PREFIX|__PYVENV_)/i;
  return {
    ...Object.fromEntries(Object.keys(environment).flatMap((name) => (leads.test(name) ? [[name, undefined]] : []))),
    PYTHONNOUSERSITE: '1',
  };
}

/** @throws StudioError `engine-failed` where the user's own settings can't be read; the signal's reason when aborted */
export async function pipEnvironment(python: string, signal: AbortSignal): Promise<Variables> {
  const lines: string[] = [];
  const end = await runProgram(python, ['-I', '-m', 'pip', 'config', 'list'], {
    signal,
    onLine: (line) => lines.push(line),
  });
  if (end.kind !== 'ended' || end.code !== 0) throw pipFailed(end, 'pip could not read its settings');
  return {
    ...withoutUsersPython(process.env),
    ...indexEnvironment(lines),
    PIP_CONFIG_FILE: devNull,
    PIP_NO_INPUT: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
  };
}

export interface PipOptions {
  readonly python: string;
  readonly environment: Variables;
  readonly signal: AbortSignal;
  onLine?(line: string): void;
}

/** `pip install`. @throws StudioError `disk-full`, `engine-failed` with pip's own words; the signal's reason when aborted */
export async function pipInstall(args: readonly string[], { python, onLine, ...options }: PipOptions): Promise<void> {
  const end = await runProgram(python, ['-m', 'pip', 'install', ...args], { ...options, onLine: onLine ?? (() => {}) });
  if (end.kind === 'ended' && end.code === 0) return;
  throw pipFailed(end, 'pip could not install the packages');
}

function pipFailed(end: ProgramEnd, what: string): StudioError {
  if (end.kind === 'not-started')
    return new StudioError('engine-failed', `${what}: ${end.cause.message}`, { cause: end.cause });
  if (/No space left on device|Errno 28/.test(end.said))
    return new StudioError('disk-full', `${what}: no space is left on the disk.`, {
      remedy: 'Free some space, or let XDG_CACHE_HOME name a folder on another disk; the same command goes on.',
    });
  const errors = end.said.split('\n').filter((line) => line.startsWith('ERROR:'));
  const why = (errors.length > 0 ? errors.join(' ') : end.said) || `it ended with code ${end.code}`;
  return new StudioError('engine-failed', `${what}: ${why}`, {
    remedy: "Look at pip's own settings (pip config list) and at the network; the same command goes on.",
  });
}
