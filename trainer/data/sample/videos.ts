/**
 * Videos whose question can't be answered from the frames in another order. Each lasts four seconds, and something is
 * settled per second, so that the think text can name what is seen second by second.
 */
import { Canvas } from '../../video/canvas.ts';
import {
  background,
  clipFramesPerSecond,
  clipSeconds,
  colourNames,
  colours,
  ink,
  type SceneMaker,
  sceneSize,
} from './scene.ts';
import { beforeAndAfter, changeSecond, film, readSeconds } from './seconds.ts';
import { directionScene, firstColourScene, inOrOutScene, moverSide, movers, slidingSide, video } from './staging.ts';

const travel = sceneSize - moverSide;

// In the order of the lines lots are drawn, so another order would be another sample.

export const direction: SceneMaker = (draw, revised) => {
  const ground = background(draw);
  const colour = draw.pick(colourNames);
  const shape = draw.pick(movers);
  const index = draw.integer(0, 3);
  const across = draw.integer(20, travel - 20);
  return directionScene({ ground, shape, colour, across, index, change: changeSecond(draw) }, revised);
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
      moverSide,
      colours[colourNames[index] as (typeof colourNames)[number]],
    );
    return canvas;
  }) as [Canvas, Canvas];
  return firstColourScene({ before, after, first, then, change }, revised);
};

export const inOrOut: SceneMaker = (draw, revised) => {
  const ground = background(draw);
  const colour = draw.pick(colourNames);
  const shape = draw.pick(movers);
  const comesIn = draw.chance(0.5);
  const fromLeft = draw.chance(0.5);
  const across = draw.integer(8, sceneSize - slidingSide - 8);
  return inOrOutScene({ ground, shape, colour, across, comesIn, fromLeft, change: changeSecond(draw) }, revised);
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
    canvas.shape(shape, Math.round((startsLeft ? from : 1 - from) * travel), across, moverSide, colour);
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
