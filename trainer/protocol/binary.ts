/**
 * Frames as one binary message: 4 bytes length of the header (little endian), the header as JSON, then RGB pixels,
 * 8 bits a channel, frame after frame, rows from the top.
 */
import { z } from 'zod';
import { StudioError } from './errors.ts';
import { faultLine } from './issues.ts';

export const framesHeader = z.object({
  transfer: z.number().int(),
  key: z.string(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  count: z.number().int().positive(),
});
export type FramesHeader = z.infer<typeof framesHeader>;

export function encodeFrames(header: FramesHeader, pixels: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const message = new Uint8Array(4 + json.length + pixels.length);
  new DataView(message.buffer).setUint32(0, json.length, true);
  message.set(json, 4);
  message.set(pixels, 4 + json.length);
  return message;
}

/** @throws StudioError `bad-request` when the message is cut or its sizes do not agree. */
export function decodeFrames(message: Uint8Array): { header: FramesHeader; pixels: Uint8Array } {
  const bad = (why: string) => new StudioError('bad-request', `A binary message can't be read: ${why}.`);
  if (message.length < 4) throw bad('it is shorter than its length field');
  const size = new DataView(message.buffer, message.byteOffset, message.byteLength).getUint32(0, true);
  if (4 + size > message.length) throw bad('its header is cut off');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message.subarray(4, 4 + size)));
  } catch (cause) {
    throw new StudioError('bad-request', "A binary message can't be read: its header is not JSON.", { cause });
  }
  const header = framesHeader.safeParse(json);
  if (!header.success) throw bad(faultLine(framesHeader, json, header.error, 'its header'));
  const pixels = message.subarray(4 + size);
  const { width, height, count } = header.data;
  if (pixels.length !== width * height * count * 3)
    throw bad(`${pixels.length} bytes of pixels for ${count} frames of ${width}x${height}`);
  return { header: header.data, pixels };
}
