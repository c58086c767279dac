/** What lies in a packed folder under which name, and its dataset with the videos and images of its rows. */
import { constants } from 'node:fs';
import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError, withPlace } from '../../protocol/errors.ts';
import { packedItemsFile } from '../exchange/import-file.ts';

export const packedFiles = {
  page: 'index.html',
  frames: 'frames',
  items: packedItemsFile,
  tasks: 'label-studio.json',
  labelling: 'label-studio.xml',
} as const;

const ownNames: readonly string[] = [...Object.values(packedFiles), trainerFolder];

/** A dataset of which rows are packed. */
export interface DatasetOfPack {
  /** As labels name it: its path in the project, with /. */
  readonly name: string;
  /** One row a line; otherwise a JSON array. */
  readonly isLines: boolean;
}

/** A video or an image as a row names it, from its dataset's folder on, and where it lies. */
export interface RowMedium {
  readonly named: string;
  readonly real: string;
}

/**
 * Where a file of the project lies in the packed folder.
 * @param name its path in the project, with /, which does not climb out of it
 * @throws StudioError `conflict` where the folder has something of its own there
 */
function placeIn(folder: string, name: string): string {
  const steps = path.posix.normalize(name).split('/');
  const isOwn = ownNames.some((own) => own.toLowerCase() === steps[0]?.toLowerCase());
  if (!isOwn) return path.join(folder, ...steps);
  throw new StudioError('conflict', `A packed folder has something of its own called ${steps[0]}.`, {
    place: name,
    remedy: 'Leave videos and images out with --no-media, or put the dataset into a folder of the project.',
  });
}

/** Each row's bytes as the dataset's file has them. @throws StudioError as `placeIn` */
export async function writePackedRows(
  folder: string,
  { name, isLines }: DatasetOfPack,
  rows: readonly Uint8Array[],
): Promise<void> {
  const [before, between, after] = isLines ? ['', '\n', '\n'] : ['[\n', ',\n', '\n]\n'];
  const pieces = rows.flatMap((row, at) => [Buffer.from(at === 0 ? before : between), row]);
  const file = placeIn(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat([...pieces, Buffer.from(after)]), { flag: 'wx' });
}

/** Copies videos and images to where the rows of the packed dataset name them, each once. */
export class PackedMedia {
  private readonly folder: string;
  private readonly datasetFolder: string;
  private readonly copied = new Set<string>();
  private total = 0;

  constructor(folder: string, { name }: DatasetOfPack) {
    this.folder = folder;
    this.datasetFolder = path.posix.dirname(name);
  }

  get files(): number {
    return this.copied.size;
  }

  get sizeBytes(): number {
    return this.total;
  }

  /** @throws StudioError as `placeIn`, and what the system says of either file */
  async add({ named, real }: RowMedium): Promise<void> {
    const target = placeIn(this.folder, path.posix.join(this.datasetFolder, named.replaceAll('\\', '/')));
    if (this.copied.has(target)) return;
    try {
      await mkdir(path.dirname(target), { recursive: true });
      await copyFile(real, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } catch (thrown) {
      throw withPlace(thrown, target);
    }
    this.copied.add(target);
    this.total += (await stat(target)).size;
  }
}
