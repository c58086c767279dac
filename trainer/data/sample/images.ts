/** Image questions of the paper's kinds: general, chart, OCR, maths, knowledge, spatial. */
import { type Canvas, shapes } from '../../video/canvas.ts';
import type { Draw } from './draw.ts';
import { background, colourNames, colours, ink, letter, type SceneMaker, sceneSize } from './scene.ts';

/** What all image scenes share. */
const image = { dataType: 'image', needsOrder: false, revised: false, seen: [] } as const;

const side = 48;

/** One shape, to be named with its colour. */
export const general: SceneMaker = (draw) => {
  const canvas = background(draw);
  const colour = draw.pick(colourNames);
  const shape = draw.pick(shapes);
  canvas.shape(shape, draw.integer(8, 56), draw.integer(8, 56), side, colours[colour]);
  return {
    ...image,
    family: 'general',
    source: 'image: general',
    problemType: 'free-form',
    problem: 'What is in the picture?',
    choices: [],
    answer: `a ${colour} ${shape}`,
    think: `The colour is ${colour}. The shape is a ${shape}.`,
    frames: [canvas],
  };
};

/** Four bars, of which one is at least twice as tall as any other. */
export const chart: SceneMaker = (draw) => {
  const canvas = background(draw);
  const tallest = draw.integer(0, 3);
  const colour = colours[draw.pick(colourNames)];
  for (let bar = 0; bar < 4; bar++) {
    const height = bar === tallest ? draw.integer(92, 108) : draw.integer(16, 46);
    canvas.rectangle(3 + bar * 28, sceneSize - height, 22, height, colour);
  }
  return {
    ...image,
    family: 'chart',
    source: 'image: chart',
    problemType: 'multiple choice',
    problem: 'Which bar is the tallest?',
    choices: ['first', 'second', 'third', 'fourth'],
    answer: letter(tallest),
    think: `The tallest bar is the ${['first', 'second', 'third', 'fourth'][tallest]}.`,
    frames: [canvas],
  };
};

/** Draws two digits beside each other, each a little off its place. */
function twoDigits(draw: Draw): { canvas: Canvas; left: number; right: number } {
  const canvas = background(draw);
  const [left, right] = [draw.integer(1, 5), draw.integer(1, 5)];
  for (const [index, digit] of [left, right].entries()) {
    canvas.digit(digit, 7 + 56 * index + draw.integer(-2, 2), 21 + draw.integer(-2, 2), 14, ink);
  }
  return { canvas, left, right };
}

/** Two digits to be read. */
export const ocr: SceneMaker = (draw) => {
  const { canvas, left, right } = twoDigits(draw);
  return {
    ...image,
    family: 'ocr',
    source: 'image: OCR',
    problemType: 'OCR',
    problem: 'Which digits are written?',
    choices: [],
    answer: `${left} ${right}`,
    think: `On the left: ${left}. On the right: ${right}.`,
    frames: [canvas],
  };
};

/** Two digits to be added. */
export const maths: SceneMaker = (draw) => {
  const { canvas, left, right } = twoDigits(draw);
  return {
    ...image,
    family: 'maths',
    source: 'image: maths',
    problemType: 'numerical',
    problem: 'What is the sum of the digits?',
    choices: [],
    answer: String(left + right),
    think: `On the left: ${left}. On the right: ${right}. ${left} plus ${right} is ${left + right}.`,
    frames: [canvas],
  };
};

/** What the world outside the picture has in each of `colourNames`. */
const things = ['a tomato', 'grass', 'the sea', 'a lemon'] as const;

/** A colour, and what is known to have it. */
export const knowledge: SceneMaker = (draw) => {
  const canvas = background(draw);
  const index = draw.integer(0, 3);
  const colour = colourNames[index] as (typeof colourNames)[number];
  canvas.shape(draw.pick(shapes), draw.integer(8, 56), draw.integer(8, 56), side, colours[colour]);
  return {
    ...image,
    family: 'knowledge',
    source: 'image: knowledge',
    problemType: 'multiple choice',
    problem: 'What has this colour?',
    choices: things,
    answer: letter(index),
    think: `The colour is ${colour}. So ${things[index]}.`,
    frames: [canvas],
  };
};

const places = ['left', 'right', 'above', 'below'] as const;

/** Two shapes side by side or one above the other. */
export const spatial: SceneMaker = (draw) => {
  const canvas = background(draw);
  const index = draw.integer(0, 3);
  const [one, other] = draw.shuffled(colourNames) as [(typeof colourNames)[number], (typeof colourNames)[number]];
  const [near, far, middle, part] = [6, 62, 34, 44];
  const spots = [
    [near, middle, far, middle],
    [far, middle, near, middle],
    [middle, near, middle, far],
    [middle, far, middle, near],
  ] as const;
  const [x, y, otherX, otherY] = spots[index] as (typeof spots)[number];
  canvas.shape(draw.pick(shapes), x, y, part, colours[one]);
  canvas.shape(draw.pick(shapes), otherX, otherY, part, colours[other]);
  return {
    ...image,
    family: 'spatial',
    source: 'image: spatial',
    problemType: 'multiple choice',
    problem: `Where is the ${one} shape, seen from the ${other}?`,
    choices: places,
    answer: letter(index),
    think: `The ${one} shape is ${places[index]}.`,
    frames: [canvas],
  };
};

/** Every kind of image question. */
export const imageScenes = { general, chart, ocr, maths, knowledge, spatial } as const;
