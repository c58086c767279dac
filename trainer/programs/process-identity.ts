/** Which process a number means: numbers are given again, after a reboot to whichever programs start first. */
import { readFileSync } from 'node:fs';

/**
 * The system's start and the process's, which no two processes of a machine share; null where the system does not tell, or
 * there is no such process.
 * Linux: proc(5), /proc/sys/kernel/random/boot_id and field 22 of /proc/PID/stat.
 */
export function processIdentity(pid: number): string | null {
  if (process.platform !== 'linux') return null;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The second field is the program's name, which may hold spaces and parentheses.
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
    const startedAt = afterName[19];
    return startedAt === undefined ? null : `${boot} ${startedAt}`;
  } catch {
    return null;
  }
}
