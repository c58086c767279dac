/** Opens one dataset in a process of its own and prints seconds and peak memory; `parse` reads the same file as one JSON text. */
import { readFileSync } from 'node:fs';
import { openDataset } from '../../trainer/data/dataset.ts';

const [how, file] = process.argv.slice(2) as ['open' | 'parse', string];
const start = performance.now();
let rows: number;
if (how === 'open') {
  const dataset = await openDataset(file);
  rows = dataset.count;
  dataset.dispose();
} else rows = (JSON.parse(readFileSync(file, 'utf8')) as unknown[]).length;
const seconds = (performance.now() - start) / 1000;

/** Of this program alone: `maxRSS` also counts what the process that started it held at that moment. */
function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // Only Linux has that file.
  }
  return process.resourceUsage().maxRSS * 1024;
}
process.stdout.write(JSON.stringify({ rows, seconds, peakBytes: peakBytes() }));
