/** One frame as the model saw it, pixel for pixel. */
import { useEffect, useRef } from 'preact/hooks';
import type { FramePixels } from '../state/connection.ts';
import styles from './frame-canvas.module.css';

/** Narrower frames, in pixels, are enlarged as squares: so few are what the model saw. */
const smallFrame = 120;

interface FrameCanvasProps {
  readonly frames: FramePixels | null;
  readonly index: number;
  readonly label: string;
  /** Shape while the pixels are not there yet. */
  readonly width: number;
  readonly height: number;
}

export function FrameCanvas({ frames, index, label, width, height }: FrameCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !frames || index >= frames.count) return;
    context.putImageData(imageOf(frames, index), 0, 0);
  }, [frames, index]);
  return (
    <canvas
      ref={canvas}
      class={width < smallFrame ? styles.pixels : undefined}
      role="img"
      aria-label={label}
      width={frames?.width ?? width}
      height={frames?.height ?? height}
    />
  );
}

function imageOf({ width, height, pixels }: FramePixels, index: number): ImageData {
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
