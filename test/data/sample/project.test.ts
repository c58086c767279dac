/** The sample project: what lies in the folder, that it is made whole or not at all, and that its videos hold what was drawn. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkRow } from '../../../trainer/data/row-check.ts';
import { writeClips } from '../../../trainer/data/sample/clips.ts';
import { cueDraw, cuedScenes } from '../../../trainer/data/sample/cued.ts';
import { Draw } from '../../../trainer/data/sample/draw.ts';
import { splits } from '../../../trainer/data/sample/families.ts';
import { createSampleProject, type SampleSummary } from '../../../trainer/data/sample/project.ts';
import { digitOrder, direction } from '../../../trainer/data/sample/videos.ts';
import { defaultCues, even, type SampleCounts, worldCounts } from '../../../trainer/data/sample/worlds.ts';
import type { DatasetRow } from '../../../trainer/protocol/dataset.ts';
import { problemTypes } from '../../../trainer/protocol/dataset.ts';
import { readTemplate } from '../../../trainer/reasoning/template.ts';
import { parametersOfRun, readRunFile } from '../../../trainer/runs/run-files.ts';
import { type FfmpegTools, findFfmpeg } from '../../../trainer/video/ffmpeg.ts';

const run = promisify(execFile);
const slowMs = 60_000;
const cued = (count: number) => ({
  ...{ cuedDirection: count, cuedFirstColour: count, cuedInOrOut: count, cuedFirstDigit: count, cuedGrowth: count },
});
const few: SampleCounts = {
  sft: { ...even(2, 2), ...cued(2) },
  rl: { ...even(1, 1), ...cued(1) },
  eval: { ...even(1, 1), ...cued(1) },
};

let home: string;
let tools: FfmpegTools;
let full: SampleSummary;

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'sample-test-'));
  tools = await findFfmpeg();
  full = await createSampleProject(path.join(home, 'full'), { seed: 1, tools });
  console.log(
    `sample of seed 1: ${full.videos} videos, ${full.images} images, ${(full.sizeBytes / 1e6).toFixed(1)} MB, ${(full.durationMs / 1000).toFixed(1)} s with ffmpeg ${tools.version}`,
  );
}, 180_000);

afterAll(() => rm(home, { recursive: true, force: true }));

async function rowsOf(folder: string, split: string): Promise<DatasetRow[]> {
  return JSON.parse(await readFile(path.join(folder, 'data', `${split}.json`), 'utf8')) as DatasetRow[];
}

/** Every file's path and digest; MP4 by the decoded pixels. */
async function digests(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = new Map<string, string>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const bytes = file.endsWith('.mp4') ? await decoded(file) : await readFile(file);
    found.set(path.relative(folder, file), createHash('sha256').update(bytes).digest('hex'));
  }
  return found;
}

/** All frames of a video as RGB bytes. */
async function decoded(file: string): Promise<Buffer> {
  const arguments_ = ['-v', 'error', '-i', file, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const { stdout } = await run(tools.ffmpeg, arguments_, { encoding: 'buffer', maxBuffer: 1 << 26 });
  return stdout;
}

describe('the whole sample', () => {
  test('is below 20 MB, and the folder holds what the summary says', async () => {
    expect(full.sizeBytes).toBeLessThan(20e6);
    const names = await readdir(path.join(home, 'full'), { recursive: true });
    expect(names.filter((name) => name.endsWith('.mp4'))).toHaveLength(full.videos);
    expect(names.filter((name) => name.endsWith('.png'))).toHaveLength(full.images);
    const rows = await Promise.all(splits.map((split) => rowsOf(full.folder, split)));
    expect(rows.flat()).toHaveLength(full.questions);
    expect(full.questions).toBe(
      splits.flatMap((split) => Object.values(worldCounts.mixed[split])).reduce((sum, count) => sum + count, 0),
    );
  });

  test.each(splits)('every row of %s passes the check that training makes, and its file is there', async (split) => {
    for (const row of await rowsOf(full.folder, split)) {
      expect(checkRow(row)).toEqual({ row });
      expect((await stat(path.join(full.folder, 'data', row.path))).size).toBeGreaterThan(0);
    }
  });

  test('only SFT has chains of thought, all of them, and a part takes back a first answer', async () => {
    const sft = await rowsOf(full.folder, 'sft');
    expect(sft.every((row) => /^<think>[^<]+<\/think>$/.test(row.process ?? ''))).toBe(true);
    const share = sft.filter((row) => row.process?.includes('Wait')).length / sft.length;
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(0.2);
    for (const split of ['rl', 'eval']) {
      expect((await rowsOf(full.folder, split)).filter((row) => row.process !== undefined)).toEqual([]);
    }
  });

  test.each(splits)('%s has all five problem types, the six kinds of images and six that need order', async (split) => {
    const rows = await rowsOf(full.folder, split);
    expect(new Set(rows.map((row) => row.problem_type))).toEqual(new Set(problemTypes));
    const kinds = (order: boolean) =>
      new Set(rows.filter((row) => row.needs_order === order).map((row) => row.data_source.replace(/, cue .*/, '')));
    expect(kinds(true).size).toBe(6);
    expect(kinds(false)).toEqual(
      new Set(['general', 'chart', 'OCR', 'maths', 'knowledge', 'spatial'].map((kind) => `image: ${kind}`)),
    );
    expect(rows.every((row) => row.needs_order === (row.data_type === 'video'))).toBe(true);
  });

  test.each(splits)(
    'in %s a row of a family with a cue says whether that gives a wrong answer, and no other row',
    async (split) => {
      const rows = await rowsOf(full.folder, split);
      const hasCue = ({ family }: DatasetRow) =>
        ['direction', 'first colour', 'in or out', 'growth'].includes(family as string);
      expect(rows.filter((row) => row.cue_conflicts !== undefined)).toEqual(rows.filter(hasCue));
      for (const row of rows.filter(hasCue))
        expect(row.data_source).toMatch(row.cue_conflicts ? /, cue wrong$/ : /, cue right$/);
      expect(rows.filter((row) => !hasCue(row) && row.data_source.includes('cue'))).toEqual([]);
    },
  );

  test('no medium is used twice, and no two files have the same bytes', async () => {
    const rows = (await Promise.all(splits.map((split) => rowsOf(full.folder, split)))).flat();
    expect(new Set(rows.map((row) => row.path)).size).toBe(rows.length);
    const seen = new Set<string>();
    for (const row of rows) {
      const bytes = await readFile(path.join(full.folder, 'data', row.path));
      seen.add(createHash('sha256').update(bytes).digest('hex'));
    }
    expect(seen.size).toBe(rows.length);
  });

  test('the run files and the prompt template are read by what reads them, and their datasets are there', async () => {
    const names = (await readdir(full.folder)).filter((name) => name.endsWith('.run.json')).sort();
    expect(names).toEqual(['grpo.run.json', 'no-image.run.json', 'sft.run.json', 'tgrpo.run.json']);
    for (const name of names) {
      const file = await readRunFile(path.join(full.folder, name));
      expect(`${file.name}.run.json`).toBe(name);
      expect(file.description).toBeTruthy();
      expect(file.seed).toBe(full.seed);
      parametersOfRun(file);
      for (const dataset of [file.dataset, file.evaluationDataset as string])
        await stat(path.join(full.folder, dataset));
      await readTemplate(path.join(full.folder, file.promptTemplate as string));
    }
    expect(parametersOfRun(await readRunFile(path.join(full.folder, 'no-image.run.json'))).values.imageShare).toBe(0);
  });

  test('made again in the same place it is left as it is; another seed is refused', async () => {
    const before = await stat(path.join(full.folder, 'data', 'sft.json'));
    const again = await createSampleProject(full.folder, { seed: 1, tools });
    expect(again).toMatchObject({
      created: false,
      videos: full.videos,
      questions: full.questions,
      sizeBytes: full.sizeBytes,
    });
    expect((await stat(path.join(full.folder, 'data', 'sft.json'))).mtimeMs).toBe(before.mtimeMs);
    for (const other of [
      { seed: 2 },
      { seed: 1, world: 'plain' as const },
      { seed: 1, cues: { ...defaultCues, rl: 1 } },
    ])
      await expect(createSampleProject(full.folder, { ...other, tools })).rejects.toMatchObject({ kind: 'conflict' });
  });
});

test(
  'the same seed gives the same pixels and the same JSON, another seed does not; of each family alike',
  async () => {
    const made = [1, 1, 2].map((seed, i) =>
      createSampleProject(path.join(home, `seed-${i}`), { seed, tools, counts: few }),
    );
    const [first, second, other] = (await Promise.all(
      (await Promise.all(made)).map(({ folder }) => digests(folder)),
    )) as [Map<string, string>, Map<string, string>, Map<string, string>];
    expect(second).toEqual(first);
    const media = [...first.keys()].filter((name) => /\.(mp4|png)$/.test(name));
    expect(media).toHaveLength(68);
    const shared = new Set(first.values());
    expect([...other].filter(([name, digest]) => media.includes(name) && shared.has(digest))).toEqual([]);
  },
  slowMs,
);

test(
  'a clip has the frames that were drawn, in their order, and stands alone',
  async () => {
    const draw = new Draw(3, 'clips');
    const cueOf = cueDraw(new Draw(3, 'clips cue'), 'chance');
    const scenes = [
      ...[direction(draw, false), digitOrder(draw, false), direction(draw, false)],
      ...Object.values(cuedScenes).map((make) => make(draw, cueOf)),
    ];
    const files = scenes.map((_, index) => path.join(home, `clip-${index}.mp4`));
    const clips = scenes.map(({ frames }, index) => ({ file: files[index] as string, frames }));
    await writeClips(clips, tools.ffmpeg, path.join(home, 'work'), new AbortController().signal);
    for (const [index, file] of files.entries()) {
      const pixels = await decoded(file);
      const drawn = (scenes[index] as (typeof scenes)[number]).frames;
      expect(pixels.length).toBe(32 * 112 * 112 * 3);
      const error = (frame: number, of: number) => {
        const [a, b] = [pixels.subarray(frame * 112 * 112 * 3), drawn[of]?.pixels as Uint8Array];
        return b.reduce((sum, value, i) => sum + Math.abs(value - (a[i] as number)), 0) / b.length;
      };
      for (let frame = 0; frame < 32; frame++) {
        expect(error(frame, frame)).toBeLessThan(4);
        // Where the neighbours were drawn otherwise, this frame is nearer to its own drawing than to theirs.
        for (const other of [frame - 2, frame + 2]) {
          const theirs = drawn[other]?.pixels;
          if (theirs === undefined || Buffer.compare(theirs, drawn[frame]?.pixels as Uint8Array) === 0) continue;
          expect(error(frame, frame)).toBeLessThan(error(frame, other));
        }
      }
      const { stdout } = await run(tools.ffprobe, [
        ...['-v', 'error', '-count_frames', '-select_streams', 'v:0', '-of', 'json'],
        ...[
          '-show_entries',
          'stream=codec_name,width,height,nb_read_frames,avg_frame_rate,start_time:packet=flags',
          file,
        ],
      ]);
      const probed = JSON.parse(stdout) as { streams: unknown[]; packets: { flags: string }[] };
      expect(probed.streams[0]).toMatchObject({
        codec_name: 'h264',
        width: 112,
        height: 112,
        nb_read_frames: '32',
        avg_frame_rate: '8/1',
        start_time: '0.000000',
      });
      expect(probed.packets[0]?.flags).toMatch(/^K/);
    }
  },
  slowMs,
);

test(
  'a cancelled sample leaves no folder and no pieces',
  async () => {
    const place = path.join(home, 'cancelled');
    await mkdir(place);
    const stop = new AbortController();
    const reason = new Error('cancelled by the test');
    const making = createSampleProject(path.join(place, 'sample'), {
      seed: 1,
      tools,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done > 0) stop.abort(reason);
      },
    });
    await expect(making).rejects.toBe(reason);
    expect(await readdir(place)).toEqual([]);
  },
  slowMs,
);

test(
  'a folder with something else in it is refused and left alone; an empty one is taken',
  async () => {
    const folder = path.join(home, 'mine');
    await mkdir(folder);
    await writeFile(path.join(folder, 'thesis.txt'), 'mine');
    await expect(createSampleProject(folder, { seed: 1, tools, counts: few })).rejects.toMatchObject({
      kind: 'conflict',
    });
    expect(await readdir(folder)).toEqual(['thesis.txt']);

    const empty = path.join(home, 'empty');
    await mkdir(empty);
    expect((await createSampleProject(empty, { seed: 1, tools, counts: few })).created).toBe(true);
  },
  slowMs,
);

test(
  'a sample that was made by another call meanwhile is taken as it is; another one is named, and nothing is left beside it',
  async () => {
    const place = path.join(home, 'at-once');
    await mkdir(place);
    const make = (seed: number, name: string) =>
      createSampleProject(path.join(place, name), { seed, tools, counts: few });
    const same = await Promise.all([make(1, 'same'), make(1, 'same')]);
    expect(same.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(same[0]).toMatchObject({ seed: 1, videos: same[1]?.videos, sizeBytes: same[1]?.sizeBytes });

    const others = await Promise.allSettled([make(1, 'other'), make(2, 'other')]);
    const refused = others.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toEqual([
      expect.objectContaining({ kind: 'conflict', message: expect.stringContaining('a sample project of seed') }),
    ]);
    expect((await readdir(place)).sort()).toEqual(['other', 'same']);
  },
  slowMs,
);

test.skipIf(process.platform === 'win32')(
  'a full disk is called so, not a fault of ffmpeg, and nothing is left',
  async () => {
    const place = path.join(home, 'full-disk');
    await mkdir(place);
    const ffmpeg = path.join(home, 'ffmpeg-on-a-full-disk');
    const said = 'av_interleaved_write_frame(): No space left on device';
    await writeFile(ffmpeg, `#!/bin/sh\necho '${said}' >&2\nexit 1\n`, { mode: 0o755 });
    const making = createSampleProject(path.join(place, 'sample'), {
      seed: 1,
      tools: { ffmpeg },
      counts: few,
    });
    await expect(making).rejects.toMatchObject({ kind: 'disk-full', place: expect.stringContaining(place) });
    expect(await readdir(place)).toEqual([]);
  },
  slowMs,
);

test(
  'a missing ffmpeg is named, and nothing is left',
  async () => {
    const place = path.join(home, 'no-ffmpeg');
    await mkdir(place);
    const making = createSampleProject(path.join(place, 'sample'), {
      seed: 1,
      tools: { ffmpeg: '/nowhere/ffmpeg' },
      counts: few,
    });
    await expect(making).rejects.toMatchObject({ kind: 'ffmpeg-missing' });
    expect(await readdir(place)).toEqual([]);
  },
  slowMs,
);
