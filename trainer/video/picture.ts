/**
 * Pictures as the released code shows them to the model: opened by Pillow, then `to_rgb` of qwen-vl-utils. Mode RGBA is laid
 * on white; every other mode goes through `convert("RGB")`, which forgets transparency, cuts grey of 16 bits off at 255 and
 * takes the upper half of colours of 16 bits. Of several pictures in a file the first one counts. EXIF orientation is left
 * alone, as neither of the two applies it; a TIFF is turned by Pillow itself.
 */
import { decode as decodePng } from 'fast-png';
import { badMedia } from './bad-media.ts';
import { type GifScreen, gifScreen } from './gif-screen.ts';
import { decodePicture, type StoredPicture, storedSize } from './magick.ts';
import { type PictureFormat, pictureFormat } from './picture-format.ts';
import { type Picture, shown, shownDeep } from './picture-pixels.ts';
import { readTiff } from './tiff-picture.ts';

/** @throws StudioError `bad-media` for what is not an image, or not read */
export async function pictureSize(
  file: string,
  bytes: Uint8Array,
): Promise<{ width: number; height: number; format: PictureFormat }> {
  const format = pictureFormat(file, bytes);
  const stored = await storedSize(file, bytes, format);
  const { width, height } = (format === 'GIF' && gifScreen(bytes)) || stored;
  return { width, height, format };
}

/** @throws StudioError `bad-media` for what is not an image, not read, or damaged */
export async function readPicture(file: string, bytes: Uint8Array): Promise<Picture> {
  const format = pictureFormat(file, bytes);
  if (format === 'PNG' && bytes[pngPlace.depth] === 16) return readDeepPng(file, bytes);
  if (format === 'TIFF') return readTiff(file, bytes);
  if (format === 'PNM' && isDeepGreyMap(bytes))
    throw badMedia(file, 'grey of 16 bits in a PGM is not read here', remedyOfDepth);
  const stored = await decodePicture(file, bytes, format);
  const picture = shown(file, stored, laidOnWhite(format, bytes, stored));
  const screen = format === 'GIF' ? gifScreen(bytes) : null;
  if (screen && screen.width * screen.height === 0) throw badMedia(file, 'it is damaged: its screen has no pixels');
  return screen ? onScreen(picture, screen) : picture;
}

function onScreen({ width, height, pixels }: Picture, screen: GifScreen): Picture {
  if (width === screen.width && height === screen.height) return { width, height, pixels };
  const painted = new Uint8Array(screen.width * screen.height * 3);
  for (let at = 0; at < painted.length; at += 3) painted.set(screen.ground, at);
  const shownWidth = Math.max(0, Math.min(width, screen.width - screen.left));
  for (let y = 0; shownWidth > 0 && y < Math.min(height, screen.height - screen.top); y++) {
    const row = pixels.subarray(y * width * 3, (y * width + shownWidth) * 3);
    painted.set(row, ((screen.top + y) * screen.width + screen.left) * 3);
  }
  return { width: screen.width, height: screen.height, pixels: painted };
}

const remedyOfDepth = 'Save it with 8 bits a channel, or take the question out of the dataset.';

/** Where a PNG's header says how it is stored. */
const pngPlace = { depth: 24, colourType: 25 } as const;
const pngWithAlpha = 6;

/** Whether Pillow's mode is RGBA. */
function laidOnWhite(format: PictureFormat, bytes: Uint8Array, { hasAlpha, colours }: StoredPicture): boolean {
  if (format === 'PNG') return bytes[pngPlace.colourType] === pngWithAlpha;
  if (format === 'GIF') return false;
  if (format === 'BMP') return hasAlpha && namesAlphaBits(bytes);
  return hasAlpha && colours === 'rgb';
}

/** Four bytes a pixel alone are no alpha in a BMP: a header that has room for it must name their bits. */
function namesAlphaBits(bytes: Uint8Array): boolean {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [sizeAt, compressionAt, alphaMaskAt] = [14, 30, 66] as const;
  const [smallestWithAlpha, byMasks] = [56, 3] as const;
  return (
    header.byteLength > alphaMaskAt + 4 &&
    header.getUint32(sizeAt, true) >= smallestWithAlpha &&
    header.getUint32(compressionAt, true) === byMasks &&
    header.getUint32(alphaMaskAt, true) !== 0
  );
}

/** Whether a PGM states values above 255 (the third number behind its two letters; comments may stand between). */
function isDeepGreyMap(bytes: Uint8Array): boolean {
  const header = Buffer.from(bytes.subarray(0, 512)).toString('latin1').replaceAll(/#.*/g, ' ');
  return Number(/^P[25]\s+\d+\s+\d+\s+(\d+)/.exec(header)?.[1] ?? 0) > 255;
}

function readDeepPng(file: string, bytes: Uint8Array): Picture {
  try {
    const { width, height, data, channels } = decodePng(bytes, { checkCrc: true });
    return shownDeep({ width, height, samples: data, channels, onWhite: channels === 2 || channels === 4 });
  } catch (cause) {
    throw badMedia(file, `it is damaged: the picture can't be decoded (${(cause as Error).message})`);
  }
}
