/**
 * Videos whose question can't be answered from the frames in another order. Each lasts four seconds, and something is
 * settled per second, so that the think text can name what is seen second by second.
 */
import { Canvas } from '../../video/canvas.ts';
import type { Draw } from './draw.ts';
import {
  background,
  clipFrames,
  clipFramesPerSecond,
  clipSeconds,
  colourNames,
  colours,
  ink,
  letter,
  readSeconds,
  type SceneMaker,
  sceneSize,
} from './scene.ts';

const side = 56;
const travel = sceneSize - side;
/** The shapes that appear in videos. */
const movers = ['square', 'circle'] as const;
const directions = ['left', 'right', 'up', 'down'] as const;

/** What all video scenes share. */
const video = { dataType: 'video', needsOrder: true } as const;

/** One frame for each moment; `picture` gets the frame's index. */
function film(picture: (frame: number) => Canvas): Canvas[] {
  return Array.from({ length: clipFrames }, (_, frame) => picture(frame));
}

/** The second in which the change of a scene happens: there is at least one second before it and one after. */
function changeSecond(draw: Draw): number {
  return draw.integer(1, clipSeconds - 1);
}

/** What is seen in each second: one thing before the change, another from it on. */
function beforeAndAfter(change: number, before: string, after: string): string[] {
  return Array.from({ length: clipSeconds }, (_, second) => (second < change ? before : after));
}

/** A shape goes from one edge to the opposite one; its middle passes the picture's middle as the second `change` begins. */
export const direction: SceneMaker = (draw, revised) => {
  const ground = background(draw);
  const colour = colours[draw.pick(colourNames)];
  const shape = draw.pick(movers);
  const index = draw.integer(0, 3);
  const way = directions[index] as (typeof directions)[number];
  const across = draw.integer(20, travel - 20);
  const change = changeSecond(draw);
  const middle = change * clipFramesPerSecond;
  const forwards = way === 'right' || way === 'down';
  const horizontal = way === 'left' || way === 'right';
  const frames = film((frame) => {
    const share = Math.min(1, Math.max(0, (frame - middle + clipFramesPerSecond) / (2 * clipFramesPerSecond)));
    const along = Math.round((forwards ? share : 1 - share) * travel);
    const canvas = ground.copy();
    canvas.shape(shape, horizontal ? along : across, horizontal ? across : along, side, colour);
    return canvas;
  });
  const [low, high] = horizontal ? ['left', 'right'] : ['top', 'bottom'];
  const seen = forwards
    ? beforeAndAfter(change, low as string, high as string)
    : beforeAndAfter(change, high as string, low as string);
  const last = clipSeconds - 1;
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
      ? `${readSeconds(seen, [last])} So it moves ${opposite}. Wait, that is the end. ${readSeconds(seen)} So it moves ${way}.`
      : `${readSeconds(seen)} So it moves ${way}.`,
    revised,
    seen,
    frames,
  };
};

/** One shape, then another of another colour in another place. */
export const firstColour: SceneMaker = (draw, revised) => {
  const ground = background(draw);
  const [first, then] = draw.shuffled([0, 1, 2, 3]) as [number, number, number, number];
  const change = changeSecond(draw);
  const [before, after] = [first, then].map((index) => {
    const canvas = ground.copy();
    canvas.shape(
      draw.pick(movers),
      draw.integer(8, travel - 8),
      draw.integer(8, travel - 8),
      side,
      colours[colourNames[index] as (typeof colourNames)[number]],
    );
    return canvas;
  }) as [Canvas, Canvas];
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
};

/** A shape slides into the picture and stays, or stays and slides out of it. */
export const inOrOut: SceneMaker = (draw, revised) => {
  const ground = background(draw);
  const colour = colours[draw.pick(colourNames)];
  const shape = draw.pick(movers);
  const comesIn = draw.chance(0.5);
  const fromLeft = draw.chance(0.5);
  const size = 80;
  const across = draw.integer(8, sceneSize - size - 8);
  const change = changeSecond(draw);
  const middle = change * clipFramesPerSecond;
  const rest = (sceneSize - size) / 2;
  const outside = fromLeft ? -size : sceneSize;
  const slide = 4;
  const frames = film((frame) => {
    const share = Math.min(1, Math.max(0, (frame - middle + slide / 2) / slide));
    const canvas = ground.copy();
    canvas.shape(shape, Math.round(outside + (rest - outside) * (comesIn ? share : 1 - share)), across, size, colour);
    return canvas;
  });
  const seen = comesIn ? beforeAndAfter(change, 'outside', 'inside') : beforeAndAfter(change, 'inside', 'outside');
  const phrase = (isIn: boolean) => (isIn ? 'comes in' : 'goes out');
  return {
    ...video,
    family: 'in or out',
    source: 'video: in or out',
    problemType: 'multiple choice',
    problem: 'Does it come in or go out?',
    choices: ['in', 'out'],
    answer: letter(comesIn ? 0 : 1),
    think: revised
      ? `${readSeconds(seen, [0])} So it ${phrase(!comesIn)}. Wait, that is the start. ${readSeconds(seen)} So it ${phrase(comesIn)}.`
      : `${readSeconds(seen)} So it ${phrase(comesIn)}.`,
    revised,
    seen,
    frames,
  };
};

/** Four digits, one a second. */
export const digitOrder: SceneMaker = (draw) => {
  const ground = background(draw);
  const block = 16;
  const shown = Array.from({ length: clipSeconds }, () => draw.integer(1, 5));
  const left = draw.integer(29, 35);
  const cards = shown.map((digit) => {
    const canvas = ground.copy();
    canvas.digit(digit, left, (sceneSize - 5 * block) / 2, block, ink);
    return canvas;
  });
  const seen = shown.map(String);
  return {
    ...video,
    family: 'digit order',
    source: 'video: order of digits',
    problemType: 'numerical',
    problem: 'Which number do the digits make in order?',
    choices: [],
    answer: seen.join(''),
    think: readSeconds(seen),
    revised: false,
    seen,
    frames: film((frame) => cards[Math.floor(frame / clipFramesPerSecond)] as Canvas),
  };
};

/** The picture is dark, and bright from some second on. */
export const light: SceneMaker = (draw, revised) => {
  const change = changeSecond(draw);
  // Steps of two, since video keeps fewer levels than RGB has.
  const dim = 2 * draw.integer(15, 30);
  const bright = 2 * draw.integer(100, 115);
  const dark = Canvas.filled(sceneSize, sceneSize, [dim, dim, dim]);
  const lit = Canvas.filled(sceneSize, sceneSize, [bright, bright, bright]);
  const seen = beforeAndAfter(change, 'dark', 'light');
  const last = clipSeconds - 1;
  return {
    ...video,
    family: 'light',
    source: 'video: when the light goes on',
    problemType: 'regression',
    problem: 'At which second does the light go on?',
    choices: [],
    answer: String(change),
    think:
      revised && change !== last
        ? `${readSeconds(seen, [last])} So at ${last} s. Wait, look from the start. ${readSeconds(seen)} So at ${change} s.`
        : `${readSeconds(seen)} So at ${change} s.`,
    revised: revised && change !== last,
    seen,
    frames: film((frame) => (frame < change * clipFramesPerSecond ? dark : lit)),
  };
};

/** A shape leans against the left or the right wall and bounces across to the other one as some seconds begin. */
export const bounces: SceneMaker = (draw, revised) => {
  const ground = background(draw);
  const colour = colours[draw.pick(colourNames)];
  const shape = draw.pick(movers);
  const across = draw.integer(20, travel - 20);
  const turns = draw.shuffled([1, 2, 3]).slice(0, draw.integer(1, clipSeconds - 1));
  const startsLeft = draw.chance(0.5);
  const crossing = 4;
  const frames = film((frame) => {
    // Each turn passed moves the shape one whole way; an even sum of ways is the starting side.
    const ways = turns.reduce((sum, turn) => {
      return sum + Math.min(1, Math.max(0, (frame - turn * clipFramesPerSecond + crossing / 2) / crossing));
    }, 0);
    const from = Math.floor(ways) % 2 === 0 ? ways - Math.floor(ways) : 1 - (ways - Math.floor(ways));
    const canvas = ground.copy();
    canvas.shape(shape, Math.round((startsLeft ? from : 1 - from) * travel), across, side, colour);
    return canvas;
  });
  const seen = Array.from({ length: clipSeconds }, (_, second) => {
    const passed = turns.filter((turn) => turn <= second).length;
    return (passed % 2 === 0) === startsLeft ? 'left' : 'right';
  });
  const counted = seen.map((where, second) => `${where}, ${turns.filter((turn) => turn <= second).length}`);
  const early = turns.includes(1) ? 1 : 0;
  const takesBack = revised && early !== turns.length;
  return {
    ...video,
    family: 'bounces',
    source: 'video: count of bounces',
    problemType: 'numerical',
    problem: 'How often does it bounce across?',
    choices: [],
    answer: String(turns.length),
    think: takesBack
      ? `${readSeconds(counted, [0, 1])} So ${early}. Wait, look on. ${readSeconds(counted, [2, 3])} So ${turns.length}.`
      : `${readSeconds(counted)} So ${turns.length}.`,
    revised: takesBack,
    seen,
    frames,
  };
};

/** Every kind of video question by its family's name. */
export const videoScenes = { direction, firstColour, inOrOut, digitOrder, light, bounces } as const;
