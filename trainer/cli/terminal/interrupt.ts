/**
 * Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP, which Node hears under nohup too), for every command alike: the first
 * ends the work cleanly with its state saved, a second one ends the process at once, and both say so. A second one within a second
 * is taken for the same key press: the terminal sends it to each process of a group, and npm and the launcher pass theirs on.
 */
import { exitCodes } from './command.ts';

const samePressMs = 1000;

const codes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: exitCodes.hungUp } as const;
type EndingSignal = keyof typeof codes;
const endingSignals = Object.keys(codes) as EndingSignal[];

export interface InterruptWords {
  /** What the first one begins, as in `Stopping`; asked when it comes. */
  readonly first: string | (() => string);
  /** What is left of the work after a second one, as in `nothing was written`. */
  readonly left: string;
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}

export class Interrupts {
  private readonly words: InterruptWords;
  private readonly say: (line: string) => void;
  private readonly stop = new AbortController();
  /** Aborted by the first one. */
  readonly signal: AbortSignal = this.stop.signal;
  private firstCode: number = exitCodes.interrupted;
  private firstAt = 0;
  private readonly onSignal = (name: EndingSignal) => this.interrupt(codes[name]);

  /** Listens until it is disposed of. @param say where a person sees the line */
  constructor(words: InterruptWords, say: (line: string) => void = toStandardError) {
    this.words = words;
    this.say = say;
    for (const name of endingSignals) process.on(name, this.onSignal);
  }

  /** Of the process when the first one ended its work: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP. */
  get exitCode(): number {
    return this.firstCode;
  }

  dispose(): void {
    for (const name of endingSignals) process.off(name, this.onSignal);
  }

  private interrupt(code: number): void {
    const { first, left } = this.words;
    if (!this.signal.aborted) {
      this.firstCode = code;
      this.firstAt = performance.now();
      // Who reads our output may have gone by the same key press, which must not end the saving.
      for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
      this.say(`${typeof first === 'string' ? first : first()}; Ctrl-C again ends at once.`);
      this.stop.abort();
    } else if (performance.now() - this.firstAt >= samePressMs) {
      this.say(`Ended at once; ${left}.`);
      process.exit(code);
    }
  }
}

/**
 * Work that needs nothing but its signal to end cleanly.
 * @param words `stopped` is said when it has ended by a signal; other errors are thrown on
 */
export async function interruptible(
  words: { readonly stopped: string; readonly left: string },
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const interrupts = new Interrupts({ first: 'Stopping', left: words.left });
  try {
    return await work(interrupts.signal);
  } catch (thrown) {
    if (!interrupts.signal.aborted) throw thrown;
    toStandardError(words.stopped);
    return interrupts.exitCode;
  } finally {
    interrupts.dispose();
  }
}
