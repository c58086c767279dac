/** A completion cut into pieces that carry their marks: aha moments, commitments, flags, mentions of frames, hits, tokens, words. */

import type { Severity } from '../../trainer/protocol/annotations/categories.ts';
import { type ShownPiece, shownPieces } from '../../trainer/protocol/hostile-text.ts';
import type { AhaMoment, Commitment, MediaView, Span } from '../../trainer/protocol/records.ts';
import type { TokenSpan } from '../../trainer/protocol/token-spans.ts';

/** A mention of a frame or a time in the text, with the frame (from 0) that it points to. */
export interface FrameMention {
  readonly span: Span;
  readonly frame: number;
}

export interface CompletionPiece extends ShownPiece {
  readonly aha: AhaMoment | null;
  /** The aha moment begins with this piece. */
  readonly ahaStarts: boolean;
  readonly flags: readonly MarkedFlag[];
  readonly flagStarts: readonly MarkedFlag[];
  readonly mention: FrameMention | null;
  readonly token: TokenSpan | null;
  /** The word that stands here. */
  readonly word: MarkedWord | null;
  /** What the filter looks for stands here. */
  readonly hit: Span | null;
  /** End with this piece. */
  readonly commitments: readonly Commitment[];
  /** Empty lines between paragraphs. */
  readonly isGap: boolean;
}

/** A flag on a passage, or what a detector would flag, in the words of the page. */
export interface MarkedFlag {
  readonly id: string;
  readonly span: Span | null;
  /** `suggested`: by a detector, and no flag until somebody accepts it. */
  readonly grade: Severity | 'suggested';
  /** What stands behind the passage. */
  readonly tag: string;
  /** Who said it, and why. */
  readonly said: string;
}

/** What a word stood on, as it is shown. */
export interface MarkedWord {
  readonly span: Span;
  /** How strong its fill and its line are; 0 for none. */
  readonly step: 0 | 1 | 2 | 3 | 4;
  /** The fill is of `order`, of `frames`, or says that other frames make the word likelier. */
  readonly hue: 'order' | 'frames' | 'against';
  readonly isPicked: boolean;
  /** Keys go to it. */
  readonly isHeavy: boolean;
  /** Its numbers, for people. */
  readonly said: string;
}

export interface CompletionMarks {
  readonly aha: readonly AhaMoment[];
  readonly flags: readonly MarkedFlag[];
  readonly mentions: readonly FrameMention[];
  readonly tokens: readonly TokenSpan[];
  /** Without evidence none. */
  readonly words?: readonly MarkedWord[];
  readonly hits: readonly Span[];
  readonly commitments: readonly Commitment[];
}

/** Pieces of `text` inside `within`, in order and without gaps; also cut at the offsets of `cutAt`. */
export function completionPieces(
  text: string,
  within: Span,
  marks: CompletionMarks,
  cutAt: readonly number[] = [],
): CompletionPiece[] {
  const { words = [] } = marks;
  const spans = [
    ...marks.aha.map((moment) => moment.span),
    ...marks.flags.flatMap((flag) => (flag.span ? [flag.span] : [])),
    ...marks.mentions.map((mention) => mention.span),
    ...marks.tokens.map((token) => token.span),
    ...words.map((word) => word.span),
    ...marks.hits,
  ];
  const cuts = new Set([within.start, within.end]);
  const gaps = [...text.slice(within.start, within.end).matchAll(/\n\s*\n/g)].map((match) => ({
    start: within.start + match.index,
    end: within.start + match.index + match[0].length,
  }));
  const ends = marks.commitments.map((commitment) => commitment.span.end);
  for (const cut of [...[...spans, ...gaps].flatMap(({ start, end }) => [start, end]), ...ends, ...cutAt]) {
    if (cut > within.start && cut < within.end) cuts.add(cut);
  }
  const edges = [...cuts].sort((a, b) => a - b);
  const pieces: CompletionPiece[] = [];
  const tokenAt = cursor(marks.tokens);
  const wordAt = cursor(words);
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const start = edges[i] ?? 0;
    const end = edges[i + 1] ?? start;
    const covers = (span: Span) => span.start <= start && span.end >= end;
    const aha = marks.aha.findLast((moment) => covers(moment.span)) ?? null;
    const flags = marks.flags.filter((flag) => flag.span && covers(flag.span));
    const mention = marks.mentions.find((found) => covers(found.span)) ?? null;
    const token = tokenAt(start);
    const word = wordAt(start);
    const hit = marks.hits.find(covers) ?? null;
    const isGap = gaps.some(covers);
    for (const piece of shownPieces(text, start, end)) {
      pieces.push({
        ...piece,
        aha,
        ahaStarts:
          aha !== null &&
          (piece.start === aha.span.start || (piece.start === within.start && aha.span.start < within.start)),
        flags,
        flagStarts: flags.filter((flag) => flag.span?.start === piece.start),
        mention,
        token,
        word,
        hit,
        commitments: marks.commitments.filter(({ span }) => span.end === piece.end),
        isGap,
      });
    }
  }
  return pieces;
}

/** Looks up what stands over an offset; offsets are asked for in ascending order. */
function cursor<T extends { readonly span: Span }>(placed: readonly T[]): (offset: number) => T | null {
  let at = 0;
  return (offset) => {
    while (at < placed.length && (placed[at]?.span.end ?? 0) <= offset) at += 1;
    const here = placed[at];
    return here && here.span.start <= offset ? here : null;
  };
}

const frameWord = /\bframes?\s+(\d{1,3})(?:\s*(?:to|-|–|and|through)\s*(\d{1,3}))?/gi;
const timeWord = /\b(\d{1,4}(?:\.\d{1,2})?)\s?(?:s|seconds?)\b/gi;

/** Mentions of frames (numbered from 1) and times (in seconds) that this media has. */
export function frameMentions(text: string, media: MediaView): FrameMention[] {
  const frames = media.times.length;
  if (media.kind !== 'video' || frames === 0) return [];
  const mentions: FrameMention[] = [];
  for (const match of text.matchAll(frameWord)) {
    const number = Number(match[1]);
    if (number >= 1 && number <= frames) {
      mentions.push({ span: { start: match.index, end: match.index + match[0].length }, frame: number - 1 });
    }
  }
  for (const match of text.matchAll(timeWord)) {
    const seconds = Number(match[1]);
    if (seconds > media.durationSeconds) continue;
    const frame = media.times.reduce(
      (near, time, index) => (Math.abs(time - seconds) < Math.abs((media.times[near] ?? 0) - seconds) ? index : near),
      0,
    );
    mentions.push({ span: { start: match.index, end: match.index + match[0].length }, frame });
  }
  return mentions.sort((a, b) => a.span.start - b.span.start);
}

/** The parts of a completion that stand in neither block, tags left out; empty when there are none. */
export function outsideText(text: string, think: Span | null, answer: Span | null): string {
  const blocks = [think, answer].filter((span) => span !== null).sort((a, b) => a.start - b.start);
  let at = 0;
  let outside = '';
  for (const block of blocks) {
    if (block.start > at) outside += text.slice(at, block.start);
    at = Math.max(at, block.end);
  }
  outside += text.slice(at);
  return outside.replace(/<\/?(?:think|answer)>/g, ' ').trim();
}
