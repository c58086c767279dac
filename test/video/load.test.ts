import { execFileSync } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { executable, type FfmpegTools, findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { type FrameLimits, MediaLoader } from '../../trainer/video/load.ts';
import { probeMedia } from '../../trainer/video/probe.ts';
import {
  clipFolder,
  clipsAreThere,
  colourAt,
  decodeAll,
  difference,
  encode,
  grey,
  mean,
  ownTimes,
} from './make-media.ts';

const small: FrameLimits = {
  framesPerSecond: 2,
  minFrames: 4,
  frameRounding: 'half-even',
  maxFrames: 8,
  minPixels: 4 * 784,
  maxPixels: 4 * 784,
  imageMinPixels: 4 * 784,
  imageMaxPixels: 16 * 784,
};
const lossless = ['-c:v', 'libx264', '-qp', '0', '-pix_fmt', 'yuv444p'];
const withBFrames = ['-c:v', 'libx264', '-crf', '1', '-bf', '3', '-g', '12', '-pix_fmt', 'yuv420p'];

let tools: FfmpegTools;
let folder: string;
let loader: MediaLoader;
const at = (name: string) => path.join(folder, name);
const frame = (frames: { pixels: Uint8Array; width: number; height: number }, i: number) =>
  frames.pixels.subarray(i * frames.width * frames.height * 3, (i + 1) * frames.width * frames.height * 3);
const fault = async (work: Promise<unknown>): Promise<StudioError> => {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(StudioError);
  return thrown as StudioError;
};

beforeAll(async () => {
  tools = await findFfmpeg();
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-media-'));
  loader = new MediaLoader(tools, at('cache'), 1e8);
  // 40 frames; frame i has grey level 6 i.
  encode(tools, at('ramp.mp4'), { width: 64, height: 64, count: 40 }, (i) => grey(64, 64, 6 * i), withBFrames);
});
afterAll(async () => {
  await loader.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('frames by index', () => {
  it('are the frames of that index, in a video whose frames are stored out of order', async () => {
    const { frames, view } = await loader.load(at('ramp.mp4'), 'video', { ...small, framesPerSecond: 25 });
    expect(view.indices).toEqual([0, 6, 11, 17, 22, 28, 33, 39]);
    expect(frames.count).toBe(8);
    for (const [k, index] of view.indices.entries())
      expect(Math.abs(mean(frame(frames, k)) - 6 * index)).toBeLessThan(2);
    expect(view.times).toEqual(view.indices.map((index) => index / 25));
  });

  it('have pixels over shared memory, of the size that the view says', async () => {
    const { frames, view } = await loader.load(at('ramp.mp4'), 'video', small);
    expect(frames.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([frames.width, frames.height]).toEqual([56, 56]);
    expect(frames.pixels.length).toBe(frames.count * 56 * 56 * 3);
    expect(view).toMatchObject({
      key: frames.key,
      kind: 'video',
      sourceWidth: 64,
      sourceHeight: 64,
      durationSeconds: 1.6,
    });
    expect(frames.sampleFps).toBeCloseTo((4 / 40) * 25, 9);
  });

  it.each([
    ['ramp.mkv', ['-c:v', 'ffv1']],
    ['ramp.avi', ['-c:v', 'mpeg4', '-q:v', '1', '-bf', '2']],
    ['ramp.mov', lossless],
    ['ramp10.mp4', ['-c:v', 'libx265', '-x265-params', 'lossless=1:log-level=none', '-pix_fmt', 'yuv420p10le']],
    ['ramp.webm', ['-c:v', 'libvpx-vp9', '-lossless', '1', '-pix_fmt', 'yuv444p']],
  ])('are right in %s', async (name, options) => {
    encode(tools, at(name), { width: 64, height: 64, count: 40 }, (i) => grey(64, 64, 6 * i), options);
    const { frames, view } = await loader.load(at(name), 'video', small);
    expect(view.indices).toEqual([0, 13, 26, 39]);
    for (const [k, index] of view.indices.entries())
      expect(Math.abs(mean(frame(frames, k)) - 6 * index)).toBeLessThan(3);
  });

  it('keep their own times where the rate varies', async () => {
    // Frames 0 to 4 every 0.04 s, later ones every 0.4 s.
    const uneven = ['-vf', "settb=1/25,setpts='if(lt(N,5),N,5+(N-5)*10)'", ...ownTimes(tools), ...lossless];
    encode(tools, at('uneven.mkv'), { width: 64, height: 64, count: 10 }, (i) => grey(64, 64, 20 * i), uneven);
    const probed = await probeMedia(tools, at('uneven.mkv'), 'video');
    expect(Array.from(probed.times, (time) => Math.round(time * 100) / 100)).toEqual([
      0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.6, 1, 1.4, 1.8,
    ]);
    const { frames, view } = await loader.load(at('uneven.mkv'), 'video', small);
    for (const [k, index] of view.indices.entries()) {
      expect(Math.abs(mean(frame(frames, k)) - 20 * index)).toBeLessThan(2);
      expect(view.times[k]).toBe(probed.times[index]);
    }
  });

  it.each(['size', 'chroma'])('are right where the filters are built anew inside the file: %s', async (what) => {
    // Pictures 0 to 3 of one kind and the other 36 of another, in one stream.
    const level = (i: number) => 20 + 6 * i;
    const raw = (pixels: string) => ['-c:v', 'libx264', '-qp', '0', '-pix_fmt', pixels];
    const side = what === 'size' ? 96 : 64;
    const rest = { width: side, height: side, count: 36 };
    const layout = what === 'chroma' ? 'yuv444p' : 'yuv420p';
    encode(tools, at('a.h264'), { width: 64, height: 64, count: 4 }, (i) => grey(64, 64, level(i)), raw('yuv420p'));
    encode(tools, at('b.h264'), rest, (i) => grey(side, side, level(i + 4)), raw(layout));
    const file = at(`anew-${what}.h264`);
    await writeFile(file, Buffer.concat([await readFile(at('a.h264')), await readFile(at('b.h264'))]));
    const { frames, view } = await loader.load(file, 'video', { ...small, framesPerSecond: 25 });
    expect(view.indices).toEqual([0, 6, 11, 17, 22, 28, 33, 39]);
    for (const [k, index] of view.indices.entries())
      expect(Math.abs(mean(frame(frames, k)) - level(index)), `frame ${index}`).toBeLessThan(3);
  });

  it('are right in an animated GIF, whose pixel format changes at its second picture', async () => {
    const gif = path.join(import.meta.dirname, '../fixtures/steps.gif');
    const { frames, view } = await loader.load(gif, 'video', { ...small, minFrames: 8 });
    expect(view.indices).toEqual([0, 6, 11, 17, 22, 28, 33, 39]);
    // Picture n has luma 20 + 5 n; grey levels as another decoder reads them.
    for (const [k, level] of [3, 38, 66, 101, 130, 165, 195, 229].entries())
      expect(Math.abs(mean(frame(frames, k)) - level), `picture ${k}`).toBeLessThan(4);
  });

  it('are right up to the 768 that Qwen takes of one video', async () => {
    encode(tools, at('many.mp4'), { width: 16, height: 16, count: 800 }, (i) => grey(16, 16, (7 * i) % 251), lossless);
    const most = { ...small, framesPerSecond: 25, maxFrames: 768 };
    const { frames, view } = await loader.load(at('many.mp4'), 'video', most);
    expect([frames.count, view.indices[0], view.indices[767]]).toEqual([768, 0, 799]);
    for (const [k, index] of view.indices.entries())
      expect(Math.abs(mean(frame(frames, k)) - ((7 * index) % 251)), `frame ${index}`).toBeLessThan(2);
  });

  it('come from the video stream where sound stands first, and not from a cover picture', async () => {
    execFileSync(tools.ffmpeg, [
      ...[
        '-v',
        'error',
        '-y',
        '-f',
        'lavfi',
        '-i',
        'sine=duration=2',
        '-i',
        at('ramp.mp4'),
        '-map',
        '0:a',
        '-map',
        '1:v',
      ],
      ...['-c:v', 'copy', '-c:a', 'aac', at('sound-first.mp4')],
    ]);
    const { view } = await loader.load(at('sound-first.mp4'), 'video', small);
    expect(view.indices).toEqual([0, 13, 26, 39]);
  });

  it('are upright where the file says that it is turned', async () => {
    // Left half red, right half blue; turned by a quarter, red stands above or below blue.
    const halves = () =>
      Uint8Array.from({ length: 128 * 64 * 3 }, (_, i) =>
        (Math.floor(i / 3) % 128 < 64 ? i % 3 === 0 : i % 3 === 2) ? 255 : 0,
      );
    encode(tools, at('flat.mp4'), { width: 128, height: 64, count: 4 }, halves, lossless);
    // The matrix of the track header: a quarter clockwise, which brings the left edge to the top.
    const bytes = await readFile(at('flat.mp4'));
    const matrix = bytes.indexOf('tkhd') + 44;
    for (const [i, value] of [0, 0x10000, 0, -0x10000, 0, 0, 64 << 16, 0, 0x40000000].entries())
      bytes.writeInt32BE(value, matrix + 4 * i);
    await writeFile(at('turned.mp4'), bytes);
    const probed = await probeMedia(tools, at('turned.mp4'), 'video');
    expect([probed.width, probed.height]).toEqual([64, 128]);
    const { frames } = await loader.load(at('turned.mp4'), 'video', {
      ...small,
      minPixels: 28 * 28 * 8,
      maxPixels: 28 * 28 * 8,
    });
    expect([frames.width, frames.height]).toEqual([56, 112]);
    const top = colourAt(frames.pixels, 56, 4, 4, 52, 50);
    const bottom = colourAt(frames.pixels, 56, 4, 62, 52, 108);
    expect(
      [top, bottom].map(([red = 0, , blue = 0]) =>
        red > 200 && blue < 50 ? 'red' : blue > 200 && red < 50 ? 'blue' : 'mixed',
      ),
    ).toEqual(['red', 'blue']);
  });
});

describe('what a container says of itself', () => {
  it('does not make a sound file a damaged video', async () => {
    const sound = path.join(import.meta.dirname, '../fixtures/sound.mp4');
    expect((await fault(loader.load(sound, 'video', small))).message).toContain(
      'it is not a video (it has no video stream)',
    );
  });

  it('names the film by size and default mark, as ffmpeg takes it, not by its place', async () => {
    const film = path.join(import.meta.dirname, '../fixtures/still-first.mkv');
    const probed = await probeMedia(tools, film, 'video');
    expect(probed).toMatchObject({ stream: 1, totalFrames: 20, width: 64, height: 48 });
    const { view } = await loader.load(film, 'video', { ...small, framesPerSecond: 25 });
    expect(view.indices).toEqual([0, 3, 5, 8, 11, 14, 16, 19]);
  });

  it('does not count an AVI’s repetitions as frames, nor miss them as a part cut off', async () => {
    // 10 pictures, each shown for 5 frames of 1/25 s: the header counts the 46 frames up to the last picture.
    const sparse = ['-vf', 'settb=1/25,setpts=5*N', ...ownTimes(tools), '-c:v', 'mpeg4', '-q:v', '1'];
    encode(tools, at('sparse.avi'), { width: 64, height: 64, count: 10 }, (i) => grey(64, 64, 20 * i), sparse);
    const probed = await probeMedia(tools, at('sparse.avi'), 'video');
    expect(Array.from(probed.times, (time) => Math.round(time * 25))).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
    const { frames, view } = await loader.load(at('sparse.avi'), 'video', { ...small, framesPerSecond: 25 });
    for (const [k, index] of view.indices.entries())
      expect(Math.abs(mean(frame(frames, k)) - 20 * index)).toBeLessThan(3);
  });

  it('lets the times of joined streams go on where the first one ends', async () => {
    // Two parts of three frames at 25 a second, each from 10 s on; decoding and display order differ.
    const part = [
      [10.04, 9.96],
      [10.12, 10],
      [10.08, 10.04],
    ];
    const packets = [...part, ...part].map(([pts, dts]) => ({
      stream_index: 0,
      pts_time: String(pts),
      dts_time: String(dts),
      size: '9',
    }));
    const streams = [{ index: 0, codec_name: 'h264', width: 64, height: 64, avg_frame_rate: '25/1' }];
    await writeFile(at('answer.json'), JSON.stringify({ packets, streams, format: { format_name: 'mpegts' } }));
    await writeFile(at('answering'), `#!/bin/sh\ncat ${at('answer.json')}\n`, { mode: 0o755 });
    const probed = await probeMedia({ ...tools, ffprobe: at('answering') }, at('ramp.mp4'), 'video');
    expect(Array.from(probed.times, (time) => Math.round(time * 100) / 100)).toEqual([0, 0.04, 0.08, 0.12, 0.16, 0.2]);
  });
});

describe('what a decoder mentions and what it loses', () => {
  // Cut from an open-GOP video without encoding again: "mmco: unref short failure" at the start, and every picture whole.
  // Mean grey of the first and the last one as another decoder reads them.
  it.each([
    ['open-gop-cut.mp4', 29, 107, 237],
    ['open-gop-cut.mkv', 30, 102, 237],
    ['open-gop-segment.mp4', 19, 102, 186],
  ])('%s has %i frames, all of them good', async (name, count, first, last) => {
    const file = path.join(import.meta.dirname, '../fixtures', name);
    const { frames, view } = await loader.load(file, 'video', small);
    expect([view.indices[0], view.indices.at(-1)]).toEqual([0, count - 1]);
    expect(Math.abs(mean(frame(frames, 0)) - first)).toBeLessThan(4);
    expect(Math.abs(mean(frame(frames, frames.count - 1)) - last)).toBeLessThan(4);
  });

  it('a JPEG whose application field is too short is a whole picture', async () => {
    encode(tools, at('plain.jpg'), { width: 64, height: 64, count: 1 }, () => grey(64, 64, 90), []);
    const bytes = await readFile(at('plain.jpg'));
    // APP1 that says two bytes of content after its length, where "Exif" and more would stand.
    const field = Buffer.from([0xff, 0xe1, 0x00, 0x04, 0x45, 0x78]);
    await writeFile(at('short.jpg'), Buffer.concat([bytes.subarray(0, 2), field, bytes.subarray(2)]));
    const { frames } = await loader.load(at('short.jpg'), 'image', small);
    expect(Math.abs(mean(frames.pixels) - 90)).toBeLessThan(2);
  });

  it('a bit error inside a picture is damage, though every frame comes', async () => {
    const noise = (i: number) =>
      Uint8Array.from({ length: 64 * 64 * 3 }, (_, k) => (k * 7919 + i * 104729 + ((k * k) >> 3)) & 255);
    const stream = ['-c:v', 'libx264', '-coder', '0', '-g', '60', '-pix_fmt', 'yuv420p'];
    encode(tools, at('bits.h264'), { width: 64, height: 64, count: 60 }, noise, stream);
    const bytes = await readFile(at('bits.h264'));
    const middle = Math.floor(bytes.length / 2);
    for (let i = middle; i < middle + 8; i++) bytes[i] = (i * 31) & 255;
    await writeFile(at('bits.h264'), bytes);
    expect((await fault(loader.load(at('bits.h264'), 'video', small))).message).toMatch(
      /damaged: a part of its pictures/,
    );
  });

  it('a picture that the decoder marks is lost, whatever else it says', async () => {
    const marking = at('marking-ffmpeg');
    const line = '[vist#0:0/h264 @ 0x1] [warning] corrupt decoded frame';
    await writeFile(marking, `#!/bin/sh\n"${tools.ffmpeg}" "$@" && echo "${line}" >&2\n`, { mode: 0o755 });
    const own = new MediaLoader({ ...tools, ffmpeg: marking }, at('marking-cache'), 1e8);
    expect((await fault(own.load(at('ramp.mp4'), 'video', small))).message).toContain('damaged');
    await own.dispose();
  });
});

describe('a file that can’t be used is an error with its name and the reason', () => {
  it.each([
    ['missing.mp4', async () => {}, 'it does not exist'],
    ['empty.mp4', (file: string) => writeFile(file, ''), 'it is empty'],
    ['folder.mp4', (file: string) => mkdir(file), 'it is a folder'],
    ['text.mp4', (file: string) => writeFile(file, 'not a video at all\n'.repeat(500)), 'it is not a video'],
    [
      'playlist.mp4',
      (file: string) => writeFile(file, '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nramp.ts\n#EXT-X-ENDLIST\n'),
      'it is not a video',
    ],
  ])('%s', async (name, make, reason) => {
    await make(at(name));
    const thrown = await fault(loader.load(at(name), 'video', small));
    expect(thrown).toMatchObject({ kind: 'bad-media', place: at(name) });
    expect(thrown.message).toContain(reason);
  });

  it('a video cut off before its index', async () => {
    await copyFile(at('ramp.mp4'), at('cut.mp4'));
    await truncate(at('cut.mp4'), Math.floor((await stat(at('cut.mp4'))).size * 0.6));
    expect((await fault(loader.load(at('cut.mp4'), 'video', small))).message).toContain(
      'cut off: the index of its frames',
    );
  });

  it.each([
    ['mp4', ['-movflags', '+faststart']],
    ['mkv', []],
    ['avi', []],
  ])('a video in %s cut off after its index', async (ending, options) => {
    const noise = (i: number) =>
      Uint8Array.from({ length: 64 * 64 * 3 }, (_, k) => (k * 7919 + i * 104729 + ((k * k) >> 3)) & 255);
    const file = encode(tools, at(`whole.${ending}`), { width: 64, height: 64, count: 60 }, noise, [
      '-c:v',
      'mpeg4',
      '-q:v',
      '4',
      ...options,
    ]);
    await loader.load(file, 'video', small);
    await copyFile(file, at(`half.${ending}`));
    await truncate(at(`half.${ending}`), Math.floor((await stat(file)).size * 0.5));
    const thrown = await fault(loader.load(at(`half.${ending}`), 'video', small));
    expect(thrown.kind).toBe('bad-media');
    expect(thrown.message).toContain('cut off');
  });

  it.each([
    ['libx264', 3000, /damaged: frame \d+ of 60/],
    // Here every frame comes, some of it made up from its neighbours.
    ['mpeg4', 400, /damaged: a part of its pictures/],
  ])('a video with a hole in its pictures (%s)', async (codec, holeBytes, message) => {
    const noise = (i: number) =>
      Uint8Array.from({ length: 64 * 64 * 3 }, (_, k) => (k * 7919 + i * 104729 + ((k * k) >> 3)) & 255);
    const file = encode(tools, at(`hole-${codec}.mp4`), { width: 64, height: 64, count: 60 }, noise, [
      '-c:v',
      codec,
      '-g',
      '60',
      '-pix_fmt',
      'yuv420p',
    ]);
    const bytes = await readFile(file);
    const middle = Math.floor(bytes.length / 2);
    for (let i = middle; i < middle + holeBytes; i++) bytes[i] = (i * 31) & 255;
    await writeFile(file, bytes);
    expect((await fault(loader.load(file, 'video', small))).message).toMatch(message);
  });

  it('a video of one frame, and a picture that is too narrow', async () => {
    encode(tools, at('one.mp4'), { width: 64, height: 64, count: 1 }, () => grey(64, 64, 9), lossless);
    expect(await fault(loader.load(at('one.mp4'), 'video', small))).toMatchObject({
      kind: 'bad-media',
      place: at('one.mp4'),
    });
    encode(tools, at('narrow.png'), { width: 804, height: 4, count: 1 }, () => grey(804, 4, 9), []);
    expect((await fault(loader.load(at('narrow.png'), 'image', small))).message).toContain('too narrow');
  });

  it('a video given as an image, and a damaged image', async () => {
    expect((await fault(loader.load(at('ramp.mp4'), 'image', small))).message).toContain('not an image');
    encode(
      tools,
      at('cut.png'),
      { width: 300, height: 300, count: 1 },
      () => Uint8Array.from({ length: 270_000 }, (_, k) => (k * k) & 255),
      [],
    );
    const { size } = await stat(at('cut.png'));
    await truncate(at('cut.png'), Math.floor(size / 2));
    expect((await fault(loader.load(at('cut.png'), 'image', small))).message).toMatch(/it is damaged/);
  });
});

describe('images', () => {
  it('are scaled by Qwen’s rule, down and up', async () => {
    encode(tools, at('plain.png'), { width: 200, height: 100, count: 1 }, () => grey(200, 100, 77), []);
    const { frames, view } = await loader.load(at('plain.png'), 'image', small);
    // 200x100 to 16*784 pixels: beta = sqrt(20000 / 12544) = 1.2627; 158.4 and 79.2 fall to 140 and 56.
    expect([frames.width, frames.height, frames.count, view.kind]).toEqual([140, 56, 1, 'image']);
    expect(mean(frames.pixels)).toBe(77);
    encode(tools, at('dot.png'), { width: 1, height: 1, count: 1 }, () => grey(1, 1, 200), []);
    const dot = await loader.load(at('dot.png'), 'image', small);
    expect([dot.frames.width, dot.frames.height, mean(dot.frames.pixels)]).toEqual([56, 56, 200]);
  });

  it('show white where they are transparent', async () => {
    execFileSync(tools.ffmpeg, [
      ...['-v', 'error', '-y', '-f', 'lavfi', '-i', 'color=red:s=112x56', '-frames:v', '1'],
      ...['-vf', "format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,56),0,255)'", at('clear.png')],
    ]);
    const { frames } = await loader.load(at('clear.png'), 'image', small);
    expect(colourAt(frames.pixels, frames.width, 4, 4, frames.width / 2 - 6, frames.height - 4)).toEqual([
      255, 255, 255,
    ]);
    expect(colourAt(frames.pixels, frames.width, frames.width / 2 + 6, 4, frames.width - 4, frames.height - 4)).toEqual(
      [255, 0, 0],
    );
  });
});

describe('the cache', () => {
  const broken: FfmpegTools = {
    ffmpeg: '/nowhere/ffmpeg',
    ffprobe: '/nowhere/ffprobe',
    version: '',
    source: 'setting',
  };

  it('gives decoded frames again without ffmpeg, by file and by key', async () => {
    const first = await loader.load(at('ramp.mp4'), 'video', small);
    const second = new MediaLoader(broken, at('cache'), 1e8);
    expect(await second.load(at('ramp.mp4'), 'video', small)).toEqual(first);
    expect((await new MediaLoader(broken, at('cache'), 1e8).get(first.frames.key))?.pixels).toEqual(
      first.frames.pixels,
    );
    expect(await second.get('../../../etc/passwd')).toBeNull();
    expect(await second.get('0'.repeat(40))).toBeNull();
    // A whole entry outside the folder, whose header even names the key that leads to it.
    const header = Buffer.from(
      JSON.stringify({ view: { ...first.view, key: '../outside' }, count: first.frames.count, sampleFps: 1 }),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    await writeFile(at('outside.frames'), Buffer.concat([length, header, first.frames.pixels]));
    expect(await second.get('../outside')).toBeNull();
  });

  it('knows a file by its content, so that a copy is not decoded again and a changed file is', async () => {
    const { frames } = await loader.load(at('ramp.mp4'), 'video', small);
    await copyFile(at('ramp.mp4'), at('copy.mp4'));
    expect((await new MediaLoader(broken, at('cache'), 1e8).load(at('copy.mp4'), 'video', small)).frames.key).toBe(
      frames.key,
    );
    encode(tools, at('copy.mp4'), { width: 64, height: 64, count: 40 }, (i) => grey(64, 64, 250 - 6 * i), withBFrames);
    const changed = await loader.load(at('copy.mp4'), 'video', small);
    expect(changed.frames.key).not.toBe(frames.key);
    expect(mean(frame(changed.frames, 0))).toBeGreaterThan(240);
  });

  it('says of frames where the same pixels lie in it, just decoded, from memory and from disk alike', async () => {
    const own = new MediaLoader(tools, at('placed'), 1e8);
    const decoded = await own.load(at('ramp.mp4'), 'video', small);
    const remembered = await own.load(at('ramp.mp4'), 'video', small);
    const stored = await new MediaLoader(broken, at('placed'), 1e8).load(at('ramp.mp4'), 'video', small);
    const [name = ''] = await readdir(at('placed'));
    const { size } = await stat(path.join(at('placed'), name));
    const sizeBytes = 4 * 56 * 56 * 3;
    for (const { frames } of [decoded, remembered, stored]) {
      expect(frames.place).toEqual({ file: path.join(at('placed'), name), offset: size - sizeBytes, sizeBytes });
      const bytes = await readFile(path.join(at('placed'), name));
      expect(bytes.subarray(frames.place?.offset)).toEqual(Buffer.from(frames.pixels));
    }
  });

  it('has no place for frames that it does not keep', async () => {
    const own = new MediaLoader(tools, at('too-tight'), 1000);
    expect((await own.load(at('ramp.mp4'), 'video', small)).frames.place).toBeNull();
  });

  it('shares the work of equal requests made at once', async () => {
    const own = new MediaLoader(tools, at('shared-cache'), 1e8);
    own.prefetch(at('ramp.mp4'), 'video', small);
    const loads = await Promise.all(Array.from({ length: 8 }, () => own.load(at('ramp.mp4'), 'video', small)));
    expect(new Set(loads.map(({ frames }) => frames.pixels)).size).toBe(1);
  });

  it('stays below its limit, dropping what was used longest ago', async () => {
    const entryBytes = 4 * 56 * 56 * 3;
    const own = new MediaLoader(tools, at('tight'), 3.2 * entryBytes);
    const files = [0, 1, 2, 3].map((n) =>
      encode(tools, at(`n${n}.mp4`), { width: 64, height: 64, count: 4 }, (i) => grey(64, 64, 10 * n + i), lossless),
    );
    const [a = '', b = '', c = '', d = ''] = files;
    const keyOf = async (file: string) => (await own.load(file, 'video', small)).frames.key;
    const keys = [await keyOf(a), await keyOf(b), await keyOf(c)];
    const again = new MediaLoader(tools, at('tight'), 3.2 * entryBytes);
    await again.load(a, 'video', small);
    keys.push((await again.load(d, 'video', small)).frames.key);
    const kept = (await readdir(at('tight'))).map((name) => name.replace('.frames', '')).sort();
    expect(kept).toEqual([keys[0], keys[2], keys[3]].sort());
  });

  it('decodes again what lies damaged in it, and clears what a killed writer left', async () => {
    const own = new MediaLoader(tools, at('hurt'), 1e8);
    const { frames } = await own.load(at('ramp.mp4'), 'video', small);
    await truncate(path.join(at('hurt'), `${frames.key}.frames`), 1000);
    await writeFile(path.join(at('hurt'), '1-1.partial'), 'x');
    await utimes(path.join(at('hurt'), '1-1.partial'), 0, 0);
    const again = await new MediaLoader(tools, at('hurt'), 1e8).load(at('ramp.mp4'), 'video', small);
    expect(again.frames.pixels).toEqual(frames.pixels);
    expect(await readdir(at('hurt'))).toEqual([`${frames.key}.frames`]);
  });
});

describe('finding ffmpeg', () => {
  it('refuses a named program that does not run, rather than taking another', async () => {
    expect(await fault(findFfmpeg('/nowhere/ffmpeg'))).toMatchObject({
      kind: 'ffmpeg-missing',
      place: '/nowhere/ffmpeg',
    });
  });

  it('takes the named one, and the ffprobe beside it', async () => {
    await mkdir(at('bin'));
    // Scripts that hand over: the tools that were found may be names on the PATH.
    for (const name of ['ffmpeg', 'ffprobe'] as const) {
      await writeFile(at(`bin/${name}`), `#!/bin/sh\nexec "${tools[name]}" "$@"\n`, { mode: 0o755 });
    }
    expect(await findFfmpeg(at('bin/ffmpeg'))).toMatchObject({
      source: 'setting',
      ffmpeg: at('bin/ffmpeg'),
      ffprobe: at('bin/ffprobe'),
    });
  });

  it('takes the ffprobe of the packages for a named ffmpeg that has none beside it, where the PATH has none', async () => {
    await mkdir(at('alone'));
    await writeFile(at('alone/ffmpeg'), '#!/bin/sh\necho "ffmpeg version 9"\n', { mode: 0o755 });
    vi.stubEnv('PATH', at('alone'));
    const { ffprobe } = await findFfmpeg(at('alone/ffmpeg')).finally(() => vi.unstubAllEnvs());
    expect(ffprobe).toContain('@ffprobe-installer');
  });

  it('gives a program that came without it the right to run', async () => {
    await writeFile(at('tool'), '#!/bin/sh\nexit 0\n');
    await chmod(at('tool'), 0o644);
    expect(await executable(at('tool'), at('programs'))).toBe(at('tool'));
    execFileSync(at('tool'));
  });
});

describe.skipIf(!clipsAreThere)('real clips', () => {
  const limits: FrameLimits = {
    framesPerSecond: 2,
    minFrames: 4,
    frameRounding: 'half-even',
    maxFrames: 16,
    minPixels: 100_352,
    maxPixels: 100_352,
    imageMinPixels: 3136,
    imageMaxPixels: 100_352,
  };
  // Frame counts, sizes as shown: from ffprobe -count_frames, and by eye for the turned one.
  it.each([
    ['av1.mkv', 125, 640, 360, 420, 224, 10],
    ['bigbuckbunny.mp4', 132, 1280, 720, 420, 224, 10],
    ['bikes.mp4', 250, 640, 272, 476, 196, 16],
    ['carphone.mp4', 120, 176, 144, 364, 308, 8],
    ['energy.mp4', 491, 640, 360, 420, 224, 16],
    ['flipping_a_pancake.mkv', 310, 426, 240, 420, 224, 16],
    ['frame_counter_h265.mp4', 10, 128, 128, 336, 336, 4],
    ['rotated_90.mov', 3, 320, 568, 224, 420, 2],
  ])('%s: %i frames of %ix%i, shown at %ix%i', async (name, total, width, height, shownWidth, shownHeight, count) => {
    const file = path.join(clipFolder, name);
    const probed = await probeMedia(tools, file, 'video');
    expect([probed.totalFrames, probed.width, probed.height]).toEqual([total, width, height]);
    const { frames, view } = await loader.load(file, 'video', limits);
    expect([frames.width, frames.height, frames.count]).toEqual([shownWidth, shownHeight, count]);
    const all = decodeAll(tools, file, frames.width, frames.height);
    expect(all.length).toBe(total);
    for (const [k, index] of view.indices.entries())
      expect(difference(frame(frames, k), all[index] as Uint8Array)).toBeLessThan(6);
  });

  it('frame_counter_h265.mp4: each frame is nearer to its own number than to any other', async () => {
    const file = path.join(clipFolder, 'frame_counter_h265.mp4');
    const { frames, view } = await loader.load(file, 'video', { ...limits, framesPerSecond: 10 });
    expect(view.indices).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const all = decodeAll(tools, file, frames.width, frames.height);
    for (const k of view.indices) {
      const distances = all.map((picture) => difference(frame(frames, k), picture));
      expect(distances.indexOf(Math.min(...distances))).toBe(k);
    }
  });
});
