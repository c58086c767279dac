/**
 * Frames and times that a text names as places of a video ("frames 3, 5 and 17", "at 12.5 s", "0:45"). Durations, rates and
 * clock times are none: a time counts where a word before it, a colon after it or a bracket makes it a place.
 */
import type { Span } from './records.ts';

export type MediaMention =
  /** Numbers of frames from 1, as they are written; a range is its two ends. */
  | { readonly kind: 'frame'; readonly span: Span; readonly numbers: readonly number[] }
  | { readonly kind: 'time'; readonly span: Span; readonly seconds: number };

const ordinals = [
  ...[
    'first',
    'second',
    'third',
    'fourth',
    'fifth',
    'sixth',
    'seventh',
    'eighth',
    'ninth',
    'tenth',
    'eleventh',
    'twelfth',
  ],
  ...['thirteenth', 'fourteenth', 'fifteenth', 'sixteenth', 'seventeenth', 'eighteenth', 'nineteenth', 'twentieth'],
];

const numbered =
  /\bframes?\s+(?:numbers?\s+|no\.?\s*|#\s?)?(\d{1,5}(?:(?:\s*,\s*(?:and\s+)?|\s+(?:to|and|or|through|until)\s+|\s*[-–]\s*)(?:frames?\s+)?#?\d{1,5})*)(?![\d.]*\d)(?!\s*(?:%|[cm]?m\b|cms?\b|inch|feet|ft\b|frames|per\b|fps\b|times\b))/gi;
const counted = new RegExp(`\\b(?:(\\d{1,5})(?:st|nd|rd|th)|(${ordinals.join('|')}))\\s+frame\\b`, 'gi');

const unit = '(?:s|secs?|seconds?)\\b';
const places: readonly RegExp[] = [
  // at 12.5 s; from 9 s to 14 s; after 40 seconds
  new RegExp(
    `\\b(?:at|around|about|near|by|until|till|from|to|between|and|after|since|from)\\s+(?:(?:about|around|roughly|approximately|exactly|the|second)\\s+)*(\\d{1,5}(?:\\.\\d+)?)\\s?-?${unit}(?!\\s+(?:long|later|earlier|each|apart|of|ago))`,
    'gi',
  ),
  // t = 20 s
  new RegExp(`\\bt\\s*=\\s*(\\d{1,5}(?:\\.\\d+)?)\\s?${unit}`, 'gi'),
  // at second 10
  /\bat\s+(?:the\s+)?seconds?\s+(\d{1,5}(?:\.\d+)?)\b/gi,
  // the 20-second mark
  new RegExp(`\\b(\\d{1,5}(?:\\.\\d+)?)[\\s-]?${unit}[\\s-](?:mark|point)\\b`, 'gi'),
  // 9 s: dark.
  new RegExp(`(?:^|[.;!?\\n])\\s*(\\d{1,5}(?:\\.\\d+)?)\\s?${unit}\\s*:`, 'gi'),
];
/** With minutes: in brackets, after "timestamp", or with a zero in front, since `9:15` is a time of the day. */
const clock = /(?:\[|\btimestamps?\s+)(\d{1,2}):(\d{2})\b|(?<![\d:])(0{1,2}):(\d{2})(?![\d:])/gi;

/** In the order of the text. */
export function mediaMentions(text: string): MediaMention[] {
  const found: MediaMention[] = [];
  const spanOf = (match: RegExpExecArray): Span => ({ start: match.index, end: match.index + match[0].length });
  for (const match of text.matchAll(numbered))
    found.push({ kind: 'frame', span: spanOf(match), numbers: (match[1]?.match(/\d+/g) ?? []).map(Number) });
  for (const match of text.matchAll(counted)) {
    const number = match[1] === undefined ? ordinals.indexOf((match[2] ?? '').toLowerCase()) + 1 : Number(match[1]);
    found.push({ kind: 'frame', span: spanOf(match), numbers: [number] });
  }
  for (const place of places)
    for (const match of text.matchAll(place))
      found.push({ kind: 'time', span: spanOf(match), seconds: Number(match[1]) });
  for (const match of text.matchAll(clock)) {
    const [minutes, seconds] = [Number(match[1] ?? match[3]), Number(match[2] ?? match[4])];
    found.push({ kind: 'time', span: spanOf(match), seconds: 60 * minutes + seconds });
  }
  return found.sort((a, b) => a.span.start - b.span.start);
}
