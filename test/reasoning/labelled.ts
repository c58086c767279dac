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
  return file
    .split(/^### /m)
    .slice(1)
    .map(readTrace);
}
