/**
 * The messages of the gateway, version 1: {id, method, params} to it; from it {id, event} any number of times, then {id, result} or
 * {id, error}. Requests are carried out in turn; `ping`, `abort` and `end` at once. What comes is checked here.
 */
import { z } from 'zod';
import { engineCapabilities } from '../../protocol/engine.ts';
import type { FramesPlace } from '../engine.ts';

export const protocolVersion = 1;

/** Texts of the gateway that are shown. */
const shownText = z.string().transform((text) => text.slice(0, 4000));
const count = z.number().int().min(0);
const floats = z.instanceof(Float32Array);
const integers = z.instanceof(Int32Array);
const nothing = z.looseObject({});
/** Frame pairs, rows and columns of each medium, prompts in order. */
const grids = z.array(z.tuple([count, count, count]));

/** Read before anything else, so that a gateway of another version is told by its number. */
export const greeting = z.looseObject({ protocol: z.number().int() });

export const hello = z.object({
  protocol: z.literal(protocolVersion),
  gateway: shownText,
  versions: z.record(z.string(), z.string().nullable()),
  mode: z.enum(['spmd', 'ray']),
  ranks: z.number().int().min(1),
  nodes: z.number().int().min(1),
  device: z.enum(['cpu', 'cuda']),
  devices: z.array(z.object({ name: shownText, memoryBytes: count })),
  sampler: z.enum(['generate', 'vllm']),
  capabilities: engineCapabilities,
  /** One sentence on what runs where. */
  why: shownText,
});
export type Hello = z.infer<typeof hello>;

export const results = {
  hello: nothing,
  ping: z.object({ busy: z.string().nullable(), forMs: z.number().min(0) }),
  /** Numbers of the frames whose pixels the gateway has to be sent. */
  frames: z.object({ missing: z.array(count) }),
  putFrames: nothing,
  createModel: z.object({ parameters: count, trainable: count }),
  sample: nothing,
  abort: nothing,
  end: nothing,
  forward: z.object({ logprobs: floats, entropy: floats.nullable(), grids }),
  /** Sums over the answer tokens: the client divides. */
  forwardBackward: z.object({
    loss: z.number(),
    kl: z.number().nullable(),
    clipped: z.number(),
    logprobs: floats,
    grids,
  }),
  optimStep: z.object({ gradNorm: z.number().min(0) }),
  snapshot: nothing,
  restore: nothing,
  release: nothing,
  saveState: z.object({ optimizerStep: count }),
  publish: nothing,
  unload: nothing,
  memory: z.object({ bytes: count, tensors: count, byRank: z.array(count) }),
  shutdown: nothing,
};
export type Method = keyof typeof results;
export type Result<M extends Method> = z.infer<(typeof results)[M]>;

/** What was written of answers since the last event of a `sample`. */
export const sampled = z.object({
  added: z.array(z.object({ answer: count, tokens: integers })).default([]),
  finished: z
    .array(
      z.object({
        answer: count,
        tokens: integers,
        logprobs: floats,
        entropy: floats.nullable(),
        /** [tokens * alternatives], the likeliest first. */
        alternatives: z.object({ tokens: integers, logprobs: floats }).nullable(),
        stopReason: z.enum(['stop', 'length', 'aborted']),
      }),
    )
    .default([]),
});
export type Sampled = z.infer<typeof sampled>;

export const envelope = z.union([
  z.strictObject({ id: z.number(), event: z.unknown() }),
  z.strictObject({ id: z.number(), result: z.unknown() }),
  z.strictObject({
    /** Null where the gateway does not know what it answers. */
    id: z.number().nullable(),
    error: z.object({
      code: z
        .enum(['bad-request', 'bad-model', 'bad-media', 'engine-failed', 'not-finite', 'disk-full', 'internal'])
        .catch('engine-failed'),
      message: shownText,
      place: shownText.optional(),
      remedy: shownText.optional(),
    }),
  }),
]);

/** Frames as they are named on the wire. */
export type WireFrames = {
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly count: number;
};

export type WireMedium = {
  readonly kind: 'image' | 'video';
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly order: readonly number[];
  readonly blank: boolean;
  /** Frames per second of this choice of frames; null for an image. */
  readonly fps: number | null;
  readonly firstToken: number;
  readonly tokens: number;
};

export type WirePrompt = {
  readonly tokens: Int32Array;
  /** [tokens * 3]: time, row, column. */
  readonly positions: Int32Array;
  readonly next: number;
  readonly begun: number;
  readonly media: readonly WireMedium[];
};

type OfModel = { readonly model: number };
type OfSnapshot = OfModel & { readonly snapshot: number };

/** Sequences by the number of their prompt. */
type OfSequences = OfModel & {
  readonly prompts: readonly WirePrompt[];
  readonly sequences: readonly { readonly prompt: number; readonly tokens: Int32Array }[];
};

export type WireLoss =
  | { readonly kind: 'cross-entropy' }
  | {
      readonly kind: 'policy';
      readonly advantages: Float32Array;
      readonly old: Float32Array;
      readonly reference: Float32Array | null;
      readonly clipLow: number;
      readonly clipHigh: number;
      readonly ratio: 'token' | 'sequence';
      readonly beta: number;
    };

export interface Params {
  hello: { readonly protocol: number; readonly token: string };
  ping: Record<string, never>;
  frames: {
    readonly frames: readonly (WireFrames & { readonly place: Pick<FramesPlace, keyof FramesPlace> | null })[];
  };
  putFrames: WireFrames & { readonly pixels: Uint8Array };
  createModel: OfModel & {
    readonly role: 'policy' | 'reference';
    readonly folder: string | null;
    readonly copyOf: number | null;
    readonly optimizer: boolean;
  };
  sample: OfModel & {
    readonly prompts: readonly WirePrompt[];
    readonly answers: readonly { readonly prompt: number; readonly seed: number }[];
    readonly maxTokens: number;
    readonly temperature: number;
    readonly topP: number;
    readonly topK: number;
    readonly alternatives: number;
    /** Tokens that are never drawn. */
    readonly banned: Int32Array;
    readonly endTokens: readonly number[];
  };
  abort: { readonly of: number };
  end: { readonly of: number; readonly answer: number };
  forward: OfSequences & { readonly entropy: boolean };
  forwardBackward: OfSequences & {
    /** Share of each answer token in the loss. */
    readonly weights: Float32Array;
    /** Per sequence, of each of the tokens that are predicted of its prompt. */
    readonly promptWeights: Float32Array | null;
    readonly loss: WireLoss;
  };
  optimStep: OfModel & {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly gradClipNorm: number;
  };
  snapshot: OfSnapshot;
  restore: OfSnapshot;
  release: OfSnapshot;
  saveState: OfModel & { readonly folder: string };
  publish: OfModel;
  unload: OfModel;
  memory: Record<string, never>;
  shutdown: Record<string, never>;
}
