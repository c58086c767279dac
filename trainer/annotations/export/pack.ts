/**
 * A queue for a colleague as one folder that needs nothing else: what each item is as an entry of a label file, its frames as
 * JPEG files, and a page that shows both. Labels of others are not in it.
 */
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { requireFolder } from '../../export/export-run.ts';
import { line, pageEnd, pageHead, plural, text, writtenAt } from '../../export/page.ts';
import { type Author, entryVersion, type ItemEntry, itemLine } from '../../protocol/annotations/entries.ts';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import type { FfmpegTools } from '../../video/ffmpeg.ts';
import { jpegName, writeJpegs } from '../../video/jpeg.ts';
import { packedItemsFile } from '../exchange/import-file.ts';
import { entryIdOf, type KnownItem } from '../exchange/to-entries.ts';

/** More than these nobody works through in one page. */
export const mostPacked = 1000;

export interface PackFrames {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** RGB, 8 bits a channel, frame after frame. */
  readonly pixels: Uint8Array;
  /** Of each frame in seconds; empty where it is not known. */
  readonly times: readonly number[];
  /** Place i shows frame `shuffledOrder[i]`; null where they are shown as they come. */
  readonly shuffledOrder: readonly number[] | null;
}

export interface PackedItem extends KnownItem {
  /** Rejects where they can't be had: the page says why, and the item is there all the same. */
  frames(): Promise<PackFrames>;
}

export interface Pack {
  readonly author: Author;
  readonly project: string;
  readonly at: Date;
  readonly tools: FfmpegTools;
  readonly items: AsyncIterable<PackedItem>;
}

export interface Packed {
  readonly items: number;
  readonly pictures: number;
  /** Items whose frames could not be had. */
  readonly withoutFrames: number;
}

/**
 * @param folder must not be there, or be empty
 * @throws StudioError `conflict` where something is in the folder, `not-found` for the folder around it, `bad-request` for more
 *   items than a page can hold or none; the signal's reason: nothing is left then
 */
export async function writePack(
  folder: string,
  { author, project, at, tools, items }: Pack,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
): Promise<Packed> {
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
    const page = path.join(partial, 'index.html');
    const count = { items: 0, pictures: 0, withoutFrames: 0 };
    const articles: string[] = [];
    for await (const { item, content, frames } of items) {
      signal.throwIfAborted();
      if (count.items === mostPacked)
        throw new StudioError(
          'bad-request',
          `A queue of more than ${plural(mostPacked, 'item')} is too long for a page.`,
          {
            remedy: 'Narrow the filter, or set a limit.',
          },
        );
      const number = ++count.items;
      const said = { kind: 'item', ...content } as const;
      const entry: ItemEntry = {
        v: entryVersion,
        id: entryIdOf(author, item, said),
        at: at.toISOString(),
        author,
        item,
        ...said,
      };
      await appendFile(path.join(partial, packedItemsFile), `${JSON.stringify(entry)}\n`);
      let pictures: string;
      try {
        const shown = await frames();
        const place = `frames/${String(number).padStart(4, '0')}`;
        await writeJpegs(tools, shown, path.join(partial, place), signal);
        count.pictures += shown.count;
        pictures = strip(shown, place);
      } catch (thrown) {
        signal.throwIfAborted();
        const { kind, message } = asStudioError(thrown);
        if (kind === 'disk-full' || kind === 'ffmpeg-missing') throw thrown;
        count.withoutFrames++;
        pictures = `<p class="dim">The frames are not at hand: ${line(message)}</p>`;
      }
      articles.push(article(entry, number, pictures));
      onProgress(number);
    }
    if (count.items === 0)
      throw new StudioError('bad-request', 'Nothing is chosen, so there is nothing to pack.', {
        remedy: 'Widen the filter, or name other rows.',
      });
    const title = `${plural(count.items, 'item')} to judge`;
    const about = `Project ${line(project)}. ${writtenAt(at)} To judge them, import this folder into a project: video-r1 annotations import FOLDER.`;
    await appendFile(
      page,
      `${pageHead(title, "'self' file:")}\n<p class="dim">${about}</p>\n${articles.join('')}${pageEnd}`,
    );
    signal.throwIfAborted();
    await rename(partial, target);
    return count;
  } catch (thrown) {
    await rm(partial, { recursive: true, force: true });
    throw thrown;
  }
}

function strip({ count, times, width, height, shuffledOrder }: PackFrames, place: string): string {
  const shown = shuffledOrder ?? Array.from({ length: count }, (_, frame) => frame);
  const frames = shown.map((frame, i) => {
    const seconds = times[frame] === undefined ? '' : `${times[frame].toFixed(2)} s`;
    const alt = `frame ${i + 1}${seconds && `, at ${seconds}`}`;
    return `<li><img src="${place}/${jpegName(frame)}" alt="${alt}" width="${width}" height="${height}" loading="lazy">${i + 1}${seconds && `: ${seconds}`}</li>`;
  });
  const note = shuffledOrder === null ? '' : '<p class="dim">Shuffled, as the model saw them.</p>\n';
  return `${note}<ul class="frames">${frames.join('')}</ul>`;
}

function article(
  { item, question, options, solution, answer, text: judged }: ItemEntry,
  number: number,
  pictures: string,
): string {
  // A row's answer is its solution where its text has none.
  const given = answer === null ? (item.kind === 'row' ? null : 'none') : text(answer);
  const choices = options.map((option) => `<li class="text" dir="auto">${text(option)}</li>`).join('');
  return `<article aria-labelledby="i${number}">
<h2 id="i${number}">${number}. ${line(itemLine(item))}</h2>
<h3>Question</h3>
<p class="text" dir="auto">${text(question)}</p>
${choices && `<ul class="options">${choices}</ul>\n`}<p>Solution: <span class="text" dir="auto">${text(solution)}</span></p>
<h3>Frames</h3>
${pictures}
<h3>Text to judge</h3>
<div class="text" dir="auto">${text(judged)}</div>
${given === null ? '' : `<p>Its answer: <span class="text" dir="auto">${given}</span></p>\n`}</article>
`;
}
