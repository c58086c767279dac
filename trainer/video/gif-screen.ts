/** What a GIF shows of its first picture: it may be smaller than the screen that it stands on (GIF89a specification). */

export interface GifScreen {
  readonly width: number;
  readonly height: number;
  /** Where the first picture's upper left corner stands. */
  readonly left: number;
  readonly top: number;
  /** Colour of the screen where the picture is not, as Pillow paints it: that of the transparent index, else of index 0. */
  readonly ground: readonly [number, number, number];
}

const extension = 0x21;
const graphicControl = 0xf9;
const descriptor = 0x2c;

/** Bytes of the colour table that a descriptor's flags announce. */
const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** Null where the file ends before its first picture. */
export function gifScreen(bytes: Uint8Array): GifScreen | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerBytes = 13;
  if (bytes.length < headerBytes) return null;
  const globalFlags = view.getUint8(10);
  let at = headerBytes + tableBytes(globalFlags);
  let transparent = 0;
  while (at + 10 <= bytes.length && view.getUint8(at) === extension) {
    if (view.getUint8(at + 1) === graphicControl && view.getUint8(at + 3) & 1) transparent = view.getUint8(at + 6);
    at += 2;
    while (at < bytes.length && view.getUint8(at) !== 0) at += view.getUint8(at) + 1;
    at++;
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
