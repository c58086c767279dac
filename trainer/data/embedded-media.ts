/**
 * Videos and images that lie in the rows of a table: each is read when it is asked for, and given to the decoder as a file
 * named by its content. Some of those files are kept, the rest made again when they are wanted: frames have a cache of their own.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '../programs/temporary-folder.ts';
import { StudioError } from '../protocol/errors.ts';
import { openTable, type ScannedPart, stampOf } from './dataset-file.ts';
import { type Medium, mediumOf, type TableFile } from './forms/table-row.ts';

/** More than are ever loaded at once. */
const keptFiles = 512;

export class EmbeddedMedia {
  private readonly parts: readonly ScannedPart[];
  private open: { readonly part: ScannedPart; readonly table: Promise<TableFile> } | null = null;
  private folder: string | null = null;
  private readonly kept = new Set<string>();

  constructor(parts: readonly ScannedPart[]) {
    this.parts = parts;
  }

  /**
   * A row's medium, with its bytes or the path that stands in place of them.
   * @param row number in the dataset's files, from 0
   * @throws StudioError `bad-dataset` when the file was changed, `bad-media` when the row has none
   */
  async medium(row: number): Promise<Medium> {
    const part = this.parts.findLast(({ firstRow }) => firstRow <= row) as ScannedPart;
    if (stampOf(statSync(part.file)) !== part.stamp)
      throw new StudioError('bad-dataset', 'The dataset file was changed after it was opened.', {
        place: part.file,
        remedy: 'Start the run again, or resume it from its last checkpoint.',
      });
    if (this.open?.part !== part) this.open = { part, table: openTable(part.file, part.form as 'parquet' | 'arrow') };
    const found = mediumOf(await (await this.open.table).medium(row - part.firstRow));
    if (found) return found;
    throw new StudioError('bad-media', 'The row holds no video or image.', {
      place: `${part.file}, row ${row - part.firstRow + 1}`,
      remedy: 'Correct the row.',
    });
  }

  /** A file with the bytes, which stays while the latest 512 are asked for. @throws the system's error */
  fileOf(bytes: Uint8Array): string {
    if (this.folder === null) {
      this.folder = temporaryFolder('video-r1-media-');
    }
    const name = createHash('sha256').update(bytes).digest('hex');
    const file = path.join(this.folder, name);
    if (!existsSync(file)) {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(file, bytes);
    }
    this.kept.delete(file);
    this.kept.add(file);
    for (const oldest of this.kept) {
      if (this.kept.size <= keptFiles) break;
      this.kept.delete(oldest);
      rmSync(oldest, { force: true });
    }
    return file;
  }

  dispose(): void {
    this.open = null;
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true });
    this.folder = null;
  }
}
