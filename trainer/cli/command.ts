/** The form of a command of `video-r1`, and what its end means to a shell. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { asStudioError, StudioError } from '../protocol/errors.ts';

export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** Shown by `--help`, with examples. */
  readonly help: string;
  run(args: readonly string[]): Promise<number>;
}

/** Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 130 ended by Ctrl-C. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** @throws StudioError `bad-request` for an unknown option or a missing argument. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new StudioError('bad-request', (cause as Error).message, { remedy: 'See --help.', cause });
  }
}

export function printFault(thrown: unknown): number {
  const fault = asStudioError(thrown);
  process.stderr.write(`video-r1: ${fault}\n`);
  if (fault.kind === 'internal' && fault.stack) process.stderr.write(`${fault.stack}\n`);
  return fault.kind === 'bad-request' ? exitCodes.usage : exitCodes.failed;
}

/** A value on the command line: numbers, booleans and null as in JSON; anything else is a word. */
export function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `NAME=VALUE` pairs. @throws StudioError `bad-request` */
export function readSettings(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new StudioError('bad-request', `--set ${pair} is not NAME=VALUE.`, { remedy: 'See --help.' });
      return [pair.slice(0, at), readValue(pair.slice(at + 1))];
    }),
  );
}
