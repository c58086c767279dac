/** A LoRA adapter added to the weights that it was trained beside: W + scale · B A, a tensor at a time. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../../../protocol/errors.ts';
import {
  type AdapterConfig,
  adapterConfigFile,
  adapterWeightsFile,
  requireSameBase,
} from '../../qwen/adapter-files.ts';
import { type StoredTensor, storedTensors } from './safetensors.ts';
import { publishedName } from './weights.ts';

interface Pair {
  /** [rank, in] */
  readonly a: StoredTensor;
  /** [out, rank] */
  readonly b: StoredTensor;
}

/** Folder of an adapter's base. @param named one that stands in for the folder that the adapter names */
export async function adapterBase(folder: string, { base }: AdapterConfig, named: string | null): Promise<string> {
  const found = named ?? base;
  if (!existsSync(path.join(found, 'config.json')))
    throw new StudioError('bad-model', `The model beside which this adapter was trained is not there: ${found}.`, {
      place: path.join(folder, adapterConfigFile),
      remedy: 'Put it back, or name its folder with --base.',
    });
  await requireSameBase(folder, found);
  return found;
}

/**
 * The base's tensors, those that the adapter changes with its product added when they are read.
 * @param base by published names
 * @throws StudioError `bad-model` for an adapter of another model, or one that is not whole
 */
export async function mergedTensors(
  folder: string,
  { scale }: AdapterConfig,
  base: ReadonlyMap<string, StoredTensor>,
): Promise<Map<string, StoredTensor>> {
  const file = path.join(folder, adapterWeightsFile);
  const merged = new Map(base);
  for (const [name, { a, b }] of await pairs(file)) {
    const tensor = base.get(name);
    const [rank = 0, input = 0] = a.shape;
    const [output = 0] = b.shape;
    if (tensor === undefined || b.shape[1] !== rank || tensor.shape.join() !== `${output},${input}`)
      throw new StudioError(
        'bad-model',
        tensor === undefined
          ? 'The model has no such layer.'
          : `It is [${b.shape.join(', ')}] by [${a.shape.join(', ')}], and the layer [${tensor.shape.join(', ')}].`,
        { place: `${file}: ${a.name}`, remedy: 'Name the model beside which the adapter was trained.' },
      );
    merged.set(name, {
      ...tensor,
      async read() {
        const values = await tensor.read();
        addProduct(values, await b.read(), await a.read(), { rank, input, scale });
        return values;
      },
    });
  }
  return merged;
}

/** The adapter's pairs by the published name of the layer's weight. */
async function pairs(file: string): Promise<Map<string, Pair>> {
  const halves = new Map<string, Partial<Pair>>();
  for (const tensor of (await storedTensors(file)).values()) {
    const [, layer, half] = /^base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight$/.exec(tensor.name) ?? [];
    if (layer === undefined || tensor.shape.length !== 2)
      throw new StudioError('bad-model', 'This is no matrix of a LoRA adapter.', {
        place: `${file}: ${tensor.name}`,
        remedy: 'Merge this one with peft.',
      });
    const name = publishedName(`${layer}.weight`);
    halves.set(name, { ...halves.get(name), [half === 'A' ? 'a' : 'b']: tensor });
  }
  return new Map(
    [...halves].map(([name, { a, b }]) => {
      if (a !== undefined && b !== undefined) return [name, { a, b }];
      throw new StudioError('bad-model', `The adapter has one of the two matrices of ${name} only.`, {
        place: file,
        remedy: 'Use another checkpoint; this one was cut short or changed.',
      });
    }),
  );
}

/**
 * Adds scale · B A to W in place.
 * @param weights [out, in]
 * @param b [out, rank]
 * @param a [rank, in]
 */
export function addProduct(
  weights: Float32Array,
  b: Float32Array,
  a: Float32Array,
  { rank, input, scale }: { readonly rank: number; readonly input: number; readonly scale: number },
): void {
  const sum = new Float64Array(input);
  for (let row = 0; row < b.length / rank; row++) {
    sum.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * (b[row * rank + k] as number);
      const from = k * input;
      for (let i = 0; i < input; i++) sum[i] = (sum[i] as number) + factor * (a[from + i] as number);
    }
    const at = row * input;
    for (let i = 0; i < input; i++) weights[at + i] = (weights[at + i] as number) + (sum[i] as number);
  }
}
