/**
 * The one door to ffmpeg: finds the programs, and decodes chosen frames to RGB. What a file holds is for `ffprobe.ts`; which
 * frames to take, for `choose.ts`.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, copyFile, mkdir, rename, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import fluentFfmpeg from 'fluent-ffmpeg';
import { StudioError } from '../protocol/errors.ts';
import { interrupted, interruption } from './ended-child.ts';
import { type Turn, turnFilters } from './turn.ts';

export interface FfmpegTools {
  /** Path or name of each program. */
  readonly ffmpeg: string;
  readonly ffprobe: string;
  /** As the program itself says, with its year where it is known: builds of 2018 have known holes. */
  readonly version: string;
  readonly source: 'setting' | 'system' | 'npm' | 'cache';
}

const install =
  'Install ffmpeg (https://ffmpeg.org/download.html, or "apt install ffmpeg", "brew install ffmpeg", "winget install ffmpeg"), ' +
  'or run "video-r1 setup ffmpeg" (in VS Code: Video-R1: Install ffmpeg), or name its path in the setting videoR1.trainer.ffmpegPath.';

const decodeTimeoutSeconds = 600;

/** First line of `-version`, shortened. @throws Error when the program does not run. */
export function versionOf(program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, ['-version'], { timeout: 20_000, windowsHide: true }, (error, stdout) => {
      if (error) return reject(error);
      const named = /version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
      const year = /Copyright \(c\) (?:\d{4}-)?(\d{4})/.exec(stdout)?.[1];
      resolve(year ? `${named} (${year})` : named);
    });
  });
}

/** Where fetched programs lie, and where one that can't be made executable in place is copied to. */
function userCacheFolder(): string {
  const base =
    process.env.XDG_CACHE_HOME ??
    (process.platform === 'win32'
      ? (process.env.LOCALAPPDATA ?? path.join(os.homedir(), 'AppData', 'Local'))
      : path.join(os.homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache'));
  return path.join(base, 'video-r1-studio');
}

/** Where `setup ffmpeg` puts the npm packages. */
export function fetchedFolder(): string {
  return path.join(userCacheFolder(), 'ffmpeg');
}

/**
 * The program, or a copy of it, with the right to run: npm packages installed without their scripts lack it.
 * @returns the path to run
 */
export async function executable(program: string, cacheFolder: string = userCacheFolder()): Promise<string> {
  if (process.platform === 'win32') return program;
  const mayRun = (file: string) =>
    access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
  if (await mayRun(program)) return program;
  const inPlace = await chmod(program, 0o755).then(
    () => true,
    () => false, // a read-only folder, or another owner's file: a copy serves
  );
  if (inPlace && (await mayRun(program))) return program;
  const { size } = await stat(program);
  const copy = path.join(cacheFolder, `${path.basename(program)}-${size}`);
  if (await mayRun(copy)) return copy;
  await mkdir(cacheFolder, { recursive: true });
  const partial = `${copy}.${process.pid}`;
  await copyFile(program, partial);
  await chmod(partial, 0o755);
  await rename(partial, copy);
  return copy;
}

/** Paths of the programs inside the optional npm packages. @throws when one is not installed for this platform. */
async function npmPrograms(): Promise<{ ffmpeg: string; ffprobe: string }> {
  const [ffmpeg, ffprobe] = await Promise.all([
    import('@ffmpeg-installer/ffmpeg'),
    import('@ffprobe-installer/ffprobe'),
  ]);
  return { ffmpeg: await executable(ffmpeg.default.path), ffprobe: await executable(ffprobe.default.path) };
}

/** Paths of the programs that were fetched into a folder. @throws when they are not there, or not for this platform. */
export async function cachedPrograms(folder: string): Promise<{ ffmpeg: string; ffprobe: string }> {
  const load = createRequire(path.join(folder, 'package.json'));
  const program = (name: string) => executable((load(`@${name}-installer/${name}`) as { path: string }).path);
  return { ffmpeg: await program('ffmpeg'), ffprobe: await program('ffprobe') };
}

/** ffprobe beside a named ffmpeg, else the one on the PATH, else that of the npm packages or of the user's cache. */
async function probeFor(ffmpeg: string): Promise<string> {
  const places = [
    async () => path.join(path.dirname(ffmpeg), process.platform === 'win32' ? 'ffprobe.exe' : 'ffprobe'),
    async () => 'ffprobe',
    async () => (await npmPrograms()).ffprobe,
    async () => (await cachedPrograms(fetchedFolder())).ffprobe,
  ];
  for (const place of places) {
    try {
      const ffprobe = await place();
      await versionOf(ffprobe);
      return ffprobe;
    } catch {
      // Not there, or it does not run: the next place. With none, the caller says so.
    }
  }
  return 'ffprobe';
}

/**
 * Finds ffmpeg and ffprobe: the ones named, else the system's, else those of the npm packages in the tree, else those that
 * were fetched into the user's cache.
 *
 * @param preferred Path of an ffmpeg that must be taken; one that does not run is an error, not a reason to take another.
 * @param preferredProbe Path of the ffprobe that belongs to it; by default the one beside it, on the PATH or of the packages.
 * @throws StudioError `ffmpeg-missing`
 */
export async function findFfmpeg(preferred?: string, preferredProbe?: string): Promise<FfmpegTools> {
  if (preferred) {
    const ffprobe = preferredProbe || (await probeFor(preferred));
    try {
      const version = await versionOf(preferred);
      await versionOf(ffprobe);
      return { ffmpeg: preferred, ffprobe, version, source: 'setting' };
    } catch (cause) {
      throw new StudioError('ffmpeg-missing', `The ffmpeg that was named does not run: ${(cause as Error).message}`, {
        place: preferred,
        remedy:
          'Correct the setting videoR1.trainer.ffmpegPath (ffprobe must lie beside it, or be on the PATH), or leave it empty to have one found.',
        cause,
      });
    }
  }
  const why: string[] = [];
  try {
    const ffprobe = preferredProbe || 'ffprobe';
    const version = await versionOf('ffmpeg');
    await versionOf(ffprobe);
    return { ffmpeg: 'ffmpeg', ffprobe, version, source: 'system' };
  } catch (error) {
    why.push(`on the PATH: ${(error as Error).message}`);
  }
  const packages = [
    ['npm', npmPrograms],
    ['cache', () => cachedPrograms(fetchedFolder())],
  ] as const;
  for (const [source, find] of packages) {
    try {
      const programs = await find();
      const version = await versionOf(programs.ffmpeg);
      await versionOf(programs.ffprobe);
      return { ...programs, version, source };
    } catch (error) {
      // These packages throw plain texts; Node's own message goes on with the files that asked.
      const [message] = (error instanceof Error ? error.message : String(error)).split('\n');
      why.push(`from ${source === 'npm' ? 'npm' : 'the cache'}: ${message}`);
    }
  }
  throw new StudioError('ffmpeg-missing', `No ffmpeg was found (${why.join('; ')}).`, { remedy: install });
}

/** Demuxers that may open a video: none that leads to other files or addresses, as playlists do. */
export const videoFormats =
  'mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,flv,live_flv,ogg,asf,gif,rm,nut,mxf,dv,wtv,ivf,obu,mjpeg,yuv4mpegpipe,vc1,av1,3gp,apng';
/** The error of a program that is not there, or may not run */
export function doesNotStart(program: string, cause: Error): StudioError {
  return new StudioError('ffmpeg-missing', `${program} does not start: ${cause.message}`, { remedy: install, cause });
}

/** ffmpeg's messages without memory addresses, repetitions and empty lines. */
export function complaintLines(stderr: string): string[] {
  const lines = stderr.split(/[\r\n]+/).map((line) => line.replace(/ @ 0x[0-9a-f]+/g, '').trim());
  return [...new Set(lines)].filter((line) => line !== '' && !/^Last message repeated/.test(line));
}

/**
 * Bicubic as Pillow and torchvision have it when they smooth (a = -0.5, widened when reducing), which is what Qwen's
 * preprocessing uses; with exact rounding and colour at full resolution.
 */
const scaling = 'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:param0=0:param1=0.5';

export interface DecodeRequest {
  readonly file: string;
  /** Which of the file's video streams, from 0. */
  readonly stream: number;
  readonly turn: Turn;
  /** Frame numbers in the order of display, ascending, each once. */
  readonly indices: readonly number[];
  readonly width: number;
  readonly height: number;
}

export interface Decoded {
  /** RGB, 8 bits a channel, frame after frame; shorter than asked for when the file ends early. */
  readonly pixels: Uint8Array;
  /** Whole frames in `pixels`. */
  readonly count: number;
  /** Errors that were told, one a line. */
  readonly complaints: readonly string[];
  /** Whether the decoder marked a picture as not whole, among those that were not chosen too. */
  readonly flagged: boolean;
}

/** The sum of the terms as nested pairs: ffmpeg limits the depth of an expression, to which a plain chain adds a level a term. */
function sumOf(terms: readonly string[]): string {
  if (terms.length <= 2) return terms.join('+');
  const half = Math.ceil(terms.length / 2);
  return `(${sumOf(terms.slice(0, half))})+(${sumOf(terms.slice(half))})`;
}

/**
 * Decodes frames by their number, turned as asked for, scaled with bicubic interpolation.
 *
 * A rate given for the input makes ffmpeg number the frames as the decoder gives them, as their times. A filter's own count
 * would start again wherever size, orientation or pixel format change inside the file, because the filters are built anew.
 *
 * @throws StudioError `ffmpeg-missing` when ffmpeg does not start; `cancelled` when it was ended from outside. A file that
 *   can't be decoded gives fewer frames and complaints.
 */
export function decodeFrames(tools: FfmpegTools, request: DecodeRequest): Promise<Decoded> {
  const { file, stream, turn, indices, width, height } = request;
  const wanted = sumOf(indices.map((index) => `eq(pts,${index})`));
  // Chosen frames get the numbers 0, 1, 2, ...: gaps would be filled with repetitions at the output's constant rate.
  const rank = sumOf(indices.slice(1).map((index) => `gte(PTS,${index})`)) || '0';
  const turned = turnFilters(turn)
    .map((filter) => `${filter},`)
    .join('');
  const filter = `settb=1/25,select='${wanted}',setpts='${rank}',${turned}scale=${width}:${height}:${scaling},format=rgb24`;
  const command = fluentFfmpeg({ source: path.resolve(file), timeout: decodeTimeoutSeconds, stdoutLines: 200 })
    .inputOptions(['-v', 'level+warning', '-nostdin', '-protocol_whitelist', 'file', '-format_whitelist', videoFormats])
    .inputOptions(['-r', '25', '-noautorotate'])
    .outputOptions(['-map', `0:v:${stream}`, '-frames:v', String(indices.length), '-r', '25'])
    .videoFilters(filter);
  return collect(tools, command, width * height * 3, indices.length);
}

/** What a command says at `level+warning`: errors without the mark of their level, and whether the decoder marked a picture. */
function toldWhileDecoding(stderr: string): Pick<Decoded, 'complaints' | 'flagged'> {
  const lines = complaintLines(stderr);
  const isWarning = (line: string) => /^(\[[^\]]*\] )?\[warning\] /.test(line);
  return {
    complaints: lines.filter((line) => !isWarning(line)).map((line) => line.replace(/\[(panic|fatal|error)\] /, '')),
    flagged: lines.some((line) => isWarning(line) && line.includes('corrupt decoded frame')),
  };
}

/** How the library words the end of a program by a signal or with a code. */
const wordedEnd = /^ffmpeg (?:was killed with signal (\w+)|exited with code (\d+))/;

function interruptionOf({ message }: Error): string | null {
  const [, signal, code] = wordedEnd.exec(message) ?? [];
  return interruption(code === undefined ? null : Number(code), signal ?? null);
}

/** Runs a command that writes raw RGB frames. */
function collect(
  tools: FfmpegTools,
  command: fluentFfmpeg.FfmpegCommand,
  frameBytes: number,
  count: number,
): Promise<Decoded> {
  const pixels = new Uint8Array(new SharedArrayBuffer(frameBytes * count));
  let filled = 0;
  const sink = new Writable({
    // Told that its output closed, the library would end ffmpeg before the reason for it is known.
    autoDestroy: false,
    emitClose: false,
    write(chunk: Buffer, _encoding, done) {
      const room = pixels.length - filled;
      if (chunk.length > room) return done(new Error(`ffmpeg gave more than the ${count} frames asked for`));
      pixels.set(chunk, filled);
      filled += chunk.length;
      done();
    },
  });
  // The program's end may be told before its last pixels; where it fails at once there will be none.
  let drained: Promise<void> | null = null;
  sink.once('pipe', () => {
    drained = finished(sink).catch(() => {
      // More than was asked for, which the library tells as an error of the command.
    });
  });
  return new Promise((resolve, reject) => {
    const finish = async (stderr: string | null | undefined, failure: string | null) => {
      await drained;
      const { complaints, flagged } = toldWhileDecoding(stderr ?? '');
      const reasons = failure && complaints.length === 0 ? [failure] : complaints;
      resolve({ pixels, count: Math.floor(filled / frameBytes), complaints: reasons, flagged });
    };
    command
      .setFfmpegPath(tools.ffmpeg)
      .outputOptions(['-an', '-sn', '-dn', '-c:v', 'rawvideo', '-pix_fmt', 'rgb24', '-f', 'rawvideo'])
      .on('error', (error: NodeJS.ErrnoException, _stdout: string | null, stderr: string | null) => {
        const from = interruptionOf(error);
        if (error.code === 'ENOENT' || error.code === 'EACCES') reject(doesNotStart(tools.ffmpeg, error));
        else if (from !== null) reject(interrupted('ffmpeg', from));
        else void finish(stderr, error.message);
      })
      .on('end', (_stdout: string | null, stderr: string | null) => void finish(stderr, null))
      .pipe(sink, { end: true });
  });
}
