/** Which rows differ from the file, as values: nothing here reads or writes. */
import { textRange } from '../json/keys.ts';

/** Texts as the file writes them, quotes and escapes included. */
export interface ChangedField {
  readonly base: string;
  readonly now: string;
}

export interface ChangedRow {
  /** Content hash of the row as the file has it. */
  readonly hash: string;
  /** By key. Never empty. */
  readonly fields: ReadonlyMap<string, ChangedField>;
}

/** By row number. */
export type Changes = ReadonlyMap<number, ChangedRow>;

/** The row with one text set; null when it is as in the file again. @param hash of the row in the file, where none is changed */
export function withField(
  row: ChangedRow | null,
  hash: string,
  field: string,
  base: string,
  now: string,
): ChangedRow | null {
  const fields = new Map(row?.fields);
  if (base === now) fields.delete(field);
  else fields.set(field, { base, now });
  return fields.size === 0 ? null : { hash: row?.hash ?? hash, fields };
}

/** The row's text with its changes. @param text as the file has it */
export function rewrittenText(text: string, { fields }: ChangedRow): string {
  const places = [...fields].map(([field, { now }]) => {
    const range = textRange(text, field);
    if (range === null) throw new RangeError(`The row has no text under ${field}.`);
    return { ...range, now };
  });
  return places
    .sort((a, b) => b.start - a.start)
    .reduce((done, { start, end, now }) => done.slice(0, start) + now + done.slice(end), text);
}

/** How many bytes the changes add to the file. */
export function addedBytes(changes: Changes): number {
  let added = 0;
  for (const { fields } of changes.values())
    for (const { base, now } of fields.values()) added += Buffer.byteLength(now) - Buffer.byteLength(base);
  return added;
}

/**
 * What still differs once `saved` stands in the file: what was edited, or undone, since.
 * @param written the rows of `saved` as they stand there now
 */
export function changesSince(
  saved: Changes,
  now: Changes,
  written: ReadonlyMap<number, { readonly hash: string }>,
): Map<number, ChangedRow> {
  const left = new Map(now);
  for (const [row, { fields: then }] of saved) {
    const current = now.get(row)?.fields;
    const hash = written.get(row)?.hash ?? '';
    let changed: ChangedRow | null = null;
    for (const [field, { base }] of [...then, ...(current ?? [])])
      changed = withField(changed, hash, field, then.get(field)?.now ?? base, current?.get(field)?.now ?? base);
    if (changed) left.set(row, changed);
    else left.delete(row);
  }
  return left;
}
