/** Attention in plain TensorFlow.js: segments of about one length are padded to one batch. */
import * as tf from '@tensorflow/tfjs';
import type { HeadShape } from '../../qwen/config.ts';
import { differentiable, type Save } from '../model/differentiable.ts';
import type { Segments } from '../model/ops.ts';
import { columns, pick, rowsOf, widthOf } from '../model/rows.ts';

export const hidden = -1e9;

/** Rows by index; null stands for all in their order. */
const pickOrAll = (x: tf.Tensor, index: Int32Array | null): tf.Tensor => (index === null ? x : pick(x, index));

/** Segments that are computed as one batch [count, queries] over [count, keys]. */
interface Part {
  readonly count: number;
  readonly queries: number;
  readonly keys: number;
  /** Packed row of each query and of each key, row 0 for padding; null where they are all rows in their order. */
  readonly queryIndex: Int32Array | null;
  readonly keyIndex: Int32Array | null;
  /** Like `queryIndex`, but the number of packed rows for padding; null where there is none. */
  readonly paddedIndex: Int32Array | null;
  /** [count or 1, queries * keys]: 0 where the key is seen; null where all are. */
  readonly mask: Float32Array | null;
}

interface Layout {
  readonly parts: readonly Part[];
  /** Where each packed row stands among the queries of all parts; null where all stand in their order. */
  readonly place: Int32Array | null;
  /** Packed row of each key of all parts; null where keys are the rows of the queries, each once: no segment has a prefix. */
  readonly keyIndex: Int32Array | null;
}

type Segment = readonly [first: number, own: number, prefixFirst: number, prefix: number];

/** Every layer asks for the same ones. */
const layouts = new WeakMap<Segments, Layout>();

function layoutOf(segments: Segments, packedRows: number): Layout {
  const known = layouts.get(segments);
  if (known !== undefined) return known;
  const { table, count, causal } = segments;
  const groups = new Map<string, Segment[]>();
  for (let s = 0; s < count; s++) {
    const segment = Array.from(table.subarray(4 * s, 4 * s + 4)) as unknown as Segment;
    const [, own, , prefix] = segment;
    // Padding is less than half of a batch.
    const key = [own, own + prefix].map((length) => Math.ceil(Math.log2(length))).join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [segment]);
    else group.push(segment);
  }
  const place = new Int32Array(packedRows);
  let before = 0;
  const parts = [...groups.values()].map((group) => {
    const part = makePart(group, causal, packedRows);
    group.forEach(([first, own], s) => {
      for (let i = 0; i < own; i++) place[first + i] = before + s * part.queries + i;
    });
    before += part.count * part.queries;
    return part;
  });
  const hasPrefixes = [...groups.values()].flat().some(([, , , prefix]) => prefix > 0);
  const keyIndex = hasPrefixes
    ? Int32Array.from(parts.flatMap((part) => [...(part.keyIndex ?? place.map((_, row) => row))]))
    : null;
  const layout = { parts, place: unlessInOrder(place, before), keyIndex };
  layouts.set(segments, layout);
  return layout;
}

function makePart(segments: readonly Segment[], causal: boolean, packedRows: number): Part {
  const count = segments.length;
  const queries = Math.max(...segments.map(([, own]) => own));
  const keys = Math.max(...segments.map(([, own, , prefix]) => own + prefix));
  const padded = new Int32Array(count * queries).fill(packedRows);
  const keyIndex = new Int32Array(count * keys);
  segments.forEach(([first, own, prefixFirst, prefix], s) => {
    for (let i = 0; i < own; i++) padded[s * queries + i] = first + i;
    for (let j = 0; j < prefix + own; j++) keyIndex[s * keys + j] = j < prefix ? prefixFirst + j : first + j - prefix;
  });
  const isAlike = segments.every(([, own, , prefix]) => own === queries && own + prefix === keys);
  const part = {
    count,
    queries,
    keys,
    queryIndex: unlessInOrder(
      padded.map((row) => row % packedRows),
      packedRows,
    ),
    keyIndex: unlessInOrder(keyIndex, packedRows),
    paddedIndex: padded.includes(packedRows) ? padded : null,
  };
  if (isAlike && !causal) return { ...part, mask: null };
  const masked = isAlike ? segments.slice(0, 1) : segments;
  const mask = new Float32Array(masked.length * queries * keys).fill(hidden);
  masked.forEach(([, own, , prefix], s) => {
    for (let i = 0; i < own; i++) {
      const at = (s * queries + i) * keys;
      mask.fill(0, at, at + prefix + (causal ? i + 1 : own));
    }
  });
  return { ...part, mask };
}

/** Null where the index names all of so many rows in their order. */
function unlessInOrder(index: Int32Array, rows: number): Int32Array | null {
  return index.length === rows && index.every((row, i) => row === i) ? null : index;
}

/**
 * The query heads that share keys and values stand together, as rows of one product:
 * [count * queries, heads * headDim] -> [kvHeads * count, (heads / kvHeads) * queries, headDim].
 */
function byKvHead(x: tf.Tensor, { count, queries }: Part, { heads, kvHeads, headDim }: HeadShape): tf.Tensor {
  const group = heads / kvHeads;
  const split = tf.transpose(tf.reshape(x, [count, queries, kvHeads, group, headDim]), [2, 0, 3, 1, 4]);
  return tf.reshape(split, [kvHeads * count, group * queries, headDim]);
}

/** The way back from `byKvHead`. */
function byRow(x: tf.Tensor, { count, queries }: Part, { heads, kvHeads, headDim }: HeadShape): tf.Tensor {
  const split = tf.reshape(x, [kvHeads, count, heads / kvHeads, queries, headDim]);
  return tf.reshape(tf.transpose(split, [1, 3, 0, 2, 4]), [count * queries, heads * headDim]);
}

/** [count * keys, 2 * kvHeads * headDim] -> keys and values, each [kvHeads * count, keys, headDim]. */
function keysAndValues(x: tf.Tensor, { count, keys }: Part, { kvHeads, headDim }: HeadShape): [tf.Tensor, tf.Tensor] {
  const split = tf.transpose(tf.reshape(x, [count, keys, 2 * kvHeads, headDim]), [2, 0, 1, 3]);
  return tf.split(tf.reshape(split, [2 * kvHeads * count, keys, headDim]), 2, 0) as [tf.Tensor, tf.Tensor];
}

function visible(scores: tf.Tensor, { count, queries, keys, mask }: Part, { heads, kvHeads }: HeadShape): tf.Tensor {
  if (mask === null) return scores;
  const area = queries * keys;
  const isShared = mask.length === area;
  const masked = isShared
    ? tf.add(tf.reshape(scores, [heads * count, area]), tf.tensor1d(mask))
    : tf.add(tf.reshape(scores, [kvHeads, count, heads / kvHeads, area]), tf.tensor3d(mask, [count, 1, area]));
  return tf.reshape(masked, scores.shape);
}

const savedPerPart = 5;

export function stockAttention(qkv: tf.Tensor, segments: Segments, shape: HeadShape): tf.Tensor {
  const { heads, headDim } = shape;
  const rows = rowsOf(qkv);
  const { parts, place, keyIndex } = layoutOf(segments, rows);
  const scale = 1 / Math.sqrt(headDim);
  const joined = (pieces: tf.Tensor[]): tf.Tensor =>
    pieces.length === 1 ? (pieces[0] as tf.Tensor) : tf.concat(pieces, 0);
  const inPlace = (pieces: tf.Tensor[]): tf.Tensor => pickOrAll(joined(pieces), place);

  const forward = (save: Save): tf.Tensor => {
    const allQueries = columns(qkv, 0, heads * headDim);
    const allKeys = columns(qkv, heads * headDim, widthOf(qkv));
    const kept: tf.Tensor[] = [];
    const outputs = parts.map((part) => {
      const q = tf.mul(byKvHead(pickOrAll(allQueries, part.queryIndex), part, shape), scale);
      const [k, v] = keysAndValues(pickOrAll(allKeys, part.keyIndex), part, shape);
      const probs = tf.softmax(visible(tf.matMul(q, k, false, true), part, shape));
      const out = tf.matMul(probs, v);
      kept.push(q, k, v, probs, out);
      return byRow(out, part, shape);
    });
    save(kept);
    return inPlace(outputs);
  };

  const backward = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
    const gradients = parts.map((part, i) => {
      const [q, k, v, probs, out] = saved.slice(savedPerPart * i) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      return tf.tidy(() => {
        const slopes =
          part.paddedIndex === null
            ? pickOrAll(dy, part.queryIndex)
            : pick(tf.concat([dy, tf.zeros([1, widthOf(dy)])], 0), part.paddedIndex);
        const dout = byKvHead(slopes, part, shape);
        const dv = tf.matMul(probs, dout, true, false);
        // The sum over keys of probability times its slope is the sum over the head of output times its slope.
        const mean = tf.sum(tf.mul(dout, out), -1, true);
        const dscores = tf.mul(probs, tf.sub(tf.matMul(dout, v, false, true), mean));
        const dq = tf.mul(tf.matMul(dscores, k), scale);
        const dk = tf.matMul(dscores, q, true, false);
        const { count, keys } = part;
        const dkv = tf.reshape(tf.concat([dk, dv], 0), [2 * shape.kvHeads, count, keys, headDim]);
        return {
          queries: byRow(dq, part, shape),
          keys: tf.reshape(tf.transpose(dkv, [1, 2, 0, 3]), [count * keys, 2 * shape.kvHeads * headDim]),
        };
      });
    });
    const dkeys = gradients.map(({ keys }) => keys);
    return [
      tf.concat(
        [
          inPlace(gradients.map(({ queries }) => queries)),
          keyIndex === null
            ? inPlace(dkeys)
            : tf.unsortedSegmentSum(joined(dkeys), tf.tensor1d(keyIndex, 'int32'), rows),
        ],
        1,
      ),
    ];
  };

  return differentiable([qkv], forward, backward);
}
