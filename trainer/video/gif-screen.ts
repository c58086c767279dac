/**
 * What a GIF's blocks say (GIF89a specification): of its first picture, which may be smaller than the screen that it stands
 * on, and whether its last one is whole.
 */

export interface GifScreen {
  readonly width: number;
  readonly height: number;
  /** Where the first picture's upper left corner stands. */
  readonly left: number;
  readonly top: number;
  /** Colour of the screen where the picture is not, as Pillow paints it: that of the transparent index, else of index 0. */
  readonly ground: readonly [number, number, number];
}

const headerBytes = 13;
const extension = 0x21;
const graphicControl = 0xf9;
const descriptor = 0x2c;

/** Bytes of the colour table that a descriptor's flags announce. */
const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** Where sub-blocks end that begin at a place; beyond the file where it ends before them. */
function afterSubBlocks(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) at += (bytes[at] as number) + 1;
  return at + 1;
}

/** Whether a GIF ends with a whole block; the mark of its end may be missing, as some programs leave it out. */
export function endsWhole(bytes: Uint8Array): boolean {
  let at = headerBytes + tableBytes(bytes[10] ?? 0);
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === extension) at = afterSubBlocks(bytes, at + 2);
    // Ten bytes of the descriptor, a colour table, and the size of codes stand before the picture's data.
    else if (kind === descriptor) at = afterSubBlocks(bytes, at + 11 + tableBytes(bytes[at + 9] ?? 0));
    else return true; // the end, or what stands behind it
  }
  return at === bytes.length;
}

/** Null where the file ends before its first picture. */
export function gifScreen(bytes: Uint8Array): GifScreen | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < headerBytes) return null;
  const globalFlags = view.getUint8(10);
  let at = headerBytes + tableBytes(globalFlags);
  let transparent = 0;
  while (at + 10 <= bytes.length && view.getUint8(at) === extension) {
    if (view.getUint8(at + 1) === graphicControl && view.getUint8(at + 3) & 1) transparent = view.getUint8(at + 6);
    at = afterSubBlocks(bytes, at + 2);
  }
  if (at + 10 > bytes.length || view.getUint8(at) !== descriptor) return null;
  const hasOwnTable = (view.getUint8(at + 9) & 0x80) !== 0;
  const colour = (hasOwnTable ? at + 10 : headerBytes) + transparent * 3;
  const channel = (i: number) => bytes[colour + i] ?? 0;
  return {
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    left: view.getUint16(at + 1, true),
    top: view.getUint16(at + 3, true),
    ground: [channel(0), channel(1), channel(2)],
  };
}
