/** Opens one dataset in a process of its own and prints seconds and peak memory; `parse` reads the same file as one JSON text. */
import { readFileSync } from 'node:fs';
import { openDataset } from '../../trainer/data/dataset.ts';
import { peakBytes } from './peak-memory.ts';

const [how, file] = process.argv.slice(2) as ['open' | 'parse', string];
const start = performance.now();
let rows: number;
if (how === 'open') {
  const dataset = await openDataset(file);
  rows = dataset.count;
  dataset.dispose();
} else rows = (JSON.parse(readFileSync(file, 'utf8')) as unknown[]).length;
const seconds = (performance.now() - start) / 1000;
process.stdout.write(JSON.stringify({ rows, seconds, peakBytes: peakBytes() }));
