/** Work of a command that Ctrl-C ends at once, because there is nothing to save. */
import { exitCodes } from './command.ts';

/** @param stopped what is said when the work was interrupted; other errors are thrown on */
export async function interruptible(stopped: string, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await work(stop.signal);
  } catch (thrown) {
    if (!stop.signal.aborted) throw thrown;
    process.stderr.write(`${stopped}\n`);
    return exitCodes.interrupted;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
