/** A Parquet file, read by row groups: the texts of one group at a time, and the media of the group that was asked for last. */
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  type SchemaElement,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { StudioError } from '../../protocol/errors.ts';
import { labelsOf, mediumColumns, type TableFile, type TableRecord, unreadBytes } from './table-row.ts';

/** @throws StudioError `bad-dataset` in place of what the reader throws */
async function reading<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const { message } = cause as Error;
    throw new StudioError('bad-dataset', `The Parquet file can't be read: ${message}.`, {
      place: file,
      remedy: 'It may be cut off: copy or download it again. Or write it anew with pyarrow.',
      cause,
    });
  }
}

/** Children of the root, each with how many schema elements it takes. */
function columnsOf(schema: readonly SchemaElement[]): { element: SchemaElement; at: number; size: number }[] {
  const sizeAt = (at: number): number => {
    let size = 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0); child++) size += sizeAt(at + size);
    return size;
  };
  const found = [];
  for (let at = 1; at < schema.length; ) {
    const size = sizeAt(at);
    found.push({ element: schema[at] as SchemaElement, at, size });
    at += size;
  }
  return found;
}

const isBytes = ({ type, converted_type, logical_type }: SchemaElement) =>
  type === 'BYTE_ARRAY' && converted_type === undefined && logical_type === undefined;

export class ParquetFile implements TableFile {
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly rowCount: number;
  private readonly file: string;
  private readonly buffer: AsyncBuffer;
  private readonly metadata: FileMetaData;
  private readonly groupStarts: number[] = [];
  /** Columns of media with bytes beside a path, and those that are bytes alone. */
  private readonly structs: string[] = [];
  private readonly bare: string[] = [];
  private lastGroup: { readonly start: number; readonly records: Promise<readonly TableRecord[]> } | null = null;

  private constructor(file: string, buffer: AsyncBuffer, metadata: FileMetaData) {
    this.file = file;
    this.buffer = buffer;
    this.metadata = metadata;
    this.labels = labelsOf(metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value);
    this.rowCount = Number(metadata.num_rows);
    let start = 0;
    for (const group of metadata.row_groups) {
      this.groupStarts.push(start);
      start += Number(group.num_rows);
    }
    for (const { element, at, size } of columnsOf(metadata.schema)) {
      if (!(mediumColumns as readonly string[]).includes(element.name)) continue;
      const leaves = metadata.schema.slice(at + 1, at + size);
      if (element.num_children && leaves.some(({ name }) => name === 'bytes')) this.structs.push(element.name);
      else if (isBytes(element) && element.name !== 'path') this.bare.push(element.name);
    }
  }

  static open(file: string): Promise<ParquetFile> {
    return reading(file, async () => {
      const buffer = await asyncBufferFromFile(file);
      return new ParquetFile(file, buffer, await parquetMetadataAsync(buffer));
    });
  }

  async *batches(): AsyncGenerator<readonly TableRecord[]> {
    const metadata = this.withoutBytes();
    for (const [number, rowStart] of this.groupStarts.entries()) {
      const rowEnd = rowStart + Number(this.metadata.row_groups[number]?.num_rows ?? 0);
      const columns = columnsOf(metadata.schema).map(({ element }) => element.name);
      const records = await this.read(metadata, columns, rowStart, rowEnd);
      const held = this.structs.filter((column) => this.holdsBytes(number, column));
      for (const record of records as Record<string, unknown>[]) {
        for (const column of this.bare) record[column] = unreadBytes;
        for (const column of held) if (record[column]) record[column] = { ...record[column], bytes: unreadBytes };
      }
      yield records;
    }
  }

  async medium(row: number): Promise<TableRecord> {
    const start = this.groupStarts.findLast((first) => first <= row) ?? 0;
    if (this.lastGroup?.start !== start) {
      const group = this.metadata.row_groups[this.groupStarts.indexOf(start)];
      const named = columnsOf(this.metadata.schema).map(({ element }) => element.name);
      const columns = named.filter((name) => (mediumColumns as readonly string[]).includes(name));
      const records = this.read(this.metadata, columns, start, start + Number(group?.num_rows ?? 0));
      this.lastGroup = { start, records };
      records.catch(() => {
        this.lastGroup = null;
      });
    }
    return (await this.lastGroup.records)[row - start] ?? {};
  }

  private read(metadata: FileMetaData, columns: string[], rowStart: number, rowEnd: number) {
    const { buffer } = this;
    return reading(this.file, () =>
      parquetReadObjects({ file: buffer, metadata, columns, rowStart, rowEnd, compressors, utf8: false }),
    );
  }

  /** Whether a row group has any bytes in a column of `{bytes, path}`; a file without statistics may have. */
  private holdsBytes(group: number, column: string): boolean {
    const chunk = this.metadata.row_groups[group]?.columns.find(
      ({ meta_data }) => meta_data?.path_in_schema[0] === column && meta_data.path_in_schema[1] === 'bytes',
    )?.meta_data;
    return chunk?.statistics?.null_count !== chunk?.num_values;
  }

  /** The file's description without the bytes of media, so that they are not read with the texts. */
  private withoutBytes(): FileMetaData {
    const schema: SchemaElement[] = [{ ...(this.metadata.schema[0] as SchemaElement) }];
    for (const { element, at, size } of columnsOf(this.metadata.schema)) {
      if (this.bare.includes(element.name)) continue;
      const own = this.metadata.schema.slice(at, at + size);
      const kept = this.structs.includes(element.name) ? own.filter(({ name }) => name !== 'bytes') : own;
      if (kept.length === 1 && own.length > 1) {
        // A struct of nothing but bytes: nothing is left of it to read.
        this.bare.push(element.name);
        this.structs.splice(this.structs.indexOf(element.name), 1);
        continue;
      }
      const [first, ...rest] = kept as [SchemaElement, ...SchemaElement[]];
      schema.push(kept.length === own.length ? first : { ...first, num_children: rest.length }, ...rest);
    }
    const root = schema[0] as SchemaElement;
    root.num_children = columnsOf(schema).length;
    const isLeft = (where: readonly string[]) =>
      this.bare.includes(where[0] ?? '') || (this.structs.includes(where[0] ?? '') && where[1] === 'bytes');
    const row_groups = this.metadata.row_groups.map((group) => ({
      ...group,
      columns: group.columns.filter(({ meta_data }) => !isLeft(meta_data?.path_in_schema ?? [])),
    }));
    return { ...this.metadata, schema, row_groups };
  }
}
