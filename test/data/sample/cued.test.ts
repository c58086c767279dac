/** Cues: each is in the pixels, right as often as asked, by chance in evaluation, and followed in the chains that go by it. */
import { describe, expect, test } from 'vitest';
import { type CueShare, cueDraw, cuedScenes } from '../../../trainer/data/sample/cued.ts';
import { Draw } from '../../../trainer/data/sample/draw.ts';
import { type CuedFamily, type DrawnScene, type Split, sceneSource } from '../../../trainer/data/sample/families.ts';
import { reversedAnswer } from '../../../trainer/data/sample/reversed.ts';
import { defaultCues } from '../../../trainer/data/sample/worlds.ts';
import { answered, answerTo, conclusions, cueOf, seenIn, statements } from './scene-reader.ts';

const perFamily = 24;
const cuedFamilies = Object.keys(cuedScenes) as CuedFamily[];

const drawnBefore = new Map<string, DrawnScene[]>();

function drawn(family: CuedFamily, split: Split, count = perFamily, cues = defaultCues): DrawnScene[] {
  const key = JSON.stringify([family, split, count, cues]);
  const before = drawnBefore.get(key);
  const next = sceneSource(family, split, 3, cues);
  const scenes = before ?? Array.from({ length: count }, next);
  drawnBefore.set(key, scenes);
  return scenes;
}

const goesByCue = ({ think }: DrawnScene) => statements(think).length === 0;

/** The shares that are within four standard errors of one: of so many lots, one in 16,000 falls outside. */
function expectShare(found: number, share: number, lots: number): void {
  expect(Math.abs(found / lots - share)).toBeLessThanOrEqual(4 * Math.sqrt((share * (1 - share)) / lots));
}

describe.each(cuedFamilies)('%s', (family) => {
  test('the solution is what the pixels show, and the cue is in the pixels of every frame that has it', () => {
    for (const scene of drawn(family, 'eval')) {
      const truth = answerTo[scene.family]?.(scene);
      expect(answered(scene), scene.think).toBe(truth);
      expect(scene.cueConflicts).toBe(cueOf[scene.family]?.(scene) !== truth);
    }
  });

  test('a chain that reads is true in each second and ends with the right answer', () => {
    const reading = drawn(family, 'sft').filter((scene) => !goesByCue(scene));
    expect(reading.length).toBeGreaterThan(4);
    for (const scene of reading) {
      const said = statements(scene.think);
      expect(said.map(({ second }) => second)).toEqual([0, 1, 2, 3]);
      for (const { second, seen } of said) expect(seen, scene.think).toBe(seenIn[scene.family]?.(scene, second));
      expect(answered(scene), scene.think).toBe(answerTo[scene.family]?.(scene));
      const stem = answered(scene);
      expect(conclusions(scene.think)[0]).toContain(stem);
    }
  });

  test('a chain that goes by the cue says so in one step and has the answer of the cue, also where it is wrong', () => {
    const short = drawn(family, 'sft').filter(goesByCue);
    const wrong = short.filter((scene) => answered(scene) !== answerTo[scene.family]?.(scene));
    expect(wrong.length).toBeGreaterThan(0);
    for (const scene of short) {
      expect(answered(scene)).toBe(cueOf[scene.family]?.(scene));
      expect(scene.think).toMatch(/^(It|The mark|The stripe) is [^.]+\. So [^.]+\.$/);
      expect(conclusions(scene.think)[0]).toContain(answered(scene));
      expect(scene.cueConflicts).toBe(answered(scene) !== answerTo[scene.family]?.(scene));
    }
  });

  test('all chains of RL and evaluation read: they are kept out of the rows, and their answers are right', () => {
    for (const split of ['rl', 'eval'] as const) {
      for (const scene of drawn(family, split)) {
        expect(goesByCue(scene)).toBe(false);
        expect(answered(scene)).toBe(answerTo[scene.family]?.(scene));
      }
    }
  });

  test('shown backwards, the right answer is what the reversed frames show', () => {
    for (const scene of drawn(family, 'rl')) {
      const backwards = { ...scene, frames: scene.frames.toReversed() };
      const answer = reversedAnswer(scene) ?? '';
      expect(answered({ ...scene, answer })).toBe(answerTo[scene.family]?.(backwards));
    }
  });

  test('what is marked as wrong is just what the pixels show to be so', () => {
    for (const split of ['sft', 'rl', 'eval'] as const)
      for (const scene of drawn(family, split))
        expect(scene.isWrong).toBe(answered(scene) !== answerTo[scene.family]?.(scene));
  });

  test('shares of cues and of chains move neither the pictures of other draws nor the right answers', () => {
    const [few, many] = [0.1, 0.9].map((share) =>
      drawn(family, 'rl', perFamily, { ...defaultCues, rl: share, chains: share }),
    ) as [DrawnScene[], DrawnScene[]];
    expect(many.map(({ answer }) => answer)).toEqual(few.map(({ answer }) => answer));
    expect(many.map(({ seen }) => seen)).toEqual(few.map(({ seen }) => seen));
    const always = drawn(family, 'rl', perFamily, { ...defaultCues, rl: 1 });
    expect(always.every(({ cueConflicts }) => cueConflicts === false)).toBe(true);
    const never = drawn(family, 'rl', perFamily, { ...defaultCues, rl: 0 });
    expect(never.every(({ cueConflicts }) => cueConflicts === true)).toBe(true);
  });
});

const lots = 4000;

/** How often each cue comes with each right answer. */
function cueTable(share: CueShare, answers: number): number[][] {
  const truth = new Draw(5, 'truth');
  const cue = cueDraw(new Draw(5, 'cue'), share);
  const table = Array.from({ length: answers }, () => new Array<number>(answers).fill(0));
  for (let i = 0; i < lots; i++) {
    const right = truth.integer(0, answers - 1);
    const row = table[right] as number[];
    const said = cue(answers, right);
    row[said] = (row[said] ?? 0) + 1;
  }
  return table;
}

test.each([0, 0.3, 0.75, 0.94, 1])(
  'a cue holds in the share asked for (%s), and errs to all other answers alike',
  (share) => {
    for (const answers of [2, 3, 4]) {
      const table = cueTable(share, answers);
      const held = table.reduce((sum, row, right) => sum + (row[right] as number), 0);
      expectShare(held, share, lots);
      for (const [right, row] of table.entries()) {
        const all = row.reduce((sum, count) => sum + count, 0);
        for (const [said, count] of row.entries())
          if (said !== right) expectShare(count, (1 - share) / (answers - 1), all);
      }
    }
  },
);

test('a cue by chance is independent of the answer', () => {
  for (const answers of [2, 3, 4]) {
    for (const row of cueTable('chance', answers)) {
      const all = row.reduce((sum, count) => sum + count, 0);
      for (const count of row) expectShare(count, 1 / answers, all);
    }
  }
});

test('in each split the cue holds as asked, and the chains go by it as asked', () => {
  for (const [split, share] of [
    ['sft', 0.6],
    ['rl', 0.9],
    ['eval', 1 / 4],
  ] as const) {
    const scenes = drawn('cuedDirection', split, 100, { sft: 0.6, rl: 0.9, eval: 'chance', chains: 0.3 });
    expectShare(scenes.filter(({ cueConflicts }) => cueConflicts === false).length, share, scenes.length);
    if (split === 'sft') expectShare(scenes.filter(goesByCue).length, 0.3, scenes.length);
  }
});
