/** The trainer process of a project folder, as seen from outside: by the file it leaves there. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const lookEveryMs = 50;
const patienceMs = 15_000;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Process number of the folder's living trainer. */
export function trainerOf(folder: string): number | undefined {
  const file = path.join(folder, '.video-r1/trainer.json');
  if (!existsSync(file)) return undefined;
  let found: unknown;
  try {
    found = (JSON.parse(readFileSync(file, 'utf8')) as { pid: unknown }).pid;
  } catch {
    return undefined; // a test wrote rubbish there on purpose
  }
  return typeof found === 'number' && isAlive(found) ? found : undefined;
}

/** Ends the folder's trainer, if there is one, and waits until it is gone. */
export async function endTrainer(folder: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const pid = trainerOf(folder);
  if (pid === undefined) return;
  process.kill(pid, signal);
  const giveUp = Date.now() + patienceMs;
  while (isAlive(pid)) {
    if (Date.now() > giveUp) process.kill(pid, 'SIGKILL');
    await pause(lookEveryMs);
  }
}
