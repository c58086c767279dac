/** The prompt that an intervention makes of a question. Values in, values out: frames are named, not copied. */
import { type Chunk, type Frames, type Prompt, specialTokens } from '../../engines/engine.ts';
import { letterOf, withTextsMoved } from '../../protocol/changed-question.ts';
import { StudioError } from '../../protocol/errors.ts';
import { framesPerPair, type Intervention } from '../../protocol/evidence.ts';
import { buildPrompt } from '../../reasoning/prompt.ts';
import type { AnsweredQuestion } from './asked.ts';

/** The prompt as the answer saw it. */
export function seenPrompt({ question, frames, seen, template }: AnsweredQuestion): Prompt {
  return buildPrompt(question, frames, seen, template);
}

/** @throws StudioError `bad-request` where the intervention does not fit the question */
export function changedPrompt(answered: AnsweredQuestion, intervention: Intervention): Prompt {
  const { question, frames, seen, template } = answered;
  const shown = (order: readonly number[]): Prompt => buildPrompt(question, frames, order, template);
  switch (intervention.kind) {
    case 'order':
      return shown(intervention.order);
    case 'reversed':
      return shown([...orderOf(answered)].reverse());
    case 'pair':
      return shown(withoutPair(orderOf(answered), intervention.pair));
    case 'one frame': {
      const order = orderOf(answered);
      const place = { first: 0, middle: Math.floor((order.length - 1) / 2), last: order.length - 1 }[
        intervention.frame
      ];
      return shown(order.map(() => order[place] as number));
    }
    case 'blind':
      return buildPrompt(question, blankFrames(frames), seen?.map(() => 0) ?? null, template);
    case 'no medium':
      return buildPrompt(question, frames, seen, template).filter((chunk) => !ofMedium(chunk));
    case 'no question':
      return buildPrompt({ ...question, problem: '' }, frames, seen, template);
    case 'options permuted':
      return buildPrompt(
        { ...question, options: withTextsMoved(question.options, intervention.order) },
        frames,
        seen,
        template,
      );
    case 'no reasoning':
      return seenPrompt(answered);
  }
}

function orderOf({ seen }: AnsweredQuestion): readonly number[] {
  if (seen === null) throw new StudioError('bad-request', 'An image has no frames whose order could be changed.');
  return seen;
}

/** An odd number of frames ends with the last one twice, as the model is shown it. */
function withoutPair(seen: readonly number[], pair: number): number[] {
  const order = [...seen];
  while (order.length % framesPerPair !== 0) order.push(order.at(-1) as number);
  const from = pair === 0 ? 1 : pair - 1;
  if (from * framesPerPair >= order.length || pair * framesPerPair >= order.length)
    throw new StudioError('bad-request', `There is no frame pair ${pair + 1} with another beside it.`);
  for (let i = 0; i < framesPerPair; i++) order[pair * framesPerPair + i] = order[from * framesPerPair + i] as number;
  return order;
}

/** CLIP's mean colour in 8 bits a channel: the nearest that an engine can be shown which takes bytes alone. */
const meanColour = [123, 117, 104];

/** One frame of the same size without content. */
function blankFrames({ width, height, sampleFps }: Frames): Frames {
  const pixels = new Uint8Array(new SharedArrayBuffer(3 * width * height));
  for (let i = 0; i < pixels.length; i++) pixels[i] = meanColour[i % 3] as number;
  return { key: `blank ${width}x${height}`, width, height, count: 1, pixels, place: null, sampleFps, blank: true };
}

function ofMedium(chunk: Chunk): boolean {
  if (chunk.kind === 'special')
    return chunk.token === specialTokens.visionStart || chunk.token === specialTokens.visionEnd;
  return chunk.kind === 'image' || chunk.kind === 'video';
}

/**
 * The letter that an answer's option has after the permutation; null where the answer names none of the options.
 * @param order place i shows the text of option `order[i]`
 */
export function movedLetter(answer: string, options: readonly string[], order: readonly number[]): string | null {
  const letter = /^\s*\(?([A-Z])\)?[.):]?\s*$/.exec(answer)?.[1];
  if (letter === undefined) return null;
  const from = options.findIndex((option) => letterOf(option) === letter);
  const place = from < 0 ? -1 : order.indexOf(from);
  return place < 0 ? null : letterOf(options[place] ?? '');
}
