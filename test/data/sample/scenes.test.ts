/** The sample's questions, solutions and think texts are true of the pixels that they are about. */
import { describe, expect, test } from 'vitest';
import { Draw } from '../../../trainer/data/sample/draw.ts';
import { imageScenes } from '../../../trainer/data/sample/images.ts';
import { reversedAnswer } from '../../../trainer/data/sample/reversed.ts';
import type { Scene, SceneMaker } from '../../../trainer/data/sample/scene.ts';
import { videoScenes } from '../../../trainer/data/sample/videos.ts';
import {
  boundsOf,
  brightnessOf,
  coloursOf,
  digitsOf,
  inked,
  middleOf,
  type Picture,
  type Point,
  shapeOf,
} from './pixel-reader.ts';

const perFamily = 16;
const halfSize = 56;

function many(name: string, make: SceneMaker, revised: boolean): Scene[] {
  const draw = new Draw(7, `test ${name} ${revised}`);
  return Array.from({ length: perFamily }, () => make(draw, revised));
}

/** The eight frames that a model is shown (2 frames a second, spread over all 32), two for each second. */
const shownFrames = [0, 4, 9, 13, 18, 22, 27, 31];
function shown(scene: Scene, second: number): [Picture, Picture] {
  const [a, b] = [shownFrames[2 * second], shownFrames[2 * second + 1]] as [number, number];
  return [scene.frames[a] as Picture, scene.frames[b] as Picture];
}

/** What is seen in a second, by pixels alone. */
const seenIn: Record<string, (scene: Scene, second: number) => string> = {
  direction: (scene, second) => {
    const ends = [scene.frames[0], scene.frames.at(-1)].map((frame) => middleOf(frame as Picture) as [number, number]);
    const axis = (ends[0] as [number, number])[0] === (ends[1] as [number, number])[0] ? 1 : 0;
    const middles = shown(scene, second).map((frame) => (middleOf(frame) as [number, number])[axis]);
    const isLow = ((middles[0] as number) + (middles[1] as number)) / 2 < halfSize;
    return axis === 0 ? (isLow ? 'left' : 'right') : isLow ? 'top' : 'bottom';
  },
  'first colour': (scene, second) => {
    const [a, b] = shown(scene, second).map((frame) => coloursOf(frame).join(' '));
    return a === b ? (a as string) : `${a} and ${b}`;
  },
  'in or out': (scene, second) => {
    const covered = shown(scene, second).map((frame) => [...inked(frame).values()].flat().length);
    return (covered[0] as number) + (covered[1] as number) > 4000 ? 'inside' : 'outside';
  },
  'digit order': (scene, second) => {
    const [a, b] = shown(scene, second).map(digitsOf);
    return a === b ? (a as string) : `${a} and ${b}`;
  },
  light: (scene, second) => (shown(scene, second).every((frame) => brightnessOf(frame) > 128) ? 'light' : 'dark'),
  bounces: (scene, second) => {
    const middles = shown(scene, second).map((frame) => (middleOf(frame) as [number, number])[0]);
    return ((middles[0] as number) + (middles[1] as number)) / 2 < halfSize ? 'left' : 'right';
  },
};

/** The answer, by pixels alone. */
const answerTo: Record<string, (scene: Scene) => string> = {
  direction: ({ frames }) => {
    const [from, to] = [frames[0], frames.at(-1)].map((frame) => middleOf(frame as Picture) as Point) as [Point, Point];
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    return Math.abs(dx) > Math.abs(dy) ? (dx < 0 ? 'left' : 'right') : dy < 0 ? 'up' : 'down';
  },
  'first colour': ({ frames }) => coloursOf(frames[0] as Picture).join(),
  'in or out': ({ frames }) => (coloursOf(frames[0] as Picture).length === 0 ? 'in' : 'out'),
  'digit order': ({ frames }) => [0, 8, 16, 24].map((frame) => digitsOf(frames[frame] as Picture)).join(''),
  light: ({ frames }) => String(frames.findIndex((frame) => brightnessOf(frame) > 128) / 8),
  bounces: ({ frames }) => {
    const sides = frames.map((frame) => (middleOf(frame) as [number, number])[0] < halfSize);
    return String(sides.filter((side, frame) => frame > 0 && side !== sides[frame - 1]).length);
  },
  general: ({ frames: [picture] }) => `a ${coloursOf(picture as Picture)[0]} ${shapeOf(picture as Picture)}`,
  chart: ({ frames: [picture] }) => {
    const points = [...inked(picture as Picture).values()].flat();
    const { top } = boundsOf(points);
    const highest = points.find(([, y]) => y === top) as readonly [number, number];
    return ['first', 'second', 'third', 'fourth'][Math.floor(highest[0] / 28)] as string;
  },
  ocr: ({ frames: [picture] }) => [...digitsOf(picture as Picture)].join(' '),
  maths: ({ frames: [picture] }) =>
    String([...digitsOf(picture as Picture)].reduce((sum, digit) => sum + Number(digit), 0)),
  knowledge: ({ frames: [picture] }) =>
    ({ red: 'a tomato', green: 'grass', blue: 'the sea', yellow: 'a lemon', white: '' })[
      coloursOf(picture as Picture)[0] as 'red'
    ],
  spatial: ({ frames: [picture], problem }) => {
    const [one, other] = [...problem.matchAll(/red|green|blue|yellow/g)].map(([name]) =>
      middleOf(picture as Picture, name),
    );
    const [dx, dy] = [0, 1].map((axis) => (one?.[axis] as number) - (other?.[axis] as number)) as [number, number];
    return Math.abs(dx) > Math.abs(dy) ? (dx < 0 ? 'left' : 'right') : dy < 0 ? 'above' : 'below';
  },
};

/** The text of the answer: for multiple choice what stands behind the letter. */
function answered(scene: Scene): string {
  if (scene.problemType !== 'multiple choice') return scene.answer;
  return scene.choices[scene.answer.charCodeAt(0) - 65] ?? `no option ${scene.answer}`;
}

/** Every "2 s: left" of a think text. */
function statements(think: string): { second: number; seen: string }[] {
  return [...think.matchAll(/(\d) s: (\w+)/g)].map(([, second, seen]) => ({
    second: Number(second),
    seen: seen as string,
  }));
}

/** What a think text concludes, sentence by sentence that starts with "So". */
function conclusions(think: string): string[] {
  return [...think.matchAll(/So ([^.]+)\./g)].map(([, said]) => said as string);
}

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
