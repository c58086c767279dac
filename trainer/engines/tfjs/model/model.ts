/**
 * The forward pass of Qwen2.5-VL's architecture over packed rows: vision tower, merger, decoder, head. Written once over `Ops`;
 * call it inside `tf.tidy`.
 */
import * as tf from '@tensorflow/tfjs';
import type { ModelConfig } from '../../qwen/config.ts';
import { mergeSize, patchLength } from '../../qwen/config.ts';
import type { FrameSize } from '../../qwen/grid.ts';
import { patchGrid } from '../../qwen/grid.ts';
import type { Angles } from './angles.ts';
import { textAngles, visionAngles } from './angles.ts';
import type { Batch, Targets } from './batch.ts';
import type { DecodingCache, Ops, RotaryTable } from './ops.ts';
import { makeSegments } from './ops.ts';
import type { WindowOrder } from './patch-order.ts';
import { patchPlaces, windowOrder } from './patch-order.ts';
import type { FramePair, PatchCache } from './patches.ts';

/** The tensors of a model by the names of `parameters.ts`. */
export type Weights = ReadonlyMap<string, tf.Tensor>;

const visionEpsilon = 1e-6;

/** Patches that the merger joins to one vision token. */
const mergeUnit = mergeSize * mergeSize;

interface FrameLayout {
  readonly order: WindowOrder;
  readonly angles: Angles;
}

/** Segments of these lengths, one after the other. */
function contiguous(lengths: readonly number[]): [number, number, number, number][] {
  let first = 0;
  return lengths.map((length) => {
    first += length;
    return [first - length, length, 0, 0];
  });
}

export class Model {
  readonly config: ModelConfig;
  private readonly weights: Weights;
  private readonly ops: Ops;
  private readonly patches: PatchCache;
  private readonly layouts = new Map<string, FrameLayout>();

  constructor(config: ModelConfig, weights: Weights, ops: Ops, patches: PatchCache) {
    this.config = config;
    this.weights = weights;
    this.ops = ops;
    this.patches = patches;
  }

  /** Log-probabilities [targets] of the target tokens. */
  logprobs(batch: Batch, { rows, targets }: Targets): tf.Tensor {
    const hidden = this.decode(batch, rows, (_, qkv) => this.packedAttention(batch, qkv));
    return this.ops.headLogprobs(hidden, this.headWeight(), targets);
  }

  /** Logits [rows, vocabulary] at some rows of a batch. */
  logitsAt(batch: Batch, rows: Int32Array): tf.Tensor {
    return this.head(this.decode(batch, rows, (_, qkv) => this.packedAttention(batch, qkv)));
  }

  /** The output at `rows` [rows, hidden] and, per layer, the rotated qkv of the rows as attention takes them, which outlive the tidy. */
  prefill(batch: Batch, rows: Int32Array): { hidden: tf.Tensor; qkv: tf.Tensor[] } {
    const kept: tf.Tensor[] = [];
    const hidden = this.decode(batch, rows, (layer, qkv) =>
      this.packedAttention(batch, qkv, (seen) => {
        kept[layer] = tf.keep(tf.clone(seen));
      }),
    );
    return { hidden, qkv: kept };
  }

  /** Logits [rows, vocabulary] of hidden states; `which` takes rows of them first. */
  logits(hidden: tf.Tensor, which: Int32Array | null): tf.Tensor {
    return this.head(which === null ? hidden : this.ops.gatherRows(hidden, which));
  }

  /** Logits [answers, vocabulary] after one more token per answer, which stands at position positions[answer]. */
  step(tokens: Int32Array, positions: Int32Array, cache: DecodingCache): tf.Tensor {
    const { text } = this.config;
    const rotary = this.ops.rotaryTable(
      textAngles(
        Int32Array.from({ length: positions.length * 3 }, (_, i) => positions[Math.floor(i / 3)] ?? 0),
        text,
      ),
      text.shape,
    );
    let x = this.ops.gatherRows(this.weight('model.embed_tokens.weight'), tokens);
    for (let layer = 0; layer < text.layers; layer++)
      x = this.layer(layer, x, rotary, null, (l, qkv) => cache.attend(l, qkv));
    cache.advance();
    return this.head(this.norm(x));
  }

  private decode(batch: Batch, rows: Int32Array, attention: (layer: number, qkv: tf.Tensor) => tf.Tensor): tf.Tensor {
    const { text } = this.config;
    const embedding = this.weight('model.embed_tokens.weight');
    const vision = this.vision(batch);
    let x =
      vision === null
        ? this.ops.gatherRows(embedding, batch.index)
        : this.ops.gatherFromTwo(
            embedding,
            vision.rows,
            batch.index.map((i) => (i >= 0 ? i : -1 - (vision.place[-1 - i] ?? 0))),
          );
    const rotary = this.ops.rotaryTable(textAngles(batch.positions, text), text.shape);
    for (let layer = 0; layer < text.layers; layer++) {
      x = this.layer(layer, x, rotary, layer === text.layers - 1 ? rows : null, attention);
    }
    return this.norm(x);
  }

  /** One decoder layer. After its attention only `rows` are gone on with, when given: the last layer's other rows lead nowhere. */
  private layer(
    layer: number,
    input: tf.Tensor,
    rotary: RotaryTable,
    rows: Int32Array | null,
    attention: (layer: number, qkv: tf.Tensor) => tf.Tensor,
  ): tf.Tensor {
    const ops = this.ops;
    const { shape, epsilon } = this.config.text;
    const at = `model.layers.${layer}`;
    const normed = ops.rmsNorm(input, this.weight(`${at}.input_layernorm.weight`), epsilon);
    const qkv = ops.rotate(this.linear(normed, `${at}.self_attn.qkv`, true), rotary, shape);
    let attended = attention(layer, qkv);
    let x = input;
    if (rows !== null) {
      attended = ops.gatherRows(attended, rows);
      x = ops.gatherRows(x, rows);
    }
    x = ops.add(x, this.linear(attended, `${at}.self_attn.o_proj`, false));
    const inner = ops.swiglu(
      ops.rmsNorm(x, this.weight(`${at}.post_attention_layernorm.weight`), epsilon),
      this.weight(`${at}.mlp.gate_up.weight`),
      null,
    );
    return ops.add(x, this.linear(inner, `${at}.mlp.down_proj`, false));
  }

  /** `look` is given the rows as attention takes them. */
  private packedAttention(
    { attention: { segments, copied } }: Batch,
    qkv: tf.Tensor,
    look: (seen: tf.Tensor) => void = () => undefined,
  ): tf.Tensor {
    const ops = this.ops;
    const seen = copied === null ? qkv : ops.gatherRows(qkv, copied.from);
    look(seen);
    const attended = ops.attention(seen, segments, this.config.text.shape);
    return copied === null ? attended : ops.gatherRows(attended, copied.to);
  }

  /** Vision tokens of the batch's frame pairs [tokens, hidden], and where each stands in it; null without media. */
  private vision({ pairs }: Batch): { rows: tf.Tensor; place: Int32Array } | null {
    if (pairs.length === 0) return null;
    const ops = this.ops;
    const { vision } = this.config;
    const { pixels, angles, frames, windows, place } = this.tower(pairs);
    const rows = pixels.length / patchLength;
    const rotary = ops.rotaryTable(angles, vision.shape);
    const perFrame = makeSegments(contiguous(frames), false);
    const perWindow = makeSegments(contiguous(windows), false);
    let x = ops.linear(
      tf.tensor2d(pixels, [rows, patchLength]),
      this.weight('visual.patch_embed.proj.weight'),
      null,
      false,
    );
    for (let i = 0; i < vision.depth; i++) {
      const at = `visual.blocks.${i}`;
      const qkv = this.linear(ops.rmsNorm(x, this.weight(`${at}.norm1.weight`), visionEpsilon), `${at}.attn.qkv`, true);
      const segments = vision.fullAttention[i] ? perFrame : perWindow;
      const attended = ops.attention(ops.rotate(qkv, rotary, vision.shape), segments, vision.shape);
      x = ops.add(x, this.linear(attended, `${at}.attn.proj`, true));
      const inner = ops.swiglu(
        ops.rmsNorm(x, this.weight(`${at}.norm2.weight`), visionEpsilon),
        this.weight(`${at}.mlp.gate_up.weight`),
        this.weight(`${at}.mlp.gate_up.bias`),
      );
      x = ops.add(x, this.linear(inner, `${at}.mlp.down_proj`, true));
    }
    const normed = ops.rmsNorm(x, this.weight('visual.merger.ln_q.weight'), visionEpsilon);
    const joined = tf.reshape(normed, [rows / mergeUnit, mergeUnit * vision.hiddenSize]);
    const inner = ops.gelu(this.linear(joined, 'visual.merger.mlp.0', true));
    return { rows: this.linear(inner, 'visual.merger.mlp.2', true), place };
  }

  /**
   * What the vision tower takes: the patches of the frame pairs in window order, their angles, the patches of each pair and of each
   * window, and for each vision token in the merger's order the place at which it comes out.
   */
  private tower(pairs: readonly FramePair[]): {
    pixels: Float32Array;
    angles: Angles;
    frames: number[];
    windows: number[];
    place: Int32Array;
  } {
    const { vision } = this.config;
    const laid = pairs.map((pair) => ({
      patches: this.patches.get(pair),
      layout: this.layout(patchGrid(pair.medium)),
    }));
    const rows = laid.reduce((sum, { layout }) => sum + layout.order.patches.length, 0);
    const half = vision.shape.headDim / 2;
    const pixels = new Float32Array(rows * patchLength);
    const angles = { cos: new Float32Array(rows * half), sin: new Float32Array(rows * half) };
    const place = new Int32Array(rows / mergeUnit);
    let row = 0;
    for (const { patches, layout } of laid) {
      layout.order.patches.forEach((patch, i) => {
        pixels.set(patches.subarray(patch * patchLength, (patch + 1) * patchLength), (row + i) * patchLength);
      });
      angles.cos.set(layout.angles.cos, row * half);
      angles.sin.set(layout.angles.sin, row * half);
      layout.order.tokens.forEach((token, i) => {
        place[row / mergeUnit + i] = row / mergeUnit + token;
      });
      row += layout.order.patches.length;
    }
    return {
      pixels,
      angles,
      frames: laid.map(({ layout }) => layout.order.patches.length),
      windows: laid.flatMap(({ layout }) => layout.order.windows),
      place,
    };
  }

  /** Window order and angles of a frame pair of this size. */
  private layout({ rows, columns }: FrameSize): FrameLayout {
    const key = `${rows}x${columns}`;
    const known = this.layouts.get(key);
    if (known !== undefined) return known;
    const { vision } = this.config;
    const order = windowOrder({ rows, columns }, vision.windowSide);
    const places = patchPlaces({ rows, columns });
    const inOrder = Array.from(order.patches, (patch) => places[patch] ?? { row: 0, column: 0 });
    const layout = { order, angles: visionAngles(inOrder, vision) };
    this.layouts.set(key, layout);
    return layout;
  }

  private norm(x: tf.Tensor): tf.Tensor {
    return this.ops.rmsNorm(x, this.weight('model.norm.weight'), this.config.text.epsilon);
  }

  private head(hidden: tf.Tensor): tf.Tensor {
    return this.ops.linear(hidden, this.headWeight(), null);
  }

  private headWeight(): tf.Tensor {
    return this.weight(this.config.text.tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight');
  }

  private linear(x: tf.Tensor, name: string, bias: boolean): tf.Tensor {
    return this.ops.linear(x, this.weight(`${name}.weight`), bias ? this.weight(`${name}.bias`) : null);
  }

  private weight(name: string): tf.Tensor {
    const weight = this.weights.get(name);
    if (weight === undefined) throw new Error(`no parameter ${name}`);
    return weight;
  }
}
