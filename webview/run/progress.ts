/** How much longer a run will take, as far as a page can tell. */
import { type RunSummary, remainingMs } from '../../trainer/protocol/run-state.ts';
import type { LinkStatus } from '../host.ts';

/** Milliseconds of work left; 0 when it is done, null when nothing is known or nobody is there who works. */
export function timeLeft(run: RunSummary, link: LinkStatus): number | null {
  return link.state === 'open' || run.state === 'completed' ? remainingMs(run) : null;
}
