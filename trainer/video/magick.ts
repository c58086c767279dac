/**
 * The one door to ImageMagick (WebAssembly, 15 MB), which is loaded when the first picture is read. Its decoders are the
 * libraries that Pillow uses: libjpeg-turbo, libpng, libwebp, libtiff, OpenJPEG. What colours mean is for `picture.ts`.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { IMagickImage, MagickFormat, MagickReadSettings } from '@imagemagick/magick-wasm';
import { badMedia } from './bad-media.ts';
import type { PictureFormat } from './picture-format.ts';

export const magickBinary = 'magick.wasm';

/** Beside the bundle in the packaged extension, in its package in a source tree. */
function binaryFile(): string {
  const beside = fileURLToPath(new URL(`./${magickBinary}`, import.meta.url));
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve('@imagemagick/magick-wasm/magick.wasm');
}

async function load() {
  const library = await import('@imagemagick/magick-wasm');
  await library.initializeImageMagick(await readFile(binaryFile()));
  return library;
}

let loading: ReturnType<typeof load> | null = null;
const magick = () => {
  loading ??= load();
  return loading;
};

/** As Pillow's limit for what is taken for an attack. */
const mostPixels = 178_956_970;

const remedyOfKind = 'Save it as PNG or JPEG, or take the question out of the dataset.';
const remedyOfDamage = 'Copy or download the file again, or take the question out of the dataset.';

/**
 * What libjpeg says when a part of the picture is made up. Other warnings are of no account: bytes between markers, versions
 * and colour transforms that are not known.
 */
const madeUp =
  /premature end|bad Huffman|found marker .* instead of RST|inconsistent progression|invalid .*progressive/i;

/** The library's words, without where in its source they stand. */
const words = (text: string) => (text.split(/\s*`|\s@ /)[0] as string).trim();

type Library = Awaited<ReturnType<typeof load>>;

/** The first picture of the file alone, read as the format that its bytes show, so that no other decoder is tried. */
function readSettings({ MagickReadSettings: Settings }: Library, format: PictureFormat): MagickReadSettings {
  const settings = new Settings({ format: format as MagickFormat, frameIndex: 0, frameCount: 1 });
  // Pillow leaves AVIF as it is stored; HEIC is turned as its boxes say, by every reader there is.
  if (format === 'AVIF') settings.setDefine('heic:preserve-orientation', 'true');
  return settings;
}

/** Whether width and height change places when it is turned upright (EXIF 5 to 8). */
const turnsSides = (orientation: number) => orientation >= 5;

/** Width and height as the picture is read, in pixels. @throws StudioError `bad-media` */
export async function storedSize(
  file: string,
  bytes: Uint8Array,
  format: PictureFormat,
): Promise<{ width: number; height: number }> {
  const library = await magick();
  try {
    const info = library.MagickImageInfo.create(bytes, readSettings(library, format));
    const { width, height } = info;
    if (width * height > mostPixels) throw badMedia(file, `it has ${width}x${height} pixels, more than can be read`);
    return format === 'TIFF' && turnsSides(info.orientation) ? { width: height, height: width } : { width, height };
  } catch (thrown) {
    throw faultOf(file, thrown);
  }
}

export interface StoredPicture {
  readonly width: number;
  readonly height: number;
  /** Channels as asked for, 8 bits each, row after row. */
  readonly samples: Uint8Array;
  readonly hasAlpha: boolean;
  readonly colours: 'grey' | 'rgb' | 'cmyk' | 'other';
}

/**
 * Decodes the first picture of a file.
 * @returns samples as RGBA, or as CMYK where the file is in those. A TIFF is turned upright as it says, which Pillow does too
 * @throws StudioError `bad-media` where it is damaged, even a little, or of a kind that is not read
 */
export async function decodePicture(file: string, bytes: Uint8Array, format: PictureFormat): Promise<StoredPicture> {
  const library = await magick();
  const image = library.MagickImage.create();
  const warnings: string[] = [];
  image.onWarning = ({ error }) => warnings.push(error.message);
  try {
    image.read(bytes, readSettings(library, format));
    const lost = warnings.find((warning) => madeUp.test(warning));
    if (lost !== undefined)
      throw badMedia(file, `it is damaged: the picture can't be decoded (${words(lost)})`, remedyOfDamage);
    if (format === 'TIFF') image.autoOrient();
    return stored(library, image);
  } catch (thrown) {
    throw faultOf(file, thrown);
  } finally {
    image.dispose();
  }
}

function stored({ ColorSpace }: Library, image: IMagickImage): StoredPicture {
  const { width, height, colorSpace, hasAlpha } = image;
  const isGrey = colorSpace === ColorSpace.Gray || colorSpace === ColorSpace.LinearGray;
  const isRgb = colorSpace === ColorSpace.sRGB || colorSpace === ColorSpace.RGB;
  const colours = isGrey ? 'grey' : isRgb ? 'rgb' : colorSpace === ColorSpace.CMYK ? 'cmyk' : 'other';
  const samples = image.getPixels((pixels) =>
    pixels.toByteArray(0, 0, width, height, colours === 'cmyk' ? 'CMYK' : 'RGBA'),
  );
  if (!samples) throw new Error('it has no pixels');
  return { width, height, samples, hasAlpha, colours };
}

function faultOf(file: string, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || 'kind' in thrown) return thrown;
  const reason = words(thrown.message);
  if (/not configured|NoDecodeDelegate|not supported|Unsupported|not implemented/i.test(reason))
    return badMedia(file, `its form of compression or colour is not read here (${reason})`, remedyOfKind);
  return badMedia(file, `it is damaged: the picture can't be decoded (${reason})`, remedyOfDamage);
}
