/** The machine's own npm with its own configuration, which fetches packages into a folder; their scripts never run. */
import { type ErrorKind, StudioError } from '../protocol/errors.ts';
import { runProgram } from './run-program.ts';

export interface NpmOptions {
  readonly signal: AbortSignal;
  /** Kind of the error, and what else could be done, where npm is missing or fails. */
  readonly kind: ErrorKind;
  readonly withoutNpm: string;
}

/** @throws StudioError of the kind given; the signal's reason when aborted */
export async function checkNpm(folder: string, options: NpmOptions): Promise<void> {
  const complaint = await run(folder, ['--version'], options);
  if (complaint !== null) throw absent(options);
}

/**
 * Runs `npm install` or `npm ci` with the arguments in the folder.
 * @throws StudioError of the kind given; the signal's reason when aborted
 */
export async function fetchPackages(folder: string, args: readonly string[], options: NpmOptions): Promise<void> {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const [verb = 'install', ...rest] = args;
  const complaint = await run(folder, [verb, ...quiet, '--prefix', '.', ...rest], options);
  if (complaint === null) return;
  throw new StudioError(options.kind, `npm could not fetch the packages: ${complaint}`, {
    remedy: `Look at npm's own settings and at the network, then try again. ${options.withoutNpm}`,
  });
}

/** Null when it went well, else npm's own words. */
async function run(folder: string, args: readonly string[], options: NpmOptions): Promise<string | null> {
  const end = await runProgram('npm', args, { folder, signal: options.signal, shell: process.platform === 'win32' });
  if (end.kind === 'ended') return end.code === 0 ? null : end.said || `it ended with code ${end.code}`;
  if (end.missing) throw absent(options, end.cause);
  throw new StudioError(options.kind, `npm does not start: ${end.cause.message}`, {
    remedy: options.withoutNpm,
    cause: end.cause,
  });
}

function absent({ kind, withoutNpm }: NpmOptions, cause?: unknown): StudioError {
  return new StudioError(kind, 'There is no npm on this machine.', { remedy: withoutNpm, cause });
}
