/**
 * The frames as the model saw them, in one row or two: in their order, and as the shuffled answers saw them, with a line from each
 * frame to its shuffled place. The pointer previews a frame, a click chooses it.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { FrameOrder, MediaView } from '../../trainer/protocol/records.ts';
import type { FramePixels } from '../state/connection.ts';
import { OrderMark } from '../ui/icons.tsx';
import { count, fixed, grouped } from '../ui/numbers.ts';
import type { StripEvidence } from './evidence/strip-evidence.tsx';
import { FrameCanvas } from './frame-canvas.tsx';
import styles from './frame-strip.module.css';

/** Height of a frame in a strip at most, the gap between two, and the least width of a frame, in CSS pixels. */
const tallest = 44;
const tallestCompact = 36;
const frameGap = 2;
const narrowest = 20;

interface FrameStripProps {
  readonly media: MediaView;
  readonly frames: FramePixels | null;
  readonly order: FrameOrder;
  /** Numbers of answers beside it that saw the other order. */
  readonly besideCount: number;
  /** One row of what this answer saw, or both. */
  readonly both: boolean;
  /** Numbers alone, without the times. */
  readonly compact: boolean;
  readonly selected: number;
  /** What the places of the one row are worth: in the place of the other row, which is not shown then. */
  readonly evidence?: StripEvidence | null;
  /** @param place in the row: in the shuffled one another number than the frame's */
  readonly onSelect: (frame: number, place: number) => void;
  /** The frame under the pointer, with where it is; null when it has left. */
  readonly onPreview: (preview: FramePreview | null) => void;
  /** A strip was gone to by key, or left. */
  readonly onFocused: (focused: boolean) => void;
  /** At the right end of the line above. */
  readonly children?: ComponentChildren;
}

export interface FramePreview {
  readonly frame: number;
  readonly anchor: HTMLElement;
}

export function FrameStrip(props: FrameStripProps) {
  const {
    media,
    frames,
    order,
    besideCount,
    compact,
    selected,
    onSelect,
    onPreview,
    onFocused,
    evidence = null,
  } = props;
  const both = props.both && evidence === null;
  const number = media.times.length;
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (strip.current) bringIntoSight(strip.current, selected);
  }, [selected]);
  const { shuffledOrder } = media;
  const columns = { gridTemplateColumns: `repeat(${number}, minmax(0, 1fr))` };
  const size = `${grouped(number)} of ${media.width}×${media.height}, ${count(media.visionTokens, 'token')}`;
  const saw = 'what this answer saw';
  const frameWidth = Math.ceil(((compact ? tallestCompact : tallest) * media.width) / media.height) + frameGap;
  const alone = both ? null : order;
  const frame = { media, frames, selected, lit: evidence?.lit ?? null, onSelect, onPreview };
  return (
    <section class={styles.strip} aria-label="Frames as the model saw them" data-part="frames">
      <p class={`${styles.key} ${both ? styles.both : ''}`}>
        {evidence?.line}
        {!evidence && alone !== 'shuffled' && (
          <Key order="ordered">
            : {order === 'ordered' ? saw : 'the true order'} ({size})
          </Key>
        )}
        {!evidence && shuffledOrder && alone !== 'ordered' && (
          <Key order="shuffled">
            {alone ? '' : ', below'}: {order === 'shuffled' ? saw : `what the ${besideCount} beside it saw`}
            {alone && ` (${size})`}
          </Key>
        )}
        {!evidence && <span class="grow" />}
        {props.children}
      </p>
      <div ref={strip} class={styles.frames}>
        <div class={styles.lanes} style={{ maxWidth: `${number * frameWidth}px`, minWidth: `${number * narrowest}px` }}>
          {alone !== 'shuffled' && (
            <Row label="Frames in order" {...{ columns, selected, onPreview, onFocused }}>
              {media.times.map((time, index) => (
                <Frame
                  key={index}
                  frame={index}
                  place={null}
                  above={compact ? null : String(index + 1)}
                  below={compact ? String(index + 1) : fixed(time, 1)}
                  {...frame}
                />
              ))}
            </Row>
          )}
          {shuffledOrder && !alone && <Links order={shuffledOrder} selected={selected} />}
          {shuffledOrder && alone !== 'ordered' && (
            <Row label="Frames as shuffled" {...{ columns, selected, onPreview, onFocused }}>
              {shuffledOrder.map((index, place) => (
                <Frame key={place} frame={index} place={place} above={null} below={String(index + 1)} {...frame} />
              ))}
            </Row>
          )}
          {evidence?.bars}
        </div>
      </div>
    </section>
  );
}

/** The strip by its colour and name, with what it shows where there is room. */
function Key({ order, children }: { order: 'ordered' | 'shuffled'; children: ComponentChildren }) {
  return (
    <span class="cut">
      <OrderMark order={order} /> {order}
      <span class={styles.shows}>{children}</span>
    </span>
  );
}

interface RowProps extends Pick<FrameStripProps, 'selected' | 'onPreview' | 'onFocused'> {
  readonly label: string;
  readonly columns: { readonly gridTemplateColumns: string };
  readonly children: ComponentChildren;
}

function Row({ label, columns, selected, onPreview, onFocused, children }: RowProps) {
  return (
    <div
      class={styles.row}
      style={columns}
      role="listbox"
      aria-label={`${label} (← →)`}
      aria-activedescendant={`${label.replaceAll(' ', '-')}-${selected}`}
      aria-orientation="horizontal"
      tabIndex={0}
      onPointerLeave={() => onPreview(null)}
      onFocus={(event) => onFocused(event.currentTarget.matches(':focus-visible'))}
      onBlur={() => onFocused(false)}
    >
      {children}
    </div>
  );
}

/** Scrolls the strip sideways, and nothing else, to where a frame is whole in sight. */
function bringIntoSight(strip: HTMLElement, frame: number): void {
  const item = strip.querySelector(`[data-frame="${frame}"]`);
  if (!item) return;
  const picked = item.getBoundingClientRect();
  const sight = strip.getBoundingClientRect();
  const before = picked.left - sight.left - frameGap;
  const after = picked.right - sight.right + frameGap;
  if (before < 0) strip.scrollLeft += before;
  else if (after > 0) strip.scrollLeft += after;
}

interface FrameProps extends Pick<FrameStripProps, 'media' | 'frames' | 'selected' | 'onSelect' | 'onPreview'> {
  /** Places that are outlined; null without evidence. */
  readonly lit: ReadonlySet<number> | null;
  readonly frame: number;
  /** Place in the shuffled strip; null in the ordered one. */
  readonly place: number | null;
  readonly above: string | null;
  readonly below: string;
}

function Frame({ media, frames, frame, place, above, below, selected, lit, onSelect, onPreview }: FrameProps) {
  const here = place ?? frame;
  const label = frameTitle(media, frame) + (place === null ? '' : `, at place ${place + 1} of the shuffled strip`);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the row takes the keys; frames are its options
    // biome-ignore lint/a11y/useFocusableInteractive: the row has the focus and names its active option
    <div
      id={`${place === null ? 'Frames-in-order' : 'Frames-as-shuffled'}-${frame}`}
      class={`${styles.frame} ${lit?.has(here) ? styles.lit : frame === selected && !lit?.size ? styles.selected : ''}`}
      role="option"
      aria-selected={frame === selected}
      aria-label={label}
      data-frame={frame}
      /* Not on entering, which a strip that scrolls under a resting pointer does too. */
      onPointerMove={(event) => event.pointerType !== 'touch' && onPreview({ frame, anchor: event.currentTarget })}
      onClick={() => onSelect(frame, here)}
    >
      {above}
      <FrameCanvas frames={frames} index={frame} label={null} width={media.width} height={media.height} />
      {below}
    </div>
  );
}

export function frameTitle(media: Omit<MediaView, 'shuffledOrder' | 'visionTokens'>, frame: number): string {
  if (media.kind === 'image')
    return `the image, ${media.width}×${media.height} of ${media.sourceWidth}×${media.sourceHeight}`;
  return `frame ${frame + 1}, ${fixed(media.times[frame] ?? 0, 2)} s (file: ${media.indices[frame] ?? '–'})`;
}

function Links({ order, selected }: { order: readonly number[]; selected: number }) {
  const curve = (frame: number, place: number) => {
    const from = frame * 100 + 50;
    const to = place * 100 + 50;
    return `M${from} 4C${from} 55 ${to} 45 ${to} 96`;
  };
  const chosen = order.indexOf(selected);
  return (
    <svg class={styles.links} viewBox={`0 0 ${order.length * 100} 100`} preserveAspectRatio="none" aria-hidden="true">
      {order.map((frame, place) => (
        <path key={frame} d={curve(frame, place)} />
      ))}
      {chosen >= 0 && <path class={styles.selected} d={curve(selected, chosen)} />}
    </svg>
  );
}
