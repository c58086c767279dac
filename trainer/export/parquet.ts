/** Records as Parquet, row group by row group, so that a table of any length costs the memory of one. The one door to `hyparquet-writer`. */
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import type { Column, ColumnType } from './columns.ts';

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

/** A row group is closed at whichever comes first. */
const groupRows = 10_000;
const groupCharacters = 32_000_000;

const primitive = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
} as const satisfies Record<string, Omit<SchemaElement, 'name'>>;

const elements = { strings: 'string', integers: 'integer', numbers: 'number' } as const;

const isList = (type: ColumnType): type is keyof typeof elements => type in elements;

function schemaOf({ name, type }: Column): SchemaElement[] {
  if (!isList(type)) return [{ name, repetition_type: 'OPTIONAL', ...primitive[type] }];
  return [
    { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', ...primitive[elements[type]] },
  ];
}

/** Lone halves of a surrogate pair are no text; they are written as U+FFFD. */
function cellOf({ type, of }: Column, record: unknown): unknown {
  const value = of(record);
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'string':
      return (value as string).toWellFormed();
    case 'json':
      return JSON.stringify(value);
    case 'integer':
      return BigInt(value as number);
    case 'time':
      return new Date(value as number);
    case 'strings':
      return (value as string[]).map((text) => text.toWellFormed());
    case 'integers':
      return (value as number[]).map(BigInt);
    case 'numbers':
    case 'number':
    case 'boolean':
      return value;
  }
}

/** What a file needs to know of a table. */
interface ParquetTable {
  readonly name: string;
  readonly columns: readonly Column[];
}

export class ParquetFile {
  private readonly table: ParquetTable;
  private readonly writer: ParquetWriter;
  private cells: unknown[][];
  private rows = 0;
  private characters = 0;

  /** @param file is made, or written anew */
  constructor(file: string, table: ParquetTable) {
    this.table = table;
    const { columns } = table;
    this.writer = new ParquetWriter({
      writer: fileWriter(file),
      schema: [{ name: table.name, num_children: columns.length }, ...columns.flatMap(schemaOf)],
      createdBy: 'video-r1',
    });
    this.cells = columns.map(() => []);
  }

  write(record: unknown): void {
    for (const [at, column] of this.table.columns.entries()) {
      const cell = cellOf(column, record);
      this.cells[at]?.push(cell);
      this.characters += typeof cell === 'string' ? cell.length : 8;
    }
    this.rows++;
    if (this.rows >= groupRows || this.characters >= groupCharacters) this.endGroup();
  }

  end(): void {
    if (this.rows > 0) this.endGroup();
    this.writer.finish();
  }

  private endGroup(): void {
    const columnData = this.table.columns.map(({ name }, at) => ({ name, data: this.cells[at] ?? [] }));
    this.writer.write({ columnData, rowGroupSize: this.rows });
    this.cells = this.table.columns.map(() => []);
    this.rows = 0;
    this.characters = 0;
  }
}
