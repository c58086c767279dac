/** Stages the video scenes that more than one world has, from what was drawn for them: the frames, the question and the truth about it. */
import type { Canvas, Shape } from '../../video/canvas.ts';
import {
  type ColourName,
  clipFramesPerSecond,
  clipSeconds,
  colourNames,
  colours,
  letter,
  type Scene,
  sceneSize,
} from './scene.ts';
import { beforeAndAfter, film, readSeconds } from './seconds.ts';

export const moverSide = 56;
/** The shapes that appear in videos. */
export const movers = ['square', 'circle'] as const satisfies readonly Shape[];
export const directions = ['left', 'right', 'up', 'down'] as const;

/** What all video scenes share. */
export const video = { dataType: 'video', needsOrder: true } as const;

/** The one thing of a scene that moves. */
interface Mover {
  readonly ground: Canvas;
  readonly shape: Shape;
  readonly colour: ColourName;
  /** Pixels from the edge, across its way. */
  readonly across: number;
}

/** A shape goes from one edge to the opposite one; its middle passes the picture's middle as the second `change` begins. */
export function directionScene(
  { ground, shape, colour, across, index, change }: Mover & { readonly index: number; readonly change: number },
  revised: boolean,
): Scene {
  const way = directions[index] as (typeof directions)[number];
  const travel = sceneSize - moverSide;
  const middle = change * clipFramesPerSecond;
  const forwards = way === 'right' || way === 'down';
  const horizontal = way === 'left' || way === 'right';
  const frames = film((frame) => {
    const share = Math.min(1, Math.max(0, (frame - middle + clipFramesPerSecond) / (2 * clipFramesPerSecond)));
    const along = Math.round((forwards ? share : 1 - share) * travel);
    const canvas = ground.copy();
    canvas.shape(shape, horizontal ? along : across, horizontal ? across : along, moverSide, colours[colour]);
    return canvas;
  });
  const [low, high] = horizontal ? ['left', 'right'] : ['top', 'bottom'];
  const seen = forwards
    ? beforeAndAfter(change, low as string, high as string)
    : beforeAndAfter(change, high as string, low as string);
  const opposite = directions[index ^ 1] as string;
  return {
    ...video,
    family: 'direction',
    source: 'video: direction',
    problemType: 'multiple choice',
    problem: 'Which way does it move?',
    choices: directions,
    answer: letter(index),
    think: revised
      ? `${readSeconds(seen, [clipSeconds - 1])} So it moves ${opposite}. Wait, that is the end. ${readSeconds(seen)} So it moves ${way}.`
      : `${readSeconds(seen)} So it moves ${way}.`,
    revised,
    seen,
    frames,
  };
}

/** One picture, then from the second `change` on another, in each of which one colour stands. */
export function firstColourScene(
  {
    before,
    after,
    first,
    then,
    change,
  }: Readonly<Record<'first' | 'then' | 'change', number>> & {
    readonly before: Canvas;
    readonly after: Canvas;
  },
  revised: boolean,
): Scene {
  const name = colourNames[first] as string;
  const other = colourNames[then] as string;
  const seen = beforeAndAfter(change, name, other);
  return {
    ...video,
    family: 'first colour',
    source: 'video: what comes first',
    problemType: 'multiple choice',
    problem: 'Which colour comes first?',
    choices: colourNames,
    answer: letter(first),
    think: revised
      ? `${readSeconds(seen, [clipSeconds - 1])} So ${other} is first. Wait, that is the end. ${readSeconds(seen)} So ${name} is first.`
      : `${readSeconds(seen)} So ${name} is first.`,
    revised,
    seen,
    frames: film((frame) => (frame < change * clipFramesPerSecond ? before : after)),
  };
}

export const slidingSide = 80;

/** A shape slides into the picture and stays, or stays and slides out of it. */
export function inOrOutScene(
  {
    ground,
    shape,
    colour,
    across,
    comesIn,
    fromLeft,
    change,
  }: Mover & { readonly comesIn: boolean; readonly fromLeft: boolean; readonly change: number },
  revised: boolean,
): Scene {
  const middle = change * clipFramesPerSecond;
  const rest = (sceneSize - slidingSide) / 2;
  const outside = fromLeft ? -slidingSide : sceneSize;
  const slide = 4;
  const frames = film((frame) => {
    const share = Math.min(1, Math.max(0, (frame - middle + slide / 2) / slide));
    const canvas = ground.copy();
    const along = Math.round(outside + (rest - outside) * (comesIn ? share : 1 - share));
    canvas.shape(shape, along, across, slidingSide, colours[colour]);
    return canvas;
  });
  const seen = comesIn ? beforeAndAfter(change, 'outside', 'inside') : beforeAndAfter(change, 'inside', 'outside');
  return {
    ...video,
    family: 'in or out',
    source: 'video: in or out',
    problemType: 'multiple choice',
    problem: 'Does it come in or go out?',
    choices: ['in', 'out'],
    answer: letter(comesIn ? 0 : 1),
    think: revised
      ? `${readSeconds(seen, [0])} So it ${comesOrGoes(!comesIn)}. Wait, that is the start. ${readSeconds(seen)} So it ${comesOrGoes(comesIn)}.`
      : `${readSeconds(seen)} So it ${comesOrGoes(comesIn)}.`,
    revised,
    seen,
    frames,
  };
}

export const comesOrGoes = (comesIn: boolean): string => (comesIn ? 'comes in' : 'goes out');
