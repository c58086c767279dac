/**
 * Traces with labels, and how well the analysis finds what is labelled. In `traces/*.txt` a trace begins with a line
 * `### id | wording | problem type | options, "; " between them | solution`; in its reasoning stand
 * `«4|…»` a moment of tier 4, `«=B|…»` the sentence that commits to B, `«!|…»` words in which nothing may be found.
 * Labels can stand inside one another.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { problemType } from '../../trainer/protocol/dataset.ts';
import type { AhaMoment, Span } from '../../trainer/protocol/records.ts';
import type { AhaContext } from '../../trainer/reasoning/aha.ts';

export type Tier = AhaMoment['tier'];

export interface LabelledMoment {
  readonly span: Span;
  readonly tier: Tier;
}

export interface LabelledCommitment {
  readonly span: Span;
  readonly answer: string;
}

export interface LabelledTrace {
  readonly id: string;
  readonly wording: string;
  /** The reasoning alone, without labels. */
  readonly text: string;
  readonly context: AhaContext;
  readonly moments: readonly LabelledMoment[];
  readonly commitments: readonly LabelledCommitment[];
  readonly nearMisses: readonly Span[];
}

/** The text without its labels, and the labels in the order of their ends. */
function withoutLabels(marked: string): { text: string; labels: { label: string; span: Span }[] } {
  const open: { label: string; start: number }[] = [];
  const labels: { label: string; span: Span }[] = [];
  let text = '';
  for (let at = 0; at < marked.length; at++) {
    if (marked[at] === '«') {
      const bar = marked.indexOf('|', at);
      open.push({ label: marked.slice(at + 1, bar), start: text.length });
      at = bar;
    } else if (marked[at] === '»') {
      const last = open.pop();
      if (!last) throw new Error(`A label ends that never began, after: ${text.slice(-60)}`);
      labels.push({ label: last.label, span: { start: last.start, end: text.length } });
    } else text += marked[at];
  }
  if (open.length > 0) throw new Error(`A label never ends: ${text.slice(open[0]?.start).slice(0, 60)}`);
  return { text, labels };
}

function readTrace(block: string): LabelledTrace {
  const [head = '', ...lines] = block.split('\n');
  const [id = '', wording = '', type = '', options = '', solution = ''] = head.split('|').map((part) => part.trim());
  const { text, labels } = withoutLabels(lines.join('\n').trim());
  const byStart = (a: { span: Span }, b: { span: Span }) => a.span.start - b.span.start;
  return {
    id,
    wording,
    text,
    context: {
      think: { start: 0, end: text.length },
      options: options === '-' ? [] : options.split('; '),
      solution,
      problemType: problemType.parse(type),
    },
    moments: labels
      .filter(({ label }) => /^[1-5]$/.test(label))
      .map(({ label, span }) => ({ span, tier: Number(label) as Tier }))
      .sort(byStart),
    commitments: labels
      .filter(({ label }) => label.startsWith('='))
      .map(({ label, span }) => ({ span, answer: label.slice(1) }))
      .sort(byStart),
    nearMisses: labels.filter(({ label }) => label === '!').map(({ span }) => span),
  };
}

/** @param half the traces that rules were mended on, or those that they were only held to */
export function readTraces(half: 'mended-on' | 'held-out'): LabelledTrace[] {
  const file = readFileSync(path.join(import.meta.dirname, 'traces', `${half}.txt`), 'utf8');
  return file.split(/^### /m).slice(1).map(readTrace);
}

export interface Found {
  readonly moments: readonly LabelledMoment[];
  readonly commitments: readonly LabelledCommitment[];
}

/** How many of a kind were labelled, how many found, and how many of the found are labelled so. */
export interface Figures {
  labelled: number;
  found: number;
  hits: number;
}

export const kinds = ['1', '2', '3', '4', '5', 'commitment'] as const;
export type Kind = (typeof kinds)[number];

export interface Outcome {
  readonly figures: Readonly<Record<Kind, Figures>>;
  /** Marked near misses, and those in which something was found. */
  readonly nearMisses: { marked: number; found: number };
  /** For people: each miss and each wrong find. */
  readonly faults: readonly string[];
}

/** Whether two spans are the same place: at least half of what either covers is covered by both. */
function agree(a: Span, b: Span): boolean {
  const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return shared * 2 >= Math.max(a.end, b.end) - Math.min(a.start, b.start);
}

const filler = new Set(
  'a an the it is was are were that this there and or of in on at to so he she they its'.split(' '),
);

/** Letters as they are, numbers by value, texts by the words that carry them. */
function sameAnswer(found: string, labelled: string, { problemType: type }: AhaContext): boolean {
  switch (type) {
    case 'multiple choice':
      return found === labelled;
    case 'numerical':
    case 'regression':
      return Number.parseFloat(found) === Number.parseFloat(labelled);
    case 'OCR':
    case 'free-form': {
      const words = (text: string) =>
        (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !filler.has(word)).join(' ');
      return words(found) === words(labelled);
    }
  }
}

/** Pairs what was found with what is labelled, one to one, in the order of the text. */
function pair<Label extends { span: Span }>(
  labelled: readonly Label[],
  found: readonly Label[],
  same: (found: Label, labelled: Label) => boolean,
): { missed: Label[]; wrong: Label[] } {
  const missed = [...labelled];
  const wrong: Label[] = [];
  for (const one of found) {
    const at = missed.findIndex((label) => agree(one.span, label.span) && same(one, label));
    if (at < 0) wrong.push(one);
    else missed.splice(at, 1);
  }
  return { missed, wrong };
}

/** Holds a finder to the labels of some traces. */
export function measure(traces: readonly LabelledTrace[], find: (trace: LabelledTrace) => Found): Outcome {
  const figures = Object.fromEntries(kinds.map((kind) => [kind, { labelled: 0, found: 0, hits: 0 }])) as Record<
    Kind,
    Figures
  >;
  const nearMisses = { marked: 0, found: 0 };
  const faults: string[] = [];
  for (const trace of traces) {
    const { text, id } = trace;
    const found = find(trace);
    const count = (kind: Kind, labelled: number, seen: number, wrong: number) => {
      figures[kind].labelled += labelled;
      figures[kind].found += seen;
      figures[kind].hits += seen - wrong;
    };
    const quote = ({ start, end }: Span) => JSON.stringify(text.slice(start, end));
    for (const tier of [1, 2, 3, 4, 5] as const) {
      const labelled = trace.moments.filter((moment) => moment.tier === tier);
      const seen = found.moments.filter((moment) => moment.tier === tier);
      const { missed, wrong } = pair(labelled, seen, () => true);
      count(`${tier}`, labelled.length, seen.length, wrong.length);
      for (const { span } of missed) faults.push(`${id} misses tier ${tier}: ${quote(span)}`);
      for (const { span } of wrong) faults.push(`${id} finds tier ${tier}: ${quote(span)}`);
    }
    const { missed, wrong } = pair(trace.commitments, found.commitments, (a, b) =>
      sameAnswer(a.answer, b.answer, trace.context),
    );
    count('commitment', trace.commitments.length, found.commitments.length, wrong.length);
    for (const { span, answer } of missed) faults.push(`${id} misses commitment to ${answer}: ${quote(span)}`);
    for (const { span, answer } of wrong) faults.push(`${id} finds commitment to ${answer}: ${quote(span)}`);
    for (const miss of trace.nearMisses) {
      nearMisses.marked++;
      const hit = [...found.moments, ...found.commitments].some(({ span }) => agree(span, miss));
      if (hit) nearMisses.found++;
    }
  }
  return { figures, nearMisses, faults };
}

const names: Readonly<Record<Kind, string>> = {
  1: 'T1 cue',
  2: 'T2 echo',
  3: 'T3 verified',
  4: 'T4 rejected',
  5: 'T5 changed',
  commitment: 'commitment',
};

/** The figures as the guide has them: precision and recall with the counts behind them. */
export function figureTable(halves: readonly Outcome[]): string {
  const share = (part: number, whole: number) =>
    whole === 0 ? '–' : `${(part / whole).toFixed(2)} (${part}/${whole})`;
  const rows = kinds.map((kind) => {
    const cells = halves.flatMap(({ figures }) => {
      const { labelled, found, hits } = figures[kind];
      return [share(hits, found), share(hits, labelled)];
    });
    return `| ${[names[kind], ...cells].join(' | ')} |`;
  });
  return rows.join('\n');
}
