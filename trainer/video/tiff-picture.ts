/**
 * TIFF pictures: what the header says of channels decides how Pillow would open them. Those of 8 bits are decoded by
 * libtiff, those of more by a decoder that keeps all bits.
 */
import { decode, type TiffIfd } from 'tiff';
import { badMedia } from './bad-media.ts';
import { decodePicture } from './magick.ts';
import { type Picture, shown, shownDeep } from './picture-pixels.ts';

/** Tags and values of the TIFF specification, revision 6. */
const tags = { bitsPerSample: 258, planarConfiguration: 284, extraSamples: 338, sampleFormat: 339 } as const;
const photometric = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, lab: 8 } as const;
const separatePlanes = 2;
const floatingPoint = 3;

/** The numbers of a field; none where it is not there. */
function numbers(page: TiffIfd, tag: number): number[] {
  const value = page.fields.get(tag) as number | ArrayLike<number> | undefined;
  if (value === undefined) return [];
  return typeof value === 'number' ? [value] : Array.from(value);
}

/** The first picture of the file, upright as it says. @throws StudioError `bad-media` */
export async function readTiff(file: string, bytes: Uint8Array): Promise<Picture> {
  const head = firstPage(file, bytes, true);
  const depths = numbers(head, tags.bitsPerSample);
  const [firstExtra] = numbers(head, tags.extraSamples);
  const hasAlpha = head.type === photometric.rgb && depths.length >= 4 && firstExtra !== 0;
  if (Math.max(...depths) > 8) return readDeep(file, bytes, head, hasAlpha);
  if (head.type === photometric.lab) throw notRead(file, 'colours in Lab');
  const stored = await decodePicture(file, bytes, 'TIFF');
  if (hasAlpha && !stored.hasAlpha) throw notRead(file, 'a fourth channel that is not named');
  return shown(file, stored, hasAlpha);
}

/** @param ignoreImageData whether only the header is read */
function firstPage(file: string, bytes: Uint8Array, ignoreImageData: boolean): TiffIfd {
  try {
    const [page] = decode(bytes, { ignoreImageData, pages: [0] });
    if (!page) throw new Error('it holds no picture');
    return page;
  } catch (cause) {
    const { message } = cause as Error;
    if (message.startsWith('Unsupported')) throw notRead(file, message.charAt(0).toLowerCase() + message.slice(1));
    throw badMedia(file, `it is damaged: the picture can't be decoded (${message})`);
  }
}

const notRead = (file: string, what: string) =>
  badMedia(
    file,
    `it is a TIFF of a form that is not read here (${what})`,
    'Save it as PNG, or as a TIFF with 8 bits a channel in RGB, or take the question out of the dataset.',
  );

/** More than 8 bits a channel: grey, RGB and RGB with one more channel. */
function readDeep(file: string, bytes: Uint8Array, head: TiffIfd, onWhite: boolean): Picture {
  const { samplesPerPixel: channels, orientation = 1 } = head;
  const isGrey = head.type === photometric.blackIsZero && channels === 1;
  const isColour = head.type === photometric.rgb && (channels === 3 || channels === 4);
  const isFloat = numbers(head, tags.sampleFormat).includes(floatingPoint);
  if (!isGrey && !(isColour && !isFloat)) throw notRead(file, 'channels of more than 8 bits');
  if (orientation !== 1) throw notRead(file, 'turned, with channels of more than 8 bits');
  if (numbers(head, tags.planarConfiguration)[0] === separatePlanes && channels > 1)
    throw notRead(file, 'a plane for each channel, of more than 8 bits');
  const { width, height, data } = firstPage(file, bytes, false);
  return shownDeep({ width, height, samples: data, channels, onWhite });
}
