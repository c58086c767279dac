/** Some rows of a dataset as a dataset of their own. */
import { createWriteStream, statSync } from 'node:fs';
import { copyFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Dataset } from './dataset.ts';
import { withText } from './json/keys.ts';

const pieceCharacters = 256 * 1024;

/** What the name of a dataset's rows in a file of their own ends in. */
export function endingOf({ file, form }: Pick<Dataset, 'file' | 'form'>): '.json' | '.jsonl' {
  const written = file.replace(/\.gz$/i, '');
  return form === 'array' || (path.extname(written) === '.json' && form === 'lines') ? '.json' : '.jsonl';
}

/**
 * Puts the video or image that lies in a row itself into `folder`, under the name of its content.
 * @returns how a dataset in `out` names it; null where it is a file already
 */
async function putMedium(dataset: Dataset, row: number, folder: string, out: string): Promise<string | null> {
  const content = await dataset.embeddedContent(row);
  if (content === null) return null;
  const ending = /\.\w{1,5}$/.exec(dataset.row(row).path)?.[0] ?? '';
  const file = path.join(folder, `${content}${ending.toLowerCase()}`);
  await mkdir(folder, { recursive: true });
  if (!statSync(file, { throwIfNoEntry: false })) {
    await copyFile(await dataset.medium(row), `${file}.partial`);
    await rename(`${file}.partial`, file);
  }
  return `./${path.relative(out, file).replaceAll(path.sep, '/')}`;
}

export interface RowsWriting {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Rows as they stand in the dataset, in its own form, with only their path exchanged where it must be; from tables as JSONL, with
 * the media that lie in their rows as files.
 * @param rewrite how paths are written there, as `pathRewriter` says
 * @param mediaFolder for media that lie in rows
 * @throws StudioError as `Dataset.row` does; what the disk says; the signal's reason
 */
export async function writeRows(
  dataset: Dataset,
  rows: readonly number[],
  file: string,
  rewrite: ((named: string) => string) | null,
  mediaFolder: string,
  { signal, onProgress }: RowsWriting,
): Promise<void> {
  const isArray = dataset.form === 'array';
  async function* pieces(): AsyncGenerator<string> {
    let piece = isArray ? '[\n' : '';
    for (const [n, row] of rows.entries()) {
      const text = dataset.text(row);
      const named =
        (await putMedium(dataset, row, mediaFolder, path.dirname(file))) ?? rewrite?.(dataset.row(row).path);
      const moved = named === undefined ? text : withText(text, 'path', named);
      piece += isArray ? `${n === 0 ? '' : ',\n'}${moved}` : `${moved.replace(/[\r\n]\s*/g, ' ').trim()}\n`;
      if (piece.length < pieceCharacters) continue;
      onProgress?.(n, rows.length);
      yield piece;
      piece = '';
    }
    yield isArray ? `${piece}\n]\n` : piece;
  }
  await pipeline(pieces, createWriteStream(file), { signal });
  onProgress?.(rows.length, rows.length);
}
