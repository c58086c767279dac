/** What it costs to open a dataset as large as Video-R1's RL split, every row checked, beside parsing it as one JSON text. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fullRows, writeMadeDataset } from './made-dataset.ts';
import { type BenchFigure, median } from './part.ts';

const rounds = 5;
const limitSeconds = 3;
const limitBytes = 200e6;
const execute = promisify(execFile);
const opener = path.join(import.meta.dirname, 'open-dataset.ts');

interface Opened {
  readonly rows: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

async function measure(how: 'open' | 'parse', file: string): Promise<Opened> {
  const { stdout } = await execute(process.execPath, [opener, how, file]);
  const opened = JSON.parse(stdout) as Opened;
  if (opened.rows !== fullRows) throw new Error(`${file}: ${opened.rows} rows instead of ${fullRows}`);
  return opened;
}

export async function benchData(): Promise<BenchFigure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  try {
    const array = path.join(folder, 'rows.json');
    const lines = path.join(folder, 'rows.jsonl');
    await writeMadeDataset(array, fullRows, 'array');
    await writeMadeDataset(lines, fullRows, 'lines');
    const runs = { array: [] as Opened[], lines: [] as Opened[], parse: [] as Opened[] };
    // Taken in turn, so that a busy moment of the machine meets all.
    for (let round = 0; round < rounds; round++) {
      runs.array.push(await measure('open', array));
      runs.lines.push(await measure('open', lines));
      runs.parse.push(await measure('parse', array));
    }
    const seconds = (of: readonly Opened[]) => median(of.map((run) => run.seconds));
    const peak = (of: readonly Opened[]) => Math.max(...of.map((run) => run.peakBytes));
    const megabytes = ((await stat(array)).size / 1e6).toFixed(0);
    const opened = (name: string, of: readonly Opened[], size: string): BenchFigure => ({
      name,
      value: seconds(of),
      unit: 's',
      note: `${fullRows} rows, ${size}every row checked; ${(seconds(of) / limitSeconds).toFixed(2)} of the ${limitSeconds} s that it may take; ${(seconds(of) / seconds(runs.parse)).toFixed(2)} times JSON.parse of the array (${seconds(runs.parse).toFixed(2)} s)`,
    });
    const most = Math.max(peak(runs.array), peak(runs.lines));
    return [
      opened('opening a dataset, array', runs.array, `${megabytes} MB, `),
      opened('opening a dataset, lines', runs.lines, ''),
      {
        name: 'rows validated',
        value: fullRows / seconds(runs.array),
        unit: 'row/s',
        note: `read, parsed and checked, from the array; median of ${rounds}`,
      },
      {
        name: 'peak memory of opening it',
        value: most / 1e6,
        unit: 'MB',
        note: `the whole process; ${(most / limitBytes).toFixed(2)} of the ${limitBytes / 1e6} MB that it may take; JSON.parse takes ${(peak(runs.parse) / 1e6).toFixed(0)} MB`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
