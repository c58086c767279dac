/** The trainer's log file, with times; what the editor's "Show Log" follows. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { logFile, trainerFolder } from '../../protocol/discovery.ts';

const keptBytes = 5e6;

/** A log that starts a new file when the old one has grown large; one old file is kept. */
export function openLog(projectFolder: string): (line: string) => void {
  const folder = path.join(projectFolder, trainerFolder);
  const file = path.join(folder, logFile);
  return (line) => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > keptBytes) renameSync(file, `${file}.1`);
      appendFileSync(file, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
    } catch (thrown) {
      // A log that can't be written, on a full disk say, must not end the training that it is about.
      process.stderr.write(`${line}\n(the log can't be written: ${(thrown as Error).message})\n`);
    }
  };
}
