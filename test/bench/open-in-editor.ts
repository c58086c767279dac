/** A dataset in the extension's editor, opened in a process of its own by `editor-process.ts`. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Milliseconds from opening, where no other is named. */
export interface OpenedInEditor {
  readonly rows: number;
  /** Until a page has its list and a row. */
  readonly firstRowsMs: number;
  readonly indexMs: number;
  /** All labelled rows, asked for as soon as labels are read: until the first was listed, and the last. */
  readonly earlyFirstMs: number;
  readonly earlyAllMs: number;
  /** From asking, with all rows known. */
  readonly labelledRows: number;
  readonly labelledMs: number;
  /** The same of one author and category. */
  readonly filteredRows: number;
  readonly filteredMs: number;
  readonly peakBytes: number;
}

const execute = promisify(execFile);

/** @param filter by what the rows are listed in the end */
export async function openedInEditor(
  project: string,
  file: string,
  { author, category }: { readonly author: string; readonly category: string } = { author: 'Ann', category: 'other' },
): Promise<OpenedInEditor> {
  const program = path.join(import.meta.dirname, 'editor-process.ts');
  const { stdout } = await execute(process.execPath, [program, project, file, author, category]);
  return JSON.parse(stdout) as OpenedInEditor;
}
