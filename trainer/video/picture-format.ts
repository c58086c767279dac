/** What kind of picture a file is, by its first bytes: names say nothing, and only these kinds reach a decoder. */
import { badMedia } from './bad-media.ts';

export type PictureFormat =
  | 'PNG'
  | 'JPEG'
  | 'WEBP'
  | 'TIFF'
  | 'GIF'
  | 'BMP'
  | 'JP2'
  | 'J2K'
  | 'AVIF'
  | 'HEIC'
  | 'JXL'
  | 'PNM';

/** Endings of files that hold one picture, for where nothing else says what a file is. */
export const pictureEndings: ReadonlySet<string> = new Set([
  ...[
    '.png',
    '.jpg',
    '.jpeg',
    '.jpe',
    '.jfif',
    '.webp',
    '.tif',
    '.tiff',
    '.bmp',
    '.dib',
    '.ppm',
    '.pgm',
    '.pbm',
    '.pnm',
  ],
  ...['.jp2', '.j2k', '.jpx', '.jxl', '.avif', '.heic', '.heif'],
]);

/** Letters stand for themselves, `.` for any byte, hexadecimal pairs after a `#` for bytes. */
const beginnings: readonly (readonly [string, PictureFormat])[] = [
  ['#89504e470d0a1a0a', 'PNG'],
  ['#ffd8ff', 'JPEG'],
  ['RIFF....WEBP', 'WEBP'],
  ['#49492a00', 'TIFF'],
  ['#4d4d002a', 'TIFF'],
  ['GIF87a', 'GIF'],
  ['GIF89a', 'GIF'],
  ['BM', 'BMP'],
  ['#0000000c6a5020200d0a870a', 'JP2'],
  ['#ff4fff51', 'J2K'],
  ['#0000000c4a584c200d0a870a', 'JXL'],
  ['#ff0a', 'JXL'],
];

/** Kinds that are met and not read, by name. */
const others: readonly (readonly [string, string])[] = [
  ['#49492b00', 'a BigTIFF'],
  ['#4d4d002b', 'a BigTIFF'],
  ['%PDF', 'a PDF'],
  ['8BPS', 'a Photoshop file'],
  ['#00000100', 'an icon'],
  ['#762f3101', 'an OpenEXR picture'],
  ['#1a45dfa3', 'a Matroska or WebM video'],
  ['RIFF....AVI ', 'an AVI video'],
  ['FLV', 'an FLV video'],
  ['OggS', 'an Ogg file'],
  ['#1f8b', 'a gzip file'],
  ['PK#0304', 'a ZIP file'],
  ['<', 'text with markup, such as SVG or a page that says why there is no picture'],
  ['version https://git-lfs', 'a pointer of Git LFS, whose content was not fetched'],
];

function begins(bytes: Uint8Array, beginning: string): boolean {
  const [letters = '', hex = ''] = beginning.split('#');
  const wanted = [...letters].map((letter) => (letter === '.' ? null : letter.charCodeAt(0)));
  for (let i = 0; i < hex.length; i += 2) wanted.push(Number.parseInt(hex.slice(i, i + 2), 16));
  return bytes.length >= wanted.length && wanted.every((value, i) => value === null || bytes[i] === value);
}

const latin = (bytes: Uint8Array, from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString('latin1');

/** Of files that are made of ISO boxes: which picture, or null where it is a film. */
function ofBrands(bytes: Uint8Array): PictureFormat | null {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const brands = latin(bytes, 8, Math.min(length, bytes.length, 256));
  if (/^avi[fs]/.test(brands)) return 'AVIF';
  if (/^(hei[cxms]|hev[cxms])/.test(brands)) return 'HEIC';
  return /^(mif1|msf1)/.test(brands) ? (brands.includes('avif') ? 'AVIF' : 'HEIC') : null;
}

/** @throws StudioError `bad-media` with what the file is instead, where that is known */
export function pictureFormat(file: string, bytes: Uint8Array): PictureFormat {
  for (const [beginning, format] of beginnings) if (begins(bytes, beginning)) return format;
  if (/^P[1-6]\s/.test(latin(bytes, 0, 3))) return 'PNM';
  const hasBoxes = bytes.length >= 12 && latin(bytes, 4, 8) === 'ftyp';
  const ofBoxes = hasBoxes ? ofBrands(bytes) : null;
  if (ofBoxes) return ofBoxes;
  const other = hasBoxes ? 'an MP4 or MOV video' : others.find(([beginning]) => begins(bytes, beginning))?.[1];
  throw badMedia(
    file,
    `it is not an image that is read here${other === undefined ? '' : `, but begins as ${other}`}`,
    'Save it as PNG or JPEG (WebP, TIFF, GIF, BMP, JPEG 2000, JPEG XL, AVIF, HEIC and PPM are read as well), or take the question out of the dataset.',
  );
}
