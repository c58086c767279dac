/** Runs another program to its end; an abort ends it with all that it started. What its end means is the caller's business. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface ProgramOptions {
  readonly signal: AbortSignal;
  readonly folder?: string;
  /** Beside this process's own environment; undefined takes a variable of it away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** On Windows npm is a script, which takes a shell: then give paths by `folder` alone. */
  readonly shell?: boolean;
  /** Called with each line of its output. */
  onLine?(line: string): void;
}

export type ProgramEnd =
  | { readonly kind: 'not-started'; readonly missing: boolean; readonly cause: Error }
  /** `code` is null when a signal ended it; `said` is the end of its output of errors. */
  | { readonly kind: 'ended'; readonly code: number | null; readonly said: string };

/** @throws the signal's reason when aborted */
export async function runProgram(
  program: string,
  args: readonly string[],
  { signal, folder, environment, shell = false, onLine }: ProgramOptions,
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const child = spawn(program, [...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', onLine ? 'pipe' : 'ignore', 'pipe'],
    shell,
    windowsHide: true,
    detached: process.platform !== 'win32',
  });
  const abort = () => endTree(child);
  signal.addEventListener('abort', abort, { once: true });
  let said = '';
  child.stderr?.on('data', (data: Buffer) => {
    said = `${said}${data}`.slice(-2000);
  });
  let open = '';
  child.stdout?.setEncoding('utf8').on('data', (data: string) => {
    const lines = `${open}${data}`.split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  });
  const end = await new Promise<ProgramEnd>((resolve) => {
    child.on('error', (cause: NodeJS.ErrnoException) =>
      resolve({ kind: 'not-started', missing: cause.code === 'ENOENT', cause }),
    );
    child.on('close', (code) => resolve({ kind: 'ended', code, said: said.trim() }));
  });
  signal.removeEventListener('abort', abort);
  signal.throwIfAborted();
  return end;
}

/** The program and what it started. */
function endTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { windowsHide: true });
    else process.kill(-child.pid, 'SIGTERM');
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ESRCH') throw failure; // it has ended by itself
  }
}
