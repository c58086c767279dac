/** The model's configuration: `config.json` in Hugging Face's Qwen2.5-VL form, and what the engine reads out of it. */
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import { type ModelSize, mropePositions, type PositionGeneration } from '../../protocol/runfile.ts';

const positive = z.number().int().positive();

/** Longer contexts by scaled angles (YaRN and others) are not computed here. */
const ropeType = z.enum(['default', 'mrope']).optional();

const textConfig = z.object({
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive,
  vocab_size: positive,
  rms_norm_eps: z.number().positive().default(1e-5),
  rope_theta: z.number().positive().optional(),
  rope_scaling: z.object({ type: ropeType, rope_type: ropeType, mrope_section: z.array(positive).length(3) }).nullish(),
  rope_parameters: z
    .object({ rope_type: ropeType, mrope_section: z.array(positive).length(3), rope_theta: z.number().positive() })
    .nullish(),
  hidden_act: z.literal('silu').default('silu'),
  use_sliding_window: z.literal(false).nullish(),
  tie_word_embeddings: z.boolean().optional(),
});

/** What is left out has the value that transformers gives it: its versions before 5 do not write what is as they have it. */
const visionConfig = z.object({
  depth: positive.default(32),
  hidden_size: positive.default(3584),
  intermediate_size: positive.default(3420),
  num_heads: positive.default(16),
  out_hidden_size: positive.default(3584),
  patch_size: z.literal(14).default(14),
  temporal_patch_size: z.literal(2).default(2),
  spatial_merge_size: z.literal(2).default(2),
  in_channels: z.literal(3).default(3),
  hidden_act: z.literal('silu').default('silu'),
  tokens_per_second: z.number().positive().default(4),
  window_size: positive.multipleOf(28).default(112),
  fullatt_block_indexes: z.array(z.number().int().min(0)).default([7, 15, 23, 31]),
  rope_parameters: z.object({ rope_theta: z.number().positive() }).nullish(),
});

/** The one architecture that is computed here. */
const modelType = 'qwen2_5_vl';

/** What others that come near are called. */
const otherModels: Readonly<Record<string, string>> = {
  qwen2_vl: 'Qwen2-VL',
  qwen3_vl: 'Qwen3-VL',
  qwen3_vl_moe: 'Qwen3-VL (mixture of experts)',
  qwen2_5_omni: 'Qwen2.5-Omni',
  qwen3_omni_moe: 'Qwen3-Omni',
  qwen2_5_vl_text: 'the text part of Qwen2.5-VL alone',
  qwen2: 'Qwen2 or Qwen2.5 without vision',
  qwen3: 'Qwen3 without vision',
  llava_onevision: 'LLaVA-OneVision',
  internvl: 'InternVL',
};

const configFile = z.looseObject({
  model_type: z.literal(modelType),
  text_config: z.unknown().optional(),
  vision_config: visionConfig,
  tie_word_embeddings: z.boolean().optional(),
  /** Ours; transformers passes over it. */
  mrope_positions: mropePositions.optional(),
});

/** Query heads and the fewer heads of keys and values that they share. */
export interface HeadShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

export interface TextConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly shape: HeadShape;
  readonly vocabularySize: number;
  readonly epsilon: number;
  readonly ropeTheta: number;
  /** Angles that turn with time, row and column. They sum to headDim / 2. */
  readonly mropeSection: readonly [number, number, number];
  readonly tiedHead: boolean;
}

export interface VisionConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly depth: number;
  readonly shape: HeadShape;
  readonly tokensPerSecond: number;
  readonly ropeTheta: number;
  /** Side of an attention window in vision tokens (2 x 2 patches each). */
  readonly windowSide: number;
  /** Per block: whether a patch attends to its whole frame pair, or within its window. */
  readonly fullAttention: readonly boolean[];
}

export interface ModelConfig {
  readonly text: TextConfig;
  readonly vision: VisionConfig;
  readonly positions: PositionGeneration;
}

/** Pixels per patch side, frames per patch, patches per side that the merger joins, and numbers in a flattened patch. */
export const patchSize = 14;
export const temporalPatchSize = 2;
export const mergeSize = 2;
export const patchLength = 3 * temporalPatchSize * patchSize * patchSize;

/** By channel, of values in [0, 1]: CLIP's. */
export const pixelMean = [0.48145466, 0.4578275, 0.40821073] as const;
export const pixelStd = [0.26862954, 0.26130258, 0.27577711] as const;

/** Token numbers that a config names. */
export interface ConfigTokens {
  readonly pad: number;
  readonly turnEnd: number;
  readonly visionStart: number;
  readonly visionEnd: number;
  readonly image: number;
  readonly video: number;
}

/** Qwen's 10,000 and more suit long contexts; with so few places the slow angles of rows and columns would hardly turn. */
const newModelRopeTheta = 100;

/** Angles of the vision tower where a config does not say. */
const visionRopeTheta = 10000;

/** Splits the angles of a head as Qwen2.5-VL does: a quarter for time, the rest in halves for row and column. */
function mropeSection(angles: number): [number, number, number] {
  const time = Math.max(1, Math.round(angles / 4));
  const row = Math.floor((angles - time) / 2);
  return [time, row, angles - time - row];
}

/** Qwen2.5-VL's blocks attend in windows but for every eighth; a small tower ends with a full one as that does. */
function fullAttentionBlocks(depth: number): number[] {
  return Array.from({ length: depth }, (_, i) => i).filter((i) => i % 8 === 7 || i === depth - 1);
}

/** `config.json` of a new model. */
export function newConfigFile(
  size: ModelSize,
  vocabularySize: number,
  tokens: ConfigTokens,
  positions: PositionGeneration = '5.18',
): object {
  const angles = size.hidden_size / size.num_attention_heads / 2;
  return {
    architectures: ['Qwen2_5_VLForConditionalGeneration'],
    model_type: 'qwen2_5_vl',
    dtype: 'float32',
    tie_word_embeddings: true,
    mrope_positions: positions,
    image_token_id: tokens.image,
    video_token_id: tokens.video,
    vision_start_token_id: tokens.visionStart,
    vision_end_token_id: tokens.visionEnd,
    text_config: {
      model_type: 'qwen2_5_vl_text',
      hidden_size: size.hidden_size,
      intermediate_size: size.intermediate_size,
      num_hidden_layers: size.num_hidden_layers,
      num_attention_heads: size.num_attention_heads,
      num_key_value_heads: size.num_key_value_heads,
      vocab_size: vocabularySize,
      hidden_act: 'silu',
      max_position_embeddings: 32768,
      rms_norm_eps: 1e-6,
      rope_theta: newModelRopeTheta,
      rope_scaling: { type: 'mrope', rope_type: 'default', mrope_section: mropeSection(angles) },
      rope_parameters: { rope_type: 'default', rope_theta: newModelRopeTheta, mrope_section: mropeSection(angles) },
      tie_word_embeddings: true,
      use_sliding_window: false,
      bos_token_id: tokens.pad,
      eos_token_id: tokens.turnEnd,
      pad_token_id: tokens.pad,
    },
    vision_config: {
      model_type: 'qwen2_5_vl',
      depth: size.vision_depth,
      hidden_size: size.vision_hidden_size,
      intermediate_size: size.vision_intermediate_size,
      num_heads: size.vision_num_heads,
      out_hidden_size: size.hidden_size,
      hidden_act: 'silu',
      in_channels: 3,
      patch_size: patchSize,
      temporal_patch_size: temporalPatchSize,
      spatial_merge_size: mergeSize,
      spatial_patch_size: patchSize,
      tokens_per_second: 2,
      window_size: 112,
      fullatt_block_indexes: fullAttentionBlocks(size.vision_depth),
    },
  };
}

/** @param fail ends with a message */
function refuseOtherModels(file: unknown, fail: (message: string) => never): void {
  const { model_type, architectures } = z
    .looseObject({ model_type: z.string(), architectures: z.array(z.string()).nullish() })
    .catch({ model_type: '' })
    .parse(file);
  if (model_type === '') fail('This is no configuration of a model: it has no model_type.');
  if (model_type !== modelType) {
    const name = otherModels[model_type] ?? architectures?.[0];
    fail(
      `This is ${name === undefined ? 'a model of type' : `${name},`} ${model_type}; the engine computes Qwen2.5-VL (${modelType}) alone.`,
    );
  }
  const [architecture] = architectures ?? [];
  if (architecture !== undefined && architecture !== 'Qwen2_5_VLForConditionalGeneration')
    fail(`This is ${architecture}; the engine computes Qwen2_5_VLForConditionalGeneration.`);
}

/** What the engine needs of a `config.json`. @throws StudioError `bad-model` naming the key */
export function readConfig(file: unknown, place: string): ModelConfig {
  const fail = (message: string): never => {
    throw new StudioError('bad-model', message, {
      place,
      remedy: 'Use a Qwen2.5-VL checkpoint, or a run file with a model size.',
    });
  };
  const check = <T>(schema: z.ZodType<T>, value: unknown, at: string): T => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    return fail(`${at && `${at}: `}${faultLine(schema, value, result.error, 'the config')}.`);
  };
  refuseOtherModels(file, fail);
  const outer = check(configFile, file, '');
  const text = check(textConfig, outer.text_config ?? file, outer.text_config == null ? '' : 'text_config');
  const vision = outer.vision_config;
  const section = text.rope_parameters?.mrope_section ?? text.rope_scaling?.mrope_section;
  const theta = text.rope_parameters?.rope_theta ?? text.rope_theta;
  if (section === undefined || theta === undefined) return fail('The rotary positions (rope_parameters) are missing.');
  const headDim = text.hidden_size / text.num_attention_heads;
  const visionHeadDim = vision.hidden_size / vision.num_heads;
  if (headDim % 8 !== 0 || visionHeadDim % 8 !== 0) {
    fail(
      `The width of a head must be a multiple of 8; it is ${headDim} in the decoder and ${visionHeadDim} in the vision tower.`,
    );
  }
  if (text.num_attention_heads % text.num_key_value_heads !== 0)
    fail('num_attention_heads must be a multiple of num_key_value_heads.');
  if (section.reduce((a, b) => a + b, 0) !== headDim / 2)
    fail(`mrope_section must sum to half the width of a head, ${headDim / 2}.`);
  if (text.intermediate_size % 4 !== 0 || vision.intermediate_size % 4 !== 0)
    fail('intermediate_size must be a multiple of 4.');
  if (vision.out_hidden_size !== text.hidden_size) fail('vision_config.out_hidden_size must be hidden_size.');
  const beyond = vision.fullatt_block_indexes.find((i) => i >= vision.depth);
  if (beyond !== undefined) fail(`fullatt_block_indexes names block ${beyond}; there are ${vision.depth}.`);
  return {
    text: {
      hiddenSize: text.hidden_size,
      intermediateSize: text.intermediate_size,
      layers: text.num_hidden_layers,
      shape: { heads: text.num_attention_heads, kvHeads: text.num_key_value_heads, headDim },
      vocabularySize: text.vocab_size,
      epsilon: text.rms_norm_eps,
      ropeTheta: theta,
      mropeSection: section as [number, number, number],
      tiedHead: outer.tie_word_embeddings ?? text.tie_word_embeddings ?? false,
    },
    vision: {
      hiddenSize: vision.hidden_size,
      intermediateSize: vision.intermediate_size,
      depth: vision.depth,
      shape: { heads: vision.num_heads, kvHeads: vision.num_heads, headDim: visionHeadDim },
      tokensPerSecond: vision.tokens_per_second,
      ropeTheta: vision.rope_parameters?.rope_theta ?? visionRopeTheta,
      windowSide: vision.window_size / (patchSize * mergeSize),
      fullAttention: Array.from({ length: vision.depth }, (_, i) => vision.fullatt_block_indexes.includes(i)),
    },
    positions: outer.mrope_positions ?? '5.18',
  };
}
