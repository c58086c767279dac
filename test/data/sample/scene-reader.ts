/** Reads scenes of the sample from their pixels alone: what is seen in each second and the answer; and what a think text says of it. */
import type { Scene } from '../../../trainer/data/sample/scene.ts';
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

const halfSize = 56;

/** The eight frames that a model is shown (2 frames a second, spread over all 32), two for each second. */
const shownFrames = [0, 4, 9, 13, 18, 22, 27, 31];
function shown(scene: Scene, second: number): [Picture, Picture] {
  const [a, b] = [shownFrames[2 * second], shownFrames[2 * second + 1]] as [number, number];
  return [scene.frames[a] as Picture, scene.frames[b] as Picture];
}

/** The colours of a picture but white, in which marks are drawn. */
const unmarked = (picture: Picture) => coloursOf(picture).filter((name) => name !== 'white');

/** The side of the one thing in a picture, in pixels. */
function sideOf(picture: Picture): number {
  const { left, right } = boundsOf([...inked(picture).values()].flat());
  return right - left + 1;
}

/** What is seen in a second, by pixels alone. */
export const seenIn: Record<string, (scene: Scene, second: number) => string> = {
  direction: (scene, second) => {
    const ends = [scene.frames[0], scene.frames.at(-1)].map((frame) => middleOf(frame as Picture) as [number, number]);
    const axis = (ends[0] as [number, number])[0] === (ends[1] as [number, number])[0] ? 1 : 0;
    const middles = shown(scene, second).map((frame) => (middleOf(frame) as [number, number])[axis]);
    const isLow = ((middles[0] as number) + (middles[1] as number)) / 2 < halfSize;
    return axis === 0 ? (isLow ? 'left' : 'right') : isLow ? 'top' : 'bottom';
  },
  'first colour': (scene, second) => {
    const [a, b] = shown(scene, second).map((frame) => unmarked(frame).join(' '));
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
  'first digit': (scene, second) => {
    const [a, b] = shown(scene, second).map(digitsOf);
    return a === b ? (a as string) : `${a} and ${b}`;
  },
  growth: (scene, second) => (shown(scene, second).every((frame) => sideOf(frame) < 36) ? 'little' : 'big'),
  bounces: (scene, second) => {
    const middles = shown(scene, second).map((frame) => (middleOf(frame) as [number, number])[0]);
    return ((middles[0] as number) + (middles[1] as number)) / 2 < halfSize ? 'left' : 'right';
  },
};

/** The answer, by pixels alone. */
export const answerTo: Record<string, (scene: Scene) => string> = {
  direction: ({ frames }) => {
    const [from, to] = [frames[0], frames.at(-1)].map((frame) => middleOf(frame as Picture) as Point) as [Point, Point];
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    return Math.abs(dx) > Math.abs(dy) ? (dx < 0 ? 'left' : 'right') : dy < 0 ? 'up' : 'down';
  },
  'first colour': ({ frames }) => unmarked(frames[0] as Picture).join(),
  'in or out': ({ frames }) => (coloursOf(frames[0] as Picture).length === 0 ? 'in' : 'out'),
  'digit order': ({ frames }) => [0, 8, 16, 24].map((frame) => digitsOf(frames[frame] as Picture)).join(''),
  light: ({ frames }) => String(frames.findIndex((frame) => brightnessOf(frame) > 128) / 8),
  bounces: ({ frames }) => {
    const sides = frames.map((frame) => (middleOf(frame) as [number, number])[0] < halfSize);
    return String(sides.filter((side, frame) => frame > 0 && side !== sides[frame - 1]).length);
  },
  'first digit': ({ frames }) => digitsOf(frames[0] as Picture),
  growth: ({ frames }) => (sideOf(frames[0] as Picture) < sideOf(frames.at(-1) as Picture) ? 'grow' : 'shrink'),
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
export function answered(scene: Scene): string {
  if (scene.problemType !== 'multiple choice') return scene.answer;
  return scene.choices[scene.answer.charCodeAt(0) - 65] ?? `no option ${scene.answer}`;
}

/** Every "2 s: left" of a think text. */
export function statements(think: string): { second: number; seen: string }[] {
  return [...think.matchAll(/(\d) s: (\w+)/g)].map(([, second, seen]) => ({
    second: Number(second),
    seen: seen as string,
  }));
}

/** What a think text concludes, sentence by sentence that starts with "So". */
export function conclusions(think: string): string[] {
  return [...think.matchAll(/So ([^.]+)\./g)].map(([, said]) => said as string);
}

/** Which answer the cue of a scene gives, as `answerTo` would say it, by the pixels of its first full frame. */
export const cueOf: Record<string, (scene: Scene) => string> = {
  direction: ({ frames: [picture] }) =>
    ({ red: 'left', green: 'right', blue: 'up', yellow: 'down' })[coloursOf(picture as Picture)[0] as 'red'],
  'first colour': ({ frames: [picture] }) => {
    const [x, y] = middleOf(picture as Picture, 'white') as Point;
    return [
      ['red', 'green'],
      ['blue', 'yellow'],
    ][y < halfSize ? 0 : 1]?.[x < halfSize ? 0 : 1] as string;
  },
  'in or out': ({ frames }) =>
    shapeOf(frames.find((frame) => sideOf(frame) === 80) as Picture) === 'square' ? 'in' : 'out',
  'first digit': ({ frames: [picture] }) =>
    ({ red: '1', green: '2', blue: '3', yellow: '4' })[unmarked(picture as Picture)[0] as 'red'],
  growth: ({ frames: [picture] }) => ((middleOf(picture as Picture) as Point)[0] < halfSize ? 'grow' : 'shrink'),
};
