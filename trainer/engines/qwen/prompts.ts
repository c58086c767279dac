/** Prompts as chunks to prompts as tokens with positions and media. */
import { StudioError } from '../../protocol/errors.ts';
import type { Chunk, Frames, Prompt, Rendered } from '../engine.ts';
import { specialTokens } from '../engine.ts';
import { promptText } from '../prompt-text.ts';
import type { ModelConfig } from './config.ts';
import { temporalPatchSize } from './config.ts';
import type { Medium } from './grid.ts';
import { fitsPatches, patchGrid, visionTokens } from './grid.ts';
import type { PositionSpan } from './positions.ts';
import { mropePositions } from './positions.ts';
import { decodePieces, type Tokenizer } from './tokenizer/tokenizer.ts';

export interface EncodedMedium {
  readonly medium: Medium;
  readonly firstToken: number;
  readonly tokens: number;
  /** Frames per second of a video's choice of frames. */
  readonly sampleFps?: number;
}

/** A prompt as tokens, with positions and media. */
export interface EncodedPrompt {
  readonly tokens: Int32Array;
  /** [tokens * 3]: time, row, column. */
  readonly positions: Int32Array;
  /** Position of the first token after the prompt. */
  readonly next: number;
  readonly media: readonly EncodedMedium[];
  /** Tokens at the end that an answer begins with: what is sampled goes on from there; absent: none. */
  readonly begun?: number;
}

/** A medium chunk's frames in pairs: an image stands twice, a video of odd length ends with its last frame twice. */
function medium(chunk: Extract<Chunk, { kind: 'image' | 'video' }>): Medium {
  const { frames } = chunk;
  const order = chunk.kind === 'image' ? [0, 0] : [...chunk.order];
  const last = order.at(-1);
  if (last !== undefined && order.length % temporalPatchSize === 1) order.push(last);
  checkFrames(frames, order);
  const { key, width, height, pixels, blank = false } = frames;
  return { key, width, height, pixels, order, blank };
}

const sharedCopies = new WeakMap<Uint8Array, Uint8Array>();

/** The same bytes over memory that all threads see, so that no message to one of them copies the frames. */
function overSharedMemory(pixels: Uint8Array): Uint8Array {
  if (pixels.buffer instanceof SharedArrayBuffer) return pixels;
  let copy = sharedCopies.get(pixels);
  if (copy === undefined) {
    copy = new Uint8Array(new SharedArrayBuffer(pixels.length));
    copy.set(pixels);
    sharedCopies.set(pixels, copy);
  }
  return copy;
}

function checkFrames({ key, width, height, count, pixels }: Frames, order: readonly number[]): void {
  const fail = (message: string): never => {
    throw new StudioError('bad-media', message, { place: key });
  };
  if (!fitsPatches(width, height)) fail(`Frames are ${width} x ${height} pixels; both sides must be multiples of 28.`);
  if (pixels.length !== count * height * width * 3)
    fail(
      `Frames hold ${pixels.length} bytes; ${count} frames of ${width} x ${height} have ${count * height * width * 3}.`,
    );
  if (order.length === 0) fail('A video needs at least one frame.');
  const bad = order.find((frame) => !Number.isInteger(frame) || frame < 0 || frame >= count);
  if (bad !== undefined) fail(`The order names frame ${bad}; there are ${count}.`);
}

const framesKey = ({ key, width, height, blank }: Frames): readonly unknown[] => [key, width, height, blank === true];

/** What a chunk says, as plain values: equal chunks have equal ones. */
function chunkKey(chunk: Chunk): readonly unknown[] {
  switch (chunk.kind) {
    case 'text':
      return ['t', chunk.text];
    case 'special':
      return ['s', chunk.token];
    case 'tokens':
      return ['n', chunk.ids];
    case 'image':
      return ['i', ...framesKey(chunk.frames)];
    case 'video':
      return ['v', ...framesKey(chunk.frames), chunk.frames.sampleFps, chunk.order];
  }
}

const firstsOfAlike = new WeakMap<Uint8Array, readonly number[]>();

/** Of each frame the first one that has its pixels. */
function firstOfAlike({ pixels, count }: Frames): readonly number[] {
  const known = firstsOfAlike.get(pixels);
  if (known !== undefined) return known;
  const size = pixels.length / count;
  const bytes = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length);
  const isAlike = (a: number, b: number): boolean =>
    bytes.compare(bytes, a * size, (a + 1) * size, b * size, (b + 1) * size) === 0;
  const firsts: number[] = [];
  for (let frame = 0; frame < count; frame++) {
    const first = firsts.findIndex((own, other) => own === other && isAlike(other, frame));
    firsts.push(first < 0 ? frame : first);
  }
  firstsOfAlike.set(pixels, firsts);
  return firsts;
}

/** The chunk with frames of the same pixels named alike. What is wrong with it stays, to be refused. */
function withFirstOfAlike(chunk: Chunk): Chunk {
  if (chunk.kind !== 'video' || chunk.frames.pixels.length % chunk.frames.count !== 0) return chunk;
  const firsts = firstOfAlike(chunk.frames);
  return { ...chunk, order: chunk.order.map((frame) => firsts[frame] ?? frame) };
}

/** Encodes the prompts of one call; equal prompts, and equal media in them, become the same object. */
export class PromptEncoder {
  private readonly tokenizer: Tokenizer;
  private readonly config: ModelConfig;
  private readonly alikeFrames: boolean;
  private readonly prompts = new Map<string, EncodedPrompt>();
  private readonly media = new Map<string, Medium>();

  /** @param alikeFrames whether frames of the same pixels are the same frame: prompts that show them in another order are equal then */
  constructor(tokenizer: Tokenizer, config: ModelConfig, alikeFrames = false) {
    this.tokenizer = tokenizer;
    this.config = config;
    this.alikeFrames = alikeFrames;
  }

  /** @throws StudioError `bad-request` for an unknown special token, `bad-media` for frames that can't be cut into patches */
  encode(given: Prompt): EncodedPrompt {
    const prompt = this.alikeFrames ? given.map(withFirstOfAlike) : given;
    const key = JSON.stringify(prompt.map(chunkKey));
    const known = this.prompts.get(key);
    if (known !== undefined) return known;
    const encoded = this.encodeAnew(prompt);
    this.prompts.set(key, encoded);
    return encoded;
  }

  private encodeAnew(prompt: Prompt): EncodedPrompt {
    const tokens: number[] = [];
    const spans: PositionSpan[] = [];
    const media: EncodedPrompt['media'][number][] = [];
    const addText = (added: Iterable<number>): void => {
      const before = tokens.length;
      for (const token of added) tokens.push(token);
      spans.push({ kind: 'text', tokens: tokens.length - before });
    };
    for (const chunk of prompt) {
      switch (chunk.kind) {
        case 'text':
          addText(this.tokenizer.encode(chunk.text));
          break;
        case 'special':
          if (chunk.token === specialTokens.image || chunk.token === specialTokens.video) {
            throw new StudioError('bad-request', `${chunk.token} stands for media and can't be written by hand.`);
          }
          addText([this.tokenizer.special(chunk.token)]);
          break;
        case 'tokens':
          this.checkTokens(chunk.ids);
          addText(chunk.ids);
          break;
        case 'image':
        case 'video': {
          const shared = this.shared(medium(chunk));
          const grid = patchGrid(shared);
          const count = visionTokens(grid);
          const placeholder = this.tokenizer.special(
            chunk.kind === 'image' ? specialTokens.image : specialTokens.video,
          );
          const fps = chunk.kind === 'video' ? { sampleFps: chunk.frames.sampleFps } : {};
          media.push({ medium: shared, firstToken: tokens.length, tokens: count, ...fps });
          for (let i = 0; i < count; i++) tokens.push(placeholder);
          const secondsPerPair = chunk.kind === 'image' ? null : temporalPatchSize / chunk.frames.sampleFps;
          spans.push({ kind: 'vision', grid, secondsPerPair });
        }
      }
    }
    if (tokens.length === 0) throw new StudioError('bad-request', 'A prompt must not be empty.');
    const { positions, next } = mropePositions(spans, this.config.vision.tokensPerSecond, this.config.positions);
    const last = prompt.at(-1);
    return {
      tokens: Int32Array.from(tokens),
      positions,
      next,
      media,
      ...(last?.kind === 'tokens' ? { begun: last.ids.length } : {}),
    };
  }

  private checkTokens(ids: readonly number[]): void {
    const { vocabularySize } = this.config.text;
    for (const id of ids) {
      if (!Number.isInteger(id) || id < 0 || id >= vocabularySize)
        throw new StudioError('bad-request', `A prompt holds token ${id}; the model has ${vocabularySize}.`);
      const name = this.tokenizer.specialName(id);
      if (name === specialTokens.image || name === specialTokens.video)
        throw new StudioError('bad-request', `${name} stands for media and can't be given as a token.`);
    }
  }

  private shared(own: Medium): Medium {
    const key = JSON.stringify([own.key, own.width, own.height, own.blank, own.order]);
    const known = this.media.get(key);
    if (known !== undefined) return known;
    const shared = { ...own, pixels: overSharedMemory(own.pixels) };
    this.media.set(key, shared);
    return shared;
  }
}

/** The prompt as the model is given it. @throws StudioError as `PromptEncoder.encode` */
export function renderedPrompt(tokenizer: Tokenizer, config: ModelConfig, prompt: Prompt): Rendered {
  const encoded = new PromptEncoder(tokenizer, config).encode(prompt);
  const visionTokens = encoded.media.reduce((sum, { tokens }) => sum + tokens, 0);
  const { pieces } = decodePieces(tokenizer, encoded.tokens);
  return { text: renderPrompt(prompt, tokenizer), ids: encoded.tokens, pieces, visionTokens };
}

/** The text that the model is given: special tokens by name, one placeholder per vision token. */
function renderPrompt(prompt: Prompt, tokenizer: Tokenizer): string {
  return promptText(
    prompt,
    (chunk) => visionTokens(patchGrid(medium(chunk))),
    (ids) => decodePieces(tokenizer, Int32Array.from(ids)).pieces.join(''),
  );
}
