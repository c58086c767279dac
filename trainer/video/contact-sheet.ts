/** One picture of all frames that a model is shown, each under its number in the video and its time. */
import type { Frames } from '../engines/engine.ts';
import { Canvas, type Rgb } from './canvas.ts';

const ground: Rgb = [24, 24, 24];
const ink: Rgb = [235, 235, 235];
const faint: Rgb = [150, 150, 150];
const gap = 8;
const block = 3;
/** A digit is three blocks wide and one apart. */
const digitWidth = 4 * block;
const captionHeight = 5 * block + 6;
const mostColumns = 8;

/** Writes digits and decimal points from `left` on. */
function write(canvas: Canvas, text: string, left: number, top: number, colour: Rgb): void {
  let at = left;
  for (const character of text) {
    if (character === '.') {
      canvas.rectangle(at, top + 4 * block, block, block, colour);
      at += 2 * block;
    } else {
      canvas.digit(Number(character), at, top, block, colour);
      at += digitWidth;
    }
  }
}

/**
 * Frames in reading order, in as many columns as make the sheet about as wide as it is high, 8 at most.
 * @param captions for each frame its index in the video, and its time in seconds
 */
export function contactSheet(
  frames: Pick<Frames, 'width' | 'height' | 'count' | 'pixels'>,
  captions: readonly { readonly index: number; readonly seconds: number }[],
): Canvas {
  const { width, height, count, pixels } = frames;
  const cell = { width: width + gap, height: height + captionHeight + gap };
  const square = Math.round(Math.sqrt((count * cell.height) / cell.width));
  const columns = Math.max(1, Math.min(count, mostColumns, square));
  const rows = Math.ceil(count / columns);
  const sheet = Canvas.filled(columns * cell.width + gap, rows * cell.height + gap, ground);
  const size = width * height * 3;
  for (let i = 0; i < count; i++) {
    const left = gap + (i % columns) * cell.width;
    const top = gap + Math.floor(i / columns) * cell.height;
    const caption = captions[i];
    if (caption) {
      const index = String(caption.index);
      write(sheet, index, left, top, ink);
      write(sheet, caption.seconds.toFixed(2), left + (index.length + 1) * digitWidth, top, faint);
    }
    sheet.picture(left, top + captionHeight, width, pixels.subarray(i * size, (i + 1) * size));
  }
  return sheet;
}
