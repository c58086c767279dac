/**
 * What an engine can do, as data: the trainer asks before a run begins, the pages show and offer no more than that. What an
 * engine is set to stands in the run file.
 */
import { z } from 'zod';
import { type Method, type ParameterValues, parameters } from './parameters.ts';

/** What a prompt is made of; see `Chunk` of the engines. Tokens by number are told by `prefix`. */
export const chunkKind = z.enum(['text', 'special', 'image', 'video']);
export type ChunkKind = z.infer<typeof chunkKind>;

export const lossKind = z.enum(['cross-entropy', 'policy']);
export type LossKind = z.infer<typeof lossKind>;

export const optimizerKey = z.enum(['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'gradClipNorm']);
export type OptimizerKey = z.infer<typeof optimizerKey>;

/**
 * What a seed gives. `exact`: the same tokens, whatever else is in the batch. `same batch`: the same where the same is asked for
 * together, since the rounding of one answer follows from the shape of the batch. `best effort`: others each time.
 */
export const seedsKind = z.enum(['exact', 'same batch', 'best effort']);
export type SeedsKind = z.infer<typeof seedsKind>;

export const engineCapabilities = z.object({
  /** What its models are shown. A run whose data need another kind is refused before it begins. */
  chunks: z.array(chunkKind),
  losses: z.array(lossKind),
  /** Ways in which the policy loss is averaged: values of the parameter `lossMean`. */
  lossMeans: z.array(parameters.lossMean.schema),
  /** What the policy loss can take a ratio of: values of the parameter `ratio`. */
  ratios: z.array(parameters.ratio.schema).default(['token']),
  /** All weights of a model are trained; else an adapter beside them. */
  fullParameters: z.boolean(),
  /** Scored answers carry the entropy at each token when it is asked for. */
  entropy: z.boolean(),
  /**
   * Log-probabilities that are told while sampling are the trainer's: one program computes both, and they agree up to rounding.
   * Else answers are scored by the trainer before the update, and what the sampler told is kept beside.
   */
  samplerIsTrainer: z.boolean().default(true),
  /** Answers come with the entropy at each token; else it is had of scored answers alone, where `entropy` says so. */
  sampledEntropy: z.boolean().default(true),
  /** What a seed gives, with the weights that gave it before. */
  seeds: seedsKind.default('exact'),
  /** Likeliest tokens that can be told beside each token drawn; 0: none. */
  topAlternatives: z.number().int().min(0),
  /** What of an optimizer step has an effect. */
  optimizerKeys: z.array(optimizerKey),
  /** A second, frozen copy of a model can be held as the KL reference. */
  reference: z.boolean(),
  /** The KL against that reference can be summed over the whole vocabulary. */
  exactKl: z.boolean(),
  /** A prompt may hold tokens by number: sampling goes on from any token of an answer. */
  prefix: z.boolean().default(false),
  /** Weights and optimizer can be kept aside and put back, bit for bit: an update can be tried and taken back. */
  snapshot: z.boolean().default(false),
  /** Open answers end within a token when they are aborted; else they are written to their end and thrown away. */
  abort: z.boolean(),
});
export type EngineCapabilities = z.infer<typeof engineCapabilities>;

/** What work asks of an engine. */
export interface EngineNeeds {
  readonly chunks: readonly ChunkKind[];
  /** Null where answers are sampled and nothing is trained. */
  readonly training: {
    readonly method: Method;
    readonly parameters: Pick<
      ParameterValues,
      'lossMean' | 'ratio' | 'klEstimator' | 'beta' | 'beta1' | 'beta2' | 'weightDecay' | 'gradClipNorm'
    >;
  } | null;
}

/** Values of an optimizer step's keys that ask for nothing. */
const idle = { beta1: null, beta2: null, weightDecay: 0, gradClipNorm: 0 } as const;

/** What an engine lacks for some work, one sentence each; empty when it can do it. */
export function engineLacks(can: EngineCapabilities, { chunks, training }: EngineNeeds): string[] {
  const lacks = chunks.filter((kind) => !can.chunks.includes(kind)).map((kind) => `It takes no ${kind}.`);
  if (training === null) return lacks;
  const { method, parameters: p } = training;
  const loss: LossKind = method === 'sft' ? 'cross-entropy' : 'policy';
  if (!can.losses.includes(loss)) lacks.push(`It has no ${loss} loss, which ${method} trains with.`);
  if (method !== 'sft') {
    if (!can.reference) lacks.push('It holds no second model as the KL reference.');
    if (p.klEstimator === 'exact' && p.beta > 0 && !can.exactKl)
      lacks.push('It can’t sum the KL over the whole vocabulary (klEstimator exact).');
    if (!can.lossMeans.includes(p.lossMean)) lacks.push(`It can’t average the loss by ${p.lossMean} (lossMean).`);
    if (!can.ratios.includes(p.ratio)) lacks.push(`It has no ratio of a ${p.ratio} in its loss (ratio).`);
  }
  for (const key of Object.keys(idle) as (keyof typeof idle)[])
    if (p[key] !== idle[key] && !can.optimizerKeys.includes(key))
      lacks.push(`${parameters[key].label} has no effect on its optimizer (${key}).`);
  return lacks;
}
