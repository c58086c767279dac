/** The most memory that this program had at any moment. */
import { readFileSync } from 'node:fs';

/** In bytes, of this program alone: `maxRSS` also counts what the process that started it held at that moment. */
export function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // Only Linux has that file.
  }
  return process.resourceUsage().maxRSS * 1024;
}
