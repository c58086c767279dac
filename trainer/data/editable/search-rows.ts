/** Rows by what they hold, over the whole file, without holding more than some of them. */
import type { EditableDataset, SourceRow } from './editable-dataset.ts';
import type { LongWork } from './index-file.ts';
import { unlessAborted } from './indexed-file.ts';

/** All that is given must hold. */
export interface RowFilter {
  /** Stands in a text, a number or another value of the row, at any depth; large and small letters are the same. */
  readonly text?: string;
  /** Differs from the file. */
  readonly isChanged?: true;
  /** Is one of these. */
  readonly rows?: readonly number[];
  /** Of who asks. */
  readonly rule?: RowRule;
}

export interface RowRule {
  /** It holds for no row whose `problem_id` is none of these, as text; null where it has to be asked of every row. */
  readonly ids: ReadonlySet<string> | null;
  /** @param value null where the row is no object */
  readonly holds: (value: Readonly<Record<string, unknown>> | null) => boolean;
}

export interface SearchWork extends LongWork {
  /** Told the rows that were found since the last time, in order. */
  readonly onFound?: ((rows: readonly number[]) => void) | undefined;
}

/** Large and small letters alike, the two small sigmas too. */
const folded = (text: string) => text.toLowerCase().replaceAll('ς', 'σ');

/** What JSON may write in another way than as itself, apart from `\u`. */
const oftenEscaped = /["\\/\p{Cc}]/u;

function holds(value: unknown, sought: string): boolean {
  if (typeof value !== 'object' || value === null) return folded(String(value)).includes(sought);
  return Object.values(value).some((inner) => holds(inner, sought));
}

/** Whether a row holds the text; rows that are no JSON are searched as they are written. */
function textTest(dataset: EditableDataset, text: string): (row: SourceRow) => boolean {
  const sought = folded(text);
  const isPlain = !oftenEscaped.test(sought);
  return (source) => {
    // Most rows are turned away without being parsed.
    if (isPlain) {
      const written = source.bytes.toString('utf8');
      if (!written.includes('\\u') && !folded(written).includes(sought)) return false;
    }
    const row = dataset.read(source);
    return row.fault ? folded(row.bytes.toString('utf8')).includes(sought) : holds(row.value, sought);
  };
}

/** Numbers that follow each other, as from and to. */
function* stretches(rows: readonly number[]): Generator<{ from: number; to: number }> {
  for (let n = 0; n < rows.length; ) {
    const from = rows[n] as number;
    let to = from + 1;
    while (rows[++n] === to) to++;
    yield { from, to };
  }
}

/**
 * The numbers of the rows that the filter lets through, in order. Edits count; rows that are not yet known are waited for.
 * @throws StudioError `conflict` when the file was changed outside; the signal's reason
 */
export async function searchRows(
  dataset: EditableDataset,
  filter: RowFilter,
  { signal, onProgress, onFound }: SearchWork = {},
): Promise<number[]> {
  const { text = '', isChanged, rows } = filter;
  const asked = rows && [...new Set(rows)].sort((a, b) => a - b);
  const changed = isChanged && dataset.changedRows;
  const isAsked = new Set(asked);
  const among = changed && asked ? changed.filter((row) => isAsked.has(row)) : (changed ?? asked);
  const { rule } = filter;
  if (text === '' && !rule) return known(dataset, among, { signal, onProgress, onFound });
  const holdsText = text === '' ? () => true : textTest(dataset, text);
  const valueIn = (source: SourceRow) => {
    const row = dataset.read(source);
    return row.fault || typeof row.value !== 'object' || row.value === null
      ? null
      : (row.value as Readonly<Record<string, unknown>>);
  };
  const isKept = rule ? (row: SourceRow) => holdsText(row) && rule.holds(valueIn(row)) : holdsText;
  const ids = rule?.ids ?? undefined;
  const found: number[] = [];
  let done = 0;
  for (const stretch of among ? stretches(among) : [{ from: 0, to: Number.POSITIVE_INFINITY }]) {
    for await (const batch of dataset.batches({ ...stretch, ids, signal })) {
      const fitting = batch.filter(isKept).map(({ row }) => row);
      for (const row of fitting) found.push(row);
      if (fitting.length > 0) onFound?.(fitting);
      done += batch.length;
      onProgress?.(among ? done / among.length : (batch.at(-1)?.offset ?? 0) / dataset.sizeBytes);
    }
  }
  onProgress?.(1);
  return found;
}

/** Those of the rows that are there, or all; none has to be read for that. */
async function known(
  dataset: EditableDataset,
  among: readonly number[] | undefined,
  { signal, onProgress, onFound }: SearchWork,
): Promise<number[]> {
  if (!among || (among.at(-1) ?? 0) >= dataset.rowCount) await unlessAborted(dataset.indexed, signal);
  const { rowCount } = dataset;
  const found = among?.filter((row) => row >= 0 && row < rowCount) ?? Array.from({ length: rowCount }, (_, row) => row);
  if (found.length > 0) onFound?.(found);
  onProgress?.(1);
  return found;
}
