/** Opens, searches, edits and saves one dataset in a process of its own; prints what each took and the peak of its memory. */

import { createReadStream } from 'node:fs';
import { compareWithVersion } from '../../trainer/data/editable/compare-version.ts';
import { EditableDataset } from '../../trainer/data/editable/editable-dataset.ts';
import { searchRows } from '../../trainer/data/editable/search-rows.ts';
import { timed } from './part.ts';
import { peakBytes } from './peak-memory.ts';

const [file, other] = process.argv.slice(2) as [string, string];

/** The longest that anyone else on this thread waited. */
let longestTurnMs = 0;
let lastTurn = performance.now();
const ticking = setInterval(() => {
  const now = performance.now();
  longestTurnMs = Math.max(longestTurnMs, now - lastTurn - 1);
  lastTurn = now;
}, 1);

const start = performance.now();
const dataset = await EditableDataset.open(file);
await dataset.rows(0, 50);
const firstRowsMs = performance.now() - start;
await dataset.indexed;
const indexMs = performance.now() - start;
let found = 0;
const searchMs = await timed(async () => {
  found = (await searchRows(dataset, { text: 'Hand Picks “quoted”' })).length;
});
const middle = Math.floor(dataset.rowCount / 2);
const { value } = (await dataset.row(middle)) as { value: { process: string } };
await dataset.edit(middle, 'process', `${value.process} Wait, é.`);
const saveMs = await timed(() => dataset.save());
const changed: number[] = [];
const compareMs = await timed(async () => {
  const comparison = await compareWithVersion(dataset, { name: other, bytes: createReadStream(other) });
  for (const { row } of comparison.changed) changed.push(row);
});
if (changed.length !== 1 || changed[0] !== middle) throw new Error(`rows ${changed} differ instead of ${middle}`);
clearInterval(ticking);
process.stdout.write(
  JSON.stringify({
    rows: dataset.rowCount,
    found,
    firstRowsMs,
    indexMs,
    searchMs,
    saveMs,
    compareMs,
    longestTurnMs,
    peakBytes: peakBytes(),
  }),
);
