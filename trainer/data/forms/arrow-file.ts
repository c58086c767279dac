/** An Arrow file, as a stream or with a footer. It is in memory as it lies on disk while it is open. */
import { readFile, stat } from 'node:fs/promises';
import { type Table, tableFromIPC } from '@uwdata/flechette';
import { StudioError } from '../../protocol/errors.ts';
import { labelsOf, type TableFile, type TableRecord } from './table-row.ts';

const batchRows = 1000;
/** More can't be one buffer; `datasets` itself writes files of at most 500 MB. */
const mostBytes = 4 * 1024 ** 3;

async function read(file: string): Promise<Table> {
  const { size } = await stat(file);
  if (size > mostBytes)
    throw new StudioError('bad-dataset', 'An Arrow file of more than 4 GB is not read here.', {
      place: file,
      remedy: 'Save it again in parts: save_to_disk(…, max_shard_size="500MB"), or as Parquet.',
    });
  try {
    return tableFromIPC(await readFile(file), { useBigInt: true });
  } catch (cause) {
    throw new StudioError('bad-dataset', `The Arrow file can't be read: ${(cause as Error).message}.`, {
      place: file,
      remedy: 'It may be cut off: copy it again. Or save the dataset as Parquet.',
      cause,
    });
  }
}

export class ArrowFile implements TableFile {
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly rowCount: number;
  private readonly table: Table;

  private constructor(table: Table) {
    this.table = table;
    this.rowCount = table.numRows;
    this.labels = labelsOf(table.schema.metadata?.get('huggingface'));
  }

  static async open(file: string): Promise<ArrowFile> {
    return new ArrowFile(await read(file));
  }

  async *batches(): AsyncGenerator<readonly TableRecord[]> {
    const { table } = this;
    for (let from = 0; from < table.numRows; from += batchRows) {
      const rows: TableRecord[] = [];
      for (let row = from; row < Math.min(table.numRows, from + batchRows); row++) rows.push(table.get(row));
      yield rows;
    }
  }

  async medium(row: number): Promise<TableRecord> {
    return this.table.get(row);
  }
}
