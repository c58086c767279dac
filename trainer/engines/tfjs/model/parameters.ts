/**
 * The table of parameters: the tensors that the model computes with, the names under which Hugging Face's files hold their
 * parts, and their first values. Parts are joined along the rows, so a joined tensor is its parts one after the other.
 */
import type { ModelConfig } from '../../qwen/config.ts';
import { patchLength, patchSize, temporalPatchSize } from '../../qwen/config.ts';
import { hashSeed, uniform } from './random.ts';

export interface ParameterPart {
  /** Name in `model.safetensors`. */
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** Place in a flat array of all parameters. */
  readonly offset: number;
  readonly parts: readonly ParameterPart[];
  readonly initial:
    | { readonly kind: 'zeros' }
    | { readonly kind: 'ones' }
    | { readonly kind: 'uniform' | 'normal'; readonly scale: number };
  /** Weight decay is for matrices alone. */
  readonly decays: boolean;
}

export interface ParameterTable {
  readonly parameters: readonly Parameter[];
  readonly size: number;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

export function parameterTable({ text, vision }: ModelConfig): ParameterTable {
  const parameters: Parameter[] = [];
  let size = 0;
  const put = (
    name: string,
    shape: readonly number[],
    parts: readonly ParameterPart[],
    initial: Parameter['initial'],
  ): void => {
    parameters.push({ name, shape, size: sizeOf(shape), offset: size, parts, initial, decays: shape.length > 1 });
    size += sizeOf(shape);
  };
  const gain = (name: string, width: number): void => put(name, [width], [{ name, shape: [width] }], { kind: 'ones' });
  /** A linear layer whose rows come from several layers of the file. */
  const linear = (name: string, input: number, parts: readonly (readonly [string, number])[], bias: boolean): void => {
    const output = parts.reduce((sum, [, rows]) => sum + rows, 0);
    const weights = parts.map(([part, rows]) => ({ name: `${part}.weight`, shape: [rows, input] }));
    put(`${name}.weight`, [output, input], weights, { kind: 'uniform', scale: 1 / Math.sqrt(input) });
    if (bias)
      put(
        `${name}.bias`,
        [output],
        parts.map(([part, rows]) => ({ name: `${part}.bias`, shape: [rows] })),
        { kind: 'zeros' },
      );
  };

  const v = vision.hiddenSize;
  const patch = 'visual.patch_embed.proj.weight';
  put(patch, [v, patchLength], [{ name: patch, shape: [v, 3, temporalPatchSize, patchSize, patchSize] }], {
    kind: 'uniform',
    scale: 1 / Math.sqrt(patchLength),
  });
  for (let i = 0; i < vision.depth; i++) {
    const block = `visual.blocks.${i}`;
    gain(`${block}.norm1.weight`, v);
    linear(`${block}.attn.qkv`, v, [[`${block}.attn.qkv`, 3 * v]], true);
    linear(`${block}.attn.proj`, v, [[`${block}.attn.proj`, v]], true);
    gain(`${block}.norm2.weight`, v);
    const inner = vision.intermediateSize;
    linear(
      `${block}.mlp.gate_up`,
      v,
      [
        [`${block}.mlp.gate_proj`, inner],
        [`${block}.mlp.up_proj`, inner],
      ],
      true,
    );
    linear(`${block}.mlp.down_proj`, inner, [[`${block}.mlp.down_proj`, v]], true);
  }
  gain('visual.merger.ln_q.weight', v);
  linear('visual.merger.mlp.0', 4 * v, [['visual.merger.mlp.0', 4 * v]], true);
  linear('visual.merger.mlp.2', 4 * v, [['visual.merger.mlp.2', text.hiddenSize]], true);

  const d = text.hiddenSize;
  const embedding = 'model.embed_tokens.weight';
  put(embedding, [text.vocabularySize, d], [{ name: embedding, shape: [text.vocabularySize, d] }], {
    kind: 'normal',
    scale: 0.02,
  });
  const kv = text.shape.kvHeads * text.shape.headDim;
  for (let i = 0; i < text.layers; i++) {
    const layer = `model.layers.${i}`;
    const attention = `${layer}.self_attn`;
    gain(`${layer}.input_layernorm.weight`, d);
    linear(
      `${attention}.qkv`,
      d,
      [
        [`${attention}.q_proj`, d],
        [`${attention}.k_proj`, kv],
        [`${attention}.v_proj`, kv],
      ],
      true,
    );
    linear(`${attention}.o_proj`, d, [[`${attention}.o_proj`, d]], false);
    gain(`${layer}.post_attention_layernorm.weight`, d);
    const inner = text.intermediateSize;
    linear(
      `${layer}.mlp.gate_up`,
      d,
      [
        [`${layer}.mlp.gate_proj`, inner],
        [`${layer}.mlp.up_proj`, inner],
      ],
      false,
    );
    linear(`${layer}.mlp.down_proj`, inner, [[`${layer}.mlp.down_proj`, d]], false);
  }
  gain('model.norm.weight', d);
  if (!text.tiedHead) linear('lm_head', d, [['lm_head', text.vocabularySize]], false);
  return { parameters, size };
}

/** First values of a parameter; a function of the seed and the parameter's name alone. */
export function initialValues(parameter: Parameter, seed: number): Float32Array {
  const { initial, size } = parameter;
  const values = new Float32Array(size);
  if (initial.kind === 'ones') return values.fill(1);
  if (initial.kind === 'zeros') return values;
  const key = hashSeed(seed, parameter.name);
  for (let i = 0; i < size; i++) {
    if (initial.kind === 'uniform') {
      values[i] = (2 * uniform(key, i) - 1) * initial.scale;
    } else {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * i)));
      values[i] = radius * Math.cos(2 * Math.PI * uniform(key, 2 * i + 1)) * initial.scale;
    }
  }
  return values;
}
