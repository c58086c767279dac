/**
 * A completion for reading: aha moments in the margin, commitments as tags, flags underlined, suggestions dashed, hits of the filter,
 * tokens shaded, words with what they stood on.
 * Text nodes only.
 */
import type { ComponentChildren } from 'preact';
import { Fragment } from 'preact';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Commitment, Span } from '../../trainer/protocol/records.ts';
import { tierWords } from './aha-tier.tsx';
import {
  type CompletionMarks,
  type CompletionPiece,
  completionPieces,
  type MarkedFlag,
  type MarkedWord,
} from './completion-pieces.ts';
import styles from './completion-text.module.css';
import type { ShadeStep } from './shades.ts';

/** By the strength of a word's fill and line. */
const wordSteps = [undefined, styles.word1, styles.word2, styles.word3, styles.word4] as const;
const hues = { order: styles.byOrder, frames: styles.byFrames, against: styles.against } as const;

/** Empty where the word is not marked. */
const wordClasses = (step: MarkedWord['step'], hue: MarkedWord['hue']): string =>
  step === 0 ? '' : `${styles.word} ${hues[hue]} ${wordSteps[step]}`;

/** The first step has no fill. */
const fills = [undefined, styles.shade1, styles.shade2, styles.shade3, styles.shade4] as const;

interface CompletionTextProps {
  readonly text: string;
  readonly within: Span;
  readonly marks: CompletionMarks;
  /** How dark tokens are; null while the text is not shaded, and its own marks show. */
  readonly shade: ((tokens: readonly number[]) => ShadeStep) | null;
  /** The token whose numbers are shown. */
  readonly token: number | null;
  /** Span that is being flagged; `form` opens below its last line. */
  readonly picked: Span | null;
  readonly form: ComponentChildren;
  /** Start of the aha moment that was jumped to. */
  readonly ahaShown: number | null;
  /** Start of the hit that was jumped to. */
  readonly hitShown: number | null;
  readonly onFrame: (frame: number) => void;
  /** A word with evidence was chosen, by where it begins. */
  readonly onWord?: (start: number) => void;
  /** Aha lines and links rest while words carry fills of their own; the tiers stay in the margin. */
  readonly marksRest?: boolean;
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
            {...props}
          />
          {piece.commitments.map((commitment) => (
            <CommitmentTag key={commitment.span.start} commitment={commitment} />
          ))}
          {piece.flags.map((flag) => flag.span?.end === piece.end && <FlagTag key={flag.id} flag={flag} />)}
          {inside && piece.end === inside.end && props.form}
        </Fragment>
      ))}
    </>
  );
}

/** How the passage is underlined, and whether a detector's dashed line is under it too. */
function gradeOf(flags: readonly MarkedFlag[]) {
  const has = (grade: MarkedFlag['grade']) => flags.some((flag) => flag.grade === grade);
  return { flagged: has('major') ? 'major' : has('minor') ? 'minor' : undefined, isSuggested: has('suggested') };
}

/** What the pointer is told: the aha moment where one is drawn, then who flags the passage and why. */
function titleOf({ aha, flags, word }: CompletionPiece, showsAha: boolean): string | undefined {
  const lines = flags.map(({ tag, said }) => `${tag}: ${said}`);
  if (word) lines.unshift(word.said);
  if (aha && showsAha) lines.unshift(`T${aha.tier}: ${tierWords[aha.tier]} (${aha.rule})`);
  return lines.join('\n') || undefined;
}

interface PieceProps
  extends Pick<
    CompletionTextProps,
    'text' | 'shade' | 'token' | 'ahaShown' | 'hitShown' | 'onFrame' | 'onWord' | 'marksRest'
  > {
  readonly piece: CompletionPiece;
  readonly inPicked: boolean;
}

function Piece(props: PieceProps) {
  const { text, piece, inPicked, shade, token: chosen, ahaShown, hitShown, marksRest = false, onFrame, onWord } = props;
  const { aha, token, word, mention, hit } = piece;
  const isShaded = shade !== null || marksRest;
  const { flagged, isSuggested } = gradeOf(piece.flags);
  const isChosen = chosen !== null && token?.tokens.includes(chosen);
  const classes = [
    piece.code && styles.code,
    piece.isGap && !piece.code && styles.gap,
    aha && !isShaded && styles.aha,
    aha && aha.span.start === ahaShown && styles.shown,
    flagged && styles.flag,
    isSuggested && !piece.isGap && styles.suggested,
    mention && styles.mention,
    mention && !isShaded && styles.filled,
    hit && styles.hit,
    hit && hit.start === hitShown && styles.shown,
    shade && token && fills[shade(token.tokens)],
    isChosen && styles.chosen,
    word && wordClasses(word.step, word.hue),
    word && onWord && styles.ofWord,
    word?.isPicked && styles.pickedWord,
    inPicked && styles.picked,
  ].filter(Boolean);
  const pressWord = word && onWord ? () => onWord(word.span.start) : null;
  const press =
    mention || pressWord
      ? () => {
          if (isSelecting()) return;
          if (mention) onFrame(mention.frame);
          pressWord?.();
        }
      : null;
  const shared = {
    class: classes.join(' ') || undefined,
    title: titleOf(piece, !isShaded),
    'data-tier': aha?.tier,
    'data-start': piece.start,
    'data-end': piece.end,
    'data-flagged': flagged,
    'data-suggested': isSuggested ? '' : undefined,
    'data-code': piece.code ? '' : undefined,
    'data-hit': hit?.start,
    'data-token': token?.tokens[0],
    'data-word': word?.span.start,
    'data-worth': word && word.step > 0 ? word.hue : undefined,
  };
  const beginsWord = word?.isHeavy && piece.start === word.span.start;
  const beginsMention = mention && piece.start === mention.span.start;
  /* One button for a word or a mention that is cut into pieces; all of them take the pointer. */
  if (press && (beginsWord || beginsMention)) {
    const named = beginsWord ? word.span : mention?.span;
    return (
      // biome-ignore lint/a11y/useSemanticElements: text inside a button can't be selected, and this text can be flagged
      <span
        {...shared}
        role="button"
        tabIndex={0}
        aria-pressed={beginsWord ? word.isPicked : undefined}
        aria-label={beginsWord ? word.said : named && shownLine(text.slice(named.start, named.end))}
        onClick={press}
        onKeyDown={(event) => event.key === 'Enter' && press()}
      >
        {piece.shown}
      </span>
    );
  }
  if (press) {
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: the first piece takes the keys; words that are not heavy are numbers on hover
      // biome-ignore lint/a11y/useKeyWithClickEvents: as above
      <span {...shared} onClick={press}>
        {piece.shown}
      </span>
    );
  }
  return <span {...shared}>{piece.shown}</span>;
}

function CommitmentTag({ commitment: { answer, right } }: { commitment: Commitment }) {
  const said = right === null ? '' : right ? ': the solution' : ': not the solution';
  return (
    <span class={styles.commitment} title={`The reasoning settles here on ${shownLine(answer, 60)}${said}.`}>
      commits to {shownLine(answer, 60)}
    </span>
  );
}

function FlagTag({ flag }: { flag: MarkedFlag }) {
  return (
    <span class={`${styles.tag} ${flag.grade === 'suggested' ? styles.proposed : ''}`} title={flag.said}>
      {flag.tag}
    </span>
  );
}

/** A part of the text is selected: the press that ended it chooses nothing. */
const isSelecting = (): boolean => window.getSelection()?.isCollapsed === false;

/** A word's fill and line, with what it says. */
export function WordLegend({ step, hue, children }: Pick<MarkedWord, 'step' | 'hue'> & { children: string }) {
  return <i class={[styles.legend, wordClasses(step, hue)].filter(Boolean).join(' ')}>{children}</i>;
}

/** A word of a text that has no other marks. */
export function WeighedWord({
  step,
  hue,
  said,
  children,
}: Pick<MarkedWord, 'step' | 'hue' | 'said'> & { children: string }) {
  return (
    <span class={wordClasses(step, hue)} title={said} data-worth={step === 0 ? undefined : hue}>
      {children}
    </span>
  );
}

/** What the fills say, from none to the darkest. */
export function ShadeLegend({ ranges }: { ranges: readonly string[] }) {
  return ranges.map((range, step) => (
    <i key={range} class={`${styles.legend} ${fills[step] ?? ''}`}>
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
