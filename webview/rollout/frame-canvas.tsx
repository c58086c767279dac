/** One frame as the model saw it, pixel for pixel. */
import { useEffect, useRef } from 'preact/hooks';
import type { FramePixels } from '../state/connection.ts';
import styles from './frame-canvas.module.css';

/** Narrower frames, in pixels, are enlarged as squares: so few are what the model saw. */
const smallFrame = 120;

interface FrameCanvasProps {
  readonly frames: FramePixels | null;
  readonly index: number;
  /** Null where what it stands in says it. */
  readonly label: string | null;
  /** Shape while the pixels are not there yet. */
  readonly width: number;
  readonly height: number;
}

export function FrameCanvas({ frames, index, label, width, height }: FrameCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    /* No frame stands for another while its pixels are on their way. */
    if (frames && index < frames.count) context.putImageData(imageOf(frames, index), 0, 0);
    else context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  }, [frames, index]);
  return (
    <canvas
      ref={canvas}
      class={width < smallFrame ? styles.pixels : undefined}
      {...(label === null ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label })}
      width={frames?.width ?? width}
      height={frames?.height ?? height}
    />
  );
}

/** Each frame is drawn in several places. */
const images = new WeakMap<FramePixels, ImageData[]>();

function imageOf(frames: FramePixels, index: number): ImageData {
  const held = images.get(frames) ?? [];
  images.set(frames, held);
  held[index] ??= drawn(frames, index);
  return held[index];
}

function drawn({ width, height, pixels }: FramePixels, index: number): ImageData {
  const image = new ImageData(width, height);
  const size = width * height;
  const from = index * size * 3;
  for (let pixel = 0; pixel < size; pixel += 1) {
    image.data[pixel * 4] = pixels[from + pixel * 3] ?? 0;
    image.data[pixel * 4 + 1] = pixels[from + pixel * 3 + 1] ?? 0;
    image.data[pixel * 4 + 2] = pixels[from + pixel * 3 + 2] ?? 0;
    image.data[pixel * 4 + 3] = 255;
  }
  return image;
}
