/** All families of questions, and how their scenes are drawn for a split: from lots of their own, so that one can grow without moving another. */
import { type CueShare, cueDraw, cuedScenes } from './cued.ts';
import { Draw } from './draw.ts';
import { imageScenes } from './images.ts';
import type { Scene } from './scene.ts';
import { videoScenes } from './videos.ts';

export const splits = ['sft', 'rl', 'eval'] as const;
export type Split = (typeof splits)[number];

export type CuedFamily = keyof typeof cuedScenes;
export type PlainFamily = keyof typeof videoScenes | keyof typeof imageScenes;
export type Family = PlainFamily | CuedFamily;

/** Ends the `data_source` of a row whose cue suggests a wrong answer, so that results by source tell them apart. */
export const cueWrongSource = ', cue wrong';

/** In the order in which a split's scenes are drawn. */
export const families = Object.keys({ ...videoScenes, ...cuedScenes, ...imageScenes }) as Family[];

/** How often cues are right in each split, and the share of SFT's chains that go by the cue, right or not. */
export type Cues = Readonly<Record<Split, CueShare>> & { readonly chains: number };

/** Share of the chains of thought that first commit to an answer and then correct it, where a family without a cue can. */
const revisedShare = 0.15;

export const isVideo = (family: Family): boolean =>
  Object.hasOwn(videoScenes, family) || Object.hasOwn(cuedScenes, family);

export interface DrawnScene extends Scene {
  /** Whether the cue gives a wrong answer; undefined where the family has no cue. */
  readonly cueConflicts?: boolean;
  /** Whether the answer is that of the cue, and wrong. */
  readonly isWrong?: boolean;
}

/** Draws a family's scenes for a split, one a call. In SFT, a chain that goes by the cue has its answer too. */
export function sceneSource(family: Family, split: Split, seed: number, cues: Cues): () => DrawnScene {
  const draw = new Draw(seed, `${split} ${family}`);
  if (!hasCue(family)) {
    const make = { ...videoScenes, ...imageScenes }[family];
    return () => make(draw, split === 'sft' && draw.chance(revisedShare));
  }
  const cueOf = cueDraw(new Draw(seed, `${split} ${family} cue`), cues[split]);
  const chains = new Draw(seed, `${split} ${family} chains`);
  return () => {
    const { cue, ...scene } = cuedScenes[family](draw, cueOf);
    const byCue = split === 'sft' && chains.chance(cues.chains);
    const cueConflicts = cue.answer !== scene.answer;
    return { ...scene, ...(byCue && cue), cueConflicts, isWrong: byCue && cueConflicts };
  };
}

export function hasCue(family: Family): family is CuedFamily {
  return Object.hasOwn(cuedScenes, family);
}
