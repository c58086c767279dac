/** One frame, large, beside its place in the strip. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MediaView } from '../../trainer/protocol/records.ts';
import type { FramePixels } from '../state/connection.ts';
import { placeBeside } from '../ui/beside.ts';
import { FrameCanvas } from './frame-canvas.tsx';
import styles from './frame-preview.module.css';
import { frameTitle } from './frame-strip.tsx';

/** At most, in CSS pixels. */
const widest = 320;
const tallest = 240;

interface FramePreviewBoxProps {
  readonly media: MediaView;
  readonly frames: FramePixels | null;
  readonly frame: number;
  readonly anchor: HTMLElement;
}

export function FramePreviewBox({ media, frames, frame, anchor }: FramePreviewBoxProps) {
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (box.current) placeBeside(box.current, anchor.getBoundingClientRect());
  });
  const title = frameTitle(media, frame);
  return (
    <figure
      ref={box}
      class={styles.preview}
      style={{ '--frame-width': `${Math.round(Math.min(widest, (tallest * media.width) / media.height))}px` }}
      data-part="frame-preview"
    >
      <FrameCanvas frames={frames} index={frame} label={title} width={media.width} height={media.height} />
      <figcaption>{title}</figcaption>
    </figure>
  );
}
