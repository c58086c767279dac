/** Finds all that a gateway started, in whatever group: Ray gives its programs groups of their own, and some outlive a gateway that was killed. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const name = 'VIDEO_R1_GATEWAY';

export interface ProcessMark {
  /** For the environment of the program, which all that it starts inherit. */
  readonly env: Readonly<Record<string, string>>;
  /** Kills every process with the mark, where the system tells environments, which is Linux. */
  killAll(): void;
}

export function processMark(): ProcessMark {
  const value = randomBytes(16).toString('hex');
  return {
    env: { [name]: value },
    killAll() {
      const pids = existsSync('/proc') ? readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)) : [];
      for (const pid of pids) {
        try {
          const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
          if (environment.includes(`${name}=${value}`)) process.kill(Number(pid), 'SIGKILL');
        } catch {
          // It has ended, or is another user's.
        }
      }
    },
  };
}
