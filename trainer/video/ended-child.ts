/**
 * How an ffmpeg or ffprobe ended. One that was ended from outside, by Ctrl-C or for want of memory, says nothing about the
 * file it worked on.
 */
import { StudioError } from '../protocol/errors.ts';

/** Signals that a program brings on itself; any other comes from outside. */
const crashes: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS']);

/** A shell that started the program gives 128 and the signal's number (1, 2, 3, 9, 15); ffmpeg gives 255 when it stops in order. */
const codesOfSignals: ReadonlySet<number> = new Set([129, 130, 131, 137, 143, 255]);

/** Why the end of a program is no verdict on the file, in a few words; null when it ended by itself. */
export function interruption(code: number | null, signal: string | null): string | null {
  if (signal !== null) return crashes.has(signal) ? null : signal;
  return code !== null && codesOfSignals.has(code) ? `code ${code}` : null;
}

/** @param by as `interruption` gives it */
export function interrupted(program: 'ffmpeg' | 'ffprobe', by: string): StudioError {
  return new StudioError('cancelled', `${program} was ended from outside (${by}) before it was done with the file.`, {
    remedy: 'Try again. If nobody ended it, the machine may be short of memory.',
  });
}

/** Does work in which a program takes part, and once more where it was ended from outside: that may have been a single blow. */
export async function twiceIfInterrupted<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof StudioError && thrown.kind === 'cancelled') return work();
    throw thrown;
  }
}
