/** The page of a packed queue: each item with its frames, and how it is judged. What is returned is HTML. */
import { line, pageEnd, pageHead, plural, text, writtenAt } from '../../export/page.ts';
import { type ItemEntry, itemLine } from '../../protocol/annotations/entries.ts';
import { jpegName } from '../../video/jpeg.ts';
import { labelFolderName } from '../label-files.ts';
import { packedFiles } from './packed-files.ts';

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

/** @param dataset as the folder has it; null for rollouts. @param articles as `article` makes them */
export function packPage(
  { project, at, dataset }: { readonly project: string; readonly at: Date; readonly dataset: string | null },
  articles: readonly string[],
): string {
  const { tasks, labelling } = packedFiles;
  const code = (name: string) => `<code>${line(name)}</code>`;
  const inEditor =
    dataset === null
      ? ''
      : `<li>In VS Code with Video-R1 Studio: open this folder (File: Open Folder…), open ${code(dataset)} in it and press Open as Dataset. Send back the folder, or the file of ${code(`.video-r1/${labelFolderName}`)} that has your name.</li>\n`;
  const title = `${plural(articles.length, 'item')} to judge`;
  return `${pageHead(title, "'self' file:")}
<p class="dim">Project ${line(project)}. ${writtenAt(at)}</p>
<h2>How to judge them</h2>
<ul>
${inEditor}<li>In Label Studio: make a project, paste ${code(labelling)} as its labelling interface (Code), import ${code(tasks)}, and keep this page open for the frames. Send back what Export writes as JSON.</li>
</ul>
<p>Whoever packed it takes in what comes back with ${code('video-r1 annotations import FILE --folder PROJECT')}.</p>
${articles.join('')}${pageEnd}`;
}

/** @param place of their files, from the page */
export function frameStrip({ count, times, width, height, shuffledOrder }: PackFrames, place: string): string {
  const shown = shuffledOrder ?? Array.from({ length: count }, (_, frame) => frame);
  const frames = shown.map((frame, i) => {
    const seconds = times[frame] === undefined ? '' : `${times[frame].toFixed(2)} s`;
    const alt = `frame ${i + 1}${seconds && `, at ${seconds}`}`;
    return `<li><img src="${place}/${jpegName(frame)}" alt="${alt}" width="${width}" height="${height}" loading="lazy">${i + 1}${seconds && `: ${seconds}`}</li>`;
  });
  const note = shuffledOrder === null ? '' : '<p class="dim">Shuffled, as the model saw them.</p>\n';
  return `${note}<ul class="frames">${frames.join('')}</ul>`;
}

/** @param number from 1. @param pictures as HTML */
export function article(
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
