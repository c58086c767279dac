/** A folder of its own for dataset files of a test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';

export class DatasetFiles {
  readonly folder: string;
  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<DatasetFiles> {
    return new DatasetFiles(await mkdtemp(path.join(tmpdir(), 'video-r1-editable-')));
  }

  at(name: string): string {
    return path.join(this.folder, name);
  }

  async open(text: string | Uint8Array, name = 'rows.json'): Promise<EditableDataset> {
    await writeFile(this.at(name), text);
    const dataset = await EditableDataset.open(this.at(name));
    await dataset.indexed;
    return dataset;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

export const cotRow = (n: number, process = `<think>${n}</think>`) => ({
  problem_id: n,
  problem: `Which way does ${n} go?`,
  options: ['A. Left', 'B. Right'],
  process,
  solution: '<answer>A</answer>',
});

/** Indented as Python's `json.dump(…, indent=2)` does. */
export const cotFile = (rows: readonly unknown[]) => JSON.stringify(rows, null, 2);

/** What the work is refused with. */
export async function refusal(work: Promise<unknown>): Promise<StudioError> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(StudioError);
  return thrown as StudioError;
}
