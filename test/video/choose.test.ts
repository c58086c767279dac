import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseFrames, roundHalfEven, smartResize, videoPixelLimits } from '../../trainer/video/choose.ts';

const halfEven = { framesPerSecond: 2, minFrames: 4, maxFrames: 16, frameRounding: 'half-even' } as const;

interface Fixture {
  frames: {
    totalFrames: number;
    fps: number;
    minFrames: number;
    frameRounding: 'half-even' | 'down';
    maxFrames: number;
    framesPerSecond: number;
    indices: number[] | null;
    sampleFps: number;
  }[];
  sizes: { height: number; width: number; minPixels: number; maxPixels: number; size: [number, number] | null }[];
}

/** Made by test/fidelity/frames.py with qwen-vl-utils and torch. */
const fixture: Fixture = JSON.parse(readFileSync(new URL('../fixtures/frames.json', import.meta.url), 'utf8'));

describe('chooseFrames', () => {
  it('takes the frames that qwen-vl-utils takes', () => {
    expect(fixture.frames.length).toBeGreaterThan(300);
    const wrong = fixture.frames.filter((one) => {
      if (one.indices === null) return false;
      const { indices, sampleFps } = chooseFrames(one, one);
      return indices.join() !== one.indices.join() || Math.abs(sampleFps - one.sampleFps) > 1e-9;
    });
    expect(wrong).toEqual([]);
  });

  it('rounds 132 frames at 25 a second to ten, because 10.56 / 2 = 5.28', () => {
    expect(chooseFrames({ totalFrames: 132, fps: 25 }, halfEven)).toEqual({
      indices: [0, 15, 29, 44, 58, 73, 87, 102, 116, 131],
      sampleFps: (10 / 132) * 25,
    });
  });

  it('rounds a half to the even pair: five frames give four, not six', () => {
    // 5 / 1 * 2 = 10 is more than the video has; 5 / 2 = 2.5 goes to 2 pairs.
    expect(chooseFrames({ totalFrames: 5, fps: 1 }, halfEven).indices).toEqual([0, 1, 3, 4]);
  });

  it('rounds down where the rule says so: 11.4 frames wanted give ten, not twelve', () => {
    // 171 / 30 * 2 = 11.4; 5.7 pairs are nearest to 6.
    expect(chooseFrames({ totalFrames: 171, fps: 30 }, halfEven).indices).toHaveLength(12);
    expect(chooseFrames({ totalFrames: 171, fps: 30 }, { ...halfEven, frameRounding: 'down' }).indices).toHaveLength(
      10,
    );
  });

  it('takes the even number below where rounding would pass the video: three frames give two', () => {
    expect(chooseFrames({ totalFrames: 3, fps: 30 }, halfEven).indices).toEqual([0, 2]);
    expect(chooseFrames({ totalFrames: 7, fps: 1 }, halfEven).indices).toHaveLength(6);
  });

  it('refuses one frame, none, and an unknown rate', () => {
    expect(() => chooseFrames({ totalFrames: 1, fps: 25 }, halfEven)).toThrow('at least 2 frames');
    expect(() => chooseFrames({ totalFrames: 0, fps: 25 }, halfEven)).toThrow('at least 2 frames');
    expect(() => chooseFrames({ totalFrames: 9, fps: 0 }, halfEven)).toThrow('frame rate');
    expect(() => chooseFrames({ totalFrames: 9, fps: Number.NaN }, halfEven)).toThrow('frame rate');
  });

  it('gives an even number of ascending, distinct frames from the first to the last, for any video', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 1_000_000 }),
        fc.double({ min: 0.01, max: 240, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 2, max: 768 }),
        (totalFrames, fps, minFrames, maxFrames) => {
          const { indices } = chooseFrames({ totalFrames, fps }, { ...halfEven, minFrames, maxFrames });
          expect(indices.length % 2).toBe(0);
          expect(indices[0]).toBe(0);
          expect(indices.at(-1)).toBe(totalFrames - 1);
          expect(indices.every((index, i) => i === 0 || index > (indices[i - 1] as number))).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});

describe('smartResize', () => {
  it('gives the sizes that qwen-vl-utils gives', () => {
    expect(fixture.sizes.length).toBeGreaterThan(300);
    const wrong = fixture.sizes.filter(({ height, width, minPixels, maxPixels, size }) => {
      if (size === null) {
        expect(() => smartResize(height, width, { minPixels, maxPixels })).toThrow('too narrow');
        return false;
      }
      const ours = smartResize(height, width, { minPixels, maxPixels });
      return ours.height !== size[0] || ours.width !== size[1];
    });
    expect(wrong).toEqual([]);
  });

  it('takes a ratio of 200 and refuses one above it', () => {
    expect(smartResize(50, 10_000, { minPixels: 3136, maxPixels: 1_000_000 })).toEqual({ height: 56, width: 9996 });
    expect(() => smartResize(50, 10_001, { minPixels: 3136, maxPixels: 1_000_000 })).toThrow('200 times');
  });

  it('enlarges a single pixel and refuses none', () => {
    expect(smartResize(1, 1, { minPixels: 3136, maxPixels: 100_352 })).toEqual({ height: 56, width: 56 });
    expect(() => smartResize(0, 5, { minPixels: 3136, maxPixels: 100_352 })).toThrow('no pixels');
  });
});

it('lifts the upper limit of video frames to 105,369 pixels with the released constants', () => {
  expect(videoPixelLimits({ minPixels: 128 * 784, maxPixels: 128 * 784 })).toEqual({
    minPixels: 100_352,
    maxPixels: 105_369,
  });
  expect(videoPixelLimits({ minPixels: 3136, maxPixels: 200_704 }).maxPixels).toBe(200_704);
});

it('rounds halves to even as Python does', () => {
  expect([0.5, 1.5, 2.5, 3.5, 2.4999, 2.5001, 7].map(roundHalfEven)).toEqual([0, 2, 2, 4, 2, 3, 7]);
});
