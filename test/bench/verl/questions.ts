/** The questions of a T-GRPO step: clips and pictures of the sample project, as engines and as Python peers are asked them. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Dataset, openDataset } from '../../../trainer/data/dataset.ts';
import { permutation, randomFrom } from '../../../trainer/data/random.ts';
import type { Prompt } from '../../../trainer/engines/engine.ts';
import { temporalPatchSize } from '../../../trainer/engines/qwen/config.ts';
import type { PromptEncoder } from '../../../trainer/engines/qwen/prompts.ts';
import { presetParameters } from '../../../trainer/learning/presets.ts';
import { buildPrompt, questionText, solutionText } from '../../../trainer/reasoning/prompt.ts';
import { defaultTemplate, type PromptTemplate, readTemplate } from '../../../trainer/reasoning/template.ts';
import type { LoadedMedia } from '../../../trainer/video/frame-cache.ts';
import type { MediaLoader } from '../../../trainer/video/load.ts';

const limits = presetParameters('sample', 'tgrpo');

/** Whose instruction stands behind a question: the sample project's short one, or Video-R1's. */
export type Wording = 'the sample' | 'Video-R1';

export interface BenchQuestion {
  readonly file: string;
  readonly kind: 'image' | 'video';
  /** Of the shuffled frames; null for an image. */
  readonly order: readonly number[] | null;
  load(): Promise<LoadedMedia>;
  prompt(media: LoadedMedia, order: readonly number[] | null): Prompt;
}

/** A question as `peer.py` takes it. */
export interface PeerQuestion {
  readonly file: string;
  readonly kind: 'image' | 'video';
  readonly indices: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly tokens: readonly number[];
  readonly types: readonly number[];
  readonly secondsPerPair: number;
  /** File with the frames as the controller decoded them. */
  readonly frames: string;
}

/** So many videos and images of a sample project's dataset, the first ones, and texts that a tokenizer can be trained on. */
export async function benchQuestions(
  project: string,
  loader: MediaLoader,
  counts: Readonly<Record<'video' | 'image', number>>,
  wording: Wording,
): Promise<{ questions: BenchQuestion[]; texts: string[] }> {
  const template = wording === 'the sample' ? await readTemplate(path.join(project, 'prompt.json')) : defaultTemplate;
  const dataset = await openDataset(path.join(project, 'data', 'rl.json'));
  try {
    const rows = Array.from({ length: dataset.count }, (_, row) => row);
    const of = (kind: 'video' | 'image'): BenchQuestion[] =>
      rows
        .filter((row) => dataset.dataType(row) === kind)
        .slice(0, counts[kind])
        .map((row) => question(dataset, row, kind, template, loader));
    const texts = rows.map(
      (row) => `${questionText(dataset.question(row), template)}${solutionText(dataset.row(row)) ?? ''}`,
    );
    return { questions: [...of('video'), ...of('image')], texts };
  } finally {
    dataset.dispose();
  }
}

function question(
  dataset: Dataset,
  row: number,
  kind: 'image' | 'video',
  template: PromptTemplate,
  loader: MediaLoader,
): BenchQuestion {
  const asked = dataset.question(row);
  const file = dataset.mediaPath(row);
  return {
    file,
    kind,
    order: kind === 'image' ? null : permutation(limits.maxFrames, randomFrom(1, row)),
    load: () => loader.load(file, kind, limits),
    prompt: ({ frames }, order) => buildPrompt(asked, frames, order, template),
  };
}

/** @param folder where the frames are written */
export async function peerQuestion(one: BenchQuestion, encoder: PromptEncoder, folder: string): Promise<PeerQuestion> {
  const media = await one.load();
  const { tokens, media: seen } = encoder.encode(one.prompt(media, null));
  const { frames, view } = media;
  const file = path.join(folder, `${frames.key}.rgb`);
  await writeFile(file, frames.pixels);
  const type = one.kind === 'image' ? 1 : 2;
  const isSeen = (i: number): boolean =>
    seen.some(({ firstToken, tokens: count }) => i >= firstToken && i < firstToken + count);
  return {
    file: one.file,
    kind: one.kind,
    indices: view.indices,
    width: frames.width,
    height: frames.height,
    tokens: [...tokens],
    types: Array.from(tokens, (_, i) => (isSeen(i) ? type : 0)),
    secondsPerPair: temporalPatchSize / frames.sampleFps,
    frames: file,
  };
}
