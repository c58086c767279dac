/**
 * The forward pass of Qwen2.5-VL's architecture over packed rows: vision tower, merger, decoder, head. Written once over `Ops`;
 * call it inside `tf.tidy`.
 */
import * as tf from '@tensorflow/tfjs';
import type { Batch, Targets } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { patchLength } from './config.ts';
import type { DecodingCache, Ops, RotaryTable } from './ops.ts';
import { makeSegments } from './ops.ts';
import type { PatchCache } from './patches.ts';
import { patchGrid } from './patches.ts';
import type { Angles } from './positions.ts';
import { patchPlaces, textAngles, visionAngles } from './positions.ts';

/** The tensors of a model by the names of `parameters.ts`. */
export type Weights = ReadonlyMap<string, tf.Tensor>;

const visionEpsilon = 1e-6;

export class Model {
  readonly config: ModelConfig;
  readonly #weights: Weights;
  readonly #ops: Ops;
  readonly #patches: PatchCache;

  constructor(config: ModelConfig, weights: Weights, ops: Ops, patches: PatchCache) {
    this.config = config;
    this.#weights = weights;
    this.#ops = ops;
    this.#patches = patches;
  }

  /** Log-probabilities [targets] of the target tokens. */
  logprobs(batch: Batch, { rows, targets }: Targets): tf.Tensor {
    const hidden = this.#decode(batch, rows, (layer, qkv) => this.#packedAttention(batch, layer, qkv));
    return this.#ops.targetLogprobs(this.#head(hidden), targets);
  }

  /** The output at `rows` [rows, hidden] and, per layer, the rotated qkv of all rows, which outlive the tidy. */
  prefill(batch: Batch, rows: Int32Array): { hidden: tf.Tensor; qkv: tf.Tensor[] } {
    const kept: tf.Tensor[] = [];
    const hidden = this.#decode(batch, rows, (layer, qkv) => {
      kept[layer] = tf.keep(tf.clone(qkv));
      return this.#packedAttention(batch, layer, qkv);
    });
    return { hidden, qkv: kept };
  }

  /** Logits [rows, vocabulary] of hidden states; `which` takes rows of them first. */
  logits(hidden: tf.Tensor, which: Int32Array | null): tf.Tensor {
    return this.#head(which === null ? hidden : this.#ops.gatherRows(hidden, which));
  }

  /** Logits [answers, vocabulary] after one more token per answer, which stands at position positions[answer]. */
  step(tokens: Int32Array, positions: Int32Array, cache: DecodingCache): tf.Tensor {
    const { text } = this.config;
    const rotary = this.#rotary(
      textAngles(
        Int32Array.from({ length: positions.length * 3 }, (_, i) => positions[Math.floor(i / 3)] ?? 0),
        text,
      ),
      positions.length,
    );
    let x = this.#ops.gatherRows(this.#weight('model.embed_tokens.weight'), tokens);
    for (let layer = 0; layer < text.layers; layer++)
      x = this.#layer(layer, x, rotary, null, (l, qkv) => cache.attend(l, qkv));
    cache.advance();
    return this.#head(this.#norm(x));
  }

  #decode(batch: Batch, rows: Int32Array, attention: (layer: number, qkv: tf.Tensor) => tf.Tensor): tf.Tensor {
    const { text } = this.config;
    const embedding = this.#weight('model.embed_tokens.weight');
    const vision = this.#vision(batch);
    let x =
      vision === null
        ? this.#ops.gatherRows(embedding, batch.index)
        : this.#ops.gatherFromTwo(embedding, vision, batch.index);
    const rotary = this.#rotary(textAngles(batch.positions, text), batch.index.length);
    for (let layer = 0; layer < text.layers; layer++) {
      x = this.#layer(layer, x, rotary, layer === text.layers - 1 ? rows : null, attention);
    }
    return this.#norm(x);
  }

  /** One decoder layer. After its attention only `rows` are gone on with, when given: the last layer's other rows lead nowhere. */
  #layer(
    layer: number,
    input: tf.Tensor,
    rotary: RotaryTable,
    rows: Int32Array | null,
    attention: (layer: number, qkv: tf.Tensor) => tf.Tensor,
  ): tf.Tensor {
    const ops = this.#ops;
    const { shape, epsilon } = this.config.text;
    const at = `model.layers.${layer}`;
    const normed = ops.rmsNorm(input, this.#weight(`${at}.input_layernorm.weight`), epsilon);
    const qkv = ops.rotate(this.#linear(normed, `${at}.self_attn.qkv`, true), rotary, shape);
    let attended = attention(layer, qkv);
    let x = input;
    if (rows !== null) {
      attended = ops.gatherRows(attended, rows);
      x = ops.gatherRows(x, rows);
    }
    x = ops.add(x, this.#linear(attended, `${at}.self_attn.o_proj`, false));
    const inner = this.#linear(
      ops.rmsNorm(x, this.#weight(`${at}.post_attention_layernorm.weight`), epsilon),
      `${at}.mlp.gate_up`,
      false,
    );
    return ops.add(x, this.#linear(ops.swiglu(inner), `${at}.mlp.down_proj`, false));
  }

  #packedAttention(batch: Batch, _layer: number, qkv: tf.Tensor): tf.Tensor {
    return this.#ops.attention(qkv, batch.segments, this.config.text.shape);
  }

  /** Vision tokens of all media of a batch [tokens, hidden]; null without media. */
  #vision({ media }: Batch): tf.Tensor | null {
    if (media.length === 0) return null;
    const ops = this.#ops;
    const { vision } = this.config;
    const grids = media.map(patchGrid);
    const patches = media.map((medium) => this.#patches.get(medium));
    const rows = patches.reduce((sum, { length }) => sum + length / patchLength, 0);
    const pixels = new Float32Array(rows * patchLength);
    patches.reduce((at, values) => {
      pixels.set(values, at);
      return at + values.length;
    }, 0);
    let x = ops.linear(
      tf.tensor2d(pixels, [rows, patchLength]),
      this.#weight('visual.patch_embed.proj.weight'),
      null,
      false,
    );
    if (vision.learnedPositionGrid > 0) {
      const side = vision.learnedPositionGrid;
      const index = grids.flatMap((grid) => {
        const pair = patchPlaces(grid).map(
          ({ row, column }) => Math.floor((row * side) / grid.rows) * side + Math.floor((column * side) / grid.columns),
        );
        return Array.from({ length: grid.pairs }, () => pair).flat();
      });
      x = ops.add(x, ops.gatherRows(this.#weight('visual.learned_position.weight'), Int32Array.from(index)));
    }
    const frames = grids.flatMap(({ pairs, rows: patchRows, columns }) =>
      Array.from({ length: pairs }, () => patchRows * columns),
    );
    let first = 0;
    const segments = makeSegments(
      frames.map((length) => {
        first += length;
        return [first - length, length, 0, 0] as const;
      }),
      false,
    );
    const rotary = this.#rotary(visionAngles(grids, vision), rows);
    for (let i = 0; i < vision.depth; i++) {
      const at = `visual.blocks.${i}`;
      const qkv = this.#linear(
        ops.rmsNorm(x, this.#weight(`${at}.norm1.weight`), visionEpsilon),
        `${at}.attn.qkv`,
        true,
      );
      const attended = ops.attention(ops.rotate(qkv, rotary, vision.shape), segments, vision.shape);
      x = ops.add(x, this.#linear(attended, `${at}.attn.proj`, true));
      const inner = this.#linear(
        ops.rmsNorm(x, this.#weight(`${at}.norm2.weight`), visionEpsilon),
        `${at}.mlp.gate_up`,
        true,
      );
      x = ops.add(x, this.#linear(ops.swiglu(inner), `${at}.mlp.down_proj`, true));
    }
    const normed = ops.rmsNorm(x, this.#weight('visual.merger.ln_q.weight'), visionEpsilon);
    const joined = tf.reshape(normed, [rows / 4, 4 * vision.hiddenSize]);
    return this.#linear(ops.gelu(this.#linear(joined, 'visual.merger.mlp.0', true)), 'visual.merger.mlp.2', true);
  }

  #norm(x: tf.Tensor): tf.Tensor {
    return this.#ops.rmsNorm(x, this.#weight('model.norm.weight'), this.config.text.epsilon);
  }

  #head(hidden: tf.Tensor): tf.Tensor {
    const name = this.config.text.tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight';
    return this.#ops.linear(hidden, this.#weight(name), null);
  }

  #linear(x: tf.Tensor, name: string, bias: boolean): tf.Tensor {
    return this.#ops.linear(x, this.#weight(`${name}.weight`), bias ? this.#weight(`${name}.bias`) : null);
  }

  #rotary({ cos, sin }: Angles, rows: number): RotaryTable {
    const half = cos.length / rows;
    return { cos: tf.tensor2d(cos, [rows, half]), sin: tf.tensor2d(sin, [rows, half]) };
  }

  #weight(name: string): tf.Tensor {
    const weight = this.#weights.get(name);
    if (weight === undefined) throw new Error(`no parameter ${name}`);
    return weight;
  }
}
