/** A dataset's file as the last commit of its repository has it, as a stream. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import path from 'node:path';
import type { FileVersion } from '../../trainer/data/editable/compare-version.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';

/**
 * Whoever leaves the stream early ends git.
 * @throws StudioError `not-found` from the stream where git, a repository, a commit, or the file in it is missing
 */
export function headVersion(file: string, signal: AbortSignal): FileVersion {
  return { name: `HEAD:${path.basename(file)}`, bytes: output(file, signal) };
}

async function* output(file: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  signal.throwIfAborted();
  const folder = path.dirname(file);
  // Not in the project's folder: Windows would take a program of that name from there.
  const git = spawn('git', ['-C', folder, 'show', `HEAD:./${path.basename(file)}`], {
    cwd: homedir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const end = () => void git.kill();
  signal.addEventListener('abort', end, { once: true });
  const failed = once(git, 'error').then(([cause]) => cause as Error);
  const ended = once(git, 'close').then(([code]) => code as number | null);
  let said = '';
  git.stderr.on('data', (data: Buffer) => {
    said = `${said}${data}`.slice(-500);
  });
  try {
    yield* git.stdout as AsyncIterable<Buffer>;
    const code = await Promise.race([ended, failed]);
    signal.throwIfAborted();
    if (code === 0) return;
    throw new StudioError(
      'not-found',
      code instanceof Error ? `git did not start: ${code.message}.` : `git has no such file at HEAD: ${said.trim()}`,
      { place: file, remedy: 'Commit the file once; then what changed since is shown here.' },
    );
  } finally {
    signal.removeEventListener('abort', end);
    git.kill();
  }
}
