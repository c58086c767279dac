/** The sample's questions, solutions and think texts are true of the pixels that they are about. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Draw } from '../../../trainer/data/sample/draw.ts';
import { families, hasCue, sceneSource, splits } from '../../../trainer/data/sample/families.ts';
import { imageScenes } from '../../../trainer/data/sample/images.ts';
import { reversedAnswer } from '../../../trainer/data/sample/reversed.ts';
import type { Scene, SceneMaker } from '../../../trainer/data/sample/scene.ts';
import { videoScenes } from '../../../trainer/data/sample/videos.ts';
import { defaultCues } from '../../../trainer/data/sample/worlds.ts';
import { answered, answerTo, conclusions, seenIn, statements } from './scene-reader.ts';

const perFamily = 16;

function many(name: string, make: SceneMaker, revised: boolean): Scene[] {
  const draw = new Draw(7, `test ${name} ${revised}`);
  return Array.from({ length: perFamily }, () => make(draw, revised));
}

/** The pixels and texts of the first scenes of every family of the plain world, seed 1, as earlier versions made them. */
test('the plain world is drawn as it always was', () => {
  const hash = createHash('sha256');
  for (const split of splits)
    for (const family of families.filter((one) => !hasCue(one))) {
      const next = sceneSource(family, split, 1, defaultCues);
      for (let i = 0; i < 4; i++) {
        const { frames, ...scene } = next();
        hash.update(JSON.stringify(scene));
        for (const { pixels } of frames) hash.update(pixels);
      }
    }
  expect(hash.digest('hex')).toBe('2016ab2fbe90581ff81957515c4133e9ef12a4c854780d044cd001b4089f7ab0');
});

const makers = Object.entries({ ...videoScenes, ...imageScenes });

describe('shown backwards', () => {
  test.each(['direction', 'firstColour', 'inOrOut', 'digitOrder'] as const)(
    'the answer of %s is what the reversed frames show, and another one; where it is the same there is none',
    (name) => {
      const scenes = many(name, videoScenes[name], false);
      for (const scene of scenes) {
        const shows = answerTo[scene.family]?.({ ...scene, frames: [...scene.frames].reverse() });
        const reversed = reversedAnswer(scene);
        if (shows === answered(scene)) expect(reversed).toBeNull();
        else expect(answered({ ...scene, answer: reversed ?? '' })).toBe(shows);
      }
      expect(scenes.filter((scene) => reversedAnswer(scene) !== null).length).toBeGreaterThan(perFamily / 2);
    },
  );

  test('a number that reads alike from both ends has none', () => {
    const scene = { family: 'digit order', choices: [], seen: ['1', '2', '2', '1'] };
    expect(reversedAnswer({ ...scene, answer: '1221' })).toBeNull();
    expect(reversedAnswer({ ...scene, answer: '1222' })).toBe('2221');
  });

  test('no light goes on, bounces are as many, and an image has no other end', () => {
    for (const [name, make] of makers.filter(
      ([name]) => !['direction', 'firstColour', 'inOrOut', 'digitOrder'].includes(name),
    ))
      for (const scene of many(name, make, false)) expect(reversedAnswer(scene)).toBeNull();
  });
});

describe.each(makers)('%s', (name, make) => {
  test('the solution is what the pixels show', () => {
    for (const scene of many(name, make, false)) {
      expect(answered(scene), scene.think).toBe(answerTo[scene.family]?.(scene));
    }
  });

  test('all answers occur, so that none can be guessed', () => {
    const answers = new Set([...many(name, make, false), ...many(`${name} again`, make, false)].map(answered));
    expect(answers.size).toBeGreaterThanOrEqual(
      name === 'inOrOut' ? 2 : name === 'light' || name === 'bounces' ? 3 : 4,
    );
  });
});

describe.each(Object.entries(videoScenes))('think text of %s', (name, make) => {
  test.each([false, true])(
    'names in each second what the shown frames of that second hold (revised: %s)',
    (revised) => {
      for (const scene of many(name, make, revised)) {
        const said = statements(scene.think);
        expect(new Set(said.map(({ second }) => second))).toEqual(new Set([0, 1, 2, 3]));
        for (const { second, seen } of said) expect(seen, scene.think).toBe(seenIn[scene.family]?.(scene, second));
      }
    },
  );

  test('ends with the answer', () => {
    for (const scene of many(name, make, true)) {
      const last =
        conclusions(scene.think).at(-1) ??
        statements(scene.think)
          .map(({ seen }) => seen)
          .join('');
      const words = { in: 'in', out: 'out' } as Record<string, string>;
      expect(last.split(' ')).toContain(words[answered(scene)] ?? answered(scene));
    }
  });

  test('a revised text takes back a first answer that is wrong, after a second look', () => {
    const revised = many(name, make, true).filter((scene) => scene.revised);
    if (name !== 'digitOrder') expect(revised.length).toBeGreaterThan(perFamily / 4);
    for (const scene of revised) {
      const [first, last] = conclusions(scene.think);
      expect(conclusions(scene.think)).toHaveLength(2);
      expect(first).not.toBe(last);
      expect(scene.think).toMatch(/^.*So .*\. Wait, .*\d s: .*So /);
    }
  });

  test('an unrevised text never says wait', () => {
    for (const scene of many(name, make, false)) expect(scene.think).not.toContain('Wait');
  });
});
