/** What the engine asks of its replicas, and what they answer. Everything here survives `postMessage`. */

import type { SeedsKind } from '../../protocol/engine.ts';
import type { SentError } from '../../protocol/errors.ts';
import type { TfjsSettings } from '../../protocol/runfile.ts';
import type { LossScored, OptimStep, SampleOptions, Scored } from '../engine.ts';
import type { LossTerms } from '../losses.ts';
import type { EncodedPrompt } from '../qwen/prompts.ts';
import type { SampleReport } from '../qwen/sample-stream.ts';
import type { StopTexts } from '../qwen/stop-texts.ts';
import type { PackedGroup } from './model/batch.ts';

export interface ReplicaStart {
  readonly backend: TfjsSettings['backend'];
  /** Number of this replica, from 0. */
  readonly index: number;
  /** Rows of activations that are held for one backward pass; a larger share of a batch is taken in parts. */
  readonly microBatchRows: number;
}

export interface BackendReport {
  readonly backend: string;
  readonly why: string;
  /** Answers are written by other operations than training is computed with. */
  readonly ownSampler: boolean;
  /** What a seed gives: kernels of a GPU add up in an order that follows from the shape of the batch. */
  readonly seeds: SeedsKind;
}

export type WeightsOrigin =
  | { readonly kind: 'seed'; readonly seed: number }
  | { readonly kind: 'folder'; readonly folder: string; readonly optimizerStep: number | null }
  | { readonly kind: 'copy'; readonly of: number };

/** One answer to be written: its number in the whole call, its prompt's number in the chunk, its seed. */
export interface WantedAnswer {
  readonly answer: number;
  readonly prompt: number;
  readonly seed: number;
}

export interface SampleChunk {
  readonly prompts: readonly EncodedPrompt[];
  /** Answers of one prompt stand together. */
  readonly answers: readonly WantedAnswer[];
  readonly options: SampleOptions;
  /** [vocabulary]: 1 where a token may be drawn. */
  readonly allowed: Float32Array;
  readonly endTokens: readonly number[];
  /** The texts that end an answer; null without such texts. */
  readonly stop: StopTexts | null;
  /** Over a SharedArrayBuffer [1]: not 0 aborts. */
  readonly abort: Int32Array;
}

export interface ForwardBackward {
  readonly groups: readonly PackedGroup[];
  /** Over the answer tokens of all groups, in order. */
  readonly terms: LossTerms;
  /** Per group: weight of each of its prompt tokens in a cross-entropy over prompts too; null leaves prompts out. */
  readonly promptWeights: Float32Array | null;
  /** The model against which the KL is computed over the whole vocabulary; null for k3. */
  readonly reference: number | null;
  /** The gradient held so far is void. */
  readonly fresh: boolean;
}

export type ReplicaRequest =
  | { readonly kind: 'train-tokenizer'; readonly texts: readonly string[]; readonly vocabularySize: number }
  | {
      readonly kind: 'create';
      readonly model: number;
      readonly config: object;
      readonly place: string;
      readonly origin: WeightsOrigin;
      /** A policy's gradients, one flat array over shared memory per replica; null for a reference. */
      readonly gradients: readonly Float32Array[] | null;
    }
  | { readonly kind: 'sample'; readonly model: number; readonly chunk: SampleChunk }
  | {
      readonly kind: 'forward';
      readonly model: number;
      readonly groups: readonly PackedGroup[];
      readonly entropy: boolean;
    }
  | { readonly kind: 'forward-backward'; readonly model: number; readonly work: ForwardBackward }
  | {
      readonly kind: 'reduce-gradient';
      readonly model: number;
      /** Replicas that hold a part of the gradient; the first one's array takes the sum, and each replica adds up a range of it. */
      readonly contributing: readonly number[];
    }
  | {
      readonly kind: 'optim-step';
      readonly model: number;
      readonly step: OptimStep;
      /** The replica whose array holds the whole gradient, and what clipping multiplies it by. */
      readonly gradientOf: number;
      readonly scale: number;
    }
  | { readonly kind: 'snapshot'; readonly model: number; readonly snapshot: number }
  | { readonly kind: 'restore'; readonly model: number; readonly snapshot: number }
  | { readonly kind: 'release'; readonly model: number; readonly snapshot: number }
  | { readonly kind: 'save'; readonly model: number; readonly folder: string }
  | { readonly kind: 'unload'; readonly model: number }
  | { readonly kind: 'memory' };

export interface ReplicaAnswers {
  'train-tokenizer': { readonly tokenizer: object };
  create: { readonly parameters: number };
  sample: null;
  /** Of the answer tokens of all groups, in order. */
  forward: Scored;
  /** `scored`: of the answer tokens of all groups, in order; null for cross-entropy. */
  'forward-backward': {
    readonly loss: number;
    readonly kl: number;
    readonly clipped: number;
    readonly scored: LossScored | null;
  };
  /** Sum of the squares of the gradient in this replica's range. */
  'reduce-gradient': { readonly squares: number };
  'optim-step': null;
  snapshot: null;
  restore: null;
  release: null;
  /** Steps that the optimizer has taken. */
  /** `hashes`: SHA-256 of the files by their names. */
  save: { readonly optimizerStep: number; readonly hashes: ReadonlyMap<string, string> };
  unload: null;
  memory: { readonly bytes: number; readonly tensors: number };
}

export type ToReplica = { readonly call: number; readonly request: ReplicaRequest };

export type FromReplica =
  | { readonly kind: 'ready'; readonly backend: BackendReport }
  | { readonly kind: 'failed'; readonly error: SentError }
  | { readonly kind: 'answer'; readonly call: number; readonly answer: unknown }
  | { readonly kind: 'error'; readonly call: number; readonly error: SentError }
  | { readonly kind: 'report'; readonly call: number; readonly report: SampleReport };
