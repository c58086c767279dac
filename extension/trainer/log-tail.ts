/** Follows a log file that another process writes, line by line. */
import { existsSync, type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { open } from 'node:fs/promises';

const lookEveryMs = 1000;
/** Of a log that is there already, this much of its end is shown. */
const pastBytes = 16 * 1024;

export class LogTail {
  private readonly file: string;
  private readonly onLine: (line: string) => void;
  private readonly listener: StatsListener;
  private position: number | undefined;
  private rest = '';
  private reading: Promise<void> = Promise.resolve();

  constructor(file: string, onLine: (line: string) => void) {
    this.file = file;
    this.onLine = onLine;
    this.listener = () => this.look();
    watchFile(file, { interval: lookEveryMs, persistent: false }, this.listener);
    this.look();
  }

  /** Reads what was added since the last look; looks follow one another. */
  look(): Promise<void> {
    this.reading = this.reading.then(() => this.read());
    return this.reading;
  }

  private async read(): Promise<void> {
    if (!existsSync(this.file)) return;
    const handle = await open(this.file, 'r');
    try {
      const { size } = await handle.stat();
      const fromMiddle = this.position === undefined && size > pastBytes;
      let position = this.position ?? Math.max(0, size - pastBytes);
      if (size < position) position = 0; // the log was begun anew
      const bytes = Buffer.alloc(size - position);
      await handle.read(bytes, 0, bytes.length, position);
      this.position = size;
      const lines = (this.rest + bytes.toString('utf8')).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of fromMiddle ? lines.slice(1) : lines) this.onLine(line.replace(/\r$/, ''));
    } finally {
      await handle.close();
    }
  }

  dispose(): void {
    unwatchFile(this.file, this.listener);
  }
}
