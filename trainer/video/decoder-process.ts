/**
 * Decoding in a process of its own. A process that holds a model is large, and each ffmpeg that it started would stop it for
 * as long as the copy of its page tables takes: 50 ms and more at 700 MB, during which the server would not answer.
 * It leads a process group of its own: Ctrl-C in the terminal is for the trainer, and what is left of decoding can be ended
 * whole.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Frames } from '../engines/engine.ts';
import { errorFrom, type SentError, StudioError } from '../protocol/errors.ts';
import type { DecodeMedia } from './decode.ts';
import type { LoadedMedia, StoredView } from './frame-cache.ts';

export interface DecoderRequest {
  readonly id: number;
  readonly request: DecodeMedia;
}

export type DecoderAnswer =
  | { readonly id: number; readonly frames: Frames; readonly view: StoredView }
  | { readonly id: number; readonly fault: SentError };

interface Waiting {
  resolve(media: LoadedMedia): void;
  reject(fault: StudioError): void;
}

/** Beside this file in a source tree, beside the bundle in the packaged extension. */
function decoderScript(): string {
  const fromSource = fileURLToPath(new URL('./decoder.ts', import.meta.url));
  return existsSync(fromSource) ? fromSource : fileURLToPath(new URL('./decoder.js', import.meta.url));
}

export class DecoderProcess {
  private child: ChildProcess | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  /** Starts the process while this one is still small. */
  constructor() {
    this.child = this.start();
  }

  /** @throws StudioError as `decodeMedia`, or `cancelled` when the process was ended; the next call starts another. */
  decode(request: DecodeMedia): Promise<LoadedMedia> {
    this.child ??= this.start();
    const { child } = this;
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      child.ref();
      child.channel?.ref();
      child.send({ id, request } satisfies DecoderRequest, (error) => {
        if (error) this.fail(`it can't be reached (${error.message})`);
      });
    });
  }

  dispose(): void {
    this.fail('it was closed');
    if (this.child) endGroup(this.child);
    this.child = null;
  }

  private start(): ChildProcess {
    const child = fork(decoderScript(), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      detached: process.platform !== 'win32',
    });
    child.on('message', (answer: DecoderAnswer) => this.settle(answer));
    child.on('error', (error) => this.lose(child, error.message));
    child.on('exit', (code, signal) => this.lose(child, `it ended with ${signal ?? `code ${code}`}`));
    this.letGo(child);
    return child;
  }

  private settle(answer: DecoderAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (this.waiting.size === 0 && this.child) this.letGo(this.child);
    if ('fault' in answer) waiting?.reject(errorFrom(answer.fault));
    else {
      const pixels = new Uint8Array(new SharedArrayBuffer(answer.frames.pixels.length));
      pixels.set(answer.frames.pixels);
      waiting?.resolve({ frames: { ...answer.frames, pixels }, view: answer.view });
    }
  }

  private lose(child: ChildProcess, why: string): void {
    if (this.child !== child) return;
    this.child = null;
    endGroup(child);
    this.fail(why);
  }

  private fail(why: string): void {
    for (const { reject } of this.waiting.values())
      reject(
        new StudioError('cancelled', `The process that decodes is gone: ${why}.`, {
          remedy: 'Try again. If nobody ended it, the machine may be short of memory.',
        }),
      );
    this.waiting.clear();
  }

  /** An idle decoder keeps no program from ending. */
  private letGo(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
  }
}

/** The decoder and every ffmpeg that it started, also where it has ended itself. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ESRCH') throw failure; // all of it has ended by itself
  }
}
