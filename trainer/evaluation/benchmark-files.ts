/** Which dataset files an evaluation is about, and what each is called in its tables. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { findParts } from '../data/forms/dataset-parts.ts';
import { StudioError } from '../protocol/errors.ts';
import { benchmarks } from './paper-results.ts';

export interface BenchmarkFile {
  /** The benchmark's name for a released file, else the file's name without its ending. */
  readonly name: string;
  readonly file: string;
}

function nameOf(file: string): string {
  const base = path.basename(file);
  return (
    benchmarks.find((known) => known.file === base)?.name ??
    base.replace(/\.gz$/i, '').replace(/\.(jsonl?|ndjson|parquet|arrow)$/i, '')
  );
}

/**
 * Datasets that the arguments name: any that can be opened, or a folder with Video-R1's released evaluation files, in the paper's order.
 * @throws StudioError `not-found` for what is not there, `bad-dataset` for a folder without data, `bad-request` for two of
 *   one name
 */
export function benchmarkFiles(named: readonly string[]): BenchmarkFile[] {
  const files = named.flatMap((argument) => {
    const full = path.resolve(argument);
    if (!existsSync(full) || !statSync(full).isDirectory()) return [findParts(full).file];
    const inside = new Set(readdirSync(full));
    const found = benchmarks.filter(({ file }) => inside.has(file)).map(({ file }) => path.join(full, file));
    return found.length === 0 ? [findParts(full).file] : found;
  });
  const found = files.map((file) => ({ name: nameOf(file), file }));
  const twice = found.find(({ name }, i) => found.findIndex((other) => other.name === name) !== i);
  if (twice)
    throw new StudioError(
      'bad-request',
      `Two datasets are called ${twice.name}; their results could not be told apart.`,
      {
        place: twice.file,
        remedy: 'Rename one of the files, or evaluate them one after the other.',
      },
    );
  return found;
}
