/** Keys and values of answers under way, in plain TensorFlow.js. */
import * as tf from '@tensorflow/tfjs';
import type { HeadShape } from '../../qwen/config.ts';
import type { DecodingCache, DecodingStart } from '../model/ops.ts';
import { columns, pick, rowsOf, widthOf } from '../model/rows.ts';
import { hidden } from './stock-attention.ts';

type Pair = readonly [keys: tf.Tensor, values: tf.Tensor];

interface LayerCache {
  /** Keys and values of the prompts, each [kvHeads * prompts, longest prompt, headDim]. */
  readonly prompts: Pair;
  /** Of the answers' own tokens, each [kvHeads * rows, tokens, headDim]; null before the first one. */
  readonly own: Pair | null;
}

/**
 * The rows as answers of prompts: [prompts, most answers of one] places. A row's queries stand at its place, so that a prompt's keys
 * are multiplied with those of all its answers at once.
 */
interface Grid {
  readonly prompts: number;
  readonly answers: number;
  /** Row at each place, and each row's place; null where rows and places are the same. */
  readonly uneven: { readonly rowAt: Int32Array; readonly placeOf: Int32Array } | null;
}

function makeGrid(promptOf: readonly number[], prompts: number): Grid {
  const counts = new Array<number>(prompts).fill(0);
  const nth = promptOf.map((prompt) => (counts[prompt] as number)++);
  const answers = Math.max(...counts);
  if (promptOf.length === prompts * answers) return { prompts, answers, uneven: null };
  const placeOf = Int32Array.from(promptOf, (prompt, row) => prompt * answers + (nth[row] as number));
  const rowAt = new Int32Array(prompts * answers);
  placeOf.forEach((place, row) => {
    rowAt[place] = row;
  });
  return { prompts, answers, uneven: { rowAt, placeOf } };
}

/** What the answers' own tokens add grows by concatenation; prompts stand once, padded to the longest. */
export class TensorCache implements DecodingCache {
  private readonly shape: HeadShape;
  private layers: LayerCache[];
  /** Prompt of each row; those of one prompt stand together. */
  private promptOf: number[];
  private grid: Grid;
  /** [prompts, 1, longest prompt]: 0, or `hidden` behind a prompt's end; null where all are equally long. */
  private mask: tf.Tensor | null;

  constructor({ promptQkv, prompts: ofAnswers, shape }: DecodingStart) {
    this.shape = shape;
    const { heads, kvHeads, headDim } = shape;
    const lengthByFirst = new Map<number, number>();
    for (let row = 0; row < ofAnswers.length / 2; row++)
      lengthByFirst.set(ofAnswers[2 * row] as number, ofAnswers[2 * row + 1] as number);
    const prompts = [...lengthByFirst];
    const numbers = new Map(prompts.map(([first], prompt) => [first, prompt]));
    this.promptOf = Array.from(
      { length: ofAnswers.length / 2 },
      (_, row) => numbers.get(ofAnswers[2 * row] as number) as number,
    );
    this.grid = makeGrid(this.promptOf, prompts.length);

    const longest = Math.max(...lengthByFirst.values());
    const index = new Int32Array(prompts.length * longest);
    const mask = new Float32Array(prompts.length * longest);
    prompts.forEach(([first, length], prompt) => {
      for (let j = 0; j < length; j++) index[prompt * longest + j] = first + j;
      mask.fill(hidden, prompt * longest + length, (prompt + 1) * longest);
    });
    this.mask = mask.some((value) => value !== 0) ? tf.keep(tf.tensor3d(mask, [prompts.length, 1, longest])) : null;
    this.layers = promptQkv.map((qkv) => {
      const pair = tf.tidy(() => {
        const rows = pick(columns(qkv, heads * headDim, widthOf(qkv)), index);
        return tf.split(rows, 2, 1).map((x) => {
          const byToken = tf.reshape(x, [prompts.length, longest, kvHeads, headDim]);
          const byHead = tf.transpose(byToken, [2, 0, 1, 3]);
          return tf.keep(tf.reshape(byHead, [prompts.length * kvHeads, longest, headDim]));
        });
      });
      return { prompts: pair as unknown as Pair, own: null };
    });
    for (const qkv of promptQkv) qkv.dispose();
  }

  attend(layer: number, qkv: tf.Tensor): tf.Tensor {
    const { heads, kvHeads, headDim } = this.shape;
    const rows = rowsOf(qkv);
    const group = heads / kvHeads;
    const held = this.layers[layer] as LayerCache;
    const widths = [heads * headDim, kvHeads * headDim, kvHeads * headDim];
    const [queries, ...added] = tf.split(qkv, widths, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const own = added.map((x, i) => {
      const token = this.byHead(x, 1);
      return tf.keep(held.own === null ? token : tf.concat([held.own[i] as tf.Tensor, token], 1));
    }) as unknown as Pair;
    if (held.own !== null) tf.dispose([...held.own]);
    this.layers[layer] = { ...held, own };

    const q = tf.mul(this.byHead(queries, group), 1 / Math.sqrt(headDim));
    const ofPrompt = this.byRow(this.masked(tf.matMul(this.byPrompt(q), held.prompts[0], false, true)), group);
    const ofOwn = tf.matMul(q, own[0], false, true);
    const lengths = [ofPrompt, ofOwn].map((scores) => scores.shape[2] ?? 0);
    const probs = tf.split(tf.softmax(tf.concat([ofPrompt, ofOwn], 2)), lengths, 2) as [tf.Tensor, tf.Tensor];
    const out = tf.add(
      this.byRow(tf.matMul(this.byPrompt(probs[0]), held.prompts[1]), group),
      tf.matMul(probs[1], own[1]),
    );
    const byToken = tf.transpose(tf.reshape(out, [kvHeads, rows, group * headDim]), [1, 0, 2]);
    return tf.reshape(byToken, [rows, heads * headDim]);
  }

  /** The cache grows by what `attend` is given. */
  advance(): void {}

  keep(rows: readonly number[]): void {
    const kept = rows.map((row) => this.promptOf[row] as number);
    const left = [...new Set(kept)];
    const [rowIndex, promptIndex] = [Int32Array.from(rows), Int32Array.from(left)];
    const allPrompts = left.length === this.grid.prompts;
    this.layers = this.layers.map(({ prompts, own }) => ({
      prompts: allPrompts ? prompts : this.exchanged(prompts, promptIndex),
      own: own === null ? null : this.exchanged(own, rowIndex),
    }));
    const mask = this.mask;
    if (mask !== null && !allPrompts) {
      this.mask = tf.tidy(() => tf.keep(pick(mask, promptIndex)));
      mask.dispose();
    }
    this.promptOf = kept.map((prompt) => left.indexOf(prompt));
    this.grid = makeGrid(this.promptOf, left.length);
  }

  dispose(): void {
    for (const { prompts, own } of this.layers) tf.dispose([...prompts, ...(own ?? [])]);
    this.mask?.dispose();
  }

  /** These of the rows, or prompts. */
  private exchanged(pair: Pair, which: Int32Array): Pair {
    const taken = tf.tidy(() => pair.map((x) => tf.keep(this.pickRows(x, which)))) as unknown as Pair;
    tf.dispose([...pair]);
    return taken;
  }

  /** [rows, kvHeads * group * headDim] -> [kvHeads * rows, group, headDim]. */
  private byHead(x: tf.Tensor, group: number): tf.Tensor {
    const { kvHeads, headDim } = this.shape;
    const rows = rowsOf(x);
    const byHead = tf.transpose(tf.reshape(x, [rows, kvHeads, group * headDim]), [1, 0, 2]);
    return tf.reshape(byHead, [kvHeads * rows, group, headDim]);
  }

  private masked(scores: tf.Tensor): tf.Tensor {
    if (this.mask === null) return scores;
    const [, queries = 0, keys = 0] = scores.shape;
    const byPrompt = tf.reshape(scores, [this.shape.kvHeads, this.grid.prompts, queries, keys]);
    return tf.reshape(tf.add(byPrompt, this.mask), scores.shape);
  }

  /** [kvHeads * rows, group, n] -> [kvHeads * prompts, answers * group, n]. */
  private byPrompt(x: tf.Tensor): tf.Tensor {
    const { prompts, answers, uneven } = this.grid;
    const [, group = 0, n = 0] = x.shape;
    const places = uneven === null ? x : this.pickRows(x, uneven.rowAt);
    return tf.reshape(places, [this.shape.kvHeads * prompts, answers * group, n]);
  }

  /** The way back from `byPrompt`. */
  private byRow(x: tf.Tensor, group: number): tf.Tensor {
    const { prompts, answers, uneven } = this.grid;
    const places = tf.reshape(x, [this.shape.kvHeads * prompts * answers, group, x.shape[2] ?? 0]);
    return uneven === null ? places : this.pickRows(places, uneven.placeOf);
  }

  /** These of the rows of each head: [kvHeads * rows, group, n] -> [kvHeads * index.length, group, n]. */
  private pickRows(x: tf.Tensor, index: Int32Array): tf.Tensor {
    const { kvHeads } = this.shape;
    const [all = 0, group = 0, n = 0] = x.shape;
    const byHead = tf.reshape(x, [kvHeads, all / kvHeads, group * n]);
    return tf.reshape(tf.gather(byHead, tf.tensor1d(index, 'int32'), 1), [kvHeads * index.length, group, n]);
  }
}
