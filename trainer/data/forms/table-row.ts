/**
 * A row of a table (Parquet, Arrow) as the JSON that a row of a dataset file would be. A table has every column in every row,
 * so null means that the row has no such key. The medium may lie in the row itself, as `{bytes, path}` or as bytes.
 */

/** A row as a table gives it, by column. */
export type TableRecord = Readonly<Record<string, unknown>>;

/** What every file that holds a table offers. */
export interface TableFile {
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly rowCount: number;
  /** All rows in their order, some at a time; where it can be without the bytes of their media, which are `unreadBytes`. */
  batches(): AsyncIterable<readonly TableRecord[]>;
  /** The columns of one row that may hold its medium, whole. @param row from 0 */
  medium(row: number): Promise<TableRecord>;
}

export interface TableRow {
  /** JSON text of the row; `path` names its medium. */
  readonly text: string;
  /** The medium's bytes may lie in the row. */
  readonly isEmbedded: boolean;
}

/** Columns that may hold the medium, in the order in which they are asked; `video` and `image` are those of `datasets`. */
export const mediumColumns = ['path', 'video', 'image'] as const;

/** Stands for bytes that were not read along with the rest of the row. */
export const unreadBytes = new Uint8Array(0);

export interface Medium {
  readonly column: string;
  /** As the row names it; null where it only has bytes. */
  readonly path: string | null;
  readonly bytes: Uint8Array | null;
}

/** Where a row has its medium; null when none of the columns says. */
export function mediumOf(record: TableRecord): Medium | null {
  for (const column of mediumColumns) {
    const value = record[column];
    if (typeof value === 'string') return { column, path: value, bytes: null };
    if (value instanceof Uint8Array) return { column, path: null, bytes: value };
    if (typeof value !== 'object' || value === null) continue;
    const { path, bytes } = value as { path?: unknown; bytes?: unknown };
    const named = typeof path === 'string' ? path : null;
    const held = bytes instanceof Uint8Array ? bytes : null;
    if (named !== null || held !== null) return { column, path: named, bytes: held };
  }
  return null;
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** A value as JSON has it: whole numbers beyond 2^53 as their digits, times in ISO 8601, bytes as the text they are. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) {
    try {
      return strict.decode(value);
    } catch {
      return `${value.length} bytes`;
    }
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), plain(one)]));
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<unknown>)].map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  return value ?? null;
}

/** Options as a list of texts: a list, `{"A": "left", "B": null}`, or a text that holds such JSON. */
function optionsOf(given: unknown): unknown {
  let value = plain(given);
  if (typeof value === 'string' && /^\s*[[{]/.test(value)) {
    try {
      value = JSON.parse(value);
    } catch {
      return value;
    }
  }
  if (Array.isArray(value))
    return value.filter((one) => one !== null).map((one) => (typeof one === 'number' ? String(one) : one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([, one]) => one !== null)
    .map(([letter, one]) => (String(one).startsWith(`${letter}.`) ? String(one) : `${letter}. ${String(one)}`));
}

/**
 * @param place what the row is called, without its medium: becomes the first part of an embedded medium's name
 * @param labels names of numbered classes, by column, as `datasets`' ClassLabel has them
 */
export function tableRow(record: TableRecord, place: string, labels: ReadonlyMap<string, readonly string[]>): TableRow {
  const medium = mediumOf(record);
  const isEmbedded = medium?.bytes != null;
  const parts: string[] = [];
  const add = (key: string, value: unknown) => {
    const json = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
    if (json !== undefined) parts.push(`${JSON.stringify(key)}: ${json}`);
  };
  for (const [key, value] of Object.entries(record)) {
    if (value === null || value === undefined || key === medium?.column || key === 'path') continue;
    const names = labels.get(key);
    if (names) add(key, names[Number(value)] ?? plain(value));
    else if (typeof value === 'bigint') add(key, value);
    else add(key, key === 'options' ? optionsOf(value) : plain(value));
  }
  if (medium) {
    const base = medium.path?.split(/[\\/]/).at(-1) ?? '';
    add('path', isEmbedded ? `${place}/${base === '' ? medium.column : base}` : medium.path);
  }
  return { text: `{${parts.join(', ')}}`, isEmbedded };
}

/** ClassLabel names by column, from what `datasets` keeps in the file's metadata. */
export function labelsOf(metadata: string | undefined): Map<string, readonly string[]> {
  const labels = new Map<string, readonly string[]>();
  if (metadata === undefined) return labels;
  let content: unknown;
  try {
    content = JSON.parse(metadata);
  } catch {
    return labels; // Written by some other program: the columns are taken as they are.
  }
  const features = (content as { info?: { features?: Record<string, { _type?: unknown; names?: unknown }> } }).info
    ?.features;
  for (const [column, feature] of Object.entries(features ?? {}))
    if (feature?._type === 'ClassLabel' && Array.isArray(feature.names)) labels.set(column, feature.names.map(String));
  return labels;
}
