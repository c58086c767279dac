/** What an engine is asked for as the gateway is asked for it: prompts, their frames, the terms of a loss; and the answers checked against it. */
import { StudioError } from '../../protocol/errors.ts';
import type { Frames, ModelHandle, Prompt, TrainingLoss } from '../engine.ts';
import { specialTokens } from '../engine.ts';
import type { LossTerms } from '../losses.ts';
import { type Medium, patchGrid } from '../qwen/grid.ts';
import type { EncodedPrompt } from '../qwen/prompts.ts';
import type { Tokenizer } from '../qwen/tokenizer/tokenizer.ts';
import type { WireFrames, WireLoss, WirePrompt } from './messages.ts';

/** Prompts of a call, each once, and the number of each one's own among them. */
export interface NumberedPrompts {
  readonly prompts: readonly EncodedPrompt[];
  readonly numbers: readonly number[];
}

/** @param encoded equal prompts are the same object */
export function numbered(encoded: readonly EncodedPrompt[]): NumberedPrompts {
  const numberOf = new Map<EncodedPrompt, number>();
  const numbers = encoded.map((prompt) => {
    const known = numberOf.get(prompt) ?? numberOf.size;
    numberOf.set(prompt, known);
    return known;
  });
  return { prompts: [...numberOf.keys()], numbers };
}

/** On the wire a key names the pixels whole: their number too. */
function wireKey({ key, width, height, pixels }: Pick<Frames, 'key' | 'width' | 'height' | 'pixels'>): string {
  return `${key}|${pixels.length / (3 * width * height)}x${width}x${height}`;
}

/** The frames of prompts by their keys, each once; those without content are none. */
export function framesOf(prompts: readonly Prompt[]): { readonly sent: WireFrames; readonly frames: Frames }[] {
  const found = new Map<string, { sent: WireFrames; frames: Frames }>();
  for (const chunk of prompts.flat()) {
    if (chunk.kind !== 'image' && chunk.kind !== 'video') continue;
    const { frames } = chunk;
    if (frames.blank) continue;
    const key = wireKey(frames);
    const { width, height, count } = frames;
    found.set(key, { sent: { key, width, height, count }, frames });
  }
  return [...found.values()];
}

export function wirePrompts(prompts: readonly EncodedPrompt[], tokenizer: Tokenizer): WirePrompt[] {
  const image = tokenizer.special(specialTokens.image);
  return prompts.map(({ tokens, positions, next, begun = 0, media }) => ({
    tokens,
    positions,
    next,
    begun,
    media: media.map(({ medium, sampleFps = null, firstToken, tokens: count }) => ({
      kind: tokens[firstToken] === image ? 'image' : 'video',
      key: wireKey(medium),
      width: medium.width,
      height: medium.height,
      order: medium.order,
      blank: medium.blank === true,
      fps: sampleFps,
      firstToken,
      tokens: count,
    })),
  }));
}

/** The loss of terms, whose weights go beside it. */
export function wireLoss(terms: LossTerms): WireLoss {
  if (terms.kind === 'cross-entropy') return { kind: 'cross-entropy' };
  const { advantages, oldLogprobs: old, refLogprobs: reference, clip, ratio, beta } = terms;
  return { kind: 'policy', advantages, old, reference, clipLow: clip.low, clipHigh: clip.high, ratio, beta };
}

/**
 * The gateway counts for itself how many frame pairs, rows and columns it was shown: a prompt that it saw otherwise was trained on
 * or scored wrongly.
 * @throws StudioError `bad-media` naming the prompt
 */
export function checkGrids(
  prompts: readonly EncodedPrompt[],
  grids: readonly (readonly [number, number, number])[],
): void {
  const wanted = prompts.flatMap(({ media }, prompt) => media.map(({ medium }, place) => ({ prompt, place, medium })));
  if (wanted.length !== grids.length)
    throw new StudioError(
      'bad-media',
      `The gateway saw ${grids.length} images and videos; ${wanted.length} were shown.`,
    );
  wanted.forEach(({ prompt, place, medium }, i) => {
    const { pairs, rows, columns } = patchGrid(medium);
    const [seenPairs, seenRows, seenColumns] = grids[i] as readonly [number, number, number];
    if (pairs === seenPairs && rows === seenRows && columns === seenColumns) return;
    throw new StudioError(
      'bad-media',
      `The gateway saw medium ${place + 1} of prompt ${prompt + 1} as ${seenPairs} frame pairs of ${seenRows} x ${seenColumns} patches; it has ${pairs} of ${rows} x ${columns}.`,
      { place: placeOf(medium) },
    );
  });
}

const placeOf = ({ key }: Medium): string => key;

/** Cut into the answers that it is of. @throws StudioError `engine-failed` where it is not as long as they are */
export function byAnswer(values: Float32Array, answers: readonly Int32Array[], what: string): Float32Array[] {
  const wanted = answers.reduce((sum, { length }) => sum + length, 0);
  if (values.length !== wanted)
    throw new StudioError('engine-failed', `The gateway gave ${values.length} ${what} for ${wanted} answer tokens.`);
  let at = 0;
  return answers.map(({ length }) => {
    at += length;
    return values.slice(at - length, at);
  });
}

/** @throws StudioError `bad-request` */
export function refuseExactKl(loss: TrainingLoss): void {
  const against: ModelHandle | undefined = loss.kind === 'policy' ? loss.exactKl : undefined;
  if (against !== undefined)
    throw new StudioError('bad-request', 'The engine verl sums no KL over the whole vocabulary (klEstimator exact).', {
      remedy: 'Take klEstimator k3.',
    });
}
