/** Whatever computes gives way to the thread that answers, where there are fewer cores than there is work. */
import { readlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** How much less of a core it gets where it has to share one; a step of the scheduler's nice values is about a quarter. */
const nicer = 5;

/** Makes the calling thread nicer than the others of its process. Only Linux has that: elsewhere, and where it is not allowed, nothing changes. */
export function giveWayAsThread(): void {
  attempt(() => {
    const thread = Number(path.basename(readlinkSync('/proc/thread-self')));
    if (Number.isInteger(thread) && thread > 0) os.setPriority(thread, lowered(os.getPriority(thread)));
  });
}

/** Makes the calling process, and what it starts from now on, nicer than others. Where it is not allowed, nothing changes. */
export function giveWayAsProcess(): void {
  attempt(() => os.setPriority(lowered(os.getPriority())));
  // Linux may weigh sessions against each other, and this process may lead one of its own.
  if (process.platform === 'linux') attempt(() => writeFileSync('/proc/self/autogroup', String(nicer)));
}

const lowered = (priority: number): number => Math.min(os.constants.priority.PRIORITY_LOW, priority + nicer);

function attempt(change: () => void): void {
  try {
    change();
  } catch {
    // It goes on as it was, which costs answers some milliseconds.
  }
}
