/**
 * What it costs to edit a dataset of chains of thought as large as Video-R1's: to open, index, search, save and compare it, in a
 * process of its own each round, beside a plain copy of the same file; and to open it in the extension's editor.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { reasoningRows, writeReasoning } from './made-reasoning.ts';
import { openedInEditor } from './open-in-editor.ts';
import { type BenchFigure, median, timed } from './part.ts';

const rounds = 3;
const limitFirstRowsMs = 2_000;
const limitBytes = 300e6;
const execute = promisify(execFile);
const editor = path.join(import.meta.dirname, 'edit-dataset.ts');

interface Edited {
  readonly rows: number;
  readonly found: number;
  readonly firstRowsMs: number;
  readonly indexMs: number;
  readonly searchMs: number;
  readonly saveMs: number;
  readonly compareMs: number;
  readonly longestTurnMs: number;
  readonly peakBytes: number;
}

/** As a save does, with nothing exchanged and no check: the copy is on the disk at the end. */
async function plainCopy(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const handle = await open(to, 'r+');
  await handle.sync();
  await handle.close();
}

export async function benchEditable(): Promise<BenchFigure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  try {
    const made = path.join(folder, 'made.json');
    const file = path.join(folder, 'rows.json');
    await writeReasoning(made);
    const megabytes = (await stat(made)).size / 1e6;
    const runs: Edited[] = [];
    const copies: number[] = [];
    for (let round = 0; round < rounds; round++) {
      copies.push(await timed(() => plainCopy(made, file)));
      const { stdout } = await execute(process.execPath, [editor, file, made]);
      const edited = JSON.parse(stdout) as Edited;
      if (edited.rows !== reasoningRows) throw new Error(`${edited.rows} rows instead of ${reasoningRows}`);
      runs.push(edited);
    }
    const opened: Awaited<ReturnType<typeof openedInEditor>>[] = [];
    for (let round = 0; round < rounds; round++) opened.push(await openedInEditor(folder, made));
    const inEditor = (key: keyof (typeof opened)[number]) => Math.max(...opened.map((run) => run[key]));
    const of = (key: keyof Edited) => median(runs.map((run) => run[key]));
    const most = (key: keyof Edited) => Math.max(...runs.map((run) => run[key]));
    const seconds = (name: string, key: keyof Edited, note: string): BenchFigure => ({
      name,
      value: of(key) / 1000,
      unit: 's',
      note: `${note}; median of ${rounds}`,
    });
    return [
      {
        name: 'editing a dataset: open to first rows',
        value: most('firstRowsMs'),
        unit: 'ms',
        note: `${reasoningRows} rows, ${megabytes.toFixed(0)} MB; slowest of ${rounds}; ${(most('firstRowsMs') / limitFirstRowsMs).toFixed(3)} of the ${limitFirstRowsMs / 1000} s that it may take`,
      },
      seconds('its whole index', 'indexMs', 'behind the first rows: every row found, parsed and hashed'),
      seconds('searching it for a text', 'searchMs', `in every field of every row, ${runs[0]?.found} found`),
      seconds('saving it with one edit', 'saveMs', 'until the disk has it'),
      {
        name: 'saving it against a plain copy',
        value: median(runs.map((run, round) => run.saveMs / (copies[round] ?? Number.NaN))),
        unit: 'times',
        note: `the copy until the disk has it: ${(median(copies) / 1000).toFixed(2)} s`,
      },
      seconds('comparing it with another version', 'compareMs', 'which is read as a stream'),
      {
        name: 'longest turn of all that',
        value: most('longestTurnMs'),
        unit: 'ms',
        note: 'for which nobody else on the thread could do anything',
      },
      {
        name: 'peak memory of all that',
        value: most('peakBytes') / 1e6,
        unit: 'MB',
        note: `the whole process; ${(most('peakBytes') / limitBytes).toFixed(2)} of the ${limitBytes / 1e6} MB that it may take`,
      },
      {
        name: 'in the editor: open to first rows',
        value: inEditor('firstRowsMs'),
        unit: 'ms',
        note: `until a page has its list and a row, the editor's modules loaded; slowest of ${rounds}; ${(inEditor('firstRowsMs') / limitFirstRowsMs).toFixed(3)} of the ${limitFirstRowsMs / 1000} s that it may take`,
      },
      {
        name: 'peak memory of the editor',
        value: inEditor('peakBytes') / 1e6,
        unit: 'MB',
        note: `with the whole index, the whole process; ${(inEditor('peakBytes') / limitBytes).toFixed(2)} of the ${limitBytes / 1e6} MB that it may take`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
