import { expect, it } from 'vitest';
import { contactSheet } from '../../trainer/video/contact-sheet.ts';
import { encodePng } from '../../trainer/video/png.ts';

/** Frames of one colour each, so that a pixel says which frame it belongs to. */
const frames = (count: number, width: number, height: number) => ({
  count,
  width,
  height,
  pixels: Uint8Array.from({ length: count * width * height * 3 }, (_, i) => 100 + Math.floor(i / (width * height * 3))),
});

it('shows every frame once, whole and in reading order', () => {
  const sheet = contactSheet(frames(6, 56, 28), []);
  const firstSeen = new Map<number, number>();
  const counts = new Map<number, number>();
  for (let i = 0; i < sheet.width * sheet.height; i++) {
    const value = sheet.pixels[i * 3] as number;
    if (value < 100) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (!firstSeen.has(value)) firstSeen.set(value, i);
  }
  expect([...counts]).toEqual([...Array(6).keys()].map((i) => [100 + i, 56 * 28]));
  const places = [...Array(6).keys()].map((i) => firstSeen.get(100 + i) ?? 0);
  const corners = places.map((place) => [Math.floor(place / sheet.width), place % sheet.width]);
  expect(corners).toEqual(corners.toSorted(([y1 = 0, x1 = 0], [y2 = 0, x2 = 0]) => y1 - y2 || x1 - x2));
});

it('writes index and time above a frame, and is a PNG of its size', () => {
  const blank = contactSheet(frames(1, 84, 28), []);
  const written = contactSheet(frames(1, 84, 28), [{ index: 12, seconds: 3.4 }]);
  expect(written.pixels).not.toEqual(blank.pixels);
  const png = encodePng(written);
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([written.width, written.height]);
});
