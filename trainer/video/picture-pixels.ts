/** From stored samples to the 8-bit RGB that Pillow's `convert("RGB")`, and `to_rgb` of qwen-vl-utils on top of it, give. */
import { badMedia } from './bad-media.ts';
import type { StoredPicture } from './magick.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits a channel, row after row. */
  readonly pixels: Uint8Array;
}

/** The quotient by 255, rounded, of a product of two bytes. */
const over255 = (product: number) => {
  const rounded = product + 128;
  return ((rounded >> 8) + rounded) >> 8;
};

/**
 * @param onWhite whether the last channel is an alpha by which the picture is laid on white
 * @throws StudioError `bad-media` for colours that are not read
 */
export function shown(file: string, { width, height, samples, colours }: StoredPicture, onWhite: boolean): Picture {
  const pixels = new Uint8Array(width * height * 3);
  if (colours === 'other') throw badMedia(file, 'its colours are neither grey, RGB nor CMYK', 'Save it in RGB.');
  for (let from = 0, to = 0; from < samples.length; from += 4, to += 3) {
    const last = samples[from + 3] as number;
    for (let channel = 0; channel < 3; channel++) {
      const value = samples[from + channel] as number;
      if (colours === 'cmyk') {
        const light = 255 - last;
        pixels[to + channel] = Math.max(0, light - over255(value * light));
      } else pixels[to + channel] = onWhite ? over255(value * last + 255 * (255 - last)) : value;
    }
  }
  return { width, height, pixels };
}

/** Channels of 16 bits, or of floating point, one after the other. */
export interface DeepPicture {
  readonly width: number;
  readonly height: number;
  readonly samples: ArrayLike<number>;
  readonly channels: number;
  /** Whether the last channel is an alpha that counts. */
  readonly onWhite: boolean;
}

/** Grey alone is cut off at 255, anything else loses its lower eight bits. */
export function shownDeep({ width, height, samples, channels, onWhite }: DeepPicture): Picture {
  const pixels = new Uint8Array(width * height * 3);
  const isGreyAlone = channels === 1;
  for (let i = 0; i < width * height; i++) {
    const at = i * channels;
    const alpha = onWhite ? (samples[at + channels - 1] as number) >> 8 : 255;
    for (let channel = 0; channel < 3; channel++) {
      const sample = samples[at + (channels < 3 ? 0 : channel)] as number;
      const value = isGreyAlone ? Math.min(255, Math.max(0, Math.trunc(sample))) : sample >> 8;
      pixels[i * 3 + channel] = over255(value * alpha + 255 * (255 - alpha));
    }
  }
  return { width, height, pixels };
}
