/**
 * Errors that people read: what happened, where, and what to do. They cross the socket as data (JSON-RPC `error.data`)
 * and are shown as they are; nothing is looked up in a message text.
 */
import { z } from 'zod';
import { fileFault } from './file-faults.ts';

export const errorKinds = [
  'bad-request', // a message that does not fit the contract
  'bad-input', // what was given to be read has a fault
  'protocol-version', // a peer of another major version
  'not-found', // no such run, group, rollout, checkpoint or file
  'conflict', // the run is in a state in which this can't be done
  'bad-run-file', // a run file with a fault
  'bad-dataset', // a dataset file with a fault
  'bad-media', // a video or image that can't be read
  'bad-model', // a model folder that can't be loaded
  'bad-template', // a prompt template with a fault
  'ffmpeg-missing', // no ffmpeg on this machine
  'no-access', // a folder in which a trainer can't write
  'node-missing', // no Node.js that can run the trainer
  'folder-busy', // another trainer owns the folder
  'port-taken', // the port asked for is in use
  'bad-store', // a run's database that can't be read
  'cancelled', // given up because nobody waits for the answer any more, or ended from outside before there was one
  'connection-lost', // the socket to the trainer closed before the answer came
  'disk-full', // no space left where a run must write
  'engine-failed', // the engine died or refused
  'not-finite', // loss or gradient is not a finite number
  'internal', // a fault of ours
] as const;
export type ErrorKind = (typeof errorKinds)[number];

export const errorData = z.object({
  kind: z.enum(errorKinds),
  /** Where: a file and line, a row, a step, a key. */
  place: z.string().optional(),
  /** What the reader can do about it. */
  remedy: z.string().optional(),
});
export type ErrorData = z.infer<typeof errorData>;

/** The one error type that is thrown on purpose; anything else that reaches a boundary is reported as `internal`. */
export class StudioError extends Error {
  readonly kind: ErrorKind;
  readonly place: string | undefined;
  readonly remedy: string | undefined;

  constructor(kind: ErrorKind, message: string, at: { place?: string; remedy?: string; cause?: unknown } = {}) {
    super(message, at.cause === undefined ? undefined : { cause: at.cause });
    this.name = 'StudioError';
    this.kind = kind;
    this.place = at.place;
    this.remedy = at.remedy;
  }

  get data(): ErrorData {
    return {
      kind: this.kind,
      ...(this.place === undefined ? {} : { place: this.place }),
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
    };
  }

  /** Message, place and remedy as one text for a terminal or a notification. */
  override toString(): string {
    return [this.place ? `${this.place}: ${this.message}` : this.message, this.remedy].filter(Boolean).join('\n');
  }
}

/** An error as it crosses to another process or thread. */
export type SentError = ErrorData & { readonly message: string };

export function sentError(thrown: unknown): SentError {
  const error = asStudioError(thrown);
  return { ...error.data, message: error.message };
}

/** The error on the other side. @param cause what it came in */
export function errorFrom({ kind, message, place, remedy }: SentError, cause?: unknown): StudioError {
  return new StudioError(kind, message, { ...(place && { place }), ...(remedy && { remedy }), cause });
}

/** Any thrown value as a StudioError: what the system says of a file as such, anything else that is not one as `internal`. */
export function asStudioError(thrown: unknown): StudioError {
  if (thrown instanceof StudioError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const ofFile = fileFault(error);
  if (ofFile) {
    const { kind, message, place, remedy } = ofFile;
    return new StudioError(kind, message, { ...(place !== undefined && { place }), remedy, cause: error });
  }
  if (
    /ENOSPC|SQLITE_FULL|database or disk is full/.test(
      `${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`,
    )
  ) {
    return new StudioError('disk-full', 'No space is left on the disk that holds the run.', {
      remedy: 'Free some space, then resume the run: it goes on from its last checkpoint.',
      cause: error,
    });
  }
  return new StudioError('internal', error.message, { cause: error });
}
