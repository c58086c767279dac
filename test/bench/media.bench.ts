/** What it costs to get a clip's frames: cold, from the cache on disk, and beside ffmpeg decoding the same clip by itself. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openDataset } from '../../trainer/data/dataset.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { decodeMedia } from '../../trainer/video/decode.ts';
import { type FfmpegTools, findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { MediaLoader } from '../../trainer/video/load.ts';
import { sampleProject } from '../integration/trainer-process.ts';
import { type BenchFigure, median, timed } from './part.ts';

const clips = 24;
const execute = promisify(execFile);

export async function benchMedia(): Promise<BenchFigure[]> {
  const project = await sampleProject();
  const cache = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  const tools = await findFfmpeg();
  const limits = presetParameters('sample', 'sft');
  const dataset = await openDataset(path.join(project.folder, 'data', 'sft.json'));
  const files = Array.from({ length: dataset.count }, (_, row) => row)
    .filter((row) => dataset.dataType(row) === 'video')
    .slice(0, clips)
    .map((row) => dataset.mediaPath(row));
  const loader = new MediaLoader(tools, cache, 1e9);
  const cold: number[] = [];
  const alone: number[] = [];
  // Taken in turn, so that a busy moment of the machine meets both.
  for (const file of files) {
    cold.push(await timed(() => loader.load(file, 'video', limits)));
    alone.push(await timed(() => execute(tools.ffmpeg, ['-v', 'error', '-i', file, '-f', 'null', '-'])));
  }
  const again = new MediaLoader(tools, cache, 1e9);
  const kept: number[] = [];
  for (const file of files) kept.push(await timed(() => again.load(file, 'video', limits)));
  const long = await longVideo(tools, cache);
  await loader.dispose();
  await again.dispose();
  dataset.dispose();
  await rm(cache, { recursive: true, force: true });
  await project.remove();
  const ratio = (median(cold) / median(alone)).toFixed(2);
  return [
    {
      name: 'frames of a clip, first time',
      value: median(cold),
      unit: 'ms',
      note: `probe, 8 frames of 112x112 to 56x56; ${ratio} times ffmpeg decoding it whole (${median(alone).toFixed(1)} ms)`,
    },
    long,
    { name: 'frames of a clip, from the cache', value: median(kept), unit: 'ms', note: `ffmpeg ${tools.version}` },
  ];
}

/** Sixteen frames of a video as a benchmark has them: 640x360, 25 a second, 20 seconds. */
async function longVideo(tools: FfmpegTools, folder: string): Promise<BenchFigure> {
  const file = path.join(folder, 'long.mp4');
  const source = 'testsrc2=size=640x360:rate=25:duration=20';
  const encoding = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
  await execute(tools.ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', source, ...encoding, file]);
  const limits = presetParameters('paper', 'tgrpo');
  const ours: number[] = [];
  const alone: number[] = [];
  for (let i = 0; i < 7; i++) {
    ours.push(await timed(() => decodeMedia({ tools, key: file, file, kind: 'video', limits })));
    alone.push(await timed(() => execute(tools.ffmpeg, ['-v', 'error', '-i', file, '-f', 'null', '-'])));
  }
  return {
    name: '16 frames of a video of 20 s',
    value: median(ours),
    unit: 'ms',
    note: `probe, 16 frames of 640x360 to 420x224; ${(median(ours) / median(alone)).toFixed(2)} times ffmpeg decoding it whole (${median(alone).toFixed(0)} ms)`,
  };
}
