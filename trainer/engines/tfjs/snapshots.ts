/** Weights and optimizer state of one replica, kept aside on the host and put back. */
import * as tf from '@tensorflow/tfjs';
import type { Ops } from './model/ops.ts';
import type { Parameter, ParameterTable } from './model/parameters.ts';

export interface Moments {
  m: tf.Tensor;
  v: tf.Tensor;
}

/** What an optimizer step changes of a model. */
export interface Trained {
  readonly table: ParameterTable;
  readonly weights: Map<string, tf.Tensor>;
  /** By name; made at the first step. */
  readonly moments: Map<string, Moments>;
  optimizerStep: number;
  /** Of these weights: whatever was made from them is theirs while it has the same one. */
  version: number;
}

/** The same as values: copies that no backend owns. */
export interface TrainedValues {
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly moments: ReadonlyMap<string, { readonly m: Float32Array; readonly v: Float32Array }>;
  readonly optimizerStep: number;
  readonly version: number;
}

/** Copies to the host: 3 × 4 bytes a parameter, or 4 before the first step. */
export async function takeSnapshot(of: Trained, ops: Pick<Ops, 'read'>): Promise<TrainedValues> {
  const values = async (tensor: tf.Tensor): Promise<Float32Array> => (await ops.read(tensor)).slice();
  const weights = new Map<string, Float32Array>();
  for (const [name, weight] of of.weights) weights.set(name, await values(weight));
  const moments = new Map<string, { m: Float32Array; v: Float32Array }>();
  for (const [name, { m, v }] of of.moments) moments.set(name, { m: await values(m), v: await values(v) });
  return { weights, moments, optimizerStep: of.optimizerStep, version: of.version };
}

/** Float by float what it was: 32 bits lie in the tensors, and 32 in the copies. */
export function putBack(to: Trained, { weights, moments, optimizerStep, version }: TrainedValues): void {
  for (const parameter of to.table.parameters) {
    const { name } = parameter;
    // Freed first: a heap that is nearly full has no room for both.
    to.weights.get(name)?.dispose();
    to.weights.set(name, copied(parameter, weights.get(name) as Float32Array));
    const present = to.moments.get(name);
    if (present) tf.dispose([present.m, present.v]);
    to.moments.delete(name);
    const before = moments.get(name);
    if (before) to.moments.set(name, { m: copied(parameter, before.m), v: copied(parameter, before.v) });
  }
  to.optimizerStep = optimizerStep;
  to.version = version;
}

/** A tensor of the plain backend keeps the array that it is given, which may be put back once more. */
function copied(parameter: Parameter, values: Float32Array): tf.Tensor {
  return keptTensor(parameter, values.slice());
}

export function keptTensor({ shape }: Parameter, values: Float32Array): tf.Tensor {
  return tf.keep(tf.tensor(values, [...shape]));
}
