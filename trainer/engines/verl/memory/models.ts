/** Shapes of models whose memory is asked for: of a folder, by its `config.json`, or of the published ones by their size. */
import { stat } from 'node:fs/promises';
import { StudioError } from '../../../protocol/errors.ts';
import { readCheckpointConfig } from '../../qwen/checkpoint-files.ts';
import { type ModelConfig, readConfig } from '../../qwen/config.ts';

const published = {
  '3B': {
    hidden: 2048,
    inner: 11008,
    layers: 36,
    heads: 16,
    kvHeads: 2,
    vocabulary: 151936,
    tied: true,
    visionInner: 3420,
  },
  '7B': {
    hidden: 3584,
    inner: 18944,
    layers: 28,
    heads: 28,
    kvHeads: 4,
    vocabulary: 152064,
    tied: false,
    visionInner: 3420,
  },
  '32B': {
    hidden: 5120,
    inner: 27648,
    layers: 64,
    heads: 40,
    kvHeads: 8,
    vocabulary: 152064,
    tied: false,
    visionInner: 3456,
  },
  '72B': {
    hidden: 8192,
    inner: 29568,
    layers: 80,
    heads: 64,
    kvHeads: 8,
    vocabulary: 152064,
    tied: false,
    visionInner: 3456,
  },
} as const;

/** Sizes of Qwen2.5-VL-Instruct, as their `config.json` have them. */
export const publishedSizes = Object.keys(published) as (keyof typeof published)[];

export function publishedConfig(size: keyof typeof published): ModelConfig {
  const { hidden, inner, layers, heads, kvHeads, vocabulary, tied, visionInner } = published[size];
  return readConfig(
    {
      ...{ model_type: 'qwen2_5_vl', hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers },
      ...{
        num_attention_heads: heads,
        num_key_value_heads: kvHeads,
        vocab_size: vocabulary,
        tie_word_embeddings: tied,
      },
      ...{ rms_norm_eps: 1e-6, rope_theta: 1e6, rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] } },
      vision_config: {
        hidden_size: 1280,
        intermediate_size: visionInner,
        out_hidden_size: hidden,
        tokens_per_second: 2,
      },
    },
    size,
  );
}

/** @throws StudioError `bad-model`, also where the folder is not there */
export async function folderConfig(folder: string): Promise<ModelConfig> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return (await readCheckpointConfig(folder, true)).config;
  throw new StudioError('bad-model', 'There is no model folder here.', {
    place: folder,
    remedy: `Name a folder with config.json, a run file, or a published size: ${publishedSizes.join(', ')}.`,
  });
}
