/**
 * Makes the sample project: a folder with real videos and images of moving shapes, questions about them in Video-R1's
 * form in three splits that share no file, run files, a prompt template and a README.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { DatasetRow } from '../../protocol/dataset.ts';
import { StudioError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import { encodePng } from '../../video/png.ts';
import { type Clip, clipsPerCall, writeClips } from './clips.ts';
import { Draw } from './draw.ts';
import {
  type Cues,
  cueWrongSource,
  type DrawnScene,
  families,
  isVideo,
  type Split,
  sceneSource,
  splits,
} from './families.ts';
import { sampleReadme } from './readme.ts';
import { reversedAnswer } from './reversed.ts';
import { samplePrompt, sampleRunFiles } from './run-files.ts';
import { letter, type Scene } from './scene.ts';
import { defaultCues, hasCues, type SampleCounts, type WorldName, worldCounts, worldNames } from './worlds.ts';

export interface SampleOptions {
  /** Of what is drawn, and of the run files' training. */
  readonly seed: number;
  readonly tools: { readonly ffmpeg: string };
  readonly world?: WorldName;
  /** Those of the world by default. */
  readonly counts?: SampleCounts;
  /** How often cues are right; nothing where no family has one. */
  readonly cues?: Cues;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SampleProgress) => void;
}

export interface SampleProgress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

const cueShare = z.union([z.number().min(0).max(1), z.literal('chance')]);
const sampleCues = z.strictObject({ sft: cueShare, rl: cueShare, eval: cueShare, chains: z.number().min(0).max(1) });

/** Kept in the project as `data/sample.json`, by which a sample project is known. */
const sampleMark = z.strictObject({
  kind: z.literal('video-r1 sample'),
  version: z.literal(1),
  /** Earlier versions made the plain one alone. */
  world: z.enum(worldNames).default('plain'),
  seed: z.number().int(),
  /** Null where no family has a cue. */
  cues: sampleCues.nullable().default(null),
  videos: z.number().int(),
  images: z.number().int(),
  questions: z.number().int(),
  /** Bytes of all files as they were written. */
  sizeBytes: z.number().int(),
});

export interface SampleSummary {
  readonly folder: string;
  readonly world: WorldName;
  readonly seed: number;
  readonly cues: Cues | null;
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
  const { seed, world = 'mixed', signal = new AbortController().signal, onProgress = () => {} } = options;
  const { counts = worldCounts[world] } = options;
  const cues = hasCues(world) ? (options.cues ?? defaultCues) : null;
  signal.throwIfAborted();
  const found = await existing(folder, { seed, world, cues });
  if (found) return { ...found, folder, durationMs: performance.now() - started, created: false };

  const parent = path.dirname(path.resolve(folder));
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, `.${path.basename(folder)}-`));
  try {
    const written = await build(work, {
      ...{ world, seed, cues, counts, signal, onProgress, ffmpeg: options.tools.ffmpeg },
    });
    signal.throwIfAborted();
    try {
      // An empty folder gives way; one that was filled meanwhile does not, and the move fails.
      await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await rename(work, folder);
    } catch (thrown) {
      const meanwhile = await existing(folder, { seed, world, cues });
      if (meanwhile === null) throw thrown;
      return { ...meanwhile, folder, durationMs: performance.now() - started, created: false };
    }
    return { ...written, folder, durationMs: performance.now() - started, created: true };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function notEmpty(folder: string): StudioError {
  return new StudioError('conflict', 'The folder is not empty and is no sample project.', {
    place: folder,
    remedy: 'Name a new or an empty folder.',
  });
}

/** The seed that the sample project in a folder was made with; null where there is none. */
export async function sampleSeedOf(folder: string): Promise<number | null> {
  const text = await readFile(path.join(folder, 'data', 'sample.json'), 'utf8').catch(() => 'null');
  return sampleMark.safeParse(parseJson(text)).data?.seed ?? null;
}

/** The mark of the sample that is there; null for a folder that is empty or missing. */
async function existing(
  folder: string,
  asked: Pick<Building, 'seed' | 'world' | 'cues'>,
): Promise<z.infer<typeof sampleMark> | null> {
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
  const { world, seed, cues } = mark.data;
  const other = (what: string) =>
    new StudioError('conflict', `The folder holds a sample project of ${what}.`, {
      place: folder,
      remedy: 'Name another folder, or take what is there.',
    });
  if (world !== asked.world) throw other(`the ${world} world, not of the ${asked.world} one`);
  if (seed !== asked.seed) throw other(`seed ${seed}, not ${asked.seed}`);
  if (!isDeepStrictEqual(cues, asked.cues)) throw other('other shares of cues');
  return mark.data;
}

interface Building {
  readonly world: WorldName;
  readonly seed: number;
  readonly cues: Cues | null;
  readonly counts: SampleCounts;
  readonly ffmpeg: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: SampleProgress) => void;
}

async function build(folder: string, building: Building): Promise<z.infer<typeof sampleMark>> {
  const { world, seed, cues, counts, ffmpeg, signal, onProgress } = building;
  /** Digests of the pixels of every medium so far: no two are alike, so nothing of one split is seen in another. */
  const known = new Set<string>();
  const sum = { videos: 0, images: 0, questions: 0 };
  const videosWanted = sumOf(
    splits.flatMap((split) => families.filter(isVideo).map((family) => counts[split][family] ?? 0)),
  );
  for (const split of splits) {
    signal.throwIfAborted();
    const media = path.join(folder, 'data', 'media', split);
    await mkdir(media, { recursive: true });
    const count = sumOf(Object.values(counts[split]));
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
    for (const scene of drawScenes(split, building, known)) {
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
  const runFiles = sampleRunFiles(world, seed, sum.images > 0);
  for (const [name, file] of Object.entries(runFiles)) await writeJson(path.join(folder, name), file);
  await writeJson(path.join(folder, 'prompt.json'), samplePrompt);
  await writeFile(path.join(folder, 'README.md'), sampleReadme({ ...sum, world, seed, cues }));
  const kept = { world, seed, cues, ...sum, sizeBytes: await sizeOf(folder) };
  const mark = { kind: 'video-r1 sample', version: 1, ...kept } as const;
  await writeJson(path.join(folder, 'data', 'sample.json'), mark);
  return mark;
}

/** A split's scenes, family by family. A scene whose pixels are in `known` is drawn anew; those given out are added to it. */
function* drawScenes(split: Split, { seed, counts, cues }: Building, known: Set<string>): Generator<DrawnScene> {
  for (const family of families) {
    const next = sceneSource(family, split, seed, cues ?? defaultCues);
    for (let left = counts[split][family] ?? 0; left > 0; ) {
      const scene = next();
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
function rowOf(scene: DrawnScene, id: number, file: string, split: Split): DatasetRow {
  const cued = scene.cueConflicts;
  const reversed = scene.isWrong ? null : reversedAnswer(scene);
  return {
    problem_id: id,
    problem: scene.problem,
    data_type: scene.dataType,
    problem_type: scene.problemType,
    options: scene.choices.map((choice, index) => `${letter(index)}. ${choice}`),
    ...(split === 'sft' ? { process: `<think>${scene.think}</think>` } : {}),
    solution: `<answer>${scene.answer}</answer>`,
    path: file,
    data_source: cued === undefined ? scene.source : `${scene.source}${cued ? cueWrongSource : ', cue right'}`,
    family: scene.family,
    needs_order: scene.needsOrder,
    ...(cued !== undefined && { cue_conflicts: cued }),
    ...(reversed !== null && { reversed_solution: `<answer>${reversed}</answer>` }),
  };
}

const sumOf = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

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
