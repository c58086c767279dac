import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeAll } from '../../trainer/data/media-probe.ts';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import { decodeMedia } from '../../trainer/video/decode.ts';
import { interruption } from '../../trainer/video/ended-child.ts';
import { type FfmpegTools, findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { MediaLoader } from '../../trainer/video/load.ts';
import { encode, grey, mean } from './make-media.ts';

const limits = {
  framesPerSecond: 2,
  minFrames: 4,
  frameRounding: 'half-even' as const,
  maxFrames: 8,
  minPixels: 4 * 784,
  maxPixels: 4 * 784,
  imageMinPixels: 4 * 784,
  imageMaxPixels: 16 * 784,
};

let tools: FfmpegTools;
let folder: string;
let video: string;
const at = (name: string) => path.join(folder, name);

/** An ffmpeg or ffprobe that runs these lines of a shell script instead. */
async function inPlaceOf(name: 'ffmpeg' | 'ffprobe', script: string): Promise<FfmpegTools> {
  const program = at(`${name}-${Math.random()}`);
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { ...tools, [name]: program };
}

const faultOf = (with_: FfmpegTools) =>
  decodeMedia({ tools: with_, key: '', file: video, kind: 'video', limits }).then(
    () => null,
    (thrown: unknown) => asStudioError(thrown),
  );

beforeAll(async () => {
  tools = await findFfmpeg();
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-interrupted-'));
  video = encode(tools, at('ramp.mp4'), { width: 64, height: 64, count: 40 }, (i) => grey(64, 64, 6 * i), []);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('a child that was ended by a signal', () => {
  it.each([
    ['ffprobe', 'kill -INT $$'],
    ['ffprobe', 'kill -KILL $$'],
    ['ffprobe', 'exit 130'],
    ['ffmpeg', 'kill -INT $$'],
    ['ffmpeg', 'kill -TERM $$'],
    ['ffmpeg', 'exit 255'],
  ] as const)('is no verdict on the file (%s: %s)', async (name, script) => {
    const fault = await faultOf(await inPlaceOf(name, script));
    expect(fault).toMatchObject({ kind: 'cancelled', place: video });
    expect(fault?.message).toContain(`${name} was ended from outside`);
  });

  it('is one when the program crashed on the file', async () => {
    expect((await faultOf(await inPlaceOf('ffprobe', 'kill -SEGV $$')))?.kind).toBe('bad-media');
    expect((await faultOf(await inPlaceOf('ffmpeg', 'kill -SEGV $$')))?.kind).toBe('bad-media');
    expect(interruption(1, null)).toBeNull();
    expect(interruption(0, null)).toBeNull();
  });
});

describe.skipIf(process.platform === 'win32')('what was ended from outside is tried once more', () => {
  /** Runs `blow` at the first call, and the real program from the second on. */
  async function onceStruck(name: 'ffmpeg' | 'ffprobe', blow: string): Promise<FfmpegTools> {
    const note = at(`struck-${Math.random()}`);
    return inPlaceOf(name, `[ -e ${note} ] && exec ${tools[name]} "$@"\ntouch ${note}\n${blow}`);
  }
  async function loaded(with_: FfmpegTools): Promise<number[] | string> {
    const loader = new MediaLoader(with_, at(`cache-${Math.random()}`), 1e8);
    const media = await loader.load(video, 'video', limits).catch((thrown: unknown) => asStudioError(thrown));
    await loader.dispose();
    return media instanceof Error ? media.kind : media.view.indices;
  }

  it.each([
    ['ffmpeg', 'kill -KILL $$'],
    ['ffmpeg', 'kill -HUP $$'],
    ['ffprobe', 'kill -INT $$'],
    // The process that decodes, as the kernel picks it for want of memory.
    ['ffmpeg', 'kill -KILL $PPID; sleep 5'],
  ] as const)('%s after %s', async (name, blow) => {
    expect(await loaded(await onceStruck(name, blow))).toEqual([0, 13, 26, 39]);
  });

  it('and no more than once more, without a verdict on the file', async () => {
    expect(await loaded(await inPlaceOf('ffmpeg', 'kill -KILL $$'))).toBe('cancelled');
    expect(await loaded(await inPlaceOf('ffmpeg', 'kill -KILL $PPID; sleep 5'))).toBe('cancelled');
  });

  it('a look at a dataset’s media too, which ends where a second blow falls', async () => {
    const faults: unknown[] = [];
    const look = (with_: FfmpegTools) =>
      probeAll(with_, [{ real: video, kind: 'video' }], (_index, fault) => faults.push(fault));
    await look(await onceStruck('ffprobe', 'kill -INT $$'));
    await expect(look(await inPlaceOf('ffprobe', 'kill -INT $$'))).rejects.toMatchObject({ kind: 'cancelled' });
    expect(faults).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('an ffprobe that crashes on a container', () => {
  it('is given the streams that ffmpeg copies, and finds the same', async () => {
    const stream = encode(tools, at('two.ts'), { width: 64, height: 48, count: 30 }, (i) => grey(64, 48, 7 * i), []);
    const crashing = await inPlaceOf(
      'ffprobe',
      `case "$*" in *pipe:0) exec ${tools.ffprobe} "$@";; esac\nkill -SEGV $$`,
    );
    const media = await decodeMedia({ tools: crashing, key: '', file: stream, kind: 'video', limits });
    expect(media.view).toMatchObject({ indices: [0, 10, 19, 29], sourceWidth: 64, sourceHeight: 48 });
    expect(media.view.times.map((time) => Math.round(time * 25))).toEqual(media.view.indices);
    const frameBytes = media.frames.width * media.frames.height * 3;
    const levels = media.view.indices.map((_, i) =>
      mean(media.frames.pixels.subarray(i * frameBytes, (i + 1) * frameBytes)),
    );
    for (const [i, level] of levels.entries())
      expect(Math.abs(level - 7 * (media.view.indices[i] as number))).toBeLessThan(4);
  });
});

describe.skipIf(process.platform === 'win32')('decoding under way', () => {
  /** A program with a loader whose ffmpeg waits for ever, once that has begun; with the ids of the decoder and of ffmpeg. */
  async function waiting(): Promise<{ parent: ChildProcess; decoder: number; ffmpeg: number }> {
    await mkdir(at('pids'), { recursive: true });
    const note = at(`pids/${Math.random()}`);
    const slow = await inPlaceOf(
      'ffmpeg',
      `echo "$PPID $$" > ${note}.partial\nmv ${note}.partial ${note}\nexec sleep 600`,
    );
    const load = path.resolve(import.meta.dirname, '../../trainer/video/load.ts');
    const script = `
      import { existsSync } from 'node:fs';
      const { MediaLoader } = await import(${JSON.stringify(load)});
      const loader = new MediaLoader(${JSON.stringify(slow)}, ${JSON.stringify(at('cache'))}, 1e8);
      loader.load(${JSON.stringify(video)}, 'video', ${JSON.stringify(limits)}).catch(() => {});
      const look = setInterval(() => { if (existsSync(${JSON.stringify(note)})) { clearInterval(look); console.log('begun'); } }, 10);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(parent.stdout, 'data');
    const [decoder = 0, ffmpeg = 0] = (await readFile(note, 'utf8')).split(' ').map(Number);
    return { parent, decoder, ffmpeg };
  }

  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it('is in a process group that Ctrl-C in the trainer’s terminal does not reach, and ends with a trainer that was killed', async () => {
    const { parent, decoder, ffmpeg } = await waiting();
    const group = (pid: number) => Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }));
    expect([parent.pid as number, decoder, ffmpeg].map(group)).toEqual([parent.pid, decoder, decoder]);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await expect.poll(() => [decoder, ffmpeg].map(isAlive), { timeout: 10_000 }).toEqual([false, false]);
  });
});
