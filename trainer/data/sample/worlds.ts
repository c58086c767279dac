/** The worlds that a sample project can be of: which families are asked, how many questions of each, and how often cues are right. */
import { type Cues, type Family, families, hasCue, isVideo, type Split } from './families.ts';

export const worldNames = ['mixed', 'plain', 'shortcut', 'held-out'] as const;
export type WorldName = (typeof worldNames)[number];

/** Questions of each family; none of those that are not named. */
export type SplitCounts = Readonly<Partial<Record<Family, number>>>;
export type SampleCounts = Readonly<Record<Split, SplitCounts>>;

/** The same number for every video family without a cue, and for every image family. */
export function even(videos: number, images: number): SplitCounts {
  return Object.fromEntries(
    families.filter((family) => !hasCue(family)).map((family) => [family, isVideo(family) ? videos : images]),
  );
}

/** The families with a cue that figures are tuned on. `cuedFirstDigit` is not among them: it is for a last look. */
function cued(count: number): SplitCounts {
  return { cuedDirection: count, cuedFirstColour: count, cuedInOrOut: count, cuedGrowth: count };
}

/**
 * SFT sees all families alike. RL asks most of what SFT leaves half learned, where the answers to one question differ,
 * and little of what is right already. The 240 questions are 20 steps of 12, so that the first and the last fifth of 200
 * steps each go twice through the same questions and can be compared.
 */
const plain: SampleCounts = {
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

const shortcut: SampleCounts = {
  sft: cued(160),
  rl: cued(60),
  eval: cued(40),
};

/** The families with a cue in the place of the plain ones of the same question; 240 questions of RL, as in `plain`. */
const mixed: SampleCounts = {
  sft: { ...shortcut.sft, digitOrder: 60, light: 60, ...images(50) },
  rl: { ...cued(50), digitOrder: 6, light: 4, ...images(5) },
  eval: { ...cued(32), digitOrder: 12, light: 16, ...images(10) },
};

const heldOut: SampleCounts = {
  sft: { ...shortcut.sft, cuedFirstDigit: 160 },
  rl: { ...shortcut.rl, cuedFirstDigit: 60 },
  eval: { ...shortcut.eval, cuedFirstDigit: 40 },
};

/** The same number of questions for every image family. */
function images(count: number): SplitCounts {
  return Object.fromEntries(Object.entries(even(0, count)).filter(([family]) => !isVideo(family as Family)));
}

export const worldCounts: Readonly<Record<WorldName, SampleCounts>> = { mixed, plain, shortcut, 'held-out': heldOut };

/** Whether any family of a world has a cue. */
export const hasCues = (world: WorldName): boolean => world !== 'plain';

/**
 * In SFT and RL a cue is right often enough to be worth following, and wrong often enough that reading pays better. Most chains
 * go by it, right or not: were only right ones kept, the model would read the order and name the cue that fits.
 */
export const defaultCues: Cues = { sft: 0.65, rl: 0.65, eval: 'chance', chains: 0.65 };
