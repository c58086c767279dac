/** Both strips: the frames in their order, where the shuffled answers saw each of them, and a line between the two. */
import { useEffect, useRef } from 'preact/hooks';
import type { FrameOrder, MediaView } from '../../trainer/protocol/records.ts';
import type { FramePixels } from '../state/connection.ts';
import { OrderMark } from '../ui/icons.tsx';
import { count, fixed, grouped } from '../ui/numbers.ts';
import { FrameCanvas } from './frame-canvas.tsx';
import styles from './frame-strip.module.css';

/** Height of a frame in a strip at most, and the gap between two, in CSS pixels. */
const tallest = 44;
const frameGap = 2;

interface FrameStripProps {
  readonly media: MediaView;
  readonly frames: FramePixels | null;
  readonly order: FrameOrder;
  /** Numbers of answers beside it that saw the other order. */
  readonly shuffledCount: number;
  readonly selected: number;
  readonly onSelect: (frame: number) => void;
}

export function FrameStrip({ media, frames, order, shuffledCount, selected, onSelect }: FrameStripProps) {
  const number = media.times.length;
  const strip = useRef<HTMLElement>(null);
  useEffect(() => {
    if (strip.current) bringIntoSight(strip.current, selected);
  }, [selected]);
  const { shuffledOrder } = media;
  const columns = { gridTemplateColumns: `repeat(${number}, minmax(0, 1fr))` };
  const size = `${grouped(number)} of ${media.width}×${media.height}, ${count(media.visionTokens, 'token')}`;
  const saw = 'what this answer saw';
  const frameWidth = Math.ceil((tallest * media.width) / media.height) + frameGap;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: on a narrow page it scrolls sideways, by keyboard too
    <section ref={strip} class={styles.strip} aria-label="Frames as the model saw them" tabIndex={0}>
      <p class={styles.key}>
        <span>
          <OrderMark order="ordered" /> ordered{order === 'ordered' ? `: ${saw}` : ': the true order'} ({size})
        </span>
        {shuffledOrder && (
          <span>
            <OrderMark order="shuffled" /> shuffled, below:{' '}
            {order === 'shuffled' ? saw : `what the ${shuffledCount} beside it saw`}
          </span>
        )}
      </p>
      <div style={{ maxWidth: `${number * frameWidth}px` }}>
        <ol style={columns}>
          {media.times.map((time, frame) => (
            <Frame
              key={frame}
              frame={frame}
              place={null}
              caption={fixed(time, 1)}
              numberFirst
              {...{ media, frames, selected, onSelect }}
            />
          ))}
        </ol>
        {shuffledOrder && (
          <>
            <Links order={shuffledOrder} selected={selected} />
            <ol style={columns}>
              {shuffledOrder.map((frame, place) => (
                <Frame
                  key={place}
                  frame={frame}
                  place={place}
                  caption={String(frame + 1)}
                  {...{ media, frames, selected, onSelect }}
                />
              ))}
            </ol>
          </>
        )}
      </div>
    </section>
  );
}

/** Scrolls a narrow page's strip sideways, and nothing else, to where a frame is whole in sight. */
function bringIntoSight(strip: HTMLElement, frame: number): void {
  const item = strip.querySelectorAll('ol:first-of-type > li')[frame];
  /* Where the pointer is nothing moves from under it: it has picked a frame that is in sight. */
  if (!item || strip.querySelector(`.${styles.selected}:hover`)) return;
  const picked = item.getBoundingClientRect();
  const sight = strip.getBoundingClientRect();
  const before = picked.left - sight.left - frameGap;
  const after = picked.right - sight.right + frameGap;
  if (before < 0) strip.scrollLeft += before;
  else if (after > 0) strip.scrollLeft += after;
}

interface FrameProps {
  readonly media: MediaView;
  readonly frames: FramePixels | null;
  readonly frame: number;
  /** Place in the shuffled strip; null in the ordered one. */
  readonly place: number | null;
  readonly caption: string;
  readonly numberFirst?: boolean;
  readonly selected: number;
  readonly onSelect: (frame: number) => void;
}

function Frame({ media, frames, frame, place, caption, numberFirst, selected, onSelect }: FrameProps) {
  const title = frameTitle(media, frame) + (place === null ? '' : `, at place ${place + 1} of the shuffled strip`);
  return (
    <li
      class={`${styles.frame} ${frame === selected ? styles.selected : ''}`}
      title={title}
      /* Not on entering, which a strip that scrolls under a resting pointer does too. */
      onMouseMove={() => frame !== selected && onSelect(frame)}
      onClick={() => onSelect(frame)}
      onKeyDown={() => {}}
    >
      {numberFirst && frame + 1}
      <FrameCanvas frames={frames} index={frame} label={title} width={media.width} height={media.height} />
      {caption}
    </li>
  );
}

export function frameTitle(media: MediaView, frame: number): string {
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
