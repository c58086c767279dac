/**
 * Rollouts as one page that a colleague can read anywhere: frames inlined, no script, nothing fetched. What models and datasets
 * wrote goes in as text alone; a policy in the page forbids all that it does not need.
 */
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { answerMark } from '../protocol/correctness.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { editorLink, linkPath, type PlaceLink } from '../protocol/place.ts';
import { type AhaMoment, type Rollout, type Span, stopWords } from '../protocol/records.ts';
import { encodePng } from '../video/png.ts';
import { beside, type ExportOptions, requireFolder } from './export-run.ts';
import { escaped, line, pageEnd, pageHead, plural, text, writtenAt } from './page.ts';
import type { ChosenRollouts } from './selection.ts';
import type { RolloutRecord } from './tables.ts';

/** More than these nobody reads on a page. */
export const mostOnPage = 1000;
/** Groups whose pictures are kept: rollouts of one group mostly follow each other. */
const picturesKept = 4;

export interface PageFrames {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** RGB, 8 bits a channel, frame after frame. */
  readonly pixels: Uint8Array;
}

export interface AboutPage {
  readonly project: string;
  readonly runId: string;
  readonly correctThreshold: number;
  /** What was chosen, in words; empty where nothing was. */
  readonly query: string;
  readonly order: string;
  readonly at: Date;
  /** Rejects where they can't be had. */
  frames(key: string): Promise<PageFrames>;
}

/**
 * @returns how many rollouts were written
 * @throws StudioError `bad-request` for more than a page can hold; the signal's reason: nothing is left then
 */
export async function exportPage(
  chosen: ChosenRollouts,
  about: AboutPage,
  file: string,
  { signal, onProgress }: Omit<ExportOptions, 'chosen'> = {},
): Promise<number> {
  if (chosen.count > mostOnPage)
    throw new StudioError(
      'bad-request',
      `A page of ${chosen.count.toLocaleString('en-US')} rollouts would be too long to read; it holds at most ${mostOnPage.toLocaleString('en-US')}.`,
      { remedy: 'Set a limit, narrow the filter, or take JSONL or Parquet.' },
    );
  requireFolder(path.dirname(path.resolve(file)));
  let written = 0;
  async function* parts() {
    yield head(chosen, about);
    const pictures = new Pictures(about);
    for await (const record of chosen.records) {
      signal?.throwIfAborted();
      onProgress?.('rollouts', written, chosen.count);
      written++;
      yield article(record, written, about, await pictures.of(record));
    }
    yield pageEnd;
  }
  await beside(file, (partial) => pipeline(Readable.from(parts()), createWriteStream(partial), { signal }));
  return written;
}

// ---- the page -------------------------------------------------------------------------------------------------------

function head({ count, matching }: ChosenRollouts, { project, runId, query, order, at }: AboutPage): string {
  const title = `${plural(count, 'rollout')} of ${line(runId)}`;
  const chosen = [
    query.trim() === '' ? 'no filter' : `filter <code dir="auto">${line(query)}</code>`,
    escaped(order),
    count < matching
      ? `the first ${count.toLocaleString('en-US')} of ${matching.toLocaleString('en-US')}`
      : 'all that fit',
  ];
  return `${pageHead(title)}
<p class="dim">Project ${line(project)}; ${chosen.join('; ')}. ${writtenAt(at)}</p>
`;
}

function article(record: RolloutRecord, number: number, about: AboutPage, pictures: string): string {
  const { group, order, index, step } = record;
  const { question } = group;
  const mark = answerMark(record.accuracy, record.correct, about.correctThreshold);
  const verdict = mark.kind === 'exact' ? '✓ correct' : mark.kind === 'wrong' ? '✗ wrong' : mark.label;
  const link: PlaceLink = {
    project: about.project,
    place: { page: 'rollouts', runId: about.runId, step, rolloutId: record.id },
  };
  return `<article aria-labelledby="r${number}">
<h2 id="r${number}">${number}. Step ${step}, ${order} ${index + 1}</h2>
<p class="dim">${line(group.purpose)}; ${plural(record.tokenCount, 'token')}; ${stopWords[record.stopReason]}; <code>${line(record.id)}</code></p>
<h3>Question</h3>
<p class="text" dir="auto">${text(question.problem)}</p>
${question.options.length === 0 ? '' : `<ul class="options">${question.options.map((option) => `<li class="text" dir="auto">${text(option)}</li>`).join('')}</ul>\n`}<p>Solution: <span class="text" dir="auto">${text(question.solution)}</span> <span class="dim">(${line(question.problemType)}; ${line(question.path)})</span></p>
<h3>Frames as the model saw them, ${order}</h3>
${pictures}
${completion(record)}<h3>Answer</h3>
<p><span class="text" dir="auto">${record.answer === '' ? 'none' : text(record.answer)}</span> <span class="${record.correct ? 'right' : 'wrong'}">${escaped(verdict)}</span></p>
${reward(record)}<p class="dim">In the editor: <a href="${escaped(editorLink(link))}" rel="noreferrer">${escaped(editorLink(link))}</a>; in a page of this project: <code>${escaped(linkPath(link))}</code></p>
</article>
`;
}

/** The think part with its aha moments, and whatever stands beside think and answer. */
function completion(record: RolloutRecord): string {
  const { text: whole, parsed, aha } = record;
  const { think, answer } = parsed;
  const held = [think, answer].filter((span) => span !== null).sort((a, b) => a.start - b.start);
  const edges = [0, ...held.flatMap(({ start, end }) => [start, end]), whole.length];
  const beside = edges.flatMap((start, i) => (i % 2 === 0 ? [{ start, end: edges[i + 1] ?? whole.length }] : []));
  const tags = /<\/?(?:think|answer)>/g;
  const others = beside.filter(({ start, end }) => whole.slice(start, end).replace(tags, '').trim() !== '');
  const block = (title: string, spans: readonly Span[]) =>
    spans.length === 0
      ? ''
      : `<h3>${title}</h3>\n${spans.map((span) => `<div class="text" dir="auto">${marked(whole, span, aha)}</div>\n`).join('')}`;
  const found = aha.map(({ tier, rule, evidence }) => `<li>T${tier}, ${line(rule)}: ${line(evidence)}</li>`).join('');
  const problems = parsed.problems.map((problem) => `<li>${line(problem)}</li>`).join('');
  return [
    block('Think', think === null ? [] : [think]),
    block(think === null ? 'Text' : 'Beside think and answer', others),
    found && `<h3>Aha moments by tier (T1 is a cue, not one)</h3>\n<ul>${found}</ul>\n`,
    problems && `<h3>Form</h3>\n<ul>${problems}</ul>\n`,
  ].join('');
}

function marked(whole: string, within: Span, aha: readonly AhaMoment[]): string {
  const cuts = [within.start, within.end, ...aha.flatMap(({ span }) => [span.start, span.end])];
  const edges = [...new Set(cuts)].filter((cut) => cut >= within.start && cut <= within.end).sort((a, b) => a - b);
  return edges
    .slice(0, -1)
    .map((start, i) => {
      const end = edges[i + 1] as number;
      const shown = text(whole.slice(start, end));
      const moment = aha.findLast(({ span }) => span.start <= start && span.end >= end);
      if (!moment) return shown;
      const label = moment.span.start === start ? `<span class="tier">T${moment.tier}</span>` : '';
      return `<mark class="t${moment.tier}">${label}${shown}</mark>`;
    })
    .join('');
}

function reward({ reward: { parts, total }, advantage, group }: RolloutRecord): string {
  const { temporal, stats, explanation } = group;
  const number = (value: number | null) => (value === null ? 'none' : value.toFixed(3).replace('-', '−'));
  const rows = parts.map(
    ({ name, value, possible, explanation: why }: Rollout['reward']['parts'][number]) =>
      `<tr><th scope="row">${line(name)}</th><td class="num">${number(value)}</td><td class="num">${number(possible)}</td><td>${line(why)}</td></tr>`,
  );
  const test = temporal
    ? [
        `Temporal test: ${number(temporal.p)} of the ordered answers right, ${number(temporal.pShuffled)} of the shuffled; ${temporal.passed ? 'passed' : 'not passed'}: it asks for p ${temporal.comparison} ${number(temporal.mu)} × p̃.`,
      ]
    : [];
  return `<h3>Reward</h3>
<table>
<thead><tr><th scope="col">part</th><th scope="col" class="num">paid</th><th scope="col" class="num">of</th><th scope="col">why</th></tr></thead>
<tbody>${rows.join('')}<tr><th scope="row">together</th><td class="num">${number(total)}</td><td></td><td>${plural(stats.count, 'ordered answer')} of the group: mean ${number(stats.mean)}, deviation ${number(stats.std)}; advantage ${number(advantage)}</td></tr></tbody>
</table>
${[...test, ...explanation].map((sentence) => `<p>${line(sentence)}</p>\n`).join('')}`;
}

// ---- frames ---------------------------------------------------------------------------------------------------------

/** The frames of groups as pictures inside the page. */
class Pictures {
  private readonly about: AboutPage;
  private readonly kept = new Map<string, Promise<readonly string[]>>();

  constructor(about: AboutPage) {
    this.about = about;
  }

  async of({ group: { media }, order }: RolloutRecord): Promise<string> {
    let pictures: readonly string[];
    try {
      pictures = await this.addresses(media.key);
    } catch (thrown) {
      return `<p class="dim">The frames are not at hand: ${line(asStudioError(thrown).message)}</p>`;
    }
    const shown = order === 'shuffled' && media.shuffledOrder ? media.shuffledOrder : pictures.map((_, i) => i);
    const items = shown.map((frame, i) => {
      const seconds = `${(media.times[frame] ?? 0).toFixed(2)} s`;
      const size = `width="${media.width}" height="${media.height}"`;
      return `<li><img src="${pictures[frame] ?? ''}" alt="frame ${i + 1}, at ${seconds}" ${size}>${i + 1}: ${seconds}</li>`;
    });
    return `<ul class="frames">${items.join('')}</ul>`;
  }

  private addresses(key: string): Promise<readonly string[]> {
    const known = this.kept.get(key);
    if (known) return known;
    for (const oldest of [...this.kept.keys()].slice(0, Math.max(0, this.kept.size + 1 - picturesKept)))
      this.kept.delete(oldest);
    const made = this.about.frames(key).then(inlined);
    this.kept.set(key, made);
    return made;
  }
}

/** Frame by frame, so that whoever else is served in this thread need not wait for all of them. */
async function inlined({ width, height, count, pixels }: PageFrames): Promise<readonly string[]> {
  const addresses: string[] = [];
  const size = width * height * 3;
  for (let i = 0; i < count; i++) {
    const png = encodePng({ width, height, pixels: pixels.subarray(i * size, (i + 1) * size) });
    addresses.push(`data:image/png;base64,${png.toString('base64')}`);
    await setImmediate();
  }
  return addresses;
}
