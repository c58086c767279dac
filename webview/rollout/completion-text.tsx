/** A completion for reading: aha moments in the margin, flags underlined, tokens shaded. Text nodes only. */
import type { ComponentChildren } from 'preact';
import { Fragment } from 'preact';
import { type Annotation, flagCategories, type Span } from '../../trainer/protocol/records.ts';
import { fixed } from '../ui/numbers.ts';
import { tierWords } from './aha-tier.tsx';
import {
  type CompletionMarks,
  type CompletionPiece,
  completionPieces,
  shadeOf,
  type TokenSpan,
} from './completion-pieces.ts';
import styles from './completion-text.module.css';

/** By `shadeOf`, from probable to improbable; the most probable tokens have none. */
const shades = [undefined, styles.shade1, styles.shade2, styles.shade3, styles.shade4];

interface CompletionTextProps {
  readonly text: string;
  readonly within: Span;
  readonly marks: CompletionMarks;
  readonly shaded: boolean;
  /** Span that is being flagged; `form` opens below its last line. */
  readonly picked: Span | null;
  readonly form: ComponentChildren;
  /** Start of the aha moment that was jumped to. */
  readonly ahaShown: number | null;
  readonly onFrame: (frame: number) => void;
}

export function CompletionText(props: CompletionTextProps) {
  const { text, within, marks, picked } = props;
  const inside = picked && picked.start >= within.start && picked.end <= within.end ? picked : null;
  const cutAt: CompletionMarks = inside
    ? { ...marks, mentions: marks.mentions.filter(({ span }) => span.end <= inside.start || span.start >= inside.end) }
    : marks;
  const pieces = completionPieces(text, within, cutAt, inside ? [inside.start, inside.end] : []);
  return (
    <>
      {pieces.map((piece) => (
        <Fragment key={piece.start}>
          {piece.ahaStarts && piece.aha && (
            <span class={`${styles.margin} ${piece.aha.tier === 1 ? styles.cue : ''}`} data-aha={piece.aha.span.start}>
              T{piece.aha.tier}
            </span>
          )}
          <Piece
            piece={piece}
            inPicked={inside !== null && piece.start >= inside.start && piece.end <= inside.end}
            shaded={props.shaded}
            ahaShown={props.ahaShown}
            onFrame={props.onFrame}
          />
          {piece.flags.map((flag) => flag.span?.end === piece.end && <FlagTag key={flag.id} flag={flag} />)}
          {inside && piece.end === inside.end && props.form}
        </Fragment>
      ))}
    </>
  );
}

interface PieceProps extends Pick<CompletionTextProps, 'shaded' | 'ahaShown' | 'onFrame'> {
  readonly piece: CompletionPiece;
  readonly inPicked: boolean;
}

function Piece({ piece, inPicked, shaded, ahaShown, onFrame }: PieceProps) {
  const { aha, token, mention } = piece;
  const classes = [
    piece.code && styles.code,
    piece.isGap && !piece.code && styles.gap,
    aha && styles.aha,
    aha && aha.span.start === ahaShown && styles.shown,
    piece.flags.length > 0 && styles.flag,
    shaded && token && shades[shadeOf(token.logprob)],
    inPicked && styles.picked,
    mention && !shaded && styles.mention,
  ].filter(Boolean);
  const title = [
    shaded && token ? tokenWords(token) : '',
    aha && !shaded ? `T${aha.tier}: ${tierWords[aha.tier]} (${aha.rule})` : '',
  ]
    .filter(Boolean)
    .join('\n');
  const shared = {
    class: classes.join(' ') || undefined,
    title: title || undefined,
    'data-tier': aha?.tier,
    'data-start': piece.start,
    'data-end': piece.end,
    'data-flagged': piece.flags.length > 0 ? '' : undefined,
    'data-code': piece.code ? '' : undefined,
  };
  if (mention && !shaded) {
    const press = () => onFrame(mention.frame);
    return (
      // biome-ignore lint/a11y/useSemanticElements: text inside a button can't be selected, and this text can be flagged
      <span
        {...shared}
        role="button"
        tabIndex={0}
        onClick={press}
        onKeyDown={(event) => event.key === 'Enter' && press()}
      >
        {piece.shown}
      </span>
    );
  }
  return <span {...shared}>{piece.shown}</span>;
}

function tokenWords({ logprob, entropy }: TokenSpan): string {
  return `p ${fixed(Math.exp(logprob), 2)}${entropy === null ? '' : `, entropy ${fixed(entropy, 2)} nats`}`;
}

function FlagTag({ flag }: { flag: Annotation }) {
  return (
    <span class={styles.tag} title={`${flag.author}: ${flag.note || flag.category}`}>
      {flagCategories.indexOf(flag.category) + 1} {flag.category}
    </span>
  );
}

/** What the shades say. */
export function ShadeLegend() {
  return ['≥ .9', '.7–.9', '.5–.7', '.3–.5', '< .3'].map((range, shade) => (
    <i key={range} class={`${styles.legend} ${shades[shade] ?? ''}`}>
      {range}
    </i>
  ));
}

/** Where the text that a person has selected stands in the completion; null when nothing of it is selected. */
export function selectedSpan(root: HTMLElement): Span | null {
  const selection = window.getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  if (!range.intersectsNode(root)) return null;
  let start = Infinity;
  let end = -Infinity;
  for (const piece of root.querySelectorAll<HTMLElement>('[data-start]')) {
    if (!range.intersectsNode(piece)) continue;
    const from = Number(piece.dataset.start);
    const to = Number(piece.dataset.end);
    const code = piece.dataset.code !== undefined;
    const first = piece.contains(range.startContainer) && !code ? from + range.startOffset : from;
    const last = piece.contains(range.endContainer) && !code ? from + range.endOffset : to;
    if (last <= first) continue;
    start = Math.min(start, first);
    end = Math.max(end, last);
  }
  return end > start ? { start, end } : null;
}

/** Selects a part of the completion, and scrolls it into sight: the other way round than `selectedSpan`. */
export function selectSpan(root: HTMLElement, { start, end }: Span): void {
  const range = document.createRange();
  let begun = false;
  for (const piece of root.querySelectorAll<HTMLElement>('[data-start]')) {
    const [from, to] = [Number(piece.dataset.start), Number(piece.dataset.end)];
    const text = document.createTreeWalker(piece, NodeFilter.SHOW_TEXT).nextNode();
    if (to <= start || from >= end || text === null) continue;
    const isCode = piece.dataset.code !== undefined;
    const length = text.textContent?.length ?? 0;
    if (!begun) range.setStart(text, isCode ? 0 : Math.min(length, Math.max(0, start - from)));
    begun = true;
    range.setEnd(text, isCode ? length : Math.min(length, end - from));
  }
  if (!begun) return;
  const selection = window.getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
  range.startContainer.parentElement?.scrollIntoView({ block: 'center' });
}
