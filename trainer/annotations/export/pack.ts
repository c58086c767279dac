/**
 * A queue for a colleague as one folder that needs nothing else: what each item is as an entry of a label file and as a task of
 * Label Studio, its frames as JPEG files, and a page that shows them. Of rows of a dataset it is a project too, with a dataset of
 * these rows, so that their labels name the same items. Labels of others are not in it.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { requireFolder } from '../../export/export-run.ts';
import { line, plural } from '../../export/page.ts';
import { categoryFileName } from '../../protocol/annotations/categories.ts';
import { type Author, entryVersion, type ItemEntry } from '../../protocol/annotations/entries.ts';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import { projectName } from '../../protocol/place.ts';
import type { FfmpegTools } from '../../video/ffmpeg.ts';
import { writeJpegs } from '../../video/jpeg.ts';
import { readCategories } from '../category-file.ts';
import { exportLabelStudio } from '../exchange/exchange.ts';
import { labelStudioConfig } from '../exchange/label-studio/write.ts';
import { entryIdOf, type KnownItem } from '../exchange/to-entries.ts';
import { labelFolderOf } from '../label-files.ts';
import { article, frameStrip, type PackFrames, packPage } from './pack-page.ts';
import { type DatasetOfPack, PackedMedia, packedFiles, type RowMedium, writePackedRows } from './packed-files.ts';

/** More than these nobody works through in one page. */
export const mostPacked = 1000;

export interface PackedItem extends KnownItem {
  /** The row as its dataset has it; null for a rollout. */
  readonly row: Uint8Array | null;
  /**
   * With the file that they were read from, where a row names it. Rejects where they can't be had: the page says why, and the
   * item is there all the same.
   */
  frames(): Promise<PackFrames & { readonly medium: RowMedium | null }>;
}

export interface Pack {
  readonly author: Author;
  /** Absolute. */
  readonly projectFolder: string;
  readonly at: Date;
  readonly tools: FfmpegTools;
  /** The one of whose rows all items are; null for rollouts. */
  readonly dataset: DatasetOfPack | null;
  /** Copies the videos and images of rows too. */
  readonly withMedia: boolean;
  readonly items: AsyncIterable<PackedItem>;
}

export interface Packed {
  readonly items: number;
  readonly pictures: number;
  /** Items whose frames could not be had. */
  readonly withoutFrames: number;
  /** Videos and images that were copied. */
  readonly media: number;
  readonly mediaBytes: number;
}

interface Course {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/**
 * @param folder must not be there, or be empty
 * @throws StudioError `conflict` where something is in the folder, or a file of the dataset would lie where the folder has one of
 *   its own; `not-found` for the folder around it, `bad-request` for more items than a page can hold or none; the signal's
 *   reason: nothing is left then
 */
export async function writePack(folder: string, pack: Pack, course: Course): Promise<Packed> {
  const target = path.resolve(folder);
  requireFolder(path.dirname(target));
  const present = await readdir(target).catch(() => []);
  if (present.length > 0)
    throw new StudioError('conflict', 'There is something in this folder.', {
      place: target,
      remedy: 'Name a folder that is not there yet.',
    });
  const partial = path.join(path.dirname(target), `.export-${randomUUID()}.partial`);
  try {
    await mkdir(partial);
    const packed = await writeInto(partial, pack, course);
    course.signal.throwIfAborted();
    await rename(partial, target);
    return packed;
  } catch (thrown) {
    await rm(partial, { recursive: true, force: true });
    throw thrown;
  }
}

async function writeInto(folder: string, pack: Pack, { signal, onProgress }: Course): Promise<Packed> {
  const { projectFolder, at, dataset } = pack;
  const categories = readCategories(projectFolder).offered.map(({ id }) => id);
  const media = dataset && pack.withMedia ? new PackedMedia(folder, dataset) : null;
  const count = { pictures: 0, withoutFrames: 0 };
  const entries: ItemEntry[] = [];
  const articles: string[] = [];
  const rows: Uint8Array[] = [];
  for await (const packed of pack.items) {
    signal.throwIfAborted();
    if (entries.length === mostPacked)
      throw new StudioError(
        'bad-request',
        `A queue of more than ${plural(mostPacked, 'item')} is too long for a page.`,
        {
          remedy: 'Narrow the filter, or set a limit.',
        },
      );
    const entry = entryOf(packed, pack);
    const number = entries.push(entry);
    const shown = await picturesOf(packed, number, folder, pack.tools, signal);
    if (shown.count === 0) count.withoutFrames++;
    count.pictures += shown.count;
    if (shown.medium) await media?.add(shown.medium);
    if (packed.row) rows.push(packed.row);
    articles.push(article(entry, number, shown.html));
    onProgress(number);
  }
  if (entries.length === 0)
    throw new StudioError('bad-request', 'Nothing is chosen, so there is nothing to pack.', {
      remedy: 'Widen the filter, or name other rows.',
    });
  if (dataset) await writePackedRows(folder, dataset, rows);
  if (dataset) await copyCategories(projectFolder, folder);
  const write = (name: string, content: string) => writeFile(path.join(folder, name), content, { flag: 'wx' });
  await write(packedFiles.items, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  await write(packedFiles.tasks, await tasksOf(entries, signal));
  await write(packedFiles.labelling, labelStudioConfig(categories));
  const about = { project: projectName(projectFolder), at, dataset: dataset?.name ?? null };
  await write(packedFiles.page, packPage(about, articles));
  return { items: entries.length, ...count, media: media?.files ?? 0, mediaBytes: media?.sizeBytes ?? 0 };
}

function entryOf({ item, content }: PackedItem, { author, at }: Pack): ItemEntry {
  const said = { kind: 'item', ...content } as const;
  return { v: entryVersion, id: entryIdOf(author, item, said), at: at.toISOString(), author, item, ...said };
}

interface Pictures {
  readonly html: string;
  readonly count: number;
  readonly medium: RowMedium | null;
}

/** Of an item's frames, or why there are none. @throws where no other item could have them either */
async function picturesOf(
  packed: PackedItem,
  number: number,
  folder: string,
  tools: FfmpegTools,
  signal: AbortSignal,
): Promise<Pictures> {
  try {
    const shown = await packed.frames();
    const place = `${packedFiles.frames}/${String(number).padStart(4, '0')}`;
    await writeJpegs(tools, shown, path.join(folder, place), signal);
    return { html: frameStrip(shown, place), count: shown.count, medium: shown.medium };
  } catch (thrown) {
    signal.throwIfAborted();
    const { kind, message } = asStudioError(thrown);
    if (kind === 'disk-full' || kind === 'ffmpeg-missing') throw thrown;
    return { html: `<p class="dim">The frames are not at hand: ${line(message)}</p>`, count: 0, medium: null };
  }
}

/** As Label Studio imports them, without annotations. */
async function tasksOf(entries: readonly ItemEntry[], signal: AbortSignal): Promise<string> {
  const tasks: string[] = [];
  await exportLabelStudio(entries, (task) => void tasks.push(JSON.stringify(task)), { signal });
  return `[\n${tasks.join(',\n')}\n]\n`;
}

/** Where the project has categories of its own, the colleague is offered the same. */
async function copyCategories(projectFolder: string, folder: string): Promise<void> {
  const from = path.join(labelFolderOf(projectFolder), categoryFileName);
  if (!existsSync(from)) return;
  await mkdir(labelFolderOf(folder), { recursive: true });
  await copyFile(from, path.join(labelFolderOf(folder), categoryFileName));
}
