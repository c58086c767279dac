import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FrameLimits } from '../../trainer/video/choose.ts';
import { decodeMedia } from '../../trainer/video/decode.ts';
import { type FfmpegTools, findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { turnOf } from '../../trainer/video/turn.ts';
import { mean } from './make-media.ts';

const base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
/** Made by test/fidelity/videos.py with ffmpeg, and read there with PyAV. */
const golden = z
  .array(
    z.object({
      name: z.string(),
      file: base64,
      grey: z.array(z.number()),
      seconds: z.array(z.number()).nullable(),
    }),
  )
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, '../fixtures/videos.json'), 'utf8')));

/** Made by the same script: the colours of the quarters, by rows, as they are to be shown. */
const turned = z
  .array(z.object({ name: z.string(), file: base64, quarters: z.string(), upright: z.boolean() }))
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, '../fixtures/turned.json'), 'utf8')));

/** Every frame, as far as their number is even. */
const all: FrameLimits = {
  framesPerSecond: 1e6,
  minFrames: 4,
  maxFrames: 768,
  frameRounding: 'down',
  minPixels: 784,
  maxPixels: 4 * 784,
  imageMinPixels: 784,
  imageMaxPixels: 784,
};

let tools: FfmpegTools;
let folder: string;
beforeAll(async () => {
  tools = await findFfmpeg();
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-kinds-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function framesOf(file: string, limits: FrameLimits = all) {
  const { frames, view } = await decodeMedia({ tools, key: '', file, kind: 'video', limits });
  const frameBytes = frames.width * frames.height * 3;
  const grey = view.indices.map((_, i) => mean(frames.pixels.subarray(i * frameBytes, (i + 1) * frameBytes)));
  return { ...view, grey };
}

describe('frames are those of their number, and their times those of the file', () => {
  it.each(golden.map((video) => [video.name, video.grey.length, video] as const))(
    '%s: %i frames',
    async (name, count, { file, grey, seconds }) => {
      await writeFile(path.join(folder, name), file);
      const read = await framesOf(path.join(folder, name));
      expect([read.indices[0], read.indices.at(-1), read.indices.length]).toEqual([0, count - 1, count - (count % 2)]);
      for (const [i, index] of read.indices.entries()) {
        expect(Math.abs((read.grey[i] as number) - (grey[index] as number)), `frame ${index}`).toBeLessThan(3);
        if (seconds) expect(read.times[i], `time of frame ${index}`).toBeCloseTo(seconds[index] as number, 2);
      }
    },
  );

  it('goes on counting time where joined parts begin anew', async () => {
    const joined = golden.find(({ name }) => name === 'joined.mpg');
    await writeFile(path.join(folder, 'again.mpg'), joined?.file ?? '');
    const { times } = await framesOf(path.join(folder, 'again.mpg'));
    expect(times.map((time) => Math.round(time * 25))).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });
});

describe('an animated GIF', () => {
  it('that ends inside a picture is cut off, and one without the mark of its end is whole', async () => {
    const whole = golden.find(({ name }) => name === 'delays.gif')?.file ?? Buffer.alloc(0);
    for (const length of [whole.length - 3, Math.floor(whole.length / 2)]) {
      await writeFile(path.join(folder, 'cut.gif'), whole.subarray(0, length));
      await expect(framesOf(path.join(folder, 'cut.gif'))).rejects.toThrow('cut off');
    }
    await writeFile(path.join(folder, 'endless.gif'), whole.subarray(0, whole.length - 1));
    expect((await framesOf(path.join(folder, 'endless.gif'))).indices).toHaveLength(40);
    await writeFile(path.join(folder, 'more.gif'), Buffer.concat([whole, Buffer.alloc(100)]));
    expect((await framesOf(path.join(folder, 'more.gif'))).indices).toHaveLength(40);
  });
});

describe('a video that is to be turned or mirrored is shown so, by every ffmpeg alike', () => {
  it.each(turned.map((video) => [video.name, video.quarters, video] as const))(
    '%s shows %s',
    async (name, quarters, { file, upright }) => {
      await writeFile(path.join(folder, name), file);
      const { frames, view } = await decodeMedia({
        tools,
        key: '',
        file: path.join(folder, name),
        kind: 'video',
        limits: { ...all, maxFrames: 4 },
      });
      expect([view.sourceWidth, view.sourceHeight]).toEqual(upright ? [96, 64] : [64, 96]);
      const letterAt = (x: number, y: number) => {
        const at = (Math.floor(y * frames.height) * frames.width + Math.floor(x * frames.width)) * 3;
        const bright = [...frames.pixels.subarray(at, at + 3)].map((value) => (value > 125 ? 1 : 0)).join('');
        return { 100: 'R', 10: 'G', 1: 'B', 111: 'W' }[Number(bright)] ?? '?';
      };
      const places = [0.25, 0.75];
      expect(places.flatMap((y) => places.map((x) => letterAt(x, y))).join('')).toBe(quarters);
    },
  );

  it('not where a turn is by less than a quarter of a circle', () => {
    const upright = { transposed: false, leftRight: false, topBottom: false };
    expect(turnOf({ side_data_list: [{ rotation: 45 }] })).toEqual(upright);
    expect(turnOf({})).toEqual(upright);
    // 90 degrees with the clock, as old files note it: what was at the left comes to the top, read from below.
    expect(turnOf({ tags: { rotate: '90' } })).toEqual({ transposed: true, leftRight: true, topBottom: false });
    expect(turnOf({ side_data_list: [{ displaymatrix: 'no numbers', rotation: -180 }] })).toEqual({
      transposed: false,
      leftRight: true,
      topBottom: true,
    });
  });
});

describe.skipIf(process.platform === 'win32')('a file’s name is a name and nothing else', () => {
  it.each([
    '100%d.mp4',
    "it's.mp4",
    'a:b.mp4',
    'http:x.mp4',
    'concat:a|b.mp4',
    'br[1]{2}.mp4',
    'line\nbreak.mp4',
    '-dash.mp4',
    'sp ace "q" $(x) `y`.mp4',
    'star*?.mp4',
    'back\\slash.mp4',
    'file,comma;semi=1.mp4',
    'ünï 文 😀.mp4',
  ])('%j', async (name) => {
    const inside = path.join(folder, 'names');
    await mkdir(inside, { recursive: true });
    const { file = '', grey = [] } = golden.find((video) => video.name === 'late.mp4') ?? {};
    await writeFile(path.join(inside, name), file);
    const read = await framesOf(path.join(inside, name), { ...all, maxFrames: 4 });
    expect(read.indices).toEqual([0, 13, 26, 39]);
    for (const [i, index] of read.indices.entries())
      expect(Math.abs((read.grey[i] as number) - (grey[index] as number))).toBeLessThan(3);
  });
});
