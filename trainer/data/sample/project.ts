/**
 * Makes the sample project: a folder with real videos and images of moving shapes, questions about them in Video-R1's
 * form in three splits that share no file, run files, a prompt template and a README.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { DatasetRow } from '../../protocol/dataset.ts';
import { StudioError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import { encodePng } from '../../video/png.ts';
import { type Clip, clipsPerCall, writeClips } from './clips.ts';
import { Draw } from './draw.ts';
import { imageScenes } from './images.ts';
import { sampleReadme } from './readme.ts';
import { reversedAnswer } from './reversed.ts';
import { samplePrompt, sampleRunFiles } from './run-files.ts';
import { letter, type Scene, type SceneMaker } from './scene.ts';
import { videoScenes } from './videos.ts';

export const splits = ['sft', 'rl', 'eval'] as const;
export type Split = (typeof splits)[number];

const scenes: Readonly<Record<string, SceneMaker>> = { ...videoScenes, ...imageScenes };
export type SceneName = keyof typeof videoScenes | keyof typeof imageScenes;

/** Questions of each family. */
export type SplitCounts = Readonly<Record<SceneName, number>>;
export type SampleCounts = Readonly<Record<Split, SplitCounts>>;

/**
 * SFT sees all families alike. RL asks most of what SFT leaves half learned, where the answers to one question differ,
 * and little of what is right already. The 240 questions are 20 steps of 12, so that the first and the last fifth of 200
 * steps each go twice through the same questions and can be compared.
 */
export const sampleCounts: SampleCounts = {
  sft: even(80, 60),
  rl: {
    direction: 60,
    firstColour: 30,
    inOrOut: 8,
    digitOrder: 20,
    light: 4,
    bounces: 24,
    general: 10,
    chart: 22,
    ocr: 22,
    maths: 10,
    knowledge: 6,
    spatial: 24,
  },
  eval: even(16, 10),
};

/** The same number for every video family, and for every image family. */
export function even(videos: number, images: number): SplitCounts {
  const isVideo = (name: string) => Object.hasOwn(videoScenes, name);
  return Object.fromEntries(Object.keys(scenes).map((name) => [name, isVideo(name) ? videos : images])) as SplitCounts;
}

/** Share of the chains of thought that first commit to an answer and then correct it, where a family can. */
const revisedShare = 0.15;

export interface SampleOptions {
  readonly seed: number;
  readonly tools: { readonly ffmpeg: string };
  readonly counts?: SampleCounts;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SampleProgress) => void;
}

export interface SampleProgress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** Kept in the project as `data/sample.json`, by which a sample project is known. */
const sampleMark = z.strictObject({
  kind: z.literal('video-r1 sample'),
  version: z.literal(1),
  seed: z.number().int(),
  videos: z.number().int(),
  images: z.number().int(),
  questions: z.number().int(),
  /** Bytes of all files as they were written. */
  sizeBytes: z.number().int(),
});

export interface SampleSummary {
  readonly folder: string;
  readonly seed: number;
  readonly videos: number;
  readonly images: number;
  readonly questions: number;
  readonly sizeBytes: number;
  readonly durationMs: number;
  /** False where the folder held this sample already; then nothing was written. */
  readonly created: boolean;
}

/**
 * The folder appears whole or not at all: it is built beside its place and moved there at the end. The same seed gives
 * the same pixels and the same JSON; the bytes of the MP4 files depend on the ffmpeg.
 * @throws StudioError `conflict` where the folder holds something else; as `writeClips`; the signal's reason when aborted
 */
export async function createSampleProject(folder: string, options: SampleOptions): Promise<SampleSummary> {
  const started = performance.now();
  const { seed, counts = sampleCounts, signal = new AbortController().signal, onProgress = () => {} } = options;
  signal.throwIfAborted();
  const found = await existing(folder, seed);
  if (found) return { ...found, folder, durationMs: performance.now() - started, created: false };

  const parent = path.dirname(path.resolve(folder));
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, `.${path.basename(folder)}-`));
  try {
    const written = await build(work, { seed, counts, signal, onProgress, ffmpeg: options.tools.ffmpeg });
    signal.throwIfAborted();
    // An empty folder gives way; one that was filled meanwhile does not, and the move fails.
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw notEmpty(folder, error);
    });
    await rename(work, folder);
    return { ...written, folder, durationMs: performance.now() - started, created: true };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function notEmpty(folder: string, cause?: unknown): StudioError {
  return new StudioError('conflict', 'The folder is not empty and is no sample project.', {
    place: folder,
    remedy: 'Name a new or an empty folder.',
    cause,
  });
}

/** The seed that the sample project in a folder was made with; null where there is none. */
export async function sampleSeedOf(folder: string): Promise<number | null> {
  const text = await readFile(path.join(folder, 'data', 'sample.json'), 'utf8').catch(() => 'null');
  return sampleMark.safeParse(parseJson(text)).data?.seed ?? null;
}

/** The mark of the sample that is there; null for a folder that is empty or missing. */
async function existing(folder: string, seed: number): Promise<z.infer<typeof sampleMark> | null> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new StudioError('conflict', `The folder can't be read: ${error.message}`, {
      place: folder,
      remedy: 'Name a new or an empty folder.',
      cause: error,
    });
  });
  if (names.length === 0) return null;
  const text = await readFile(path.join(folder, 'data', 'sample.json'), 'utf8').catch(() => 'null');
  const mark = sampleMark.safeParse(parseJson(text));
  if (!mark.success) throw notEmpty(folder);
  if (mark.data.seed === seed) return mark.data;
  throw new StudioError('conflict', `The folder holds a sample project of seed ${mark.data.seed}, not ${seed}.`, {
    place: folder,
    remedy: 'Name another folder, or take the seed that is there.',
  });
}

interface Building {
  readonly seed: number;
  readonly counts: SampleCounts;
  readonly ffmpeg: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: SampleProgress) => void;
}

async function build(folder: string, building: Building): Promise<z.infer<typeof sampleMark>> {
  const { seed, counts, ffmpeg, signal, onProgress } = building;
  /** Digests of the pixels of every medium so far: no two are alike, so nothing of one split is seen in another. */
  const known = new Set<string>();
  const sum = { videos: 0, images: 0, questions: 0 };
  const videosWanted = Object.keys(videoScenes).reduce(
    (total, name) => total + splits.reduce((part, split) => part + counts[split][name as SceneName], 0),
    0,
  );
  for (const split of splits) {
    signal.throwIfAborted();
    const media = path.join(folder, 'data', 'media', split);
    await mkdir(media, { recursive: true });
    const count = Object.values(counts[split]).reduce((total, part) => total + part, 0);
    // Places in the file are drawn before the scenes, so that only the frames under way are in memory.
    const places = new Draw(seed, `${split} order`).shuffled([...Array(count).keys()]);
    const rows = new Array<DatasetRow>(count);
    let clips: Clip[] = [];
    const flush = async () => {
      if (clips.length > 0) await writeClips(clips, ffmpeg, path.join(folder, 'clips'), signal);
      sum.videos += clips.length;
      clips = [];
      onProgress({ what: 'videos', done: sum.videos, total: videosWanted });
    };
    for (const scene of drawScenes(split, seed, counts[split], known)) {
      const place = places.pop() as number;
      const name = `${String(place + 1).padStart(4, '0')}.${scene.dataType === 'video' ? 'mp4' : 'png'}`;
      rows[place] = rowOf(scene, place + 1, `./media/${split}/${name}`, split);
      const file = path.join(media, name);
      if (scene.dataType === 'video') {
        clips.push({ file, frames: scene.frames });
        if (clips.length === clipsPerCall) await flush();
      } else {
        await writeFile(file, encodePng(scene.frames[0] as Scene['frames'][number]));
        sum.images++;
      }
    }
    await flush();
    await writeJson(path.join(folder, 'data', `${split}.json`), rows);
    sum.questions += count;
  }
  for (const [name, file] of Object.entries(sampleRunFiles)) await writeJson(path.join(folder, name), file);
  await writeJson(path.join(folder, 'prompt.json'), samplePrompt);
  await writeFile(path.join(folder, 'README.md'), sampleReadme({ ...sum, seed }));
  const mark = { kind: 'video-r1 sample', version: 1, seed, ...sum, sizeBytes: await sizeOf(folder) } as const;
  await writeJson(path.join(folder, 'data', 'sample.json'), mark);
  return mark;
}

/** A split's scenes, family by family. A scene whose pixels are in `known` is drawn anew; those given out are added to it. */
function* drawScenes(split: Split, seed: number, counts: SplitCounts, known: Set<string>): Generator<Scene> {
  for (const [name, make] of Object.entries(scenes)) {
    const draw = new Draw(seed, `${split} ${name}`);
    for (let left = counts[name as SceneName]; left > 0; ) {
      const scene = make(draw, split === 'sft' && draw.chance(revisedShare));
      const digest = digestOf(scene);
      if (known.has(digest)) continue;
      known.add(digest);
      yield scene;
      left--;
    }
  }
}

function digestOf(scene: Scene): string {
  const hash = createHash('sha256');
  for (const frame of scene.frames) hash.update(frame.pixels);
  return hash.digest('base64');
}

/** The row of a dataset file; only SFT's rows carry a chain of thought. */
function rowOf(scene: Scene, id: number, file: string, split: Split): DatasetRow {
  const reversed = reversedAnswer(scene);
  return {
    problem_id: id,
    problem: scene.problem,
    data_type: scene.dataType,
    problem_type: scene.problemType,
    options: scene.choices.map((choice, index) => `${letter(index)}. ${choice}`),
    ...(split === 'sft' ? { process: `<think>${scene.think}</think>` } : {}),
    solution: `<answer>${scene.answer}</answer>`,
    path: file,
    data_source: scene.source,
    family: scene.family,
    needs_order: scene.needsOrder,
    ...(reversed !== null && { reversed_solution: `<answer>${reversed}</answer>` }),
  };
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 1)}\n`);
}

/** Bytes of all files of a folder. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => stat(path.join(entry.parentPath, entry.name))),
  );
  return sizes.reduce((total, { size }) => total + size, 0);
}
