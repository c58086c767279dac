/** Asks whoever sits at the terminal. */
import { createInterface } from 'node:readline/promises';
import { StudioError } from '../../protocol/errors.ts';
import { type Resumption, resumptionWords } from '../../protocol/resumption.ts';
import { quoted } from './callable.ts';

/** Whether somebody can be asked. */
export const canAsk = (): boolean => process.stdin.isTTY === true;

/** Anything but yes is no. @param question ends with what may be typed, such as "[y/N] " */
export async function saysYes(question: string, signal?: AbortSignal): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  // While it asks, it takes the key before the terminal makes a signal of it.
  asking.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await asking.question(question, signal ? { signal } : {})).trim());
  } finally {
    asking.close();
  }
}

/**
 * Says what a resume leaves out of the curves, and has a person agree where it is more than a kill costs.
 * @param folder the project's
 * @param yes they have agreed beforehand
 * @returns whether they agreed, as the command says it
 * @throws StudioError `conflict` when they do not, or nobody can be asked
 */
export async function consentTo(
  planned: Resumption,
  run: string,
  folder: string,
  yes: boolean,
  say: (line: string) => void,
): Promise<boolean> {
  const left = resumptionWords(planned);
  if (planned.asks === null) {
    if (left !== null) say(left);
    return false;
  }
  const why = [planned.asks, left].filter((part) => part !== null).join(' ');
  if (yes || canAsk()) say(why);
  if (yes || (canAsk() && (await saysYes('Go on from there? [y/N] ')))) return true;
  throw new StudioError('conflict', yes || canAsk() ? 'The run stays as it is.' : why, {
    place: run,
    remedy: `Agree with --yes, name another checkpoint with --from STEP, or leave this run as it is and make a new one: video-r1 run --fork ${run} --from ${planned.from} --folder ${quoted(folder)}`,
  });
}
