import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { pictureSize, readPicture } from '../../trainer/video/picture.ts';
import { resizePicture } from '../../trainer/video/resize.ts';

const bytes = z.string().transform((text) => Uint8Array.from(Buffer.from(text, 'base64')));
const raster = z.object({ width: z.number(), height: z.number(), rgb: bytes });
/** Made by test/fidelity/pictures.py with Pillow. */
const golden = z
  .object({
    pictures: z.array(raster.extend({ name: z.string(), file: bytes, mode: z.string(), within: z.number() })),
    resized: z.object({ source: raster, targets: z.array(raster) }),
  })
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, '../fixtures/pictures.json'), 'utf8')));

const content = (name: string) =>
  golden.pictures.find((picture) => picture.name === name)?.file ?? expect.fail(`no ${name}`);

function farthest(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

async function refusal(file: Uint8Array): Promise<StudioError> {
  const thrown = await readPicture('x', file).then(
    () => expect.fail('it was read'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(StudioError);
  expect(thrown).toMatchObject({ kind: 'bad-media', place: 'x' });
  return thrown as StudioError;
}

describe('a picture has the pixels that Pillow and to_rgb give', () => {
  it.each(golden.pictures.map((picture) => [picture.name, picture.mode, picture] as const))(
    '%s (mode %s)',
    async (_name, _mode, { file, width, height, within, rgb }) => {
      expect(await pictureSize('x', file)).toMatchObject({ width, height });
      const read = await readPicture('x', file);
      expect([read.width, read.height]).toEqual([width, height]);
      expect(farthest(read.pixels, rgb)).toBeLessThanOrEqual(within);
    },
  );

  it('is not read where the kind of its colours is not known to be shown right', async () => {
    const grey = 'P5 2 1 65535\n\x00\x01\x02\x03';
    expect((await refusal(Buffer.from(grey, 'latin1'))).message).toContain('16 bits');
  });
});

describe('a picture brought to another size has the pixels that Pillow’s resize gives', () => {
  const { source, targets } = golden.resized;
  it.each(targets.map((target) => [target.width, target.height, target.rgb] as const))(
    '%ix%i',
    (width, height, rgb) => {
      const resized = resizePicture({ width: source.width, height: source.height, pixels: source.rgb }, width, height);
      expect(farthest(resized.pixels, rgb)).toBe(0);
    },
  );
});

describe('what is no whole picture', () => {
  it.each([
    'png rgb',
    'png rgb of 16 bits',
    'jpeg 4:2:0',
    'jpeg progressive',
    'webp lossy',
    'webp lossless',
    'tiff raw',
    'tiff tiff_lzw',
    'jpeg 2000',
    'gif',
    'bmp rgb',
    'ppm',
    'avif',
  ])('%s cut off anywhere is refused, or read whole', async (name) => {
    const whole = content(name);
    const { pixels } = await readPicture('x', whole);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        const read = await readPicture('x', whole.slice(0, length)).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toMatchObject({ kind: 'bad-media' });
        else expect(farthest((read as { pixels: Uint8Array }).pixels, pixels)).toBe(0);
      }),
      { numRuns: 20, examples: [[Math.floor(whole.length / 2)], [Math.floor(whole.length * 0.9)]] },
    );
  });

  it('is damaged where bits inside the picture are others', async () => {
    for (const name of ['jpeg 4:2:0', 'png rgb', 'png rgb of 16 bits', 'webp lossless']) {
      const file = content(name).slice();
      const late = Math.floor(file.length * 0.9);
      for (let i = late; i < late + 6; i++) file[i] = (file[i] as number) ^ 0xff;
      expect((await refusal(file)).message, name).toContain('it is damaged');
    }
  });

  it('is named as what it is, with what to do', async () => {
    const film = Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1');
    expect((await refusal(film)).message).toContain('begins as an MP4 or MOV video');
    expect((await refusal(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).message).toContain('markup');
    expect((await refusal(Buffer.from('version https://git-lfs.github.com/spec/v1'))).message).toContain('Git LFS');
    const unknown = await refusal(Buffer.from('nothing that is known'));
    expect(unknown.message).toContain('not an image');
    expect(unknown.remedy).toContain('PNG or JPEG');
  });

  it('of a GIF is one without a screen, and no picture that lies beside its screen', async () => {
    const gif = content('gif');
    const noScreen = gif.slice();
    noScreen.set([0, 0], 6);
    expect((await refusal(Buffer.from(noScreen))).message).toContain('its screen has no pixels');
    const beside = gif.slice();
    const descriptor = beside.indexOf(0x2c, 13 + 3 * 2 ** (((beside[10] ?? 0) & 7) + 1));
    beside.set([255, 255], descriptor + 1);
    const read = await readPicture('x', beside).catch((error: unknown) => error);
    if (read instanceof Error) expect(read).toMatchObject({ kind: 'bad-media' });
  });

  it('never ends in anything but a picture or a reason, whatever bytes follow a known beginning', async () => {
    const starts = ['png rgb', 'jpeg 4:2:0', 'gif', 'tiff raw', 'bmp rgb', 'webp lossy', 'ppm'].map(content);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...starts),
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 8 }),
        async (start, changes) => {
          const file = start.slice();
          for (const [place, value] of changes) file[place % file.length] = value;
          // A header may come to promise a picture larger than is worth reading here.
          const size = await pictureSize('x', file).catch(() => null);
          if (size && size.width * size.height > 1e6) return;
          const read = await readPicture('x', file).catch((error: unknown) => error);
          if (read instanceof Error) expect(read).toMatchObject({ kind: 'bad-media' });
        },
      ),
      { numRuns: 150 },
    );
  });
});
