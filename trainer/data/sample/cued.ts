/**
 * Order questions with a cue: something that stands still in all frames, and often gives the answer away to who does not look
 * at their order. In each family it is another thing: a colour, a mark, a shape, a place, a stripe.
 */
import type { Canvas } from '../../video/canvas.ts';
import type { Draw } from './draw.ts';
import {
  background,
  type ColourName,
  clipFramesPerSecond,
  colourNames,
  colours,
  ink,
  letter,
  type Scene,
  sceneSize,
} from './scene.ts';
import { beforeAndAfter, changeSecond, film, readSeconds } from './seconds.ts';
import {
  comesOrGoes,
  directionScene,
  directions,
  firstColourScene,
  inOrOutScene,
  moverSide,
  movers,
  slidingSide,
  video,
} from './staging.ts';

/** The scene's own answer and think text are the right ones, read second by second. */
export interface CuedScene extends Scene {
  /** What somebody answers who goes by the cue, and the think text of that. */
  readonly cue: Readonly<Record<'answer' | 'think', string>>;
}

/** The share of scenes in which the cue gives the right answer; `chance` draws it from all answers alike, whatever is right. */
export type CueShare = number | 'chance';

/** Which of so many answers the cue gives, where the right one is known. */
export type CueDraw = (answers: number, right: number) => number;

export type CuedSceneMaker = (draw: Draw, cueOf: CueDraw) => CuedScene;

/** Draws cues. A wrong one is any of the other answers, all alike. Two lots are drawn for each, whatever the share. */
export function cueDraw(draw: Draw, share: CueShare): CueDraw {
  return (answers, right) => {
    const holds = draw.chance(share === 'chance' ? 1 / answers : share);
    const other = draw.integer(1, answers - 1);
    return holds ? right : (right + other) % answers;
  };
}

const travel = sceneSize - moverSide;

/** The cue is the colour. */
export const cuedDirection: CuedSceneMaker = (draw, cueOf) => {
  const ground = background(draw);
  const index = draw.integer(0, directions.length - 1);
  const cue = cueOf(directions.length, index);
  const colour = colourNames[cue] as ColourName;
  const across = draw.integer(20, travel - 20);
  const shape = draw.pick(movers);
  return {
    ...directionScene({ ground, shape, colour, across, index, change: changeSecond(draw) }, false),
    cue: { answer: letter(cue), think: `It is ${colour}. So it moves ${directions[cue]}.` },
  };
};

/** As large as a patch of the model's vision tower is at half this size, and where the patch is. */
const markSide = 28;
const corners = ['top left', 'top right', 'bottom left', 'bottom right'] as const;

/** The cue is the corner in which a white mark stands. */
export const cuedFirstColour: CuedSceneMaker = (draw, cueOf) => {
  const ground = background(draw);
  const [first, then] = draw.shuffled([0, 1, 2, 3]) as [number, number, number, number];
  const cue = cueOf(corners.length, first);
  const far = sceneSize - markSide;
  const change = changeSecond(draw);
  const [before, after] = [first, then].map((index) => {
    const canvas = ground.copy();
    const colour = colours[colourNames[index] as ColourName];
    canvas.shape(draw.pick(movers), draw.integer(8, travel - 8), draw.integer(8, travel - 8), moverSide, colour);
    canvas.rectangle(cue % 2 === 0 ? 0 : far, cue < 2 ? 0 : far, markSide, markSide, ink);
    return canvas;
  }) as [Canvas, Canvas];
  return {
    ...firstColourScene({ before, after, first, then, change }, false),
    cue: { answer: letter(cue), think: `The mark is ${corners[cue]}. So ${colourNames[cue]} is first.` },
  };
};

/** The cue is the shape. */
export const cuedInOrOut: CuedSceneMaker = (draw, cueOf) => {
  const ground = background(draw);
  const comesIn = draw.chance(0.5);
  const cue = cueOf(movers.length, comesIn ? 0 : 1);
  const shape = movers[cue] as (typeof movers)[number];
  const colour = draw.pick(colourNames);
  const fromLeft = draw.chance(0.5);
  const across = draw.integer(8, sceneSize - slidingSide - 8);
  return {
    ...inOrOutScene({ ground, shape, colour, across, comesIn, fromLeft, change: changeSecond(draw) }, false),
    cue: { answer: letter(cue), think: `It is a ${shape}. So it ${comesOrGoes(cue === 0)}.` },
  };
};

/** A shape grows or shrinks where it stands. The cue is the half of the picture. */
export const cuedGrowth: CuedSceneMaker = (draw, cueOf) => {
  const ground = background(draw);
  const grows = draw.chance(0.5);
  const cue = cueOf(2, grows ? 0 : 1);
  const [shape, colour] = [draw.pick(movers), colours[draw.pick(colourNames)]];
  const [x, y] = [cue === 0 ? 28 : sceneSize - 28, draw.integer(40, sceneSize - 40)];
  const change = changeSecond(draw);
  const [little, big, steps] = [16, 56, 4];
  const frames = film((frame) => {
    const share = Math.min(1, Math.max(0, (frame - change * clipFramesPerSecond + steps / 2) / steps));
    const side = 2 * Math.round((little + (big - little) * (grows ? share : 1 - share)) / 2);
    const canvas = ground.copy();
    canvas.shape(shape, x - side / 2, y - side / 2, side, colour);
    return canvas;
  });
  const seen = grows ? beforeAndAfter(change, 'little', 'big') : beforeAndAfter(change, 'big', 'little');
  const phrase = (isGrowing: boolean) => (isGrowing ? 'grows' : 'shrinks');
  return {
    ...video,
    family: 'growth',
    source: 'video: growth',
    problemType: 'multiple choice',
    problem: 'Does it grow or shrink?',
    choices: ['grow', 'shrink'],
    answer: letter(grows ? 0 : 1),
    think: `${readSeconds(seen)} So it ${phrase(grows)}.`,
    revised: false,
    seen,
    frames,
    cue: { answer: letter(cue), think: `It is on the ${cue === 0 ? 'left' : 'right'}. So it ${phrase(cue === 0)}.` },
  };
};

/** One digit, then another. The cue is the colour of a stripe along the lower edge. */
export const cuedFirstDigit: CuedSceneMaker = (draw, cueOf) => {
  const ground = background(draw);
  const digits = ['1', '2', '3', '4'] as const;
  const [first, then] = draw.shuffled([0, 1, 2, 3]) as [number, number, number, number];
  const cue = cueOf(digits.length, first);
  const change = changeSecond(draw);
  const block = 16;
  const left = draw.integer(29, 35);
  const stripe = colours[colourNames[cue] as ColourName];
  const [before, after] = [first, then].map((digit) => {
    const canvas = ground.copy();
    canvas.digit(digit + 1, left, 8, block, ink);
    canvas.rectangle(0, sceneSize - 20, sceneSize, 20, stripe);
    return canvas;
  }) as [Canvas, Canvas];
  const seen = beforeAndAfter(change, digits[first] as string, digits[then] as string);
  return {
    ...video,
    family: 'first digit',
    source: 'video: which digit comes first',
    problemType: 'multiple choice',
    problem: 'Which digit comes first?',
    choices: digits,
    answer: letter(first),
    think: `${readSeconds(seen)} So ${digits[first]} is first.`,
    revised: false,
    seen,
    frames: film((frame) => (frame < change * clipFramesPerSecond ? before : after)),
    cue: { answer: letter(cue), think: `The stripe is ${colourNames[cue]}. So ${digits[cue]} is first.` },
  };
};

/** Every kind of order question with a cue. */
export const cuedScenes = { cuedDirection, cuedFirstColour, cuedInOrOut, cuedGrowth, cuedFirstDigit } as const;
