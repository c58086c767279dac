/**
 * What an engine offers: a model, and the primitives that a training loop is made of. An engine never computes a reward
 * and knows no question; the loops in `learning/` know no tensor.
 */

import type { EngineCapabilities } from '../protocol/engine.ts';
import type { StudioError } from '../protocol/errors.ts';
import type { StopReason } from '../protocol/records.ts';
import type { EngineStatus } from '../protocol/run-state.ts';
import type { EngineSettings, ModelSize } from '../protocol/runfile.ts';
import type { ClipRange, LossMean, RatioOf } from './losses.ts';

/** Where the same pixels lie in a file of this machine. */
export interface FramesPlace {
  readonly file: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * Frames as decoded: RGB, 8 bits a channel, `count` frames of `height` rows of `width` pixels.
 * `key` names the content; an engine is given the pixels of a key once and may keep them.
 */
export interface Frames {
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Over a SharedArrayBuffer where they come from our own loader; an engine must not count on it. */
  readonly pixels: Uint8Array;
  /**
   * For an engine in another process, which then reads them itself; null where they are not in the cache. The cache may take
   * the file away at any time: an engine that does not find it whole takes the pixels.
   */
  readonly place: FramesPlace | null;
  /** Frames per second of this choice of frames; decides the time step of rotary positions. */
  readonly sampleFps: number;
  /** Frames without content: exactly 0 after normalisation. `pixels` holds the nearest colour, for engines that take bytes alone. */
  readonly blank?: true;
}

/**
 * A prompt is a list of chunks. `text` is plain: text that looks like a special token stays text.
 * `special` is one special token by name, such as `<|im_start|>`. `order[i]` is the frame that stands at place i. `tokens` are token
 * ids as they are, such as the part of an answer from which sampling goes on: text like any other, but for its cut. It takes engines
 * that can `prefix`; an id that is no token of the model, or stands for media, is refused.
 */
export type Chunk =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'special'; readonly token: string }
  | { readonly kind: 'tokens'; readonly ids: readonly number[] }
  | { readonly kind: 'image'; readonly frames: Frames }
  | { readonly kind: 'video'; readonly frames: Frames; readonly order: readonly number[] };

export type Prompt = readonly Chunk[];

/** A model inside an engine. `reference` models only answer `forward`. */
export interface ModelHandle {
  readonly id: number;
  readonly role: 'policy' | 'reference';
}

export type ModelOrigin =
  /** Weights from the seed, tokenizer trained on `texts`. */
  | { readonly kind: 'new'; readonly size: ModelSize; readonly seed: number; readonly texts: readonly string[] }
  /**
   * A checkpoint folder in Hugging Face's layout. `optimizer` restores the optimizer state beside it; `tokenizer` is the folder of
   * the tokenizer where none lies beside.
   */
  | { readonly kind: 'folder'; readonly folder: string; readonly optimizer: boolean; readonly tokenizer?: string }
  /** The present weights of another model, frozen. */
  | { readonly kind: 'copy'; readonly of: ModelHandle };

/** Weights and optimizer state of a model at one moment. */
export interface WeightsSnapshot {
  readonly id: number;
  readonly model: ModelHandle;
}

export interface SampleRequest {
  readonly prompt: Prompt;
  /**
   * One seed per answer wanted; the capability `seeds` says what the same one gives again. Where the prompt ends with `tokens`, it
   * gives what it would have given behind them: an answer goes on as it did, up to rounding.
   */
  readonly seeds: readonly number[];
}

export interface SampleOptions {
  readonly maxTokens: number;
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** Draws from the likeliest tokens alone that sum to this much of the whole; 1 from all. */
  readonly topP: number;
  /** Draws from this many of the likeliest tokens, before `topP` takes of them; absent or 0: from all. */
  readonly topK?: number;
  /** Ends an answer with the token that completes one of these texts. The text is part of the answer. */
  readonly stop?: readonly string[];
  /** Likeliest tokens that are told beside each token drawn; at most the engine's `topAlternatives`. */
  readonly alternatives?: number;
}

/** A token that could have stood in the place of the one that was drawn. */
export interface Alternative {
  readonly token: number;
  readonly piece: string;
  /** Natural log-probability at temperature 1. */
  readonly logprob: number;
}

/** One answer. Arrays have one entry per token, the end token included when it was reached. */
export interface Completion {
  readonly tokens: Int32Array;
  /** Text of each token; special tokens by name. */
  readonly pieces: readonly string[];
  /** Text of the answer, special tokens left out. */
  readonly text: string;
  /** Natural log-probability of each token under the model (temperature 1, no top-p). */
  readonly logprobs: Float32Array;
  /** Entropy in nats of the distribution that each token was drawn from (temperature 1, no top-p); null without `sampledEntropy`. */
  readonly entropy: Float32Array | null;
  /** Per token the likeliest ones, the likeliest first; null when none were asked for. */
  readonly alternatives: readonly (readonly Alternative[])[] | null;
  readonly stopReason: StopReason;
}

export type SampleEvent =
  /** Text that was added to an answer since the last event about it. */
  | { readonly kind: 'delta'; readonly request: number; readonly index: number; readonly text: string }
  | { readonly kind: 'done'; readonly request: number; readonly index: number; readonly completion: Completion }
  | { readonly kind: 'progress'; readonly tokens: number; readonly done: number; readonly total: number };

/** The tokens of an answer as they were sampled. `weights`, one per token, multiply its share of the loss: 0 leaves it out. */
export interface AnswerTokens {
  readonly tokens: Int32Array;
  readonly weights?: Float32Array;
}

/** An answer to train on as text: the engine tokenizes it and ends it with the token that ends a turn. */
export interface AnswerText {
  readonly text: string;
  /** Whether the newline that the chat layout puts behind that token belongs to the answer too. */
  readonly turnNewline?: boolean;
}

/** An answer to train on. */
export interface Sequence {
  readonly prompt: Prompt;
  readonly answer: AnswerTokens | AnswerText;
}

/** A sequence with what the policy loss needs; arrays have one entry per answer token. */
export interface PolicySequence extends Sequence {
  readonly answer: AnswerTokens;
  readonly advantage: number;
  readonly oldLogprobs: Float32Array;
  readonly refLogprobs: Float32Array | null;
}

export type TrainingLoss =
  /** Mean negative log-probability over all answer tokens (over prompt tokens too when asked). */
  | { readonly kind: 'cross-entropy'; readonly sequences: readonly Sequence[]; readonly promptTokens: boolean }
  /**
   * Clipped policy gradient with a KL term (Video-R1 eq. 4). `mean` as the parameter `lossMean` says. The KL is estimated by k3 from the
   * sequences' `refLogprobs`, or with `exactKl` computed over the whole vocabulary against that model.
   */
  | {
      readonly kind: 'policy';
      readonly sequences: readonly PolicySequence[];
      readonly clip: ClipRange;
      /** What has a ratio; absent: each token. */
      readonly ratio?: RatioOf;
      readonly beta: number;
      readonly mean: LossMean;
      readonly exactKl?: ModelHandle;
    };

/** What a model makes of an answer; one entry per answer token. */
export interface Scored {
  readonly logprobs: Float32Array;
  /** In nats, of the distribution that the token is taken from; null when it was not asked for. */
  readonly entropy: Float32Array | null;
}

/** What a policy loss computes of an answer on the way, before the update; one entry per answer token. */
export interface LossScored {
  readonly logprobs: Float32Array;
  /** The sequence's own, or computed where the KL is exact; null without a reference. */
  readonly refLogprobs: Float32Array | null;
}

export interface LossReport {
  readonly loss: number;
  /** Mean KL per answer token in nats, by k3 or exact; null without a reference. */
  readonly kl: number | null;
  /** Share of answer tokens whose ratio was clipped; null for cross-entropy. */
  readonly clipped: number | null;
  readonly tokens: number;
  /** By sequence; null for cross-entropy. */
  readonly scored: readonly LossScored[] | null;
}

/** A prompt as a model is given it. */
export interface Rendered {
  /** Special tokens by name, one placeholder per vision token. */
  readonly text: string;
  /** One per token, vision tokens as their placeholder. */
  readonly ids: Int32Array;
  /** Text of each token as it is decoded, special tokens by name: it says what became of text that a tokenizer changes. */
  readonly pieces: readonly string[];
  readonly visionTokens: number;
}

export interface OptimStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 0 switches clipping off. */
  readonly gradClipNorm: number;
}

/** @throws StudioError `engine-failed`, `bad-model` or `not-finite` from every primitive, with place and remedy. */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  /**
   * Resolves with `engine-failed` when it has ended by itself, also while nothing is asked of it: a thread or a process died, a link was
   * lost. All that is asked of it then fails. Never after `dispose`.
   */
  readonly died: Promise<StudioError>;
  /** The last lines of a log of its own, the newest last; absent where all that it says is in the trainer's. */
  recentLog?(): readonly string[];
  /** What runs, on what, why, and what it can do; parameters are of the last policy model. */
  status(): EngineStatus;
  createModel(origin: ModelOrigin, role: ModelHandle['role']): Promise<ModelHandle>;
  /** Answers as they are written. Aborting ends every open answer within one token, with `stopReason: 'aborted'`. */
  sample(
    model: ModelHandle,
    requests: readonly SampleRequest[],
    options: SampleOptions,
    signal: AbortSignal,
  ): AsyncIterable<SampleEvent>;
  /** Log-probability of every answer token and, with `entropy`, the entropy there. */
  forward(model: ModelHandle, sequences: readonly Sequence[], want?: { readonly entropy: boolean }): Promise<Scored[]>;
  /** Adds the gradient of the loss to what is held since the last `optimStep`. */
  forwardBackward(model: ModelHandle, loss: TrainingLoss): Promise<LossReport>;
  optimStep(model: ModelHandle, step: OptimStep): Promise<{ gradNorm: number }>;
  /**
   * Keeps a copy of weights and optimizer state inside the engine, until it is released or the model is unloaded. Engines that can
   * `snapshot` have it, and the two that follow.
   */
  snapshot(model: ModelHandle): Promise<WeightsSnapshot>;
  /** Weights and optimizer are what they were, bit for bit; a gradient that is held is void. The snapshot can be used again. */
  restore(snapshot: WeightsSnapshot): Promise<void>;
  release(snapshot: WeightsSnapshot): Promise<void>;
  /**
   * Writes `config.json`, `model.safetensors`, `tokenizer.json` and the optimizer state into an empty folder.
   * @returns SHA-256, in hexadecimal, of those files that it took while it wrote them, by their names
   */
  saveState(model: ModelHandle, folder: string): Promise<ReadonlyMap<string, string>>;
  render(model: ModelHandle, prompt: Prompt): Promise<Rendered>;
  unload(model: ModelHandle): Promise<void>;
  /** What it holds; of an engine of several processes also what each of them takes, in the order of their ranks. */
  memory(): Promise<{ readonly bytes: number; readonly tensors: number; readonly byRank?: readonly number[] }>;
  dispose(): Promise<void>;
}

/** Starts the engine that settings name. @throws StudioError `engine-failed` when it does not start */
export type CreateEngine = (settings: EngineSettings) => Promise<Engine>;

/** Tokens that mean something to the chat layout and the media; Qwen's names. */
export const specialTokens = {
  pad: '<|endoftext|>',
  turnStart: '<|im_start|>',
  turnEnd: '<|im_end|>',
  visionStart: '<|vision_start|>',
  visionEnd: '<|vision_end|>',
  image: '<|image_pad|>',
  video: '<|video_pad|>',
} as const;
